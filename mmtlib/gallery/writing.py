"""Write the gallery: figures in several formats with captions, tables; the same bytes each time.

Nothing that changes by itself goes into a file: no date, no name of a program, no random name. What
a figure shows was made once and is stored; when and by which command stands in its caption.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from mmtlib.core.compute import threads
from mmtlib.core.errors import ConfigError, unknown_name
from mmtlib.core.files import Content, write_whole
from mmtlib.core.kept import write_kept
from mmtlib.experiment import Run
from mmtlib.figures import StyledFigure
from mmtlib.gallery.entry import Entry
from mmtlib.gallery.material import Material, NotStored
from mmtlib.gallery.registry import GALLERY, Drawn, draw_entry, find_entry
from mmtlib.gallery.tables import FOLDER, TABLES, MadeTable, write_tables

METADATA: dict[str, dict[str, Any]] = {
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
}
FORMATS = tuple(METADATA)
PIXELS_PER_INCH = 300
"""Of the PNG files: what journals ask for."""
CAPTIONS = "captions.md"


def write_gallery(
    folder: Path,
    *,
    formats: Sequence[str] = FORMATS,
    only: str | None = None,
    width: float | None = None,
    run: Run | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Drawn | MadeTable | NotStored]:
    """Write the figures and tables of the gallery; yield each, or why it cannot be made.

    For a figure NAME these are ``NAME.pdf``, ``NAME.svg``, ``NAME.png`` and its caption
    ``NAME.md``; ``captions.md`` holds the captions of all figures in the folder. For a table they
    are ``NAME.tex``, ``NAME.md`` (with its caption) and ``NAME.csv`` in the folder ``tables``.

    Args:
        folder: where; made if it is not there.
        formats: of `FORMATS`, for figures.
        only: the name of the one figure or table to write; default all, or with `run` the figures
            about a run.
        width: in inches, for all; a figure that cannot be read in it is made wider. Default each
            in its own.
        run: the run that figures about one training show.
        progress: called with (figures done, figures in all).

    Raises:
        ConfigError: if there is no such figure, table or format, or the one wanted needs to be
            wider or is not about a run.
        NotStored: if the one wanted cannot be made from what is stored.
        DataError: if a file cannot be written.
    """
    for name in formats:
        if name not in FORMATS:
            raise unknown_name("format", name, FORMATS)
    entries, material = _chosen(only, width, run), Material(run)
    tables = only in TABLES or (only is None and run is None)
    for done, entry in enumerate(entries, 1):
        found = attempt(entry, material, width)
        if isinstance(found, Drawn):
            write_drawn(found, folder, formats)
        elif only is not None:
            raise found
        if progress is not None:
            progress(done, len(entries))
        yield found
    if entries:
        write_captions(folder)
    if tables:
        yield from write_tables(folder / FOLDER, material, only=only)


def _chosen(only: str | None, width: float | None, run: Run | None) -> list[Entry]:
    if only is None:
        return [entry for entry in GALLERY.values() if run is None or entry.of_run]
    if only in TABLES:
        if run is not None:
            raise ConfigError(f"The table {only!r} is not about one training; leave out the run.")
        return []
    if only not in GALLERY:
        raise unknown_name("figure or table", only, [*GALLERY, *TABLES])
    return [find_entry(only, width=width, run=run)]


def attempt(entry: Entry, material: Material, width: float | None = None) -> Drawn | NotStored:
    """Draw a figure, the same bits each time; return it, or why it cannot be drawn."""
    try:
        with threads(1):  # sums in one order
            return draw_entry(entry, material, width)
    except NotStored as missing:
        return missing


def write_drawn(drawn: Drawn, folder: Path, formats: Sequence[str]) -> None:
    """Write one figure in these formats, and its caption.

    Raises:
        DataError: if a file cannot be written.
    """
    name = drawn.entry.name
    for kind in formats:
        save_figure(drawn.figure, folder / f"{name}.{kind}", write=write_kept)
    write_kept(folder / f"{name}.md", caption(drawn))


def save_figure(
    figure: StyledFigure,
    file: Path,
    pixels_per_inch: int = PIXELS_PER_INCH,
    *,
    write: Callable[[Path, Content], None] = write_whole,
) -> None:
    """Write a figure, the same bytes each time, in the format that the file's ending names.

    Args:
        figure: the figure.
        file: where.
        pixels_per_inch: of a PNG.
        write: `write_kept` where a user said where.

    Raises:
        DataError: if it cannot be written.
    """
    kind = file.suffix.removeprefix(".")
    options = {"format": kind, "metadata": METADATA[kind], "dpi": pixels_per_inch}
    write(file, lambda opened: figure.savefig(opened, **options))


def caption(drawn: Drawn) -> str:
    """Return the caption of a figure: what it is, what to see, what it says, where it is from."""
    entry = drawn.entry
    return (
        f"## {entry.name}: {entry.title}\n\n{entry.see}\n\n{drawn.figure.alt_text}\n\n"
        f"*{drawn.provenance}*\n"
    )


def write_captions(folder: Path) -> None:
    """Put the captions of all figures that are in a folder into one file.

    Raises:
        DataError: if it cannot be written.
    """
    files = [folder / f"{name}.md" for name in GALLERY]
    texts = [file.read_text(encoding="utf-8") for file in files if file.exists()]
    write_kept(folder / CAPTIONS, "# Captions\n\n" + "\n".join(texts))
