"""What strips of pictures have in common: moments, places in inches, pictures, outlines."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from mmtlib.figures.style import StyledFigure

OUTLINE = "#F0E442"
"""The colour of the outline of the hand."""
LABEL_WIDTH, TITLE_HEIGHT, GAP, LEAST_ROW = 0.36, 0.2, 0.05, 0.55
"""Sizes of a strip in inches, so that text at print size never meets its neighbour."""


def even_times(length: int, frames: int) -> np.ndarray:
    """Return the numbers of `frames` frames from the first to the last, fewer if there are."""
    return np.linspace(0, length - 1, min(frames, length)).round().astype(int)


def axes_at(figure: StyledFigure, place: tuple[float, float, float, float]) -> Axes:
    """Add axes at ``(left, top, width, height)`` in inches from the upper left corner."""
    left, top, width, height = place
    all_width, all_height = figure.get_size_inches()
    bottom = all_height - top - height
    return figure.add_axes(
        (left / all_width, bottom / all_height, width / all_width, height / all_height)
    )


def show_picture(axes: Axes, picture: np.ndarray) -> None:
    """Show a picture ``(H, W, 3)`` without ticks, in a thin frame."""
    axes.imshow(picture)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set(visible=True, color="#BBBBBB", linewidth=0.4)


def outline_hand(axes: Axes, mask: np.ndarray, color: str = OUTLINE, width: float = 0.8) -> None:
    """Draw the outline of a mask ``(H, W)``; there is none where it is empty or everywhere."""
    if mask.any() and not mask.all():
        axes.contour(mask.astype(float), levels=[0.5], colors=color, linewidths=width)
