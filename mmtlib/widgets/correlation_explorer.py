"""Correlation maps to walk through: what does a network see as alike to one position, and where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
from matplotlib.axes import Axes
from numpy.typing import ArrayLike
from plotly.subplots import make_subplots

from mmtlib.core.clips import GestureClip
from mmtlib.core.errors import ConfigError, DataError
from mmtlib.core.modalities import get_modality
from mmtlib.figures.pictures import modality_to_rgb
from mmtlib.figures.style import StyledFigure, new_figure, styled
from mmtlib.widgets.live_figure import LiveFigure, counter

Grid = tuple[int, int, int]
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
    rows = map_rows(maps, grid=grid, position=position)
    pictures = _pictures(clip, grid)
    step, y, x = np.unravel_index(position, grid)
    titles = [*(get_modality(name).title for name in pictures), *rows]
    t, h, w = grid
    figure = make_subplots(t, len(titles), column_titles=titles, horizontal_spacing=0.015,
                           vertical_spacing=0.03)  # fmt: skip
    for time in range(t):
        for column, frames in enumerate(pictures.values(), 1):
            figure.add_trace(_image(frames[time], (h, w)), time + 1, column)
        for column, values in enumerate(rows.values(), 1 + len(pictures)):
            figure.add_trace(_heat(values[time], time), time + 1, column)
        for column in range(1, 1 + len(titles)):
            place = ([int(x)], [int(y)]) if time == step else ([], [])
            figure.add_trace(_mark(*place), time + 1, column)
        figure.update_yaxes(title_text=f"time step {time + 1}", row=time + 1, col=1)
    bare = {"showticklabels": False, "showgrid": False, "zeroline": False, "constrain": "domain"}
    figure.update_xaxes(range=[-0.5, w - 0.5], **bare)
    figure.update_yaxes(range=[h - 0.5, -0.5], **bare)
    figure.for_each_yaxis(lambda axis: axis.update(scaleanchor=axis.anchor))  # pictures do anyway
    low = -1 if _signed(maps) else 0
    figure.update_layout(
        template="plotly_white",
        width=PANEL_PIXELS * len(titles) + 130,
        height=PANEL_PIXELS * t * h // w + 60,
        margin={"l": 40, "r": 10, "t": 40, "b": 10},
        coloraxis={"colorscale": "PuOr_r" if low else "Cividis", "cmin": low, "cmax": 1,
                   "colorbar": {"title": {"text": "correlation", "side": "right"}}},
    )  # fmt: skip
    return figure


def correlation_sentence(maps: Mapping[str, ArrayLike], *, grid: Grid, position: int = 0) -> str:
    """Return what `correlation_figure` shows, in words.

    Raises:
        DataError, ConfigError: as `correlation_figure`.
    """
    parts = []
    for title, values in map_rows(maps, grid=grid, position=position).items():
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
    rows = map_rows(maps, grid=grid, position=position)
    pictures = _pictures(clip, grid)
    t, h, w = grid
    count = len(pictures) + len(rows)
    figure = new_figure(
        PANEL_INCHES * count + 0.9,
        PANEL_INCHES * t * h / w + 0.4,
        f"Clip {clip.clip_id}. " + correlation_sentence(maps, grid=grid, position=position),
    )
    panels = figure.subplots(t, count, squeeze=False)
    extent = (-0.5, w - 0.5, h - 0.5, -0.5)
    signed = _signed(maps)
    scale = {"cmap": "PuOr_r", "vmin": -1, "vmax": 1} if signed else {"vmin": 0, "vmax": 1}
    step, y, x = np.unravel_index(position, grid)
    titles = [*(get_modality(name).title for name in pictures), *rows]
    for time, line in enumerate(panels):
        for axes, frames in zip(line, pictures.values(), strict=False):
            axes.imshow(frames[time], extent=extent)
        for axes, values in zip(line[len(pictures) :], rows.values(), strict=True):
            image = axes.imshow(values[time], extent=extent, **scale)
        line[0].set_ylabel(f"time step {time + 1}")
        for axes in line:
            _bare(axes)
            if time == step:
                axes.plot(x, y, marker="X", markersize=8, mfc="black", mec="white", mew=1)
    for axes, title in zip(panels[0], titles, strict=True):
        axes.set_title(title)
    figure.colorbar(image, ax=list(panels.flat), label="Correlation (cosine)", aspect=25)
    return figure


def map_rows(maps: Mapping[str, ArrayLike], *, grid: Grid, position: int) -> dict[str, np.ndarray]:
    """Return the chosen row of every map as an array ``(T, H, W)``.

    Raises:
        DataError: if there is no map, or one is not finite or not of shape ``(d, d)``.
        ConfigError: if the position is not on the grid.
    """
    _check_position(position, grid)
    d = int(np.prod(grid))
    if not maps:
        raise DataError("No correlation maps were given; there is nothing to explore.")
    rows = {}
    for title, values in maps.items():
        array = np.asarray(values, dtype=float)
        if array.shape != (d, d) or not np.isfinite(array).all():
            raise DataError(
                f"Expected the map {title!r} to be finite and of shape ({d}, {d}) for the grid "
                f"{grid[0]} x {grid[1]} x {grid[2]}, got shape {array.shape}."
            )
        rows[title] = array[position].reshape(grid)
    return rows


def _check_position(position: int, grid: Grid) -> None:
    d = int(np.prod(grid))
    if not 0 <= position < d:
        raise ConfigError(f"position: expected 0 to {d - 1} for the grid {grid}, got {position}.")


def _pictures(clip: GestureClip, grid: Grid) -> dict[str, np.ndarray]:
    """Return, per modality, the frame in the middle of every time step of the features."""
    middle = ((np.arange(grid[0]) + 0.5) * clip.shape[0] / grid[0]).astype(int)
    return {name: modality_to_rgb(name, x)[middle] for name, x in clip.frames.items()}


def _signed(maps: Mapping[str, ArrayLike]) -> bool:
    # Features after a ReLU have no negative correlation: give them the whole scale.
    return min(np.asarray(values).min() for values in maps.values()) < -1e-6


def _place(position: int, grid: Grid) -> str:
    t, y, x = (int(i) + 1 for i in np.unravel_index(position, grid))
    return f"time step {t}, row {y}, column {x}"


def _image(frame: np.ndarray, size: tuple[int, int]) -> go.Image:
    # In the units of the grid, so that a mark is at the same place as on the heat maps.
    dy, dx = size[0] / frame.shape[0], size[1] / frame.shape[1]
    pixels = (255 * frame).round().astype(np.uint8)
    return go.Image(z=pixels, x0=dx / 2 - 0.5, y0=dy / 2 - 0.5, dx=dx, dy=dy, hoverinfo="skip")


def _heat(values: np.ndarray, time: int) -> go.Heatmap:
    return go.Heatmap(
        z=values,
        coloraxis="coloraxis",
        meta=time,
        hovertemplate="correlation %{z:.2f}<extra></extra>",
    )


def _mark(x: list[int], y: list[int]) -> go.Scatter:
    return go.Scatter(x=x, y=y, mode="markers", marker=MARK, showlegend=False, hoverinfo="skip")


def _bare(axes: Axes) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
