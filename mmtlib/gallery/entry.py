"""What is fixed about one figure of the gallery."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mmtlib.figures import ONE_COLUMN, TWO_COLUMN, StyledFigure
from mmtlib.gallery.material import Material

Drawing = Callable[[Material, float], StyledFigure]
COLUMNS = (ONE_COLUMN, TWO_COLUMN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One figure of the gallery.

    Attributes:
        name: what ``mmt figures --only`` calls it.
        title: one line.
        see: what to see in it, one to three sentences; no number, as those come from the results.
        function: the function of `mmtlib.figures` that draws it, for one's own data.
        draw: makes the figure for a width in inches.
        widths: the widths that it is looked at and tested in; the last one is its own, the first
            the least.
        of_run: whether it shows one training, so that ``--run`` can show another one.
    """

    name: str
    title: str
    see: str
    function: str
    draw: Drawing
    widths: tuple[float, ...] = COLUMNS
    of_run: bool = False

    @property
    def call(self) -> str:
        """The line of Python that draws it."""
        return f'mmtlib.gallery.draw("{self.name}")'


ENTRIES: list[Entry] = []
"""Every figure, in the order of their declarations."""


def entry(**facts: Any) -> Callable[[Drawing], Drawing]:
    """Declare the figure that the function below draws.

    Args:
        facts: all of an `Entry` but its `draw`.
    """

    def declare(draw: Drawing) -> Drawing:
        ENTRIES.append(Entry(draw=draw, **facts))
        return draw

    return declare
