"""Every figure of the gallery by name, and how one is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mmtlib.core.errors import ConfigError, unknown_name
from mmtlib.experiment import Run
from mmtlib.figures import StyledFigure
from mmtlib.gallery import clips, concepts, inspection, learning, levels, outcomes, shared
from mmtlib.gallery.entry import ENTRIES, Entry
from mmtlib.gallery.material import Material

PARTS = (concepts, clips, learning, outcomes, levels, inspection, shared)
GALLERY = {
    entry.name: entry
    for part in PARTS
    for entry in ENTRIES
    if entry.draw.__module__ == part.__name__
}
"""Name -> figure, in the order in which the gallery shows them."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A figure and where what it shows comes from.

    Attributes:
        entry: what it is.
        figure: the figure.
        provenance: one line.
        width: in inches; may be more than was asked for, where that was too narrow for it.
    """

    entry: Entry
    figure: StyledFigure
    provenance: str
    width: float


def draw(name: str, *, width: float | None = None, run: Run | None = None) -> StyledFigure:
    """Return a figure of the gallery, drawn from the results and networks of the package.

    Args:
        name: of `GALLERY`.
        width: in inches; default its own.
        run: the run to show instead of the package's, for figures about one training.

    Raises:
        ConfigError: if there is no such figure, it is not about one training, or it needs to be
            wider.
        NotStored: if the results or networks that it shows are not stored.
    """
    return draw_entry(find_entry(name, width=width, run=run), Material(run), width).figure


def find_entry(name: str, *, width: float | None = None, run: Run | None = None) -> Entry:
    """Return the figure of that name; it can be drawn in this width, of this run.

    Raises:
        ConfigError: if there is none, it is too narrow to be read, or is not about one training.
    """
    if name not in GALLERY:
        raise unknown_name("figure", name, GALLERY)
    entry = GALLERY[name]
    if run is not None and not entry.of_run:
        raise ConfigError(f"The figure {name!r} is not about one training; leave out the run.")
    if width is not None and width < entry.widths[0]:
        raise ConfigError(
            f"The figure {name!r} needs at least {entry.widths[0]:g} inches to be read, got "
            f"{width:g}."
        )
    return entry


def draw_entry(entry: Entry, material: Material, width: float | None = None) -> Drawn:
    """Draw a figure, in its least width where the one asked for is too narrow.

    Raises:
        NotStored: if the results or networks that it shows are not stored.
    """
    width = entry.widths[-1] if width is None else max(width, entry.widths[0])
    with material.noting() as origins:
        figure = entry.draw(material, width)
    return Drawn(entry, figure, provenance_line(sorted(origins)), width)


def provenance_line(origins: Sequence[str]) -> str:
    """Return one line about where a figure or table comes from."""
    text = "; ".join(origins)
    return f"{text[:1].upper()}{text[1:]}."
