"""Accuracies, gains and heat maps: from tables to plotly figures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from mmtlib.explorer.appearance import (
    GREY,
    PAPER,
    cut,
    framed,
    heat_trace,
    named,
    p_text,
    symbol_of,
    theme_color,
    without_common_beginning,
)
from mmtlib.explorer.factors import ordered_targets
from mmtlib.explorer.state import ARM, ExplorerState
from mmtlib.figures.looks import title_of

MOST_POINTS = 60
"""Arms along an axis at most; of more the best are shown, or boxes."""
ARM_PIXELS = 22
"""Width of an arm where a page has the room; names of arms are then easy to tell apart."""


def drawn_points(table: pd.DataFrame, state: ExplorerState) -> tuple[pd.DataFrame, list[str], bool]:
    """Return what is drawn of accuracies or gains: rows, names along the axis, whether as boxes.

    With more than `MOST_POINTS` arms the best are drawn along the axis of arms, or one box per
    level of a factor.

    Args:
        table: of `accuracy_table` or `gain_table`.
        state: for the axis.

    Returns:
        The rows, network by network, with their place `at` along the axis; arms with the same level
        stand side by side.
    """
    many = table["group"].nunique() > MOST_POINTS
    boxes = many and state.x != ARM
    if many and not boxes:
        table = table[table["group"].isin(best_arms(table))]
    order = list(dict.fromkeys(table["x"]))
    targets = ordered_targets(table["target"])
    level = table["x"].map({text: i for i, text in enumerate(order)}).astype(float)
    number = table["target"].map({target: i for i, target in enumerate(targets)}).astype(float)
    at = level + (number - (len(targets) - 1) / 2) * min(0.24, 0.7 / len(targets))
    if state.x != ARM and not boxes:
        same = table.groupby(["target", "x"], observed=True)
        size = same["mean"].transform("size")
        at += (same.cumcount() - (size - 1) / 2) / size * (0.6 / len(targets))
    names = without_common_beginning(order) if state.x == ARM else order
    rows = table.assign(at=at).iloc[np.argsort(number.to_numpy(), kind="stable")]
    return rows, [cut(name) for name in names], boxes


def point_chart(table: pd.DataFrame, state: ExplorerState, *, factor: str, gain: bool) -> go.Figure:
    """Return accuracies, or gains, of every arm with their intervals.

    One trace per tested network; every point carries its arm as `customdata`.

    Args:
        table: of `accuracy_table` or `gain_table`.
        state: for the axis, the theme and the split.
        factor: what the axis is called.
        gain: whether the values are differences.
    """
    figure = framed(None, state)
    rows_of, names, boxes = drawn_points(table, state)
    for target, rows in rows_of.groupby("target", sort=False, observed=True):
        (_add_boxes if boxes else _add_points)(figure, rows, str(target), state, gain)
    figure.update_xaxes(
        title_text="" if state.x == ARM else factor, range=[-0.6, len(names) - 0.4], **named(names)
    )
    if state.x == ARM and len(names) > 3:
        _tilt(figure, names)
    figure.update_yaxes(title_text="difference (points)" if gain else f"{state.split} accuracy (%)")
    if gain:
        figure.add_hline(y=0, line={"color": GREY[state.theme], "width": 1})
    return figure


def _tilt(figure: go.Figure, names: list[str]) -> None:
    """Tilt the names along the axis, with the room to the left that the first one needs."""
    size = figure.layout.xaxis.tickfont.size
    left = max(figure.layout.margin.l, round(16 + 0.37 * size * len(names[0])))
    width = max(figure.layout.width, 150 + ARM_PIXELS * len(names))
    figure.update_layout(margin_l=left, width=width, xaxis_tickangle=-50)


def best_arms(table: pd.DataFrame) -> list[str]:
    """Return the `MOST_POINTS` arms with the highest mean of any network."""
    means = table.groupby("group", observed=True)["mean"].max().sort_values(ascending=False)
    return means.index[:MOST_POINTS].tolist()


def _add_points(
    figure: go.Figure, rows: pd.DataFrame, target: str, state: ExplorerState, gain: bool
) -> None:
    half = 100 * (rows["high"] - rows["mean"]).to_numpy(dtype=float)
    size = [14 if group == state.chosen else 9 for group in rows["group"]]
    form, unit = ("+.1f", "points") if gain else (".1f", "%")
    figure.add_scatter(
        x=rows["at"].to_numpy(), y=100 * rows["mean"].to_numpy(), mode="markers",
        name=title_of(target),
        customdata=np.stack([rows["group"], rows["seeds"], rows["runs"], _interval(rows, form)], 1),
        error_y={"type": "data", "array": np.nan_to_num(half), "thickness": 1.2, "width": 3},
        marker={"color": theme_color(target, state.theme), "symbol": symbol_of(target),
                "size": size, "line": {"width": 1, "color": PAPER[state.theme]}},
        hovertemplate=f"<b>%{{customdata[0]}}</b><br>{title_of(target)}: "
        f"%{{y:{form}}} {unit}%{{customdata[3]}}<br>"
        "%{customdata[1]} seeds, %{customdata[2]} runs<extra></extra>",
    )  # fmt: skip


def _interval(rows: pd.DataFrame, form: str) -> list[str]:
    """Return the interval of each row as text, with the adjusted p value where there is one."""
    p_values = rows["p_holm"] if "p_holm" in rows else [np.nan] * len(rows)
    texts = []
    for low, high, p in zip(100 * rows["low"], 100 * rows["high"], p_values, strict=True):
        sure = f"; {p_text(p)}" if p == p else ""
        known = f" ({low:{form}} to {high:{form}}{sure})"
        texts.append(known if low == low else " (one seed: no interval)")
    return texts


def _add_boxes(
    figure: go.Figure, rows: pd.DataFrame, target: str, state: ExplorerState, gain: bool
) -> None:
    five = 100 * rows.groupby("at")["mean"].quantile([0, 0.25, 0.5, 0.75, 1]).unstack()
    figure.add_box(
        x=five.index, lowerfence=five[0.0], q1=five[0.25], median=five[0.5], q3=five[0.75],
        upperfence=five[1.0], name=title_of(target), width=0.2,
        marker_color=theme_color(target, state.theme),
    )  # fmt: skip


def cells_of(table: pd.DataFrame, value: str) -> pd.DataFrame:
    """Return a column of a `heat_table` as a matrix, levels in their order."""
    xs, ys = (table.drop_duplicates(a).sort_values(f"{a}_place", kind="stable")[a] for a in "xy")
    return table.pivot(index="y", columns="x", values=value).reindex(index=ys, columns=xs)


def heat_chart(
    table: pd.DataFrame, state: ExplorerState, *, titles: tuple[str, str], gain: bool
) -> go.Figure:
    """Return the mean of every pair of levels of two factors, with its number in the cell.

    Args:
        table: of `heat_table`.
        state: for the theme.
        titles: of the two axes.
        gain: whether the values are differences.
    """
    figure = framed(None, state)
    z = 100 * cells_of(table, "mean")
    about = [f"mean of {r.arms} arms, {r.runs} runs" for r in table.itertuples(index=False)]
    texts = cells_of(table.assign(about=about), "about").fillna("")
    reach = z.abs().max(axis=None)
    scale: dict[str, Any] = {"colorscale": "PuOr_r", "zmin": -reach, "zmax": reach} if gain else {}
    form, unit = ("+.1f", "points") if gain else (".1f", f"{state.split} accuracy (%)")
    figure.add_trace(heat_trace(
        z.to_numpy(), f"%{{z:{form}}} {unit}<br>%{{customdata}}", texts.to_numpy(), **scale,
        texttemplate=f"%{{z:{form}}}" if z.size <= 150 else None, hoverongaps=False,
        colorbar={"title": {"text": unit, "side": "right"}},
    ))  # fmt: skip
    for axis, levels, title in (("xaxis", z.columns, titles[0]), ("yaxis", z.index, titles[1])):
        shown = without_common_beginning(list(levels)) if len(levels) <= MOST_POINTS else []
        look = {"title": {"text": title}, "zeroline": False, "showgrid": False}
        figure.update_layout({axis: {**look, **named(shown, 34)}})
    return figure
