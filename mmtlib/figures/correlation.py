"""Correlation maps: how alike the features at any two positions of a clip are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from mmtlib.core.errors import DataError
from mmtlib.figures.looks import Look
from mmtlib.figures.panels import colour_bar, grid_of_panels
from mmtlib.figures.style import STACKED_BELOW, TWO_COLUMN, StyledFigure, new_figure, styled

Grid = tuple[int, int, int]
"""Time steps, rows and columns of a network's features."""


@styled
def correlation_maps(maps: Mapping[str, ArrayLike], *, grid: Grid) -> StyledFigure:
    """Show correlation maps side by side, on one colour scale.

    Args:
        maps: title -> ``(d, d)`` map (`mmtlib.losses.correlation_map` of one clip).
        grid: the feature grid ``(T, H, W)`` with d = T * H * W; thin lines part the time steps.

    Returns:
        A figure of one axes per map, in order, then the colour bar.

    Raises:
        DataError: if there is no map, or one is not finite or not of shape ``(d, d)``.
    """
    arrays = square_maps(maps, grid)
    alt = (
        f"Correlation maps of {', '.join(arrays)}: {int(np.prod(grid))} x {int(np.prod(grid))} "
        f"positions in {grid[0]} time steps."
    )
    figure, axes_of = grid_of_panels(list(arrays), TWO_COLUMN, 0.18, 0.9, 0.24, alt)
    scale = cosine_scale(arrays.values())
    for axes, values in zip(axes_of, arrays.values(), strict=True):
        _draw_map(axes, values, grid, scale)
    _label_positions(figure, [(axes_of, "Correlation (cosine)")], stacked=False)
    return figure


@styled
def correlation_pairs(
    pairs: Mapping[str, Mapping[str, ArrayLike]],
    *,
    grid: Grid,
    width: float = TWO_COLUMN,
) -> StyledFigure:
    """Show the correlation maps of two networks and their difference, e.g. before and after.

    Args:
        pairs: title of a row (e.g. ``"alone"``, ``"together"``) -> two maps ``(d, d)`` by title
            (e.g. ``"RGB"``, ``"Depth"``); all rows have the same titles.
        grid: the feature grid ``(T, H, W)`` with d = T * H * W; thin lines part the time steps.
        width: of the figure, in inches; in a narrow one the rows become columns.

    Returns:
        A figure of three axes per row (both maps, the size of their difference), then the colour
        bars of the maps and of the differences.

    Raises:
        DataError: if there is no pair, a row has not two maps of the same titles, or a map is not
            finite or not of shape ``(d, d)``.
    """
    if not pairs:
        raise DataError("No pairs of correlation maps were given; there is nothing to draw.")
    titles = list(next(iter(pairs.values())))
    for row, maps in pairs.items():
        if len(maps) != 2 or list(maps) != titles:
            raise DataError(
                f"{row!r}: expected two maps, the same in every row, got {', '.join(maps)}."
            )
    rows = {row: square_maps(maps, grid) for row, maps in pairs.items()}
    apart = {row: abs(maps[titles[0]] - maps[titles[1]]) for row, maps in rows.items()}
    distances = {row: float((values**2).mean()) for row, values in apart.items()}
    listed = ", ".join(f"{row} {value:.3g}" for row, value in distances.items())
    stacked = width < STACKED_BELOW
    shape = (3, len(rows)) if stacked else (len(rows), 3)
    side = (width - (1.15 if stacked else 1.6)) / shape[1]
    figure = new_figure(
        width,
        shape[0] * (side + 0.2) + 0.25,
        f"Correlation maps of {titles[0]} and {titles[1]} and their difference; mean squared "
        f"difference: {listed}.",
    )
    panels = figure.subplots(*shape, squeeze=False)
    panels = panels.T if stacked else panels
    scale = cosine_scale([values for maps in rows.values() for values in maps.values()])
    grey = {"cmap": "Greys", "vmin": 0, "vmax": max(1e-6, *map(np.max, apart.values()))}
    for line, (row, maps) in zip(panels, rows.items(), strict=True):
        for axes, (title, values) in zip(line, maps.items(), strict=False):
            _draw_map(axes, values, grid, scale)
            axes.set_title(f"{title} {row}")
        _draw_map(line[2], apart[row], grid, grey)
        what = "Mean square" if stacked else "Difference, mean sq."
        line[2].set_title(f"{what} {distances[row]:.3g}")
    maps_and_differences = [
        (list(panels[:, :2].flat), "Correlation (cosine)"),
        (list(panels[:, 2]), "Size of the difference"),
    ]
    _label_positions(figure, maps_and_differences, stacked=stacked)
    return figure


def square_maps(maps: Mapping[str, ArrayLike], grid: Grid) -> dict[str, np.ndarray]:
    """Return correlation maps as arrays ``(d, d)``.

    Raises:
        DataError: if there is no map, or one is not finite or not of shape ``(d, d)``.
    """
    arrays = {title: np.asarray(values, dtype=float) for title, values in maps.items()}
    if not arrays:
        raise DataError("No correlation maps were given; there is nothing to draw.")
    d = int(np.prod(grid))
    for title, values in arrays.items():
        if values.shape != (d, d) or not np.isfinite(values).all():
            raise DataError(
                f"Expected the map {title!r} to be finite and of shape ({d}, {d}) for the grid "
                f"{grid[0]} x {grid[1]} x {grid[2]}, got shape {values.shape}."
            )
    return arrays


def cosine_scale(arrays: Iterable[np.ndarray]) -> Look:
    """Return colours and their ends for correlations."""
    # Maps of features after a ReLU have no negative entry: give them the whole scale.
    signed = min(values.min() for values in arrays) < -1e-6
    return {"cmap": "PuOr_r" if signed else "cividis", "vmin": -1 if signed else 0, "vmax": 1}


def _label_positions(
    figure: StyledFigure, parts: Sequence[tuple[list[Axes], str]], *, stacked: bool
) -> None:
    """Name the axes of all maps, and give each part of them its colour bar."""
    figure.supxlabel("Position (by time step)")
    figure.supylabel("Position (by time step)")
    every = sum(len(axes_of) for axes_of, _ in parts)
    for axes_of, label in parts:
        aspect = 25 * (len(axes_of) / every if stacked else 1)
        colour_bar(axes_of, label, aspect=aspect)


def _draw_map(axes: Axes, values: np.ndarray, grid: Grid, scale: Look) -> None:
    """Draw a map with its time steps parted by thin lines."""
    axes.imshow(values, **scale)
    dark = scale["cmap"] != "cividis"
    t, area = grid[0], grid[1] * grid[2]
    for border in np.arange(1, t) * area - 0.5:
        for line in (axes.axhline, axes.axvline):
            line(border, color="black" if dark else "white", linewidth=0.5)
    steps = np.arange(0, t, -(-t // 8))
    places = (steps + 0.5) * area - 0.5
    axes.set_xticks(places, [str(step + 1) for step in steps])
    axes.set_yticks(places, [str(step + 1) for step in steps])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
