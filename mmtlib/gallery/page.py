"""The page ``docs/gallery.md``: every figure with its one-line call and what to see in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mmtlib.core.errors import DataError
from mmtlib.core.files import write_whole
from mmtlib.gallery.entry import Entry
from mmtlib.gallery.material import Material, NotStored
from mmtlib.gallery.registry import GALLERY, Drawn
from mmtlib.gallery.tables import TABLES
from mmtlib.gallery.writing import attempt, save_figure

PAGE = "gallery.md"
PICTURES = "images/gallery"
PIXELS_PER_INCH = 120
"""Of the page's pictures: small files that a screen shows well."""

HEAD = """# Gallery

Every figure that `mmt figures` (or `make figures`) writes as PDF, SVG and PNG, with the line of
Python that draws it, and what to see in it. All are drawn from the results and networks that come
with the package; `mmt figures --run RUN` draws those about one training from another run, and
`--width 3.5in` makes them as wide as a column. With your own arrays and tables the function named
beside each does the same. This page and its pictures are made by `make gallery`.
"""


def write_page(docs: Path, material: Material | None = None) -> Iterator[Drawn | NotStored]:
    """Write the gallery page and its pictures; yield each figure, or why it cannot be drawn.

    Args:
        docs: the project's folder of documentation.
        material: what is drawn from; default the package's.

    Raises:
        DataError: if there is no such folder, or a file cannot be written.
    """
    if not docs.is_dir():
        raise DataError(f"There is no folder {docs}; start this in the project's folder.")
    material, parts = material or Material(), [HEAD]
    for entry in GALLERY.values():
        drawn, file = attempt(entry, material), f"{PICTURES}/{entry.name}.png"
        if isinstance(drawn, NotStored):
            (docs / file).unlink(missing_ok=True)
            parts.append(_part(entry, f"*Not drawn yet. {drawn}*"))
        else:
            save_figure(drawn.figure, docs / file, PIXELS_PER_INCH)
            # What it says is text for all, not only for those who cannot see the picture.
            picture = f"![{entry.title}]({file})\n\n{drawn.figure.alt_text}"
            parts.append(_part(entry, picture, f"*{drawn.provenance}*"))
        yield drawn
    write_whole(docs / PAGE, "\n".join([*parts, _tables()]))


def _part(entry: Entry, shown: str, provenance: str = "") -> str:
    lines = [f"## {entry.name}", "", f"**{entry.title}.** {entry.see}", "", shown, ""]
    lines += [f"`{entry.call}`; with your own data `mmtlib.figures.{entry.function}`.", ""]
    return "\n".join([*lines, provenance, ""] if provenance else lines)


def _tables() -> str:
    rows = [f"| `{table.name}` | {table.title} |" for table in TABLES.values()]
    lines = ["## Tables", "", "As LaTeX, Markdown and CSV, by the same command:", ""]
    return "\n".join([*lines, "| table | what |", "|---|---|", *rows, ""])
