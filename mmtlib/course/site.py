"""The static site: executed notebooks, results, the gallery and the library's reference.

Sphinx builds it from a folder laid out like the clone, so that links between pages hold: README.md,
``docs/``, and ``notebooks/`` with the executed copies in place of those without outputs.
"""

from __future__ import annotations

import pkgutil
import shutil
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from types import ModuleType

import nbformat

import mmtlib.course.running as running
from mmtlib.core.errors import ConfigError
from mmtlib.core.files import write_whole, writing
from mmtlib.core.locks import locked
from mmtlib.course.page import make_static
from mmtlib.course.pairing import SOLUTION, notebook_text
from mmtlib.course.project import notebook_sources, project_folder, run_python

CORE = ("clips", "errors", "modalities", "outputs")
"""Modules of `mmtlib.core` that the reference shows beside the rooms."""
HIDDEN = ("cli", "course", "stored")
"""Packages that nobody imports from a notebook."""


def reference_modules() -> list[str]:
    """Return the modules that the reference shows, the root first."""
    package = Path(__file__).resolve().parent.parent
    rooms = {found.name for found in pkgutil.iter_modules([str(package)]) if found.ispkg}
    shown = sorted({*rooms, *(f"core.{name}" for name in CORE)} - set(HIDDEN))
    return ["mmtlib", *(f"mmtlib.{name}" for name in shown)]


def public_names(package: str) -> list[str]:
    """Return what a room gives to others: its list, or what it imports from its own modules."""
    made = import_module(package)
    names = [name for name in vars(made) if not name.startswith("_")]
    found = [name for name in names if not isinstance(getattr(made, name), ModuleType)]
    return sorted(getattr(made, "__all__", found))


def build_site(
    out: Path,
    *,
    executed: Path,
    modules: Iterable[str] | None = None,
    report: Callable[[str], None] = print,
) -> Path:
    """Build the site; it needs no network and no server.

    Notebooks are taken from the last tutorial if neither they nor the library have changed since,
    and executed otherwise.

    Args:
        out: the folder of the site; replaced.
        executed: folder of executed notebooks, as `run_tutorial` writes it.
        modules: what the reference shows; None for `reference_modules`.
        report: called with a line per notebook.

    Returns:
        The page to open, ``index.html``.

    Raises:
        ConfigError: if `out` holds something else than a site.
        MmtlibError: if a notebook fails, or Sphinx finds something wrong, such as a broken link.
    """
    _check_replaceable(out)
    running.run_tutorial(executed, report=report)
    source, built = (out.with_name(f".{out.name}.{end}") for end in ("source", "new"))
    with locked(out), writing(out):
        for old in (source, built):
            shutil.rmtree(old, ignore_errors=True)
        _lay_out(source, executed)
        _write_reference(source, reference_modules() if modules is None else modules)
        # A warning, e.g. of a broken link, is an error, told when all pages are written.
        options = ("-b", "html", "-q", "-W", "--keep-going")
        failed = f"Sphinx could not build the site from {source}"
        run_python("-m", "sphinx", *options, source, built, failed=failed)
        if out.exists():
            shutil.rmtree(out)
        built.rename(out)
    return out / "index.html"


def _check_replaceable(out: Path) -> None:
    """Refuse to replace a folder that holds anything but a site."""
    if out.exists() and any(out.iterdir()) and not (out / ".buildinfo").exists():
        raise ConfigError(f"{out} holds something else than a site; choose another folder.")


def _lay_out(source: Path, executed: Path) -> None:
    """Write the folder that Sphinx reads: settings, pages of the clone, executed notebooks."""
    project = project_folder()
    shutil.copytree(project / "docs" / "site", source)
    shutil.copytree(project / "docs", source / "docs", ignore=shutil.ignore_patterns("site"))
    shutil.copy(project / "README.md", source)
    for path in notebook_sources():
        notebook = nbformat.read(executed / f"{path.stem}.ipynb", as_version=4)
        text = notebook_text(_for_site(notebook))
        write_whole(source / "notebooks" / f"{path.stem}.ipynb", text)


def _write_reference(source: Path, modules: Iterable[str]) -> None:
    """Write a page per module; what the root gives is indexed where it lives."""
    for module in modules:
        option = "   :no-index:\n" if module == "mmtlib" else ""
        if not module.startswith("mmtlib.core."):
            option += f"   :members: {', '.join(public_names(module))}\n"
        text = f"{module}\n{'=' * len(module)}\n\n.. automodule:: {module}\n{option}"
        write_whole(source / "api" / f"{module}.rst", text)


def _for_site(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return a notebook with collapsed solutions, and notes where controls would need a kernel."""
    for cell in notebook.cells:
        if SOLUTION in cell.metadata.get("tags", []):
            cell.metadata["tags"] = [*cell.metadata["tags"], "hide-input"]
        for output in cell.get("outputs", []):
            make_static(output)
    return notebook
