"""Curves, bars and means with their intervals, drawn by seaborn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from mmtlib.figures.looks import BAND_ALPHA, Look, as_written, key
from mmtlib.figures.panels import numbers, panels
from mmtlib.figures.style import StyledFigure

MANY = 8
"""From so many values of x on, intervals are bands and not each value has a tick of its own."""
BAR = {"color": "black", "linewidth": 1}
"""How the interval of a bar is drawn."""
AS_GIVEN: Look = {"estimator": lambda v: v.iloc[0], "errorbar": lambda v: (v.iloc[1], v.iloc[2])}
"""Lets seaborn draw the values and intervals of a table of `with_ends`, and estimate none."""


def with_ends(table: pd.DataFrame, value: str) -> pd.DataFrame:
    """Return rows of values, then the same rows with ``low``, then with ``high`` instead.

    What is missing is left out, so that a value without an interval stands alone.
    """
    ends = [
        table.assign(**{value: table[name]}) for name in (value, "low", "high") if name in table
    ]
    return pd.concat(ends, ignore_index=True).dropna(subset=[value])


def has_intervals(table: pd.DataFrame) -> bool:
    """Whether any row has an interval ``low`` to ``high``."""
    return {"low", "high"} <= set(table.columns) and bool(table["low"].notna().any())


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveLooks:
    """How curves look.

    Attributes:
        color, line: the columns that colour and kind of line (and mark) stand for.
        palette, dashes, marks: level -> colour, kind of line (as `DASHES`), mark.
    """

    color: str
    palette: Mapping[str, Any]
    line: str
    dashes: Mapping[str, Any]
    marks: Mapping[str, str] | None = None

    def keys(self, named: Callable[[str], str] = str) -> list[Line2D]:
        """Return what a legend shows, where colour and line stand for the same."""
        marks = self.marks or {}
        return [
            key(named(level), {"color": color, "marker": marks.get(level)}, self.dashes[level])
            for level, color in self.palette.items()
        ]


def draw_curves(axes: Axes, table: pd.DataFrame, x: str, y: str, looks: CurveLooks) -> None:
    """Draw curves with their intervals, if they have any: as bars where there are marks.

    Args:
        axes: where.
        table: a row per point, in any order; columns x, y, those of `looks`, and maybe ``low`` and
            ``high``.
        x, y: names of columns.
        looks: of the curves.
    """
    how = AS_GIVEN if has_intervals(table) else {"estimator": None}
    bars, band = {"capsize": 2, "elinewidth": 0.8}, {"alpha": BAND_ALPHA, "linewidth": 0}
    sns.lineplot(
        with_ends(table.sort_values(x, kind="stable"), y), x=x, y=y,
        hue=looks.color, hue_order=list(looks.palette), palette=dict(looks.palette),
        style=looks.line, style_order=list(looks.dashes), dashes=dict(looks.dashes),
        markers=dict(looks.marks) if looks.marks else False, markeredgecolor=None,
        err_style="bars" if looks.marks else "band", err_kws=bars if looks.marks else band,
        zorder=3, sort=False, legend=False, ax=axes, **how,
    )  # fmt: skip
    axes.set(xlabel="", ylabel="")
    for drawn in axes.lines:
        drawn.set_clip_on(False)  # a curve along the axis (nobody listens) is drawn over it
        if np.size(drawn.get_xdata()) == 1:
            drawn.set_marker("o")


def curve_panels(
    table: pd.DataFrame,
    panel: str,
    x: str,
    y: str,
    looks: CurveLooks,
    *,
    width: float,
    height: float,
    alt: str,
    xlabel: str = "Epoch",
    share: str = "",
) -> tuple[StyledFigure, dict[str, Axes]]:
    """Return a figure of curves, and level of the column `panel` -> axes.

    Few values of x have a tick each where there are marks; else x is counted.

    Args:
        table, x, y, looks: as `draw_curves`.
        panel: the column with a panel for each level.
        width, height, alt, share: as `panels`.
        xlabel: what x is.
    """
    rows_of = {str(level): rows for level, rows in table.groupby(panel, sort=False)}
    figure, axes_of = panels(len(rows_of), width, height, alt, share=share)
    for axes, rows in zip(axes_of, rows_of.values(), strict=True):
        draw_curves(axes, rows, x, y, looks)
        axes.set_xlabel(xlabel)
        numbers(axes.yaxis)
        if not looks.marks:
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        elif rows[x].nunique() < MANY:
            levels = sorted(set(rows[x]))
            axes.set_xticks(levels, [f"{level:g}" for level in levels])
    return figure, dict(zip(rows_of, axes_of, strict=True))


def horizontal_bars(axes: Axes, table: pd.DataFrame, value: str, names: Sequence[str]) -> None:
    """Draw a bar in percent with its interval for every row.

    Args:
        axes: where.
        table: columns `value`, ``low`` and ``high`` (fractions), ``y`` (the place among the names)
            and ``look`` (of the bar).
        value: the column that is drawn.
        names: what stands along the axis, from the top.
    """
    shares = {value: 100 * table[value], "low": 100 * table["low"], "high": 100 * table["high"]}
    table = table.assign(**shares).sort_values("y")
    sns.barplot(
        with_ends(table, value), x=value, y="y", orient="y", native_scale=True, width=0.7,
        capsize=0.35, err_kws=BAR, ax=axes, **AS_GIVEN,
    )  # fmt: skip
    for bar, look in zip(axes.patches, table["look"], strict=True):
        bar.set(**look)
    axes.axvline(0, color="black", linewidth=0.6)
    axes.set_yticks(range(len(names)), [as_written(name) for name in names])
    axes.set(ylim=(len(names) - 0.4, -0.6), ylabel="")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
