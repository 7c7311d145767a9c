"""Correlation maps: how alike the features at any two positions of a clip are."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from mmtlib.errors import DataError
from mmtlib.figures.style import TWO_COLUMN, StyledFigure, new_figure, styled

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
    columns = min(COLUMNS, len(arrays))
    rows = -(-len(arrays) // columns)
    side = (TWO_COLUMN - 0.9) / COLUMNS
    figure = new_figure(
        0.9 + columns * side,
        rows * (side + 0.18) + 0.24,
        f"Correlation maps of {', '.join(arrays)}: {d} x {d} positions in {grid[0]} time steps.",
    )
    panels = figure.subplots(rows, columns, squeeze=False)
    # Maps of features after a ReLU have no negative entry: give them the whole scale.
    signed = min(values.min() for values in arrays.values()) < -1e-6
    scale = {"cmap": "PuOr_r", "vmin": -1, "vmax": 1} if signed else {"vmin": 0, "vmax": 1}
    for axes in panels.flat[len(arrays) :]:
        axes.remove()
    for axes, (title, values) in zip(panels.flat, arrays.items(), strict=False):
        image = axes.imshow(values, **scale)
        axes.set_title(title)
        _part_time_steps(axes, grid, dark=signed)
    figure.supxlabel("Position (by time step)")
    figure.supylabel("Position (by time step)")
    figure.colorbar(
        image, ax=list(figure.axes), label="Correlation (cosine)", shrink=0.9, aspect=25
    )
    return figure


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
