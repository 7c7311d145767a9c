"""Curves with their intervals: over epochs, over levels of a setting, over corruption."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.colors import to_rgba

from mmtlib.core.errors import DataError
from mmtlib.core.modalities import MODALITIES, modality_of
from mmtlib.core.tables import need_columns
from mmtlib.figures.intervals import MANY, CurveLooks, curve_panels, has_intervals
from mmtlib.figures.looks import DASHES, GREY, MARKS, Look, color_of, interval_key, key, title_of
from mmtlib.figures.panels import legend_above, numbers
from mmtlib.figures.style import TWO_COLUMN, StyledFigure, styled

SPLITS: dict[str, Any] = {"train": (2, 1.2), "validation": ""}
"""Kinds of line."""
ALIGNMENT: Look = {"color": GREY, "linewidth": 0.9, "linestyle": (0, (1, 1.5))}
ALONE: Look = {"color": "black", "linewidth": 0.8, "linestyle": (0, (5, 2))}
SECOND_ALPHA = 0.45
"""How strongly the curves of a second network of a modality are drawn."""
METHODS: dict[str, Any] = {
    "#000000": ((1.2, 1.2), "s"), "#0072B2": ("", "o"), "#D55E00": ((4, 1.5), "^"),
    "#009E73": ((6, 1.5, 1.2, 1.5), "D"), "#CC79A7": ((8, 3), "v"), "#E69F00": ((8, 3, 1, 3), "P"),
}  # fmt: skip
"""Colour -> kind of line and mark, of the first, second ... way of training."""
RHO: dict[bool | None, tuple[str, Any]] = {
    True: ("with rho", ""),
    False: ("without rho", (3, 1.5)),
    None: ("method without rho", (1, 1.2)),
}
FAN = 0.012
"""How far the curves of a panel are moved apart, so that their intervals are, in strength."""


def _palette(networks: Sequence[str]) -> dict[str, Any]:
    """Return the colours of networks: their modality's, a second one's paler."""
    return {
        name: color_of(name) if name in MODALITIES else to_rgba(color_of(name), SECOND_ALPHA)
        for name in networks
    }


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
    networks = list(dict.fromkeys(history["modality"]))
    splits = [split for split in SPLITS if (history["split"] == split).any()]
    looks = CurveLooks(color="modality", palette=_palette(networks), line="split", dashes=SPLITS)
    titles = ", ".join(map(title_of, networks))
    figure, axes_of = curve_panels(
        history.melt(["epoch", "modality", "split"], ["loss", "accuracy"]),
        "variable", "epoch", "value", looks, width=width, height=2.4,
        alt=f"Loss and accuracy by epoch of {titles} ({' and '.join(splits)}).",
    )  # fmt: skip
    axes_of["loss"].set(ylabel="Classification loss", ylim=(0, None))
    axes_of["accuracy"].set(ylabel="Accuracy", ylim=(0, 1.02))
    numbers(axes_of["accuracy"].yaxis, percent=True)
    keys = [key(title_of(name), {"color": color}) for name, color in looks.palette.items()]
    keys += [key(split, {"color": "black"}, SPLITS[split]) for split in splits]
    if ssa_from_epoch is not None:
        keys.append(key("alignment begins", ALIGNMENT))
        for axes in axes_of.values():
            axes.axvline(ssa_from_epoch, **ALIGNMENT)
    legend_above(figure, keys)
    return figure


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
    learners = list(dict.fromkeys(history["learner"] if learners is None else learners))
    history = history[history["learner"].isin(learners)].dropna(subset=["rho"])
    need_columns(history, (), "history of rho for these learners")
    order = list(MODALITIES)
    teachers = sorted(
        set(history["teacher"]), key=lambda name: (order.index(modality_of(name)), name)
    )
    looks = CurveLooks(
        color="teacher", palette=_palette(teachers), line="teacher",
        dashes=dict(zip(teachers, cycle(DASHES), strict=False)),
    )  # fmt: skip
    titles = ", ".join(map(title_of, learners))
    figure, axes_of = curve_panels(
        history.sort_values("learner", key=lambda names: names.map(learners.index)),
        "learner", "epoch", "rho", looks, share="y", height=2.2,
        width=width or TWO_COLUMN * min(1.0, 0.2 + 0.35 * len(learners)),
        alt=f"Focal regularization rho by epoch, learners: {titles}. {_rho_ends(history)}.",
    )  # fmt: skip
    for learner, axes in axes_of.items():
        axes.set(title=f"Learner: {title_of(learner)}", ylabel="rho\n(0 = does not listen)")
        axes.set_ylim(bottom=0)
        axes.label_outer()
    keys: list[Artist] = [*looks.keys(lambda name: f"teacher: {title_of(name)}")]
    if has_intervals(history):
        keys.append(interval_key("interval over seeds", band=True))
    legend_above(figure, keys)
    return figure


def _rho_ends(history: pd.DataFrame) -> str:
    """Return rho in the first and last epoch of every pair."""
    said = []
    for (learner, teacher), rows in history.groupby(["learner", "teacher"], sort=False):
        rho = rows.sort_values("epoch")["rho"]
        pair = f"{title_of(learner)} from {title_of(teacher)}"
        said.append(f"{pair}: {rho.iloc[0]:.2f} in the first epoch, {rho.iloc[-1]:.2f} in the last")
    return "; ".join(said)


@styled
def compared_curves(
    table: pd.DataFrame, *, xlabel: str = "Epoch", share: str = "", width: float = TWO_COLUMN
) -> StyledFigure:
    """Show a measure of several ways of training as curves, one panel per measure.

    Args:
        table: columns ``measure`` (the label of a panel; ``"Accuracy..."`` in [0, 1] is drawn in
            percent), ``method`` (a curve), ``x``, ``value``; optional ``low`` and ``high``, the
            ends of an interval over seeds (may be NaN).
        xlabel: what x is.
        share: the axis that the panels have in common, ``"x"`` or ``"y"``.
        width: of the figure, in inches; in a narrow one the panels are above each other.

    Returns:
        A figure of one axes per measure. Methods differ in colour, line and, where there are few
        values of x, mark.

    Raises:
        DataError: if the table has no rows, lacks a column, has a point twice, or more methods than
            there are looks.
    """
    once = ("measure", "method", "x")
    need_columns(table, (*once, "value"), "table of curves", once=once)
    methods = list(dict.fromkeys(table["method"]))
    if len(methods) > len(METHODS):
        raise DataError(
            f"Expected at most {len(METHODS)} methods in one figure, got {len(methods)}."
        )
    palette = dict(zip(methods, METHODS, strict=False))
    dashes, marks = ({m: METHODS[color][i] for m, color in palette.items()} for i in (0, 1))
    many = table.groupby("measure")["x"].nunique().max() >= MANY
    looks = CurveLooks(color="method", palette=palette, line="method", dashes=dashes,
                       marks=None if many else marks)  # fmt: skip
    figure, axes_of = curve_panels(
        table, "measure", "x", "value", looks, width=width, height=2.5, share=share, xlabel=xlabel,
        alt=_compared_text(table, xlabel),
    )  # fmt: skip
    for measure, axes in axes_of.items():
        axes.set_ylabel(measure)
        if measure.startswith("Accuracy"):
            numbers(axes.yaxis, percent=True)
        else:
            axes.set_ylim(bottom=0)
    keys: list[Artist] = [*looks.keys()]
    if has_intervals(table):
        keys.append(interval_key("95% interval over seeds", band=many))
    legend_above(figure, keys)
    return figure


def _compared_text(table: pd.DataFrame, xlabel: str) -> str:
    parts = []
    for measure, rows in table.groupby("measure", sort=False):
        last = rows[rows["x"] == rows["x"].max()]
        ends = ", ".join(f"{row.method} {row.value:.3g}" for row in last.itertuples())
        parts.append(f"{measure} at the highest x: {ends}")
    return f"Curves over {xlabel.lower()}. {'; '.join(parts)}."


@styled
def corruption_curves(
    table: pd.DataFrame, *, alone: Mapping[str, float] | None = None, width: float | None = None
) -> StyledFigure:
    """Show accuracy against how badly a modality was corrupted, with and without rho.

    Args:
        table: columns ``method``, ``focal`` (true, false, or missing for a method without rho),
            ``target`` (the network measured), ``corruption_strength`` (0 to 1), ``accuracy`` in
            [0, 1], ``low`` and ``high`` (may be NaN); `mmtlib.analysis.accuracy_by_corruption`.
        alone: target -> accuracy of the network trained alone, drawn as a line: below it, transfer
            is negative.
        width: of the figure, in inches; default by the number of targets.

    Returns:
        A figure of one axes per target.

    Raises:
        DataError: if the table has no rows, lacks a column, or has a point twice.
    """
    once = ("method", "focal", "target", "corruption_strength")
    columns = (*once, "accuracy", "low", "high")
    need_columns(table, columns, "table of accuracies by corruption", once=once)
    alone = alone or {}
    targets, methods = (list(dict.fromkeys(table[name])) for name in ("target", "method"))
    kinds = [None if pd.isna(value) else bool(value) for value in table["focal"]]
    lines = {name: line for kind, (name, line) in RHO.items() if kind in kinds}
    table = table.assign(kind=[RHO[kind][0] for kind in kinds])
    table["curve"] = table["method"] + ", " + table["kind"]
    order = [f"{method}, {kind}" for method in methods for kind in lines]
    curves = table.drop_duplicates("curve").set_index("curve").reindex(order).dropna(how="all")
    moved = pd.Series(FAN * (np.arange(len(curves)) - (len(curves) - 1) / 2), curves.index)
    table["x"] = table["corruption_strength"] + table["curve"].map(moved)
    marks = dict(zip(methods, cycle(MARKS), strict=False))
    looks = CurveLooks(
        color="method", palette={method: f"C{i}" for i, method in enumerate(methods)},
        line="curve", dashes=curves["kind"].map(lines).to_dict(),
        marks=curves["method"].map(marks).to_dict(),
    )  # fmt: skip
    figure, axes_of = curve_panels(
        table, "target", "x", "accuracy", looks, xlabel="Strength of the corruption",
        width=width or min(TWO_COLUMN, 1.3 + 2.3 * len(targets)), height=2.5,
        alt=f"Accuracy of {', '.join(map(title_of, targets))} against the strength of a "
        f"corruption. {_corruption_text(table, alone)}",
    )  # fmt: skip
    strengths = sorted(set(table["corruption_strength"]))
    for target, axes in axes_of.items():
        if len(strengths) < MANY:
            axes.set_xticks(strengths, [f"{strength:g}" for strength in strengths])
        for drawn in axes.lines:
            if drawn.is_dashed():  # a mark is full where rho is
                drawn.set_markerfacecolor("white")
        if target in alone:
            axes.axhline(alone[target], **ALONE)
        axes.set(title=title_of(target), ylabel="Accuracy")
        numbers(axes.yaxis, percent=True)
    keys = [key(m, {"color": color, "marker": marks[m]}) for m, color in looks.palette.items()]
    if list(lines) != [RHO[None][0]]:
        keys += [
            key(name, {"color": GREY, "marker": "o", "mfc": "white" if line else GREY}, line)
            for name, line in lines.items()
        ]
    legend_above(figure, [*keys, key("trained alone", ALONE)] if alone else keys)
    return figure


def _corruption_text(table: pd.DataFrame, alone: Mapping[str, float]) -> str:
    """Return the accuracies without corruption and with the strongest one, target by target."""
    strengths = table["corruption_strength"]
    ends = sorted({strengths.min(), strengths.max()})
    parts = []
    for target, rows in table[strengths.isin(ends)].groupby("target", sort=False):
        said = [
            f"{method} {kind} {' to '.join(f'{x:.1%}' for x in curve['accuracy'])}"
            for (method, kind), curve in rows.sort_values("corruption_strength").groupby(
                ["method", "kind"], sort=False
            )
        ]
        said += [f"alone {alone[target]:.1%}"] if target in alone else []
        parts.append(f"{title_of(target)}: {', '.join(said)}")
    return f"From {' to '.join(f'{x:g}' for x in ends)}: {'; '.join(parts)}."
