"""Strips of pictures: places in inches, pictures, outlines, rows of moments."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from mmtlib.core.errors import ConfigError
from mmtlib.figures.style import StyledFigure, new_figure

OUTLINE = "#F0E442"
"""The colour of the outline of the hand."""
LABEL_WIDTH, TITLE_HEIGHT, GAP, LEAST_ROW, MOST_SIDE = 0.36, 0.2, 0.05, 0.55, 1.3
"""Sizes of a strip in inches, so that text at print size never meets its neighbour."""
LINE_HEIGHT, LETTER = 0.13, 0.075
"""Of a row's label, in inches."""
ONE_LINE = 12
"""Letters of a label that need one line, or two short ones."""


def even_times(length: int, frames: int) -> np.ndarray:
    """Return the numbers of `frames` frames from the first to the last, fewer if there are.

    Raises:
        ConfigError: if `frames` is less than 1.
    """
    if frames < 1:
        raise ConfigError(f"Expected at least 1 frame, got {frames}.")
    return np.linspace(0, length - 1, min(frames, length)).round().astype(int)


def axes_at(figure: StyledFigure, place: tuple[float, float, float, float]) -> Axes:
    """Add axes at ``(left, top, width, height)`` in inches from the upper left corner."""
    left, top, width, height = place
    all_width, all_height = figure.get_size_inches()
    bottom = all_height - top - height
    return figure.add_axes(
        (left / all_width, bottom / all_height, width / all_width, height / all_height)
    )


def show_picture(axes: Axes, picture: np.ndarray, **look: Any) -> None:
    """Show a picture ``(H, W, 3)`` without ticks, in a thin frame."""
    axes.imshow(picture, **look)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color="#BBBBBB", linewidth=0.4)


def outline_hand(axes: Axes, mask: np.ndarray, color: str = OUTLINE, width: float = 0.8) -> None:
    """Draw the outline of a mask ``(H, W)``; there is none where it is empty or everywhere."""
    if mask.any() and not mask.all():
        axes.contour(mask.astype(float), levels=[0.5], colors=color, linewidths=width)


def height_of(figure: StyledFigure, first: Axes, last: Axes) -> float:
    """Return the height in inches from the top of `first` to the bottom of `last`."""
    top, bottom = first.get_position(original=True).y1, last.get_position(original=True).y0
    return float((top - bottom) * figure.get_figheight())


def axes_beside(figure: StyledFigure, axes: Axes, place: tuple[float, float, float, float]) -> Axes:
    """Add axes at ``(left, top, width, height)`` in inches from the upper right corner of one."""
    corner, (left, top, width, height) = axes.get_position(original=True), place
    left += corner.x1 * figure.get_figwidth()
    top += (1 - corner.y1) * figure.get_figheight()
    return axes_at(figure, (left, top, width, height))


def picture_rows(
    rows: Sequence[tuple[str, np.ndarray]],
    times: np.ndarray,
    frame_rate: float,
    alt: str,
    *,
    width: float,
    beside: float,
    least: float = LEAST_ROW,
) -> tuple[StyledFigure, list[list[Axes]]]:
    """Return a figure with a row of pictures for each title, and the axes of every row.

    Args:
        rows: title and pictures ``(T, H, W, 3)`` of each.
        times: which of the T pictures are shown, under their time in seconds.
        frame_rate: pictures per second.
        alt: the text for those who cannot see the figure.
        width: the most that the figure may be wide, in inches.
        beside: the room to the right of the pictures, in inches.
        least: the least height of a row, in inches.
    """
    _, h, w, _ = rows[0][1].shape
    room = LABEL_WIDTH * (1 + any(len(title) > ONE_LINE for title, _ in rows))
    side = min((width - room - beside) / len(times), MOST_SIDE)
    row = max(side * h / w, least) + GAP
    labels = [textwrap.fill(title, max(8, int(row / LETTER))) for title, _ in rows]
    first = max(LABEL_WIDTH, 0.08 + LINE_HEIGHT * max(label.count("\n") + 1 for label in labels))
    size = (first + len(times) * side + beside, TITLE_HEIGHT + len(rows) * row)
    figure = new_figure(*size, alt)
    figure.set_layout_engine("none")
    lines = []
    for number, (label, (_, pictures)) in enumerate(zip(labels, rows, strict=True)):
        top = TITLE_HEIGHT + number * row
        places = [(first + i * side, top, side - GAP, row - GAP) for i in range(len(times))]
        lines.append([axes_at(figure, place) for place in places])
        for axes, time in zip(lines[-1], times, strict=True):
            show_picture(axes, pictures[time])
        lines[-1][0].set_ylabel(label, labelpad=3)
    for i in range(0, len(times), math.ceil(0.45 / side)):
        lines[0][i].set_title(f"{times[i] / frame_rate:.2f} s", fontsize=7, pad=3)
    return figure, lines
