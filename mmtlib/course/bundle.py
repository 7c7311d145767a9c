"""One archive for a class without a network; the same clone and packages give the same bytes."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from string import Template

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from mmtlib.core.cache import whole_file
from mmtlib.core.errors import DataError, MmtlibError
from mmtlib.course.builds import build_notebooks
from mmtlib.course.pairing import read_source
from mmtlib.course.project import notebook_sources, project_folder
from mmtlib.course.timing import time_limit_s

EXTRAS = ("notebooks", "export")
"""Extras of the project that the notebooks need."""
PAGES = ("benchmark.md", "study_plan.md", "teaching.md", "gallery.md")
"""Pages of ``docs/`` that go with it, where they are there."""
_DAY_ONE = (1980, 1, 1, 0, 0, 0)
"""The earliest date that a zip file knows; every file in the archive gets it."""
_DAY_ONE_EPOCH = "315532800"


def build_bundle(out: Path) -> Path:
    """Write the archive for a class: student notebooks, the library, results, requirements.

    Args:
        out: the zip file; replaced whole.

    Returns:
        `out`.

    Raises:
        DataError: if a package that the course needs is not installed here, or the file cannot
            be written.
        MmtlibError: if the library's wheel cannot be built.
    """
    with tempfile.TemporaryDirectory(prefix="mmtlib-") as name:
        folder = Path(name) / out.stem
        build_notebooks("students", folder / "notebooks")
        build_wheel(folder / "wheels")
        listed = "\n".join(pinned_requirements())
        (folder / "requirements.txt").write_text(f"{listed}\n", encoding="utf-8")
        docs = project_folder() / "docs"
        (folder / "docs").mkdir()
        for page in PAGES:
            if (docs / page).exists():
                shutil.copy(docs / page, folder / "docs")
        shutil.copytree(docs / "images", folder / "docs" / "images")
        (folder / "README.md").write_text(_readme(), encoding="utf-8")
        with whole_file(out) as temporary:
            _pack(folder, temporary)
    return out


def pinned_requirements() -> list[str]:
    """Return every package that the course needs, ``name==version`` as installed here, sorted.

    Builds of a version, such as ``+cpu``, are left out: no index has them under that name.

    Raises:
        DataError: if one is not installed.
    """
    project = tomllib.loads((project_folder() / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"]]
    for extra in EXTRAS:
        wanted += project["optional-dependencies"][extra]
    found: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    _follow(map(Requirement, wanted), found, seen)
    return sorted(f"{name}=={version}" for name, version in found.items())


def _follow(
    wanted: Iterable[Requirement], found: dict[str, str], seen: set[tuple[str, str]]
) -> None:
    """Add each package and what it needs in turn, in this environment."""
    for requirement in wanted:
        name = canonicalize_name(requirement.name)
        try:
            installed = distribution(name)
        except PackageNotFoundError:
            raise DataError(
                f"The course needs {requirement}, which is not installed here: install the "
                "project with its extras (`make setup`) and build again."
            ) from None
        found[name] = installed.version.split("+")[0]
        for extra in {"", *requirement.extras}:
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            needs = map(Requirement, installed.requires or [])
            environment = {"extra": extra}
            _follow(
                [n for n in needs if n.marker is None or n.marker.evaluate(environment)],
                found,
                seen,
            )


def build_wheel(out: Path) -> Path:
    """Build the wheel of the library into a folder and return it.

    Raises:
        MmtlibError: if setuptools cannot build it.
    """
    out.mkdir(parents=True, exist_ok=True)
    project = project_folder()
    with tempfile.TemporaryDirectory(prefix="mmtlib-") as name:
        copy = Path(name) / "project"
        shutil.copytree(project / "mmtlib", copy / "mmtlib", ignore=_left_out)
        for file in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(project / file, copy)
        for path in copy.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
        code = "import sys, setuptools.build_meta as b; b.build_wheel(sys.argv[1])"
        done = subprocess.run(
            [sys.executable, "-c", code, str(out.resolve())],
            cwd=copy,
            env={**os.environ, "SOURCE_DATE_EPOCH": _DAY_ONE_EPOCH},
            capture_output=True,
            text=True,
            check=False,
        )
    built = sorted(out.glob("mmtlib-*.whl"))
    if done.returncode or not built:
        said = "\n".join(done.stderr.strip().splitlines()[-5:])
        raise MmtlibError(f"The wheel of mmtlib could not be built:\n{said}")
    return built[-1]


def _left_out(_folder: str, names: list[str]) -> list[str]:
    return [name for name in names if name == "__pycache__"]


def _readme() -> str:
    sources = notebook_sources()
    text = Path(__file__).with_name("class_readme.md").read_text(encoding="utf-8")
    project = tomllib.loads((project_folder() / "pyproject.toml").read_text())["project"]
    return Template(text).substitute(
        version=project["version"],
        count=len(sources),
        first=f"{sources[0].stem}.ipynb",
        python=".".join(platform.python_version_tuple()[:2]),
        requirement=f'"mmtlib[{",".join(EXTRAS)}]"',
        limit=round(time_limit_s(read_source(sources[0]))),
    )


def _pack(folder: Path, target: Path) -> None:
    """Put a folder into a zip file, in the order of names, all with one date."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            entry = zipfile.ZipInfo(path.relative_to(folder.parent).as_posix(), _DAY_ONE)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
