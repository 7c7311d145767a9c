"""The clone: where it and the sources of its notebooks are, and tools that are run for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from mmtlib.core.errors import DataError, MmtlibError


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


def notebook_sources(only: str | None = None) -> list[Path]:
    """Return the percent scripts of the course, in order.

    Args:
        only: those alone whose name contains this.

    Raises:
        DataError: if no name does.
    """
    sources = sorted((project_folder() / "notebooks" / "src").glob("[0-9][0-9]_*.py"))
    found = [source for source in sources if only is None or only in source.stem]
    if only is not None and not found:
        raise DataError(f"No notebook's name contains {only!r}.")
    return found


def run_python(*arguments: str | Path, failed: str, **options: Any) -> None:
    """Run Python in a process of its own and wait for its end.

    Args:
        arguments: of the interpreter.
        failed: said first if it does not end well, before the last lines that it wrote.
        options: of `subprocess.run`.

    Raises:
        MmtlibError: if it does not end well.
    """
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode:
        said = "\n".join((done.stderr or done.stdout).strip().splitlines()[-20:])
        raise MmtlibError(f"{failed}:\n{said}")
