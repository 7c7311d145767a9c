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
    """Return a figure of panels of that height, above each other where it is narrow.

    `share` is the axis that they have in common, ``"x"`` or ``"y"``.
    """
    stacked = width < STACKED_BELOW and number > 1
    figure = new_figure(width, height + (number - 1) * (height - 0.4) * stacked, alt)
    shape = (number, 1) if stacked else (1, number)
    axes = figure.subplots(*shape, squeeze=False, sharex=share == "x", sharey=share == "y")
    return figure, list(axes.flat)


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
) -> None:
    """Put a legend above the panels, in as many columns as there is room for."""
    if not handles:
        return
    widths = [KEY + KEY_LETTER * len(str(handle.get_label())) for handle in handles]

    def fits(rows: int) -> bool:
        needed = sum(max(widths[i : i + rows]) for i in range(0, len(widths), rows))
        return rows == len(widths) or needed <= figure.get_figwidth()

    rows = next(filter(fits, range(1, len(widths) + 1)))
    figure.legend(handles=handles, loc=place, ncols=-(-len(widths) // rows))


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
