"""Where the clone and the sources of its notebooks are."""

from __future__ import annotations

from pathlib import Path

from mmtlib.core.errors import DataError


def project_folder() -> Path:
    """Return the folder of the clone that this package runs from.

    Raises:
        DataError: if the package was installed without its notebooks.
    """
    package = Path(__file__).resolve().parent.parent
    folder = package.parent
    if not (folder / "notebooks" / "src").is_dir():
        raise DataError(
            f"There are no notebooks beside {package}: they come with a clone of the "
            "project, installed by `pip install -e .` (or `make`)."
        )
    return folder


def notebook_sources() -> list[Path]:
    """Return the percent scripts of the course, in order."""
    return sorted((project_folder() / "notebooks" / "src").glob("[0-9][0-9]_*.py"))
