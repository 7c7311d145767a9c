"""The look of the explorer's figures: colours, frames, short names."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import Any

import plotly.graph_objects as go

from mmtlib.core.modalities import MODALITIES, first_network, get_modality
from mmtlib.explorer.state import THEMES, ExplorerState
from mmtlib.figures import looks

WIDTH, HEIGHT = 880, 460
"""Of a figure, in pixels: what stands beside the controls in a window of 1280."""
GREY = {"light": "#555555", "dark": "#BBBBBB"}
INK = {"light": "#1F1F1F", "dark": "#EEEEEE"}
RULE = {"light": "#E4EAF2", "dark": "#2E3A48"}
PAPER = {"light": "#FFFFFF", "dark": "#111111"}
FORMS = ("circle", "diamond", "square", "triangle-up", "pentagon", "star")
"""Of points, modality by modality."""
TEST_TITLE = "TEST clips: stored figures of the study, to report and not to choose by"
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")


def theme_color(target: str, theme: str) -> str:
    """Return the colour of a network in every figure."""
    if target not in MODALITIES:
        return GREY[theme]
    return get_modality(target).dark_color if theme == "dark" else looks.color_of(target)


def symbol_of(target: str) -> str:
    """Return the form of a network's points: its modality's."""
    modality = first_network(target)
    return FORMS[[*MODALITIES].index(modality) % len(FORMS)] if modality in MODALITIES else "x"


def empty_figure(state: ExplorerState, text: str) -> go.Figure:
    """Return a figure that holds a sentence instead of data."""
    figure = framed(None, state)
    figure.update_layout(xaxis={"visible": False}, yaxis={"visible": False})
    figure.add_annotation(
        text="<br>".join(textwrap.wrap(text, 70)), showarrow=False, x=0.5, y=0.5, xref="paper",
        yref="paper", font={"size": 15},
    )  # fmt: skip
    return figure


def framed(figure: go.Figure | None, state: ExplorerState) -> go.Figure:
    """Give a figure the look of the theme, and say so where it shows test clips; return it.

    Args:
        figure: the one to change; None = a new one.
        state: for the theme and the split.
    """
    layout = {
        "template": LOOKS[state.theme], "paper_bgcolor": PAPER[state.theme],
        "plot_bgcolor": PAPER[state.theme], "font": {"size": 13, "color": INK[state.theme]},
        "width": WIDTH, "height": HEIGHT, "autosize": False, "hovermode": "closest",
        "margin": {"l": 64, "r": 24, "t": 56, "b": 64},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    }  # fmt: skip
    if state.split == "test":
        layout["title"] = {"text": TEST_TITLE, "font": {"size": 13}, "x": 0.5, "y": 0.985}
    return go.Figure(layout=layout) if figure is None else figure.update_layout(layout)


def heat_trace(z: Any, hover: str, about: Any, **more: Any) -> go.Heatmap:
    """Return cells in colour.

    Args:
        z: ``(rows, columns)``; NaN is left out.
        hover: what is said of a cell, in plotly's placeholders.
        about: of each cell, for `hover`.
        more: what plotly calls properties.
    """
    look = {"colorscale": "Cividis", "xgap": 1, "ygap": 1, **more}
    return go.Heatmap(z=z, customdata=about, hovertemplate=f"{hover}<extra></extra>", **look)


def named(names: Iterable[str], longest: int = 30) -> dict[str, Any]:
    """Return an axis with names at 0, 1, 2 and so on."""
    texts = [cut(name, longest) for name in names]
    size = 10 if len(texts) > 20 else 13
    return {"tickvals": list(range(len(texts))), "ticktext": texts, "tickfont": {"size": size}}


def _look(theme: str) -> go.layout.Template:
    """Return grids and frames of a theme.

    Plotly's own templates look alike, but to set one takes as long as to draw a whole view.
    """
    axis = {
        "gridcolor": RULE[theme], "zerolinecolor": RULE[theme], "zerolinewidth": 2,
        "linecolor": RULE[theme], "automargin": True, "title": {"standoff": 15}, "ticks": "",
    }  # fmt: skip
    bar = {"colorbar": {"outlinewidth": 0, "ticks": ""}}
    return go.layout.Template(
        layout={"xaxis": axis, "yaxis": axis, "coloraxis": bar, "autotypenumbers": "strict"},
        data={"heatmap": [bar], "bar": [{"error_y": {"color": INK[theme]}}]},
    )


LOOKS = {theme: _look(theme) for theme in THEMES}
"""Theme -> what every figure of it starts from."""


def without_common_beginning(names: list[str]) -> list[str]:
    """Return names of arms without their study, where all are of the same one."""
    studies = {name.partition(" / ")[0] for name in names if " / " in name}
    if len(studies) == 1 and all(" / " in name for name in names):
        return [name.partition(" / ")[2] for name in names]
    return names


def cut(text: str, longest: int = 30) -> str:
    """Return a text, shortened where it is longer."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def p_text(p: float) -> str:
    """Return a p value as text: ``"p = 0.012"`` or ``"p < 0.001"``."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
