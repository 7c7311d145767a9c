"""Several ways of training in one panel per measure, with their intervals: by epoch or by level."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, PercentFormatter

from mmtlib.core.errors import DataError
from mmtlib.figures.style import (
    GREY,
    STACKED_BELOW,
    TWO_COLUMN,
    StyledFigure,
    need_columns,
    new_figure,
    styled,
)

MANY = 8
"""From so many values of x on, intervals are bands instead of bars."""
LOOKS = (
    {"color": "#000000", "linestyle": (0, (1.2, 1.2)), "marker": "s"},
    {"color": "#0072B2", "linestyle": "solid", "marker": "o"},
    {"color": "#D55E00", "linestyle": (0, (4, 1.5)), "marker": "^"},
    {"color": "#009E73", "linestyle": (0, (6, 1.5, 1.2, 1.5)), "marker": "D"},
)
BAND_ALPHA = 0.18


@styled
def compared_curves(
    table: pd.DataFrame, *, xlabel: str = "Epoch", width: float = TWO_COLUMN
) -> StyledFigure:
    """Show a measure of several ways of training as curves, one panel per measure.

    Args:
        table: columns ``measure`` (the label of a panel; ``"Accuracy..."`` in [0, 1] is drawn in
            percent), ``method`` (a curve), ``x``, ``value``; optional ``low`` and ``high``, the
            ends of an interval over seeds (may be NaN).
        xlabel: what x is.
        width: of the figure, in inches; in a narrow one the panels are above each other.

    Returns:
        A figure of one axes per measure. Methods differ in colour, line and, where there are few
        values of x, mark.

    Raises:
        DataError: if the table has no rows, lacks a column, has a point twice, or more methods than
            there are looks.
    """
    need_columns(table, ("measure", "method", "x", "value"), "table of curves")
    if table.duplicated(["measure", "method", "x"]).any():
        raise DataError("The table of curves has a point twice; give means over seeds.")
    measures, methods = (list(dict.fromkeys(table[name])) for name in ("measure", "method"))
    if len(methods) > len(LOOKS):
        raise DataError(f"Expected at most {len(LOOKS)} methods in one figure, got {len(methods)}.")
    looks = dict(zip(methods, LOOKS, strict=False))
    stacked = width < STACKED_BELOW
    figure = new_figure(
        width, 2.3 * (0.85 * len(measures) if stacked else 1) + 0.2, _alt(table, xlabel)
    )
    shape = (len(measures), 1) if stacked else (1, len(measures))
    panels = figure.subplots(*shape, squeeze=False).flat
    for axes, measure in zip(panels, measures, strict=True):
        rows = table[table["measure"] == measure]
        for method in methods:
            _curve(axes, rows[rows["method"] == method].sort_values("x"), looks[method])
        _frame(axes, rows, measure, xlabel)
    _legend(figure, table, looks, width)
    return figure


def _alt(table: pd.DataFrame, xlabel: str) -> str:
    parts = []
    for measure, rows in table.groupby("measure", sort=False):
        last = rows[rows["x"] == rows["x"].max()]
        ends = ", ".join(f"{row.method} {row.value:.3g}" for row in last.itertuples())
        parts.append(f"{measure} at the highest x: {ends}")
    return f"Curves over {xlabel.lower()}. {'; '.join(parts)}."


def _curve(axes: Axes, rows: pd.DataFrame, look: dict) -> None:
    if rows.empty:
        return
    known = {"low", "high"} <= set(rows.columns) and rows["low"].notna().any()
    if len(rows) >= MANY:
        axes.plot(rows["x"], rows["value"], zorder=3, **{**look, "marker": None})
        if known:
            axes.fill_between(
                rows["x"], rows["low"], rows["high"], color=look["color"], alpha=BAND_ALPHA, lw=0
            )
        return
    error = [rows["value"] - rows["low"], rows["high"] - rows["value"]] if known else None
    axes.errorbar(rows["x"], rows["value"], error, capsize=2, elinewidth=0.8, **look)


def _frame(axes: Axes, rows: pd.DataFrame, measure: str, xlabel: str) -> None:
    axes.set(xlabel=xlabel, ylabel=measure)
    axes.grid(axis="y")
    values = sorted(set(rows["x"]))
    if len(values) < MANY:
        axes.set_xticks(values, [f"{value:g}" for value in values])
    else:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    if measure.startswith("Accuracy"):
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    else:
        axes.set_ylim(bottom=0)


def _legend(
    figure: StyledFigure, table: pd.DataFrame, looks: dict[str, dict], width: float
) -> None:
    many = table.groupby("measure")["x"].nunique().max() >= MANY
    handles: list = [
        Line2D([], [], label=method, **{**look, "marker": None if many else look["marker"]})
        for method, look in looks.items()
    ]
    if "low" in table and table["low"].notna().any():
        text = "95% interval over seeds"
        handles.append(
            Patch(color=GREY, alpha=BAND_ALPHA + 0.1, lw=0, label=text)
            if many
            else Line2D([], [], color=GREY, marker="|", linewidth=0.8, label=text)
        )
    columns = len(handles) if width >= STACKED_BELOW else 2
    figure.legend(handles=handles, loc="outside upper center", ncols=columns)
