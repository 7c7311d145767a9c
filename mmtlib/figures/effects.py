"""Differences with their intervals, one bar each: what an ablation says at a glance."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from mmtlib.core.errors import DataError
from mmtlib.figures.style import ONE_COLUMN, StyledFigure, need_columns, new_figure, styled

ROW = 0.175
"""Inches for a bar or a heading, so that 7-point labels do not meet."""
LOOKS = {
    "gains": {"facecolor": "#0072B2", "edgecolor": "#0072B2"},
    "loses": {"facecolor": "#F7CFAF", "edgecolor": "#D55E00", "hatch": "xxxx"},
    "not shown": {"facecolor": "white", "edgecolor": "#777777", "hatch": "////"},
}
LEGENDS = {
    "gains": "gains: interval above 0",
    "loses": "loses: interval below 0",
    "not shown": "interval holds 0",
}


@styled
def difference_bars(
    table: pd.DataFrame,
    *,
    label: str = "Difference (points)",
    interval: str = "95% interval",
    width: float = ONE_COLUMN,
) -> StyledFigure:
    """Show differences as bars with their intervals, in groups under headings.

    Args:
        table: columns ``group`` (the heading), ``name``, ``difference``, ``low`` and ``high``
            (fractions); one row per bar, in the order to show.
        label: what the differences are, for the axis.
        interval: what the intervals are, for the legend.
        width: of the figure, in inches.

    Returns:
        A figure of one axes. Colour and hatch say whether the interval is above, below or around 0.

    Raises:
        DataError: if the table has no rows, lacks a column, or has a bar twice.
    """
    need_columns(table, ("group", "name", "difference", "low", "high"), "table of differences")
    if table.duplicated(["group", "name"]).any():
        raise DataError("The table of differences has a name twice in a group; give one row each.")
    table = table.reset_index(drop=True)
    groups = list(dict.fromkeys(table["group"]))
    verdicts = [_verdict(row) for row in table.itertuples()]
    kinds = [kind for kind in LOOKS if kind in verdicts]
    legend_rows = len(kinds) + 1 if width < 5 else 1
    height = 0.45 + ROW * (len(table) + len(groups)) + 0.16 * legend_rows
    best = table.loc[table["difference"].idxmax()]
    counted = ", ".join(f"{verdicts.count(kind)} {kind}" for kind in kinds)
    figure = new_figure(
        width,
        height,
        f"{len(table)} differences: {counted}. Largest: {best['name']}, "
        f"{100 * best['difference']:+.1f} points ({100 * best['low']:+.1f} to "
        f"{100 * best['high']:+.1f}).",
    )
    axes = figure.subplots()
    names, y = [], 0
    for group in groups:
        names.append((y, group, True))
        for row in table[table["group"] == group].itertuples():
            y += 1
            names.append((y, row.name, False))
            _bar(axes, y, row)
        y += 1
    _frame(axes, names, label)
    handles: list = [Patch(label=LEGENDS[kind], **LOOKS[kind]) for kind in kinds]
    handles.append(Line2D([], [], color="black", linewidth=1, marker="|", label=interval))
    columns = 1 if legend_rows > 1 else len(handles)
    figure.legend(handles=handles, loc="outside upper right", ncols=columns)
    return figure


def _verdict(row: object) -> str:
    return "gains" if row.low > 0 else "loses" if row.high < 0 else "not shown"


def _bar(axes: Axes, y: int, row: object) -> None:
    value, low, high = 100 * row.difference, 100 * row.low, 100 * row.high
    axes.barh(y, value, 0.66, linewidth=0.8, **LOOKS[_verdict(row)])
    if np.isfinite([low, high]).all():
        error = [[value - low], [high - value]]
        axes.errorbar(value, y, xerr=error, color="black", linewidth=1, capsize=1.5)
    ends = [end for end in (value, high, 0.0) if np.isfinite(end)]
    axes.annotate(
        f"{value + 0.0:+.1f}", (max(ends), y), xytext=(3, 0), textcoords="offset points",
        fontsize=7, va="center",
    )  # fmt: skip


def _frame(axes: Axes, names: list[tuple[int, str, bool]], label: str) -> None:
    axes.axvline(0, color="black", linewidth=0.6)
    axes.set_yticks([y for y, _, _ in names], [name for _, name, _ in names])
    for text, (_, _, heading) in zip(axes.get_yticklabels(), names, strict=True):
        text.set_fontweight("bold" if heading else "normal")
    axes.set_ylim(names[-1][0] + 0.7, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    # As many as there is room for beside the names: between long ones and a narrow page little.
    axes.xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 4, 5, 10]))
    axes.margins(x=0.12)
    axes.grid(axis="x")
    axes.set_xlabel(label)
