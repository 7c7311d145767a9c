"""When learning from another network helps and when it harms: by class, and by corruption."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, PercentFormatter

from mmtlib.core.errors import DataError
from mmtlib.core.modalities import get_modality, modality_of, network_title
from mmtlib.figures.style import (
    GREY,
    STACKED_BELOW,
    TWO_COLUMN,
    StyledFigure,
    need_columns,
    new_figure,
    styled,
)

ALL_CLASSES = "all classes"
LOSS_HATCH = "//////"
FOCAL_LOOKS = (
    (True, "with rho", {"linestyle": "solid"}),
    (False, "without rho", {"linestyle": (0, (3, 1.5)), "markerfacecolor": "white"}),
)
NO_RHO = "method without rho"
OTHER_LOOK = {"linestyle": (0, (1, 1.2))}
MARKS = "o^sDvP"
"""A method has a mark beside its colour; rho shows in the line, and in the mark being full."""
MANY = 8
"""From so many strengths on, not each has a tick of its own."""
FAN = 0.012
"""How far the curves of a panel are moved apart, so that their intervals are, in strength."""


@styled
def gain_bars(
    by_class: pd.DataFrame,
    *,
    overall: pd.DataFrame | None = None,
    confidence: float = 0.95,
    width: float | None = None,
) -> StyledFigure:
    """Show what each class gained by training with others, one panel per learner.

    Args:
        by_class: columns ``learner``, ``class``, ``gain``, ``low`` and ``high`` (fractions; the
            interval may be NaN), one row per learner and class
            (`mmtlib.analysis.gain_by_class`).
        overall: the same without ``class``, one row per learner
            (`mmtlib.analysis.gain_by_learner`), drawn as a row of its own on top.
        confidence: the level that the intervals of the tables have, for the legend.
        width: of the figure, in inches; default by the number of learners. In a narrow one the
            panels are above each other.

    Returns:
        A figure of one axes per learner; bars of classes whose interval lies below 0 are hatched.

    Raises:
        DataError: if a table has no rows, lacks a column, or has a bar twice.
    """
    columns = ("learner", "gain", "low", "high")
    need_columns(by_class, (*columns, "class"), "table of gains by class")
    table = by_class
    if overall is not None:
        need_columns(overall, columns, "table of gains by learner")
        table = pd.concat([overall.assign(**{"class": ALL_CLASSES}), by_class])
    if table.duplicated(["learner", "class"]).any():
        raise DataError("The table of gains has a learner and class twice; give one row each.")
    names = list(dict.fromkeys(table["class"]))
    learners = list(dict.fromkeys(table["learner"]))
    width = width or min(TWO_COLUMN, 1.9 + 2.2 * len(learners))
    stacked = width < STACKED_BELOW
    down = len(learners) if stacked else 1
    height = 0.75 + 0.145 * len(names) * down + 0.5 * (down - 1)
    figure = new_figure(width, height, _gains_text(by_class))
    shape = (down, len(learners) // down)
    panels = list(figure.subplots(*shape, sharex=True, squeeze=False).flat)
    for axes, learner in zip(panels, learners, strict=True):
        rows = table[table["learner"] == learner]
        _gain_panel(axes, rows, names, get_modality(modality_of(learner)).color)
        axes.set(title=f"Learner: {network_title(learner)}", xlabel="Gain (points)")
    for axes in panels if stacked else panels[1:]:
        if stacked:
            axes.tick_params(labelbottom=True)
        else:
            axes.set_yticklabels([])
    interval = f"{confidence:.0%} interval over people and seeds"
    marks = [Line2D([], [], color="black", linewidth=1, marker="|", label=interval)]
    if (table["high"] < 0).any():
        loses = {"facecolor": "white", "edgecolor": GREY, "hatch": LOSS_HATCH}
        marks.append(Patch(label="loses: interval below 0", **loses))
    columns = 1 if width < STACKED_BELOW else len(marks)
    figure.legend(handles=marks, loc="outside upper right", ncols=columns)
    return figure


def _gains_text(table: pd.DataFrame) -> str:
    parts = []
    for learner, rows in table.groupby("learner", sort=False):
        best, worst = rows.loc[rows["gain"].idxmax()], rows.loc[rows["gain"].idxmin()]
        parts.append(
            f"{network_title(learner)}: from {100 * worst['gain']:+.1f} points ({worst['class']}) "
            f"to {100 * best['gain']:+.1f} ({best['class']})"
        )
    return f"Gain of each class by training together. {'; '.join(parts)}."


def _gain_panel(axes: Axes, rows: pd.DataFrame, names: list[str], color: str) -> None:
    axes.axvline(0, color="black", linewidth=0.6)
    for row in rows.to_dict("records"):
        y, gain = names.index(row["class"]), 100 * row["gain"]
        face = {"facecolor": "white", "hatch": LOSS_HATCH} if row["high"] < 0 else {}
        shade = "#444444" if row["class"] == ALL_CLASSES else color
        axes.barh(y, gain, 0.72, **{"facecolor": shade, "edgecolor": shade, **face}, alpha=0.75)
        if np.isfinite([row["low"], row["high"]]).all():
            error = [[gain - 100 * row["low"]], [100 * row["high"] - gain]]
            axes.errorbar(gain, y, xerr=error, color="black", linewidth=0.9, capsize=1.5)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axes.grid(axis="x")
    axes.spines["left"].set_visible(False)


@styled
def corruption_curves(
    table: pd.DataFrame, *, alone: Mapping[str, float] | None = None, width: float | None = None
) -> StyledFigure:
    """Show accuracy against how badly a modality was spoilt, with and without rho.

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
    keys = ["method", "focal", "target", "corruption_strength"]
    need_columns(table, (*keys, "accuracy", "low", "high"), "table of accuracies by corruption")
    if table.duplicated(keys).any():
        raise DataError("The table of accuracies has a point twice; give means over seeds.")
    targets, methods = (list(dict.fromkeys(table[name])) for name in ("target", "method"))
    titles = ", ".join(network_title(target) for target in targets)
    figure = new_figure(
        width or min(TWO_COLUMN, 1.3 + 2.3 * len(targets)),
        2.5,
        f"Accuracy of {titles} against the strength of a corruption. {_ends_text(table, alone)}",
    )
    panels = figure.subplots(1, len(targets), squeeze=False)[0]
    for axes, target in zip(panels, targets, strict=True):
        _corruption_panel(axes, table[table["target"] == target], methods)
        if alone is not None and target in alone:
            axes.axhline(alone[target], color="black", linewidth=0.8, linestyle=(0, (5, 2)))
        axes.set(title=network_title(target), xlabel="Strength of the corruption")
    panels[0].set_ylabel("Accuracy")
    handles = _corruption_legend(table, methods, alone is not None)
    columns = len(handles) if len(handles) < 4 else -(-len(handles) // 2)
    figure.legend(handles=handles, loc="outside upper center", ncols=columns)
    return figure


def _ends_text(table: pd.DataFrame, alone: Mapping[str, float] | None) -> str:
    """Return the accuracies without corruption and with the strongest one, target by target."""
    ends = sorted({table["corruption_strength"].min(), table["corruption_strength"].max()})
    parts = []
    for target, rows in table.groupby("target", sort=False):
        said = []
        for method in dict.fromkeys(rows["method"]):
            for name, _, chosen in _looks(rows):
                mine = rows[chosen & (rows["method"] == method)].set_index("corruption_strength")
                found = [f"{mine.loc[x, 'accuracy']:.1%}" for x in ends if x in mine.index]
                said += [f"{method} {name} {' to '.join(found)}"] if found else []
        said += [f"alone {alone[target]:.1%}"] if alone and target in alone else []
        parts.append(f"{network_title(target)}: {', '.join(said)}")
    return f"From {' to '.join(f'{x:g}' for x in ends)}: {'; '.join(parts)}."


def _looks(table: pd.DataFrame) -> list[tuple[str, dict, pd.Series]]:
    """Return, for each kind of curve that the table has: name, look, rows."""
    kinds = [(name, look, table["focal"].isin([focal])) for focal, name, look in FOCAL_LOOKS]
    kinds.append((NO_RHO, OTHER_LOOK, table["focal"].isna()))
    return [kind for kind in kinds if kind[2].any()]


def _corruption_panel(axes: Axes, table: pd.DataFrame, methods: list[str]) -> None:
    curves = [
        (number, look, table[chosen & (table["method"] == method)])
        for number, method in enumerate(methods)
        for _, look, chosen in _looks(table)
    ]
    curves = [curve for curve in curves if len(curve[2])]
    for place, (number, look, rows) in enumerate(curves):
        rows = rows.sort_values("corruption_strength")
        error = np.stack([rows["accuracy"] - rows["low"], rows["high"] - rows["accuracy"]])
        axes.errorbar(
            rows["corruption_strength"] + FAN * (place - (len(curves) - 1) / 2),
            rows["accuracy"],
            error,
            color=f"C{number}",
            marker=MARKS[number % len(MARKS)],
            capsize=2,
            elinewidth=0.8,
            **look,
        )
    strengths = sorted(set(table["corruption_strength"]))
    if len(strengths) < MANY:
        axes.set_xticks(strengths, [f"{strength:g}" for strength in strengths])
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axes.grid(axis="y")


def _corruption_legend(table: pd.DataFrame, methods: list[str], alone: bool) -> list[Line2D]:
    handles = [
        Line2D([], [], color=f"C{i}", marker=MARKS[i % len(MARKS)], label=method)
        for i, method in enumerate(methods)
    ]
    looks = _looks(table)
    if len(looks) > 1 or looks[0][0] != NO_RHO:
        handles += [
            Line2D([], [], color=GREY, marker=MARKS[0], label=name, **look)
            for name, look, _ in looks
        ]
    if alone:
        line = {"color": "black", "linewidth": 0.8, "linestyle": (0, (5, 2))}
        handles.append(Line2D([], [], label="trained alone", **line))
    return handles
