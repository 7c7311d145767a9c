"""Accuracies, gains and heat maps: from tables to plotly figures."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from mmtlib.explorer.appearance import (
    GREY,
    PAPER,
    SYMBOLS,
    color_of,
    cut,
    framed,
    p_text,
    title_of,
    without_common_beginning,
)
from mmtlib.explorer.factors import TARGETS
from mmtlib.explorer.state import ARM, ExplorerState

MOST_POINTS = 60
"""Arms along an axis at most; of more the best are shown, or boxes."""
ARM_PIXELS = 22
"""Width of an arm where a page has the room; names of arms are then easy to tell apart."""


def point_chart(table: pd.DataFrame, state: ExplorerState, *, factor: str, gain: bool) -> go.Figure:
    """Return accuracies, or gains, of every arm with their intervals.

    One trace per tested network; every point carries its arm as `customdata`. With more than
    `MOST_POINTS` arms the best are drawn along the axis of arms, or one box per level of a factor.

    Args:
        table: of `accuracy_table` or `gain_table`.
        state: for the axis, the theme and the split.
        factor: what the axis is called.
        gain: whether the values are differences.
    """
    figure = framed(None, state)
    many = table["group"].nunique() > MOST_POINTS
    boxes = many and state.x != ARM
    if many and not boxes:
        table = table[table["group"].isin(best_arms(table))]
    order = list(dict.fromkeys(table["x"]))
    short = without_common_beginning(order) if state.x == ARM else order
    place = {text: i for i, text in enumerate(order)}
    targets = list(dict.fromkeys(table.sort_values("target", key=_target_order)["target"]))
    for number, target in enumerate(targets):
        rows = table[table["target"] == target]
        offset = (number - (len(targets) - 1) / 2) * min(0.24, 0.7 / max(len(targets), 1))
        at = rows["x"].map(place).to_numpy(dtype=float) + offset
        if state.x != ARM and not boxes:  # arms with the same level stand side by side
            size = rows.groupby("x", sort=False)["mean"].transform("size").to_numpy()
            rank = rows.groupby("x", sort=False).cumcount().to_numpy()
            at += (rank - (size - 1) / 2) / size * (0.6 / len(targets))
        add = _add_boxes if boxes else _add_points
        add(figure, rows, at, target, state, gain)
    figure.update_xaxes(
        title_text="" if state.x == ARM else factor, range=[-0.6, len(order) - 0.4],
        tickvals=list(range(len(order))),
    )  # fmt: skip
    _name_levels(figure, [cut(text) for text in short], tilted=state.x == ARM and len(order) > 3)
    figure.update_yaxes(title_text="difference (points)" if gain else f"{state.split} accuracy (%)")
    if gain:
        figure.add_hline(y=0, line={"color": GREY[state.theme], "width": 1})
    return figure


def _name_levels(figure: go.Figure, names: list[str], *, tilted: bool) -> None:
    """Write the names along the axis; tilted ones get the room to the left that the first needs."""
    size = 10 if len(names) > 20 else 13
    figure.update_xaxes(ticktext=names, tickfont={"size": size}, tickangle=-50 if tilted else 0)
    if tilted:
        left = max(figure.layout.margin.l, round(16 + 0.37 * size * len(names[0])))
        width = max(figure.layout.width, 150 + ARM_PIXELS * len(names))
        figure.update_layout(margin_l=left, width=width)


def best_arms(table: pd.DataFrame) -> list[str]:
    """Return the `MOST_POINTS` arms with the highest mean of any network."""
    means = table.groupby("group", observed=True)["mean"].max().sort_values(ascending=False)
    return means.index[:MOST_POINTS].tolist()


def _target_order(names: pd.Series) -> pd.Series:
    order = {name: i for i, name in enumerate(TARGETS)}
    return names.map(lambda name: order.get(name, len(order)))


def _add_points(
    figure: go.Figure, rows: pd.DataFrame, at: np.ndarray, target: str, state: ExplorerState,
    gain: bool,
) -> None:  # fmt: skip
    color = color_of(target, state.theme)
    half = 100 * (rows["high"] - rows["mean"]).to_numpy(dtype=float)
    size = [14 if group == state.chosen else 9 for group in rows["group"]]
    unit = "points" if gain else "%"
    figure.add_scatter(
        x=at, y=100 * rows["mean"].to_numpy(), mode="markers", name=title_of(target),
        customdata=np.stack([rows["group"], rows["seeds"], rows["runs"], _interval(rows, gain)], 1),
        error_y={"type": "data", "array": np.nan_to_num(half), "thickness": 1.2, "width": 3},
        marker={"color": color, "symbol": SYMBOLS.get(target, "circle"), "size": size,
                "line": {"width": 1, "color": PAPER[state.theme]}},
        hovertemplate=f"<b>%{{customdata[0]}}</b><br>{title_of(target)}: "
        f"%{{y:{'+.1f' if gain else '.1f'}}} {unit}%{{customdata[3]}}<br>"
        "%{customdata[1]} seeds, %{customdata[2]} runs<extra></extra>",
    )  # fmt: skip


def _interval(rows: pd.DataFrame, gain: bool) -> list[str]:
    """Return the interval of each row as text, with the adjusted p value where there is one."""
    p_values = rows["p_holm"] if "p_holm" in rows else [np.nan] * len(rows)
    texts = []
    for low, high, p in zip(rows["low"], rows["high"], p_values, strict=True):
        if low != low:
            texts.append(" (one seed: no interval)")
            continue
        ends = (
            f"{100 * low:+.1f} to {100 * high:+.1f}"
            if gain
            else f"{100 * low:.1f} to {100 * high:.1f}"
        )
        texts.append(f" ({ends}" + (f"; {p_text(p)})" if p == p else ")"))
    return texts


def _add_boxes(
    figure: go.Figure, rows: pd.DataFrame, at: np.ndarray, target: str, state: ExplorerState,
    gain: bool,
) -> None:  # fmt: skip
    color = color_of(target, state.theme)
    places = np.unique(at)
    values = [100 * rows["mean"].to_numpy()[at == place] for place in places]
    five = np.array([np.percentile(v, [0, 25, 50, 75, 100]) for v in values]).reshape(-1, 5)
    figure.add_box(
        x=places, lowerfence=five[:, 0], q1=five[:, 1], median=five[:, 2], q3=five[:, 3],
        upperfence=five[:, 4], name=title_of(target), marker_color=color, width=0.2,
    )  # fmt: skip


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
    xs = list(dict.fromkeys(table.sort_values("x_place", kind="stable")["x"]))
    ys = list(dict.fromkeys(table.sort_values("y_place", kind="stable")["y"]))
    z = np.full((len(ys), len(xs)), np.nan)
    about = np.full((len(ys), len(xs)), "", dtype=object)
    for row in table.itertuples(index=False):
        z[ys.index(row.y), xs.index(row.x)] = 100 * row.mean
        about[ys.index(row.y), xs.index(row.x)] = f"mean of {row.arms} arms, {row.runs} runs"
    reach = np.nanmax(np.abs(z)) if gain and np.isfinite(z).any() else None
    scale = (
        {"colorscale": "PuOr_r", "zmin": -reach, "zmax": reach}
        if gain
        else {"colorscale": "Cividis"}
    )
    form, unit = ("+.1f", "points") if gain else (".1f", f"{state.split} accuracy (%)")
    small = len(xs) * len(ys) <= 150
    figure.add_heatmap(
        z=z, x=list(range(len(xs))), y=list(range(len(ys))), customdata=about,
        texttemplate=f"%{{z:{form}}}" if small else None, xgap=1, ygap=1, hoverongaps=False,
        colorbar={"title": {"text": unit, "side": "right"}},
        hovertemplate=f"%{{z:{form}}} {unit}<br>%{{customdata}}<extra></extra>",
        **scale,
    )  # fmt: skip
    for axis, levels, title in (("xaxis", xs, titles[0]), ("yaxis", ys, titles[1])):
        shown = levels if len(levels) <= MOST_POINTS else []
        figure.update_layout({axis: {
            "title": {"text": title}, "tickvals": list(range(len(shown))), "showgrid": False,
            "ticktext": [cut(t, 34) for t in without_common_beginning(shown)], "zeroline": False,
            "tickfont": {"size": 10 if len(shown) > 20 else 13},
        }})  # fmt: skip
    return figure
