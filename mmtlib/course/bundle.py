"""One archive for a class without a network; the same clone and packages give the same bytes."""

from __future__ import annotations

import io
import os
import platform
import shutil
import tempfile
import zipfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from string import Template
from typing import IO

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from mmtlib.core.errors import DataError
from mmtlib.core.files import write_whole, writing
from mmtlib.core.kept import check_replaceable, write_kept
from mmtlib.course.builds import build_notebooks
from mmtlib.course.pairing import read_source
from mmtlib.course.project import notebook_sources, project_folder, run_python
from mmtlib.course.timing import time_limit_s

_NEEDED = "mmtlib[notebooks,export]"
"""The library with the extras that the notebooks need."""
_DAY_ONE = (1980, 1, 1, 0, 0, 0)
"""The earliest date that a zip file knows; every file in the archive gets it."""
_DAY_ONE_EPOCH = "315532800"


def build_bundle(out: Path) -> Path:
    """Write the archive for a class: student notebooks, the library, results, requirements.

    Args:
        out: the zip file; one that mmtlib wrote is replaced.

    Returns:
        `out`.

    Raises:
        DataError: if a package that the course needs is not installed here, or the file cannot
            be written.
        MmtlibError: if the library's wheel cannot be built.
    """
    check_replaceable(out)
    with writing(out), tempfile.TemporaryDirectory(prefix="mmtlib-") as name:
        folder = Path(name) / out.stem
        build_notebooks("students", folder / "notebooks")
        build_wheel(folder / "wheels")
        listed = "\n".join(pinned_requirements())
        write_whole(folder / "requirements.txt", f"{listed}\n")
        not_for_a_class = shutil.ignore_patterns("site", "architecture.md")
        shutil.copytree(project_folder() / "docs", folder / "docs", ignore=not_for_a_class)
        write_whole(folder / "README.md", _readme())
        packed = io.BytesIO()
        _pack(folder, packed)
        write_kept(out, packed.getvalue())
    return out


def pinned_requirements() -> list[str]:
    """Return every package that the course needs, ``name==version`` as installed here, sorted.

    Builds of a version, such as ``+cpu``, are left out: no index has them under that name.

    Raises:
        DataError: if one is not installed.
    """
    waiting = [Requirement(_NEEDED)]
    versions: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        try:
            installed = distribution(name)
        except PackageNotFoundError:
            raise DataError(
                f"The course needs {requirement}, which is not installed here: install the "
                "project with its extras (`make setup`) and build again."
            ) from None
        versions[name] = installed.version.split("+")[0]
        new = {(name, extra) for extra in {"", *requirement.extras}} - seen
        seen |= new
        for needed in map(Requirement, installed.requires or []):
            marker = needed.marker
            if any(marker is None or marker.evaluate({"extra": extra}) for _, extra in new):
                waiting.append(needed)
    del versions["mmtlib"]
    return sorted(f"{name}=={version}" for name, version in versions.items())


def build_wheel(out: Path) -> Path:
    """Build the wheel of the library into a folder and return it.

    Raises:
        MmtlibError: if setuptools cannot build it.
    """
    project = project_folder()
    with writing(out), tempfile.TemporaryDirectory(prefix="mmtlib-") as name:
        out.mkdir(parents=True, exist_ok=True)
        copy = Path(name) / "project"
        shutil.copytree(
            project / "mmtlib", copy / "mmtlib", ignore=shutil.ignore_patterns("__pycache__")
        )
        for file in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(project / file, copy)
        for path in copy.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
        run_python(
            "-c",
            "import sys, setuptools.build_meta as b; b.build_wheel(sys.argv[1])",
            out.resolve(),
            failed="The wheel of mmtlib could not be built",
            cwd=copy,
            env={**os.environ, "SOURCE_DATE_EPOCH": _DAY_ONE_EPOCH},
        )
    return next(out.glob("mmtlib-*.whl"))


def _readme() -> str:
    sources = notebook_sources()
    text = Path(__file__).with_name("class_readme.md").read_text(encoding="utf-8")
    return Template(text).substitute(
        version=distribution("mmtlib").version,
        count=len(sources),
        first=f"{sources[0].stem}.ipynb",
        python=".".join(platform.python_version_tuple()[:2]),
        requirement=f'"{_NEEDED}"',
        limit=round(time_limit_s(read_source(sources[0]))),
    )


def _pack(folder: Path, target: IO[bytes]) -> None:
    """Put a folder into a zip file, in the order of names, all with one date."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            entry = zipfile.ZipInfo(path.relative_to(folder.parent).as_posix(), _DAY_ONE)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
