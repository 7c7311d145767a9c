"""What figures of numbers are put together from: panels, legends, axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import MaxNLocator, PercentFormatter

from mmtlib.figures.style import STACKED_BELOW, StyledFigure, new_figure

MOST_PANELS = 3
"""In a row of square panels."""
KEY, KEY_LETTER = 0.38, 0.052
"""Inches that a mark of a legend takes, and a letter beside it."""


def panels(
    number: int, width: float, height: float, alt: str, *, share: str = ""
) -> tuple[StyledFigure, list[Axes]]:
    """Return a figure of panels of that height: in rows of three, in a narrow one above each other.

    `share` is the axis that they have in common, ``"x"`` or ``"y"``.
    """
    columns = 1 if width < STACKED_BELOW else 2 if number == 4 else min(number, MOST_PANELS)
    rows = -(-number // columns)
    figure = new_figure(width, height + (rows - 1) * (height - 0.4), alt)
    axes_of = figure.subplots(
        rows, columns, squeeze=False, sharex=share == "x", sharey=share == "y"
    )
    for axes in axes_of.flat[number:]:
        axes.remove()
    return figure, list(axes_of.flat[:number])


def grid_of_panels(
    titles: Sequence[str], width: float, heading: float, beside: float, below: float, alt: str
) -> tuple[StyledFigure, list[Axes]]:
    """Return a figure of square panels in rows, each under its title.

    Args:
        titles: one for each panel; four are two pairs.
        width: the most that the figure may be wide, in inches.
        heading: what a title takes, in inches.
        beside, below: the room beside and below all panels, in inches.
        alt: the text for those who cannot see it.
    """
    columns = 2 if len(titles) == 4 else min(MOST_PANELS, len(titles))
    side, rows = min((width - beside) / columns, 2.7), -(-len(titles) // columns)
    figure = new_figure(columns * side + beside, rows * (side + heading) + below, alt)
    axes_of = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes in axes_of[len(titles) :]:
        axes.remove()
    for axes, title in zip(axes_of, titles, strict=False):
        axes.set_title(title)
    return figure, axes_of[: len(titles)]


def legend_above(
    figure: StyledFigure,
    handles: Sequence[Artist],
    place: Literal["outside upper center", "outside upper right"] = "outside upper center",
) -> int:
    """Put a legend above the panels, in as many columns as fit; return its number of rows."""
    widths = [KEY + KEY_LETTER * len(str(handle.get_label())) for handle in handles]
    for rows in range(1, len(widths) + 1):
        needed = sum(max(widths[i : i + rows]) for i in range(0, len(widths), rows))
        if needed <= figure.get_figwidth() or rows == len(widths):
            figure.legend(handles=handles, loc=place, ncols=-(-len(widths) // rows))
            return rows
    return 0


def colour_bar(axes_of: Sequence[Axes], label: str, *, aspect: float = 25) -> None:
    """Add a bar that explains the colours of some panels to the right of them."""
    figure, first = axes_of[0].figure, axes_of[0]
    shown = next(iter([*first.images, *first.collections]))
    figure.colorbar(shown, ax=axes_of, label=label, shrink=0.9, aspect=aspect)


def numbers(axis: Axis, *, percent: bool = False) -> None:
    """Give an axis few, round ticks with lines across the panel; shares in percent."""
    axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    if percent:
        axis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axis.axes.grid(axis="x" if axis is axis.axes.xaxis else "y")
