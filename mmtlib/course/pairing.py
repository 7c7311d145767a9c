"""Percent scripts and the notebooks that belong to them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import jupytext
import nbformat

from mmtlib.core.errors import DataError
from mmtlib.core.files import write_whole
from mmtlib.core.kept import OVERWRITE
from mmtlib.course.project import notebook_sources

SOLUTION = "solution"
"""Tag of the cells that hold the answer to an exercise."""


def paired_notebook(source: Path) -> Path:
    """Return the notebook that belongs to a percent script."""
    return source.parent.parent / f"{source.stem}.ipynb"


def read_source(source: Path) -> nbformat.NotebookNode:
    """Return a percent script as a notebook without outputs.

    The ids of the cells tell later whether somebody has changed them. Solutions are collapsed:
    JupyterLab shows them after a click.
    """
    notebook = jupytext.read(source)
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:02d}-{_mark(cell)}"
        if SOLUTION in cell.metadata.get("tags", []):
            cell.metadata["jupyter"] = {"source_hidden": True}
    notebook.metadata = {"kernelspec": notebook.metadata.get("kernelspec", {})}
    return notebook


def notebook_text(notebook: nbformat.NotebookNode) -> str:
    """Return what stands in the file of a notebook; the same notebook gives the same text."""
    return nbformat.writes(notebook) + "\n"


def write_notebooks(wanted: Mapping[Path, nbformat.NotebookNode]) -> list[Path]:
    """Write notebooks whole where they differ; return the ones written.

    Outputs can be made again and do not count, cells do: a notebook with cells that this package
    did not write is left as it is, and the others are written.

    Args:
        wanted: path -> notebook, its cells named as by `read_source`.

    Raises:
        DataError: if a notebook holds such cells, or a file cannot be written.
    """
    written, kept = [], []
    for path, notebook in wanted.items():
        text = notebook_text(notebook)
        if path.exists() and path.read_bytes() == text.encode():
            continue
        if path.exists() and (own := _cells_of_a_user(path, notebook)):
            kept.append(f"{path} ({own})")
            continue
        write_whole(path, text)
        written.append(path)
    if kept:
        raise DataError(
            f"{', '.join(kept)}: left as it is, as mmtlib did not write that; give it another "
            "name, or say --overwrite to lose it."
        )
    return written


def check_notebook(path: Path, wanted: nbformat.NotebookNode) -> None:
    """Make sure that `write_notebooks` would write a notebook; to be asked before long work.

    Raises:
        DataError: as `write_notebooks`.
    """
    if path.exists() and (own := _cells_of_a_user(path, wanted)):
        raise DataError(f"{path} ({own}) would be replaced: give it another name first.")


def is_written_here(path: Path) -> bool:
    """Return whether a file is a notebook of this package, with no cell of a user's."""
    return not OVERWRITE.get() and not _cells_of_a_user(path, nbformat.v4.new_notebook())


def _cells_of_a_user(path: Path, wanted: nbformat.NotebookNode) -> str:
    """Say what a file holds that was neither written by this package nor is wanted now."""
    if OVERWRITE.get():
        return ""
    try:
        found = nbformat.read(path, as_version=4)
    except (OSError, ValueError, LookupError, AttributeError, TypeError, RecursionError):
        return "no notebook"
    known = {(cell.cell_type, cell.source) for cell in wanted.cells}
    own = [
        cell
        for cell in found.cells
        if cell.get("attachments")
        or not (cell.get("id", "").endswith(_mark(cell)) or (cell.cell_type, cell.source) in known)
    ]
    return f"{len(own)} cells of your own" if own else ""


def _mark(cell: nbformat.NotebookNode) -> str:
    """Return what the id of a cell ends with as long as nobody has changed the cell."""
    return hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:8]


def sync_notebooks() -> list[Path]:
    """Write every paired notebook whose source has changed; return the ones written.

    Raises:
        DataError: as `write_notebooks`.
    """
    wanted = {paired_notebook(source): read_source(source) for source in notebook_sources()}
    return write_notebooks(wanted)
