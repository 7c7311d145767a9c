"""Embeddings to walk through, class by class: where RGB has it, where depth, before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ipywidgets as widgets
import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from mmtlib.core.errors import ConfigError
from mmtlib.figures.embeddings import check_planes
from mmtlib.figures.looks import color_of, title_of
from mmtlib.widgets.live_figure import LiveFigure

OTHERS = "#D5D5D5"
SYMBOLS = ("circle", "triangle-up", "square", "diamond", "cross")
PLANE_PIXELS = 330


def embedding_figure(
    planes: Mapping[str, pd.DataFrame], class_names: Sequence[str], *, shown: str
) -> go.Figure:
    """Return clips as points in planes side by side, one class of them in colour.

    Args:
        planes: title (e.g. ``"alone"``) -> columns ``modality``, ``clip``, ``label``, ``x`` and
            ``y`` (`mmtlib.analysis.embed`).
        class_names: one name per label.
        shown: the class in colour; the others are grey.

    Returns:
        A figure of two traces for each plane and modality: the other classes, then the shown one,
        in the colour of the modality and with a symbol of its own.

    Raises:
        DataError: if there is no plane, or one has no rows, lacks a column or a name.
        ConfigError: if there is no such class.
    """
    label = _label(planes, class_names, shown)
    figure = make_subplots(1, len(planes), column_titles=list(planes), horizontal_spacing=0.03)
    for column, table in enumerate(planes.values(), 1):
        for wanted in (False, True):  # grey points first, so that they hide none
            of = table.groupby("modality", sort=False)
            for symbol, (modality, rows) in zip(SYMBOLS, of, strict=False):
                rows, title = rows[(rows["label"] == label) == wanted], title_of(modality)
                about = zip(rows["clip"], rows["label"], strict=True)
                figure.add_scatter(
                    x=rows["x"], y=rows["y"], mode="markers", name=title, row=1, col=column,
                    marker={"symbol": symbol, "size": 9 if wanted else 5,
                            "color": color_of(modality) if wanted else OTHERS},
                    text=[f"{title}, clip {clip}: {class_names[k]}" for clip, k in about],
                    hovertemplate="%{text}<extra></extra>", showlegend=wanted and column == 1,
                )  # fmt: skip
    frame = {"showline": True, "mirror": True, "linecolor": "#B0B0B0"}
    figure.update_xaxes(showticklabels=False, showgrid=False, zeroline=False, **frame)
    figure.update_yaxes(showticklabels=False, showgrid=False, zeroline=False, **frame)
    figure.update_layout(
        template="plotly_white",
        width=PLANE_PIXELS * len(planes) + 130,
        height=PLANE_PIXELS + 40,
        margin={"l": 10, "r": 10, "t": 40, "b": 10},
        legend={"title": {"text": "shown class"}},
    )
    return figure


def embedding_sentence(
    planes: Mapping[str, pd.DataFrame], class_names: Sequence[str], *, shown: str
) -> str:
    """Return what `embedding_figure` shows, in words: how near points have points of their class.

    Raises:
        DataError, ConfigError: as `embedding_figure`.
    """
    label = _label(planes, class_names, shown)
    parts = []
    for title, table in planes.items():
        own = table["label"].to_numpy() == label
        nearest = _nearest(table[["x", "y"]].to_numpy())
        same = float(own[nearest][own].mean()) if own.any() else float("nan")
        names = table["modality"].to_numpy()
        other = float((names[nearest] != names)[own].mean()) if own.any() else float("nan")
        parts.append(
            f"{title}: of {own.sum()} points {same:.0%} have one of the same class nearest, "
            f"{other:.0%} one of another modality"
        )
    return f"{shown.capitalize()}. {'; '.join(parts)}."


def embedding_explorer(
    planes: Mapping[str, pd.DataFrame], class_names: Sequence[str], *, shown: str | None = None
) -> LiveFigure:
    """Return a choice of the class over `embedding_figure`.

    By keyboard the space bar opens the list, arrows go through it and Enter takes a class.
    Without a running kernel, show `mmtlib.figures.embedding_scatter` instead.

    Args:
        planes, class_names: as `embedding_figure`.
        shown: where to start; default the first class.

    Raises:
        DataError, ConfigError: as `embedding_figure`.
    """
    start = class_names[0] if shown is None and len(class_names) else shown
    _label(planes, class_names, str(start))
    choice = widgets.Dropdown(
        options=list(class_names), value=start, description="class", layout={"width": "24em"}
    )

    def draw(shown: str) -> tuple[go.Figure, str]:
        return (
            embedding_figure(planes, class_names, shown=shown),
            embedding_sentence(planes, class_names, shown=shown),
        )

    return LiveFigure({"shown": choice}, draw)


def _label(planes: Mapping[str, pd.DataFrame], class_names: Sequence[str], shown: str) -> int:
    """Return the label of a class, after a look at the tables."""
    check_planes(planes, class_names, ("clip",))
    if shown not in class_names:
        raise ConfigError(f"There is no class {shown!r}; known: {', '.join(class_names)}.")
    return list(class_names).index(shown)


def _nearest(points: np.ndarray) -> np.ndarray:
    """Return for every point ``(N, 2)`` the number of its nearest neighbour."""
    apart = np.linalg.norm(points[:, None] - points, axis=2)
    np.fill_diagonal(apart, np.inf)
    return apart.argmin(axis=1)
