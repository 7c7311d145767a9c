"""Copies of the notebooks for a class: without the solutions for students, with them for teachers.

Solutions are cells with the tag ``solution``; nbconvert removes them. What is left for a student
is a stub that raises ``NotImplementedError`` and the check that says whether the answer is right.
"""

from __future__ import annotations

import copy
from pathlib import Path

import nbformat
from nbconvert.preprocessors import TagRemovePreprocessor

from mmtlib.core.errors import ConfigError, unknown_name
from mmtlib.course.pairing import SOLUTION, is_written_here, read_source, write_notebooks
from mmtlib.course.project import notebook_sources

AUDIENCES = ("students", "teachers")


def for_audience(notebook: nbformat.NotebookNode, audience: str) -> nbformat.NotebookNode:
    """Return a copy of a notebook for one of the `AUDIENCES`; solutions stay for teachers only.

    Args:
        notebook: with its tags, as `read_source` gives it; not changed.
        audience: ``"students"`` or ``"teachers"``.

    Raises:
        ConfigError: if there is no such audience.
    """
    if audience not in AUDIENCES:
        raise unknown_name("audience", audience, AUDIENCES)
    built = copy.deepcopy(notebook)
    if audience == "students":
        remover = TagRemovePreprocessor(remove_cell_tags={SOLUTION}, enabled=True)
        built, _ = remover.preprocess(built, {})
    return built


def build_notebooks(audience: str, out: Path) -> list[Path]:
    """Write the course for one audience, without outputs.

    Notebooks of an earlier build that are no longer part of the course are deleted; those that a
    user made or changed are kept.

    Args:
        audience: one of the `AUDIENCES`.
        out: the folder for ``NN_name.ipynb``; made if it is missing.

    Returns:
        The notebooks in order, also those that were there as they should be.

    Raises:
        ConfigError: if there is no such audience, or `out` is the folder of the course itself.
        DataError: if a notebook was changed, or cannot be written.
    """
    sources = notebook_sources()
    if sources and out.resolve() in (sources[0].parent, sources[0].parent.parent):
        raise ConfigError(f"{out} holds the notebooks of the course itself; choose another folder.")
    wanted = {
        out / f"{source.stem}.ipynb": for_audience(read_source(source), audience)
        for source in sources
    }
    write_notebooks(wanted)
    for path in set(out.glob("[0-9][0-9]_*.ipynb")) - set(wanted):
        if is_written_here(path):
            path.unlink()
    return list(wanted)
