"""Learning curves, rho, confusion and classes: from tables to plotly figures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from mmtlib.core.modalities import network_title
from mmtlib.explorer.appearance import (
    DASHES,
    HEIGHT,
    color_of,
    cut,
    framed,
    title_of,
    without_common_beginning,
)
from mmtlib.explorer.state import ExplorerState

LONGEST_CLASS = 36
"""Letters of a class's name that are shown."""


def curve_chart(table: pd.DataFrame, state: ExplorerState) -> go.Figure:
    """Return loss and accuracy by epoch, a line for each arm and network.

    Args:
        table: of `curve_table`, kind ``"streams"``.
        state: for the theme.
    """
    figure = make_subplots(1, 2, subplot_titles=("loss", "accuracy (%)"), horizontal_spacing=0.09)
    framed(figure, state)
    table = table[table["split"] == "train"]
    groups = list(dict.fromkeys(table["group"]))
    short = dict(zip(groups, without_common_beginning(groups), strict=True))
    for (group, modality), rows in table.groupby(["group", "modality"], observed=True, sort=False):
        line = {"color": color_of(str(modality), state.theme),
                "dash": DASHES[groups.index(group) % len(DASHES)], "width": 2}  # fmt: skip
        name = _named(title_of(str(modality)), group, short)
        for column, (value, scale) in enumerate((("loss", 1), ("accuracy", 100)), 1):
            figure.add_scatter(
                x=rows["epoch"] + 1, y=scale * rows[value], mode="lines", line=line, name=name,
                legendgroup=name, showlegend=column == 1, row=1, col=column, meta=group,
                hovertemplate=f"{name}<br>epoch %{{x}}: %{{y:.2f}}<extra></extra>",
            )  # fmt: skip
    figure.update_xaxes(title_text="epoch")
    return _legend_beside(figure)


def _named(what: str, group: str, short: dict[str, str]) -> str:
    """Return what a line is called; of one arm the sentence tells which."""
    return what if len(short) == 1 else cut(f"{what}, {short[group]}", 44)


def _legend_beside(figure: go.Figure) -> go.Figure:
    """Put the legend to the right: names of arms are long."""
    beside = {"orientation": "v", "x": 1.01, "xanchor": "left", "y": 1, "yanchor": "top"}
    figure.update_layout(legend={**beside, "font": {"size": 11}})
    return figure


def rho_chart(table: pd.DataFrame, state: ExplorerState) -> go.Figure:
    """Return rho by epoch, a line for each arm, learner and teacher.

    Args:
        table: of `curve_table`, kind ``"pairs"``.
        state: for the theme.
    """
    figure = framed(None, state)
    groups = list(dict.fromkeys(table["group"]))
    short = dict(zip(groups, without_common_beginning(groups), strict=True))
    for (group, learner, teacher), rows in table.groupby(
        ["group", "learner", "teacher"], observed=True, sort=False
    ):
        pair = f"{network_title(learner)} from {network_title(teacher)}"
        name = _named(pair, group, short)
        figure.add_scatter(
            x=rows["epoch"] + 1, y=rows["rho"], mode="lines", name=name, meta=group,
            line={"color": color_of(str(learner), state.theme), "width": 2,
                  "dash": DASHES[groups.index(group) % len(DASHES)]},
            hovertemplate=f"{name}<br>epoch %{{x}}: rho %{{y:.3f}}<extra></extra>",
        )  # fmt: skip
    figure.update_xaxes(title_text="epoch")
    figure.update_yaxes(title_text="rho (0 = does not listen)", rangemode="tozero")
    return _legend_beside(figure)


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
    ticks = {
        "tickvals": list(range(len(names))),
        "ticktext": [cut(n, LONGEST_CLASS) for n in names],
    }
    pairs = [[(true, taken) for taken in names] for true in names]
    shown: list[tuple[np.ndarray, str, dict[str, Any]]] = [
        (100 * first, ".0f", {"colorscale": "Cividis", "zmin": 0, "zmax": 100})
    ]
    if second is not None:
        change = 100 * (first - second)
        reach = max(float(np.nanmax(np.abs(change))), 1.0)
        shown.append((change, "+.0f", {"colorscale": "PuOr_r", "zmin": -reach, "zmax": reach}))
    for column, (z, form, scale) in enumerate(shown, 1):
        figure.add_heatmap(
            z=z, customdata=pairs, row=1, col=column, xgap=1, ygap=1, **scale,
            text=[[_whole(value, form) for value in row] for row in z], textfont={"size": 9},
            texttemplate="%{text}" if len(names) <= 12 else None,
            colorbar={"x": 0.445 if len(shown) > 1 and column == 1 else 1.0, "thickness": 10},
            hovertemplate="%{customdata[0]} taken for %{customdata[1]}: "
            f"%{{z:{form}}}<extra></extra>",
        )  # fmt: skip
    figure.update_yaxes(autorange="reversed", showgrid=False, **ticks)
    figure.update_yaxes(title_text="true class", col=1)
    figure.update_xaxes(title_text="taken for", tickangle=-45, showgrid=False, **ticks)
    figure.update_layout(height=HEIGHT + 80)
    return figure


def _whole(value: float, form: str) -> str:
    """Return a number for a cell: no -0, and nothing for a class without clips."""
    if value != value:
        return ""
    text = f"{value:{form}}"
    return "0" if text in ("+0", "-0") else text


def class_chart(table: pd.DataFrame, state: ExplorerState) -> go.Figure:
    """Return the change, or without a reference the accuracy, of every class.

    Args:
        table: of `Said.class_gains`.
        state: for the theme.
    """
    figure = framed(None, state)
    gain = table["difference"].notna().any()
    value = "difference" if gain else "after"
    table = table.sort_values(value, ascending=False, kind="stable")
    half = 100 * (table["high"] - table["difference"]).to_numpy(dtype=float)
    before, after = (100 * table[name] for name in ("before", "after"))
    about = np.stack([table["name"], table["clips"], before, after], axis=1)
    figure.add_bar(
        x=list(range(len(table))), y=100 * table[value], customdata=about,
        marker_color=[color_of("rgb" if v >= 0 else "depth", state.theme) for v in table[value]],
        error_y={"type": "data", "array": np.nan_to_num(half), "thickness": 1.2, "width": 3},
        hovertemplate="%{customdata[0]}: %{y:+.1f}<br>before %{customdata[2]:.1f} %, after "
        "%{customdata[3]:.1f} %, %{customdata[1]} clips<extra></extra>",
    )  # fmt: skip
    figure.update_yaxes(
        title_text="change of accuracy (points)" if gain else f"{state.split} accuracy (%)"
    )
    figure.update_xaxes(
        tickangle=-40, showgrid=False, tickvals=list(range(len(table))),
        ticktext=[cut(name, LONGEST_CLASS) for name in table["name"]],
    )  # fmt: skip
    return figure
