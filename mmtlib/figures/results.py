"""Many runs at once: their points or boxes, and their means by two settings."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from mmtlib.figures.intervals import AS_GIVEN, with_ends
from mmtlib.figures.looks import MARKS, color_of, key, title_of
from mmtlib.figures.matrices import draw_matrix
from mmtlib.figures.panels import colour_bar, legend_above, numbers
from mmtlib.figures.style import TWO_COLUMN, StyledFigure, new_figure, styled

LONG = 20
"""Letters of a name along an axis that need more height."""
MOST_LETTERS = 70
"""Of all names along an axis, if they are to stand upright."""
MOST_NUMBERS = 60
"""Cells of a matrix that have room for their number."""


def _fit_names(axes: Axes, names: Sequence[str]) -> None:
    """Make names below the axis lean where they are long, and smaller where they are many."""
    axes.tick_params(axis="x", labelsize=5 if len(names) > 20 else None)
    if sum(map(len, names)) > MOST_LETTERS:
        for text in axes.get_xticklabels():
            text.set(rotation=40, ha="right", rotation_mode="anchor")


@styled
def result_points(
    table: pd.DataFrame,
    names: Sequence[str],
    *,
    xlabel: str,
    ylabel: str,
    gain: bool = False,
    boxes: bool = False,
) -> StyledFigure:
    """Show values of many runs with their intervals, in percent, or as boxes from least to most.

    Args:
        table: columns ``at`` (the place along the axis), ``target`` (the network), ``mean``,
            ``low`` and ``high`` (fractions; the interval may be NaN).
        names: what stands at the places 0, 1, 2 and so on.
        xlabel, ylabel: of the axes.
        gain: whether the values are differences, so that 0 is marked.
        boxes: draw one box for each place and network: least, quartiles, most.
    """
    height = 3.4 + 0.7 * (max(map(len, names)) > LONG)
    figure = new_figure(TWO_COLUMN, height, f"{ylabel} of {len(table)} results.")
    axes = figure.subplots()
    shown = table.assign(**{name: 100 * table[name] for name in ("mean", "low", "high")})
    targets = list(dict.fromkeys(shown["target"]))
    looks = {t: {"color": color_of(t), "marker": m} for t, m in zip(targets, MARKS, strict=False)}
    for target, rows in shown.groupby("target", sort=False, observed=True):
        if boxes:
            color = {"color": looks[target]["color"]}
            of = {at: each["mean"] for at, each in rows.groupby("at")}
            axes.boxplot(
                [*of.values()], positions=[*of], widths=0.2, whis=(0, 100), manage_ticks=False,
                boxprops=color, whiskerprops=color, capprops=color, medianprops=color,
            )  # fmt: skip
        else:
            sns.pointplot(
                with_ends(rows, "mean"), x="at", y="mean", native_scale=True, linestyle="none",
                markersize=3.5, err_kws={"linewidth": 0.8}, ax=axes, **looks[target], **AS_GIVEN,
            )  # fmt: skip
    if gain:
        axes.axhline(0, color="#555555", linewidth=0.7)
    axes.set_xticks(range(len(names)), names)
    _fit_names(axes, names)
    axes.set(xlim=(-0.6, len(names) - 0.4), xlabel=xlabel, ylabel=ylabel)
    numbers(axes.yaxis)
    marks = {"linestyle": "none"}
    legend_above(figure, [key(title_of(t), look | marks) for t, look in looks.items()])
    return figure


@styled
def result_matrix(cells: pd.DataFrame, *, label: str, gain: bool = False) -> StyledFigure:
    """Show means by two settings as a heat map, with their numbers where there is room.

    Args:
        cells: fractions, a row and a column for each level; NaN stays white.
        label: of the colour bar.
        gain: whether they are differences, whose colours part at 0.
    """
    shown = 100 * cells
    top, ends = shown.abs().max(axis=None), (shown.min(axis=None), shown.max(axis=None))
    figure = new_figure(TWO_COLUMN, 3.4, f"{label}: from {ends[0]:.1f} to {ends[1]:.1f}.")
    axes = figure.subplots()
    scale = {"cmap": "PuOr_r", "vmin": -top, "vmax": top} if gain else {"cmap": "cividis"}
    form = ("+.1f" if gain else ".1f") if shown.size <= MOST_NUMBERS else ""
    draw_matrix(axes, shown, form=form, size=6, square=False, **scale)
    _fit_names(axes, list(cells.columns))
    colour_bar([axes], label)
    return figure
