"""Learning curves, rho, confusion and classes: from tables to plotly figures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from mmtlib.explorer.appearance import (
    DASHES,
    HEIGHT,
    cut,
    framed,
    heat_trace,
    named,
    theme_color,
    without_common_beginning,
)
from mmtlib.explorer.state import ExplorerState
from mmtlib.figures.looks import title_of

LONGEST_CLASS = 36
"""Letters of a class's name that are shown."""


def curve_chart(table: pd.DataFrame, state: ExplorerState) -> go.Figure:
    """Return loss and accuracy by epoch, a line for each arm and network.

    Args:
        table: of `curve_table`, kind ``"streams"``.
        state: for the theme.
    """
    figure = make_subplots(1, 2, subplot_titles=("loss", "accuracy (%)"), horizontal_spacing=0.09)
    table = table[table["split"] == "train"]
    curves = table.assign(accuracy=100 * table["accuracy"], color=table["modality"])
    return _add_curves(figure, curves, ["modality"], ("loss", "accuracy"), state)


def rho_chart(table: pd.DataFrame, state: ExplorerState) -> go.Figure:
    """Return rho by epoch, a line for each arm, learner and teacher.

    Args:
        table: of `curve_table`, kind ``"pairs"``.
        state: for the theme.
    """
    figure = make_subplots(1, 1)
    curves = table.assign(color=table["learner"])
    _add_curves(figure, curves, ["learner", "teacher"], ("rho",), state)
    return figure.update_yaxes(title_text="rho (0 = does not listen)", rangemode="tozero")


def _add_curves(
    figure: go.Figure, table: pd.DataFrame, of: list[str], values: tuple[str, ...],
    state: ExplorerState,
) -> go.Figure:  # fmt: skip
    """Add a line for each arm and network (or pair) to the panel of each value."""
    framed(figure, state)
    groups = list(dict.fromkeys(table["group"]))
    short = dict(zip(groups, without_common_beginning(groups), strict=True))
    for (group, *networks), rows in table.groupby(["group", *of], observed=True, sort=False):
        name = " from ".join(title_of(str(network)) for network in networks)
        if len(groups) > 1:  # of one arm the sentence tells which
            name = cut(f"{name}, {short[group]}", 44)
        line = {"color": theme_color(str(rows["color"].iloc[0]), state.theme), "width": 2,
                "dash": DASHES[groups.index(group) % len(DASHES)]}  # fmt: skip
        for column, value in enumerate(values, 1):
            figure.add_scatter(
                x=rows["epoch"] + 1, y=rows[value], mode="lines", line=line, name=name,
                legendgroup=name, showlegend=column == 1, row=1, col=column, meta=group,
                hovertemplate=f"{name}<br>epoch %{{x}}: %{{y:.3g}}<extra></extra>",
            )  # fmt: skip
    # To the right: names of arms are long.
    beside = {"orientation": "v", "x": 1.01, "xanchor": "left", "y": 1, "yanchor": "top"}
    figure.update_layout(legend={**beside, "font": {"size": 11}})
    return figure.update_xaxes(title_text="epoch")


def confusion_chart(
    first: np.ndarray, second: np.ndarray | None, names: tuple[str, ...], state: ExplorerState
) -> go.Figure:
    """Return a confusion matrix, and beside it how it differs from the reference's.

    Args:
        first: ``(K, K)`` shares of each true class (row).
        second: the same of the reference, or None.
        names: of the classes.
        state: for the theme.
    """
    titles = ["share of a true class (%)"] + ["change (points)"] * (second is not None)
    figure = make_subplots(
        1, len(titles), subplot_titles=titles, shared_yaxes=True, horizontal_spacing=0.12
    )
    framed(figure, state)
    shown: list[tuple[np.ndarray, str, dict[str, Any]]] = [
        (100 * first, ".0f", {"zmin": 0, "zmax": 100})
    ]
    if second is not None:
        change = 100 * (first - second)
        reach = max(float(np.nanmax(np.abs(change))), 1.0)
        shown.append((change, "+.0f", {"colorscale": "PuOr_r", "zmin": -reach, "zmax": reach}))
    pairs = [[(true, predicted) for predicted in names] for true in names]
    for column, (z, form, scale) in enumerate(shown, 1):
        figure.add_trace(heat_trace(
            z, f"%{{customdata[0]}} taken for %{{customdata[1]}}: %{{z:{form}}}", pairs, **scale,
            text=[[_whole(value, form) for value in row] for row in z], textfont={"size": 9},
            texttemplate="%{text}" if len(names) <= 12 else None,
            colorbar={"x": 0.445 if column < len(shown) else 1.0, "thickness": 10},
        ), 1, column)  # fmt: skip
    ticks = {**named(names, LONGEST_CLASS), "showgrid": False}
    figure.update_yaxes(autorange="reversed", **ticks)
    figure.update_yaxes(title_text="true class", col=1)
    figure.update_xaxes(title_text="taken for", tickangle=-45, **ticks)
    return figure.update_layout(height=HEIGHT + 80)


def _whole(value: float, form: str) -> str:
    """Return a number for a cell: no -0, and nothing for a class without clips."""
    text = f"{value:{form}}"
    return {"nan": "", "+nan": "", "+0": "0", "-0": "0"}.get(text, text)


def class_chart(table: pd.DataFrame, state: ExplorerState) -> go.Figure:
    """Return the change, or without a reference the accuracy, of every class.

    Args:
        table: of `class_gains`.
        state: for the theme.
    """
    figure = framed(None, state)
    gain = table["difference"].notna().any()
    value = "difference" if gain else "after"
    table = table.sort_values(value, ascending=False, kind="stable")
    half = 100 * (table["high"] - table["difference"]).to_numpy(dtype=float)
    before, after = (100 * table[name] for name in ("before", "after"))
    figure.add_bar(
        x=list(range(len(table))), y=100 * table[value],
        customdata=np.stack([table["name"], table["clips"], before, after], axis=1),
        marker_color=[theme_color("rgb" if v >= 0 else "depth", state.theme) for v in table[value]],
        error_y={"type": "data", "array": np.nan_to_num(half), "thickness": 1.2, "width": 3},
        hovertemplate="%{customdata[0]}: %{y:+.1f}<br>before %{customdata[2]:.1f} %, after "
        "%{customdata[3]:.1f} %, %{customdata[1]} clips<extra></extra>",
    )  # fmt: skip
    figure.update_yaxes(
        title_text="change of accuracy (points)" if gain else f"{state.split} accuracy (%)"
    )
    return figure.update_xaxes(tickangle=-40, showgrid=False, **named(table["name"], LONGEST_CLASS))
