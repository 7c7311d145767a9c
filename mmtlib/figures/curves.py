"""What happened during training, epoch by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from typing import Any

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, PercentFormatter

from mmtlib.core.modalities import MODALITIES, get_modality, modality_of, network_title
from mmtlib.figures.style import (
    GREY,
    STACKED_BELOW,
    TWO_COLUMN,
    StyledFigure,
    need_columns,
    new_figure,
    styled,
)

SPLIT_LINES = {"train": (0, (2, 1.2)), "validation": "solid"}
ALIGNMENT = {"color": GREY, "linewidth": 0.9, "linestyle": (0, (1, 1.5))}
SECOND_ALPHA = 0.45
"""How strongly the curves of a second network of a modality are drawn."""
BAND_ALPHA = 0.2
TEACHER_LINES = ("solid", (0, (4, 1.5)), (0, (1.2, 1.2)), (0, (6, 1.5, 1.2, 1.5)))


@styled
def training_curves(
    history: pd.DataFrame, *, ssa_from_epoch: int | None = None, width: float = TWO_COLUMN
) -> StyledFigure:
    """Show loss and accuracy of every modality over the epochs.

    Args:
        history: columns ``epoch``, ``modality``, ``split`` (``"train"`` or ``"validation"``),
            ``loss`` and ``accuracy`` (in [0, 1]); one row each. Missing values are left out.
        ssa_from_epoch: the epoch in which the alignment loss begins, marked by a line.
        width: of the figure, in inches; in a narrow one the panels are above each other.

    Returns:
        A figure of two axes: loss, accuracy.

    Raises:
        DataError: if the history has no rows or lacks a column.
    """
    need_columns(history, ("epoch", "modality", "split", "loss", "accuracy"), "training history")
    modalities = list(dict.fromkeys(history["modality"]))
    splits = [split for split in SPLIT_LINES if (history["split"] == split).any()]
    titles = ", ".join(network_title(m) for m in modalities)
    alt = f"Loss and accuracy by epoch of {titles} ({' and '.join(splits)})."
    figure, panels = _panels(2, width, 2.4, alt)
    for axes, column in zip(panels, ("loss", "accuracy"), strict=True):
        for modality in modalities:
            for split in splits:
                chosen = (history["modality"] == modality) & (history["split"] == split)
                rows = history[chosen].dropna(subset=[column])
                _line(axes, rows, column, {**_look(modality), "linestyle": SPLIT_LINES[split]})
        _epochs(axes, ssa_from_epoch)
    panels[0].set(ylabel="Classification loss", ylim=(0, None))
    panels[1].set(ylabel="Accuracy", ylim=(0, 1.02))
    panels[1].yaxis.set_major_formatter(PercentFormatter(1.0))
    lines = [(network_title(m), _look(m)) for m in modalities]
    lines += [(split, {"color": "black", "linestyle": SPLIT_LINES[split]}) for split in splits]
    if ssa_from_epoch is not None:
        lines.append(("alignment begins", ALIGNMENT))
    handles = [Line2D([], [], label=label, **look) for label, look in lines]
    _legend(figure, handles, width)
    return figure


def _legend(figure: StyledFigure, handles: list[Artist], width: float) -> None:
    """Put a legend above the panels, in two rows where one does not fit."""
    fitting = 5 if width >= STACKED_BELOW else 3
    rows = -(-len(handles) // fitting)
    figure.legend(handles=handles, loc="outside upper center", ncols=-(-len(handles) // rows))


def _panels(
    number: int, width: float, height: float, alt: str, **shared: bool
) -> tuple[StyledFigure, list[Axes]]:
    """Return a figure of panels of that height, above each other where it is narrow."""
    stacked = width < STACKED_BELOW and number > 1
    figure = new_figure(width, height * (0.85 * number if stacked else 1), alt)
    shape = (number, 1) if stacked else (1, number)
    return figure, list(figure.subplots(*shape, squeeze=False, **shared).flat)


def _line(axes: Axes, rows: pd.DataFrame, column: str, look: dict[str, Any]) -> None:
    rows = rows.sort_values("epoch")
    marker = "o" if len(rows) == 1 else None
    # A curve along the axis (nobody listens) is drawn over it.
    axes.plot(rows["epoch"], rows[column], marker=marker, clip_on=False, zorder=3, **look)


def _band(axes: Axes, rows: pd.DataFrame, color: str) -> None:
    """Draw the interval of each epoch, where there is one."""
    if {"low", "high"} <= set(rows.columns) and rows["low"].notna().any():
        rows = rows.dropna(subset=["low", "high"]).sort_values("epoch")
        axes.fill_between(
            rows["epoch"], rows["low"], rows["high"], color=color, alpha=BAND_ALPHA, lw=0
        )


def _look(network: str) -> dict[str, Any]:
    """Return how the curves of a network are drawn: its modality's colour, a second one paler."""
    color = get_modality(modality_of(network)).color
    return {"color": color, **({} if network in MODALITIES else {"alpha": SECOND_ALPHA})}


def _epochs(axes: Axes, ssa_from_epoch: int | None) -> None:
    axes.set_xlabel("Epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.grid(axis="y")
    if ssa_from_epoch is not None:
        axes.axvline(ssa_from_epoch, **ALIGNMENT)


def _rho_ends(history: pd.DataFrame) -> str:
    """Return rho in the first and last epoch of every pair."""
    said = []
    for (learner, teacher), rows in history.groupby(["learner", "teacher"], sort=False):
        rho = rows.sort_values("epoch")["rho"]
        pair = f"{network_title(learner)} from {network_title(teacher)}"
        said.append(f"{pair}: {rho.iloc[0]:.2f} in the first epoch, {rho.iloc[-1]:.2f} in the last")
    return "; ".join(said)


@styled
def rho_curves(
    history: pd.DataFrame, *, learners: Sequence[str] | None = None, width: float | None = None
) -> StyledFigure:
    """Show how much every network listens to every other one: rho over the epochs.

    Args:
        history: columns ``epoch``, ``learner``, ``teacher`` (names of modalities) and ``rho``
            (mean of the epoch); one row each. Optional ``low`` and ``high``, the ends of an
            interval over seeds, drawn as a band (`mmtlib.analysis.rho_over_epochs`).
        learners: which networks to show, one panel each; default all, in order of appearance.
        width: of the figure, in inches; default by the number of panels. In a narrow one they are
            above each other.

    Returns:
        A figure with one axes per learner, on one scale.

    Raises:
        DataError: if the history has no rows or lacks a column.

    Source: rho is the focal regularization parameter of MTUT, arXiv 1812.06145.
    """
    need_columns(history, ("epoch", "learner", "teacher", "rho"), "history of rho")
    if learners is None:
        learners = list(dict.fromkeys(history["learner"]))
    history = history[history["learner"].isin(learners)].dropna(subset=["rho"])
    need_columns(history, (), "history of rho for these learners")
    order = list(MODALITIES)
    teachers = sorted(
        set(history["teacher"]), key=lambda name: (order.index(modality_of(name)), name)
    )
    lines = dict(zip(teachers, cycle(TEACHER_LINES), strict=False))
    looks = {name: {**_look(name), "linestyle": lines[name]} for name in teachers}
    titles = ", ".join(network_title(m) for m in learners)
    width = width or TWO_COLUMN * min(1.0, 0.2 + 0.35 * len(learners))
    alt = f"Focal regularization rho by epoch, learners: {titles}. {_rho_ends(history)}."
    figure, panels = _panels(len(learners), width, 2.2, alt, sharey=True)
    for axes, learner in zip(panels, learners, strict=True):
        rows = history[history["learner"] == learner]
        for teacher, chosen in rows.groupby("teacher", sort=False):
            _line(axes, chosen, "rho", looks[teacher])
            _band(axes, chosen, looks[teacher]["color"])
        axes.set_title(f"Learner: {network_title(learner)}")
        _epochs(axes, None)
    for axes in panels if width < STACKED_BELOW else panels[:1]:
        axes.set_ylabel("rho\n(0 = does not listen)")
    panels[0].set_ylim(bottom=0)
    handles: list[Artist] = [
        Line2D([], [], label=f"teacher: {network_title(m)}", **looks[m]) for m in teachers
    ]
    if any(axes.collections for axes in panels):
        handles.append(Patch(color=GREY, alpha=BAND_ALPHA, lw=0, label="interval over seeds"))
    _legend(figure, handles, width)
    return figure
