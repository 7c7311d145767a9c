"""Correlation maps to walk through: what does a network see as alike to one position, and where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike
from plotly.subplots import make_subplots

from mmtlib.core.clips import GestureClip
from mmtlib.core.errors import ConfigError
from mmtlib.figures.correlation import Grid, cosine_scale, square_maps
from mmtlib.figures.looks import Look, title_of
from mmtlib.figures.pictures import modality_to_rgb
from mmtlib.figures.strips import show_picture
from mmtlib.figures.style import StyledFigure, new_figure, styled
from mmtlib.widgets.live_figure import LiveFigure, counter, without_ticks

PANEL_PIXELS = 125
PANEL_INCHES = 1.35
MARK = {"color": "black", "size": 13, "symbol": "x", "line": {"color": "white", "width": 2}}


def correlation_figure(
    clip: GestureClip, maps: Mapping[str, ArrayLike], *, grid: Grid, position: int = 0
) -> go.Figure:
    """Return pictures of a clip and one row of each correlation map, laid out in space and time.

    Args:
        clip: the clip that the maps belong to; all its modalities are shown.
        maps: title -> ``(d, d)`` map of the clip (`mmtlib.losses.correlation_map`).
        grid: the feature grid ``(T, H, W)`` with d = T * H * W.
        position: the row to show, 0 to d - 1, in row-major order of (T, H, W); it is marked.

    Returns:
        A figure with one row of panels per time step: the pictures, then every map's row as a heat
        map ``(H, W)``. All on one colour scale.

    Raises:
        DataError: if there is no map, or one is not finite or not of shape ``(d, d)``.
        ConfigError: if the position is not on the grid.
    """
    rows, scale = map_rows(maps, grid=grid, position=position)
    pictures = _pictures(clip, grid)
    step, y, x = np.unravel_index(position, grid)
    t, h, w = grid
    columns = len(pictures) + len(rows)
    figure = make_subplots(t, columns, column_titles=[*pictures, *rows], horizontal_spacing=0.015,
                           vertical_spacing=0.03)  # fmt: skip
    for time in range(t):
        traces = [_image(frames[time], (h, w)) for frames in pictures.values()]
        traces += [
            go.Heatmap(z=values[time], coloraxis="coloraxis", meta=time,
                       hovertemplate="correlation %{z:.2f}<extra></extra>")
            for values in rows.values()
        ]  # fmt: skip
        for column, trace in enumerate(traces, 1):
            figure.add_trace(trace, time + 1, column)
        for column in range(1, 1 + columns):
            at = ([int(x)], [int(y)]) if time == step else ([], [])
            figure.add_scatter(x=at[0], y=at[1], mode="markers", marker=MARK, showlegend=False,
                               hoverinfo="skip", row=time + 1, col=column)  # fmt: skip
        figure.update_yaxes(title_text=f"time step {time + 1}", row=time + 1, col=1)
    without_ticks(figure)
    figure.update_xaxes(range=[-0.5, w - 0.5])
    figure.update_yaxes(range=[h - 0.5, -0.5])
    figure.update_layout(
        template="plotly_white",
        width=PANEL_PIXELS * columns + 130,
        height=PANEL_PIXELS * t * h // w + 60,
        margin={"l": 40, "r": 10, "t": 40, "b": 10},
        coloraxis={"colorscale": scale["cmap"], "cmin": scale["vmin"], "cmax": 1,
                   "colorbar": {"title": {"text": "correlation", "side": "right"}}},
    )  # fmt: skip
    return figure


def correlation_sentence(maps: Mapping[str, ArrayLike], *, grid: Grid, position: int = 0) -> str:
    """Return what `correlation_figure` shows, in words.

    Raises:
        DataError, ConfigError: as `correlation_figure`.
    """
    parts = []
    for title, values in map_rows(maps, grid=grid, position=position)[0].items():
        others = values.flatten()
        others[position] = -np.inf
        best = int(others.argmax())
        if len(others) == 1:
            return f"There is one position only: {_place(0, grid)}."
        mean = float(np.delete(others, position).mean())
        parts.append(
            f"{title}: most alike is {_place(best, grid)} ({others[best]:.2f}), mean {mean:.2f}"
        )
    return f"{_place(position, grid).capitalize()} against all others. {'; '.join(parts)}."


def correlation_explorer(
    clip: GestureClip, maps: Mapping[str, ArrayLike], *, grid: Grid, position: int = 0
) -> LiveFigure:
    """Return sliders over `correlation_figure` (time step, row, column); a click sets them, too.

    Without a running kernel, show `correlation_static` instead.

    Args:
        clip, maps, grid: as `correlation_figure`.
        position: where to start.

    Raises:
        DataError, ConfigError: as `correlation_figure`.
    """

    def draw(**state: int) -> tuple[go.Figure, str]:
        place = np.ravel_multi_index([state[name] - 1 for name in names], grid)
        chosen: dict[str, Any] = {"grid": grid, "position": int(place)}
        return correlation_figure(clip, maps, **chosen), correlation_sentence(maps, **chosen)

    _check_position(position, grid)
    names = ("time_step", "row", "column")
    start = np.unravel_index(position, grid)
    controls = {
        name: counter(name.replace("_", " "), int(at) + 1, size)
        for name, at, size in zip(names, start, grid, strict=True)
    }

    def go_to(trace: Any, place: Any) -> None:
        if trace.type == "heatmap":
            for name, at in zip(names, (trace.meta, *place), strict=True):
                controls[name].value = int(at) + 1

    return LiveFigure(controls, draw, go_to)


@styled
def correlation_static(
    clip: GestureClip, maps: Mapping[str, ArrayLike], *, grid: Grid, position: int = 0
) -> StyledFigure:
    """Return `correlation_figure` as a picture that needs no kernel and can be printed.

    Args:
        clip, maps, grid, position: as `correlation_figure`.

    Returns:
        A figure of the same panels, row by row, then the colour bar.

    Raises:
        DataError, ConfigError: as `correlation_figure`.
    """
    rows, scale = map_rows(maps, grid=grid, position=position)
    pictures = _pictures(clip, grid)
    t, h, w = grid
    titles = [*pictures, *rows]
    figure = new_figure(
        PANEL_INCHES * len(titles) + 0.9,
        PANEL_INCHES * t * h / w + 0.4,
        f"Clip {clip.clip_id}. " + correlation_sentence(maps, grid=grid, position=position),
    )
    panels = figure.subplots(t, len(titles), squeeze=False)
    step, y, x = np.unravel_index(position, grid)
    shown: list[tuple[dict[str, np.ndarray], Look]] = [(pictures, {}), (rows, scale)]
    for time, line in enumerate(panels):
        drawn = [(values[time], look) for each, look in shown for values in each.values()]
        for axes, (values, look) in zip(line, drawn, strict=True):
            show_picture(axes, values, extent=(-0.5, w - 0.5, h - 0.5, -0.5), **look)
            if time == step:
                axes.plot(x, y, marker="X", markersize=8, mfc="black", mec="white", mew=1)
        line[0].set_ylabel(f"time step {time + 1}")
    for axes, title in zip(panels[0], titles, strict=True):
        axes.set_title(title)
    label = "Correlation (cosine)"
    figure.colorbar(panels[0, -1].images[0], ax=list(panels.flat), label=label, aspect=25)
    return figure


def map_rows(
    maps: Mapping[str, ArrayLike], *, grid: Grid, position: int
) -> tuple[dict[str, np.ndarray], Look]:
    """Return the chosen row of every map as an array ``(T, H, W)``, and the colours of all.

    Raises:
        DataError: if there is no map, or one is not finite or not of shape ``(d, d)``.
        ConfigError: if the position is not on the grid.
    """
    _check_position(position, grid)
    arrays = square_maps(maps, grid)
    rows = {title: values[position].reshape(grid) for title, values in arrays.items()}
    return rows, cosine_scale(arrays.values())


def _check_position(position: int, grid: Grid) -> None:
    d = int(np.prod(grid))
    if not 0 <= position < d:
        raise ConfigError(f"position: expected 0 to {d - 1} for the grid {grid}, got {position}.")


def _pictures(clip: GestureClip, grid: Grid) -> dict[str, np.ndarray]:
    """Return, per modality's title, the frame in the middle of every time step of the features."""
    middle = ((np.arange(grid[0]) + 0.5) * clip.shape[0] / grid[0]).astype(int)
    return {title_of(m): modality_to_rgb(m, frames)[middle] for m, frames in clip.frames.items()}


def _place(position: int, grid: Grid) -> str:
    t, y, x = (int(i) + 1 for i in np.unravel_index(position, grid))
    return f"time step {t}, row {y}, column {x}"


def _image(frame: np.ndarray, size: tuple[int, int]) -> go.Image:
    # In the units of the grid, so that a mark is at the same place as on the heat maps.
    dy, dx = size[0] / frame.shape[0], size[1] / frame.shape[1]
    pixels = (255 * frame).round().astype(np.uint8)
    return go.Image(z=pixels, x0=dx / 2 - 0.5, y0=dy / 2 - 0.5, dx=dx, dy=dy, hoverinfo="skip")
