"""Correlation maps: how alike the features at any two positions of a clip are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from mmtlib.core.errors import DataError
from mmtlib.figures.style import STACKED_BELOW, TWO_COLUMN, StyledFigure, new_figure, styled

COLUMNS = 3
"""Maps per row."""


@styled
def correlation_maps(maps: Mapping[str, ArrayLike], *, grid: tuple[int, int, int]) -> StyledFigure:
    """Show correlation maps side by side, on one colour scale.

    Args:
        maps: title -> ``(d, d)`` map (`mmtlib.losses.correlation_map` of one clip).
        grid: the feature grid ``(T, H, W)`` with d = T * H * W; thin lines part the time steps.

    Returns:
        A figure of one axes per map, in order, then the colour bar.

    Raises:
        DataError: if there is no map, or one is not finite or not of shape ``(d, d)``.
    """
    arrays = _square(maps, grid)
    d = int(np.prod(grid))
    columns = min(COLUMNS, len(arrays))
    rows = -(-len(arrays) // columns)
    side = (TWO_COLUMN - 0.9) / COLUMNS
    figure = new_figure(
        0.9 + columns * side,
        rows * (side + 0.18) + 0.24,
        f"Correlation maps of {', '.join(arrays)}: {d} x {d} positions in {grid[0]} time steps.",
    )
    panels = figure.subplots(rows, columns, squeeze=False)
    scale = _scale(arrays.values())
    for axes in panels.flat[len(arrays) :]:
        axes.remove()
    for axes, (title, values) in zip(panels.flat, arrays.items(), strict=False):
        image = axes.imshow(values, **scale)
        axes.set_title(title)
        _part_time_steps(axes, grid, dark=scale["vmin"] < 0)
    figure.supxlabel("Position (by time step)")
    figure.supylabel("Position (by time step)")
    figure.colorbar(
        image, ax=list(figure.axes), label="Correlation (cosine)", shrink=0.9, aspect=25
    )
    return figure


@styled
def correlation_pairs(
    pairs: Mapping[str, Mapping[str, ArrayLike]],
    *,
    grid: tuple[int, int, int],
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
    rows = {row: _square(maps, grid) for row, maps in pairs.items()}
    apart = {row: abs(maps[titles[0]] - maps[titles[1]]) for row, maps in rows.items()}
    distances = {row: float((values**2).mean()) for row, values in apart.items()}
    listed = ", ".join(f"{row} {value:.3g}" for row, value in distances.items())
    stacked = width < STACKED_BELOW
    shape = (COLUMNS, len(rows)) if stacked else (len(rows), COLUMNS)
    side = (width - (1.15 if stacked else 1.6)) / shape[1]
    figure = new_figure(
        width,
        shape[0] * (side + 0.2) + 0.25,
        f"Correlation maps of {titles[0]} and {titles[1]} and their difference; mean squared "
        f"difference: {listed}.",
    )
    panels = figure.subplots(*shape, squeeze=False)
    panels = panels.T if stacked else panels
    scale = _scale([values for maps in rows.values() for values in maps.values()])
    top = max(1e-6, *(float(values.max()) for values in apart.values()))
    for line, (row, maps) in zip(panels, rows.items(), strict=True):
        for axes, (title, values) in zip(line, maps.items(), strict=False):
            image = axes.imshow(values, **scale)
            axes.set_title(f"{title} {row}")
        difference = line[2].imshow(apart[row], cmap="Greys", vmin=0, vmax=top)
        what = "Mean square" if stacked else "Difference, mean sq."
        line[2].set_title(f"{what} {distances[row]:.3g}")
        for axes in line:
            _part_time_steps(axes, grid, dark=scale["vmin"] < 0 or axes is line[2])
    figure.supxlabel("Position (by time step)")
    figure.supylabel("Position (by time step)")
    for picture, columns, label in (
        (image, panels[:, :2], "Correlation (cosine)"),
        (difference, panels[:, 2], "Size of the difference"),
    ):
        aspect = 25 * (columns.size / panels.size if stacked else 1)
        figure.colorbar(picture, ax=list(columns.flat), label=label, shrink=0.9, aspect=aspect)
    return figure


def _square(maps: Mapping[str, ArrayLike], grid: tuple[int, int, int]) -> dict[str, np.ndarray]:
    """Return the maps as arrays ``(d, d)``, checked."""
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


def _scale(arrays: Iterable[np.ndarray]) -> dict[str, Any]:
    """Return colours and their ends."""
    # Maps of features after a ReLU have no negative entry: give them the whole scale.
    signed = min(values.min() for values in arrays) < -1e-6
    return {"cmap": "PuOr_r", "vmin": -1, "vmax": 1} if signed else {"vmin": 0, "vmax": 1}


def _part_time_steps(axes: Axes, grid: tuple[int, int, int], *, dark: bool) -> None:
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
