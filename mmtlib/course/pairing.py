"""Percent scripts and the notebooks that belong to them."""

from __future__ import annotations

from pathlib import Path

import jupytext
import nbformat

from mmtlib.core.files import write_whole
from mmtlib.course.project import notebook_sources

SOLUTION = "solution"
"""Tag of the cells that hold the answer to an exercise."""


def paired_notebook(source: Path) -> Path:
    """Return the notebook that belongs to a percent script."""
    return source.parent.parent / f"{source.stem}.ipynb"


def read_source(source: Path) -> nbformat.NotebookNode:
    """Return a percent script as a notebook without outputs, with stable cell ids.

    Solutions are collapsed: JupyterLab shows them after a click.
    """
    notebook = jupytext.read(source)
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:02d}"
        if SOLUTION in cell.metadata.get("tags", []):
            cell.metadata["jupyter"] = {"source_hidden": True}
    notebook.metadata = {"kernelspec": notebook.metadata.get("kernelspec", {})}
    return notebook


def notebook_text(notebook: nbformat.NotebookNode) -> str:
    """Return what stands in the file of a notebook; the same notebook gives the same text."""
    return nbformat.writes(notebook) + "\n"


def write_if_changed(target: Path, text: str) -> bool:
    """Write a file whole unless it holds this text already; return whether it was written."""
    if target.exists() and target.read_text(encoding="utf-8") == text:
        return False
    write_whole(target, text)
    return True


def sync_notebooks() -> list[Path]:
    """Write every paired notebook whose source has changed; return the ones written."""
    pairs = [(paired_notebook(source), read_source(source)) for source in notebook_sources()]
    return [path for path, notebook in pairs if write_if_changed(path, notebook_text(notebook))]
