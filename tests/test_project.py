"""The project as a whole: its files agree with each other."""

import importlib
import inspect
import os
import pkgutil
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

import mmtlib
from mmtlib.course.site import public_names

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CONDA_NAMES = {"torch": "pytorch", "dask": "dask-core", "kaleido": "python-kaleido"}
"""Packages that conda knows by another name."""
LONGEST_FILE = 350

PACKAGES = ["mmtlib"] + [
    f"mmtlib.{found.name}" for found in pkgutil.iter_modules(mmtlib.__path__) if found.ispkg
]


def split_requirement(text: str) -> tuple[str, str]:
    """Return name and versions."""
    match = re.fullmatch(r"([A-Za-z0-9_.-]+?)((?:[<>=!~].*)?)", text.replace(" ", ""))
    return match[1], match[2]


def pip_requirements() -> dict[str, str]:
    extras = PROJECT["optional-dependencies"]
    wanted = [*PROJECT["dependencies"], *(text for extra in extras.values() for text in extra)]
    return dict(split_requirement(text) for text in wanted)


def conda_requirements() -> dict[str, str]:
    entries = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    flat = [
        text for entry in entries for text in (entry["pip"] if isinstance(entry, dict) else [entry])
    ]
    return dict(split_requirement(text) for text in flat if text != "-e .")


def test_conda_and_pip_install_the_same():
    conda, pip = conda_requirements(), pip_requirements()
    del conda["pip"]
    python = conda.pop("python")
    assert python.split(",")[0] == PROJECT["requires-python"]
    assert conda == {CONDA_NAMES.get(name, name): versions for name, versions in pip.items()}


def test_conda_installs_the_project_itself():
    entries = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    assert "-e ." in next(entry["pip"] for entry in entries if isinstance(entry, dict))


def test_every_dependency_has_a_lower_and_an_upper_bound():
    for name, versions in pip_requirements().items():
        assert re.fullmatch(r">=[\d.]+,<[\d.]+", versions), f"{name}{versions}"


def test_set_up_installs_torch_first_within_its_bounds():
    makefile = (ROOT / "Makefile").read_text()
    pinned = re.search(r"install .*torch==([\d.]+)", makefile)
    assert pinned.start() < makefile.index("install --quiet --disable-pip-version-check -e")
    low, high = re.findall(r"[\d.]+", pip_requirements()["torch"])
    version, low, high = ([int(n) for n in v.split(".")] for v in (pinned[1], low, high))
    assert low <= version < high


def make_targets() -> dict[str, str]:
    text = (ROOT / "Makefile").read_text()
    return dict(re.findall(r"^([a-z-]+):[^#\n]*## (.+)$", text, re.MULTILINE))


def test_make_targets_have_help():
    targets = make_targets()
    assert {"help", "setup", "tutorial", "test", "lab", "lint", "notebooks"} <= set(targets)
    phony = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1]
    assert set(phony.split()) == set(targets)


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
def test_make_help_shows_every_target():
    said = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "MAKEFLAGS": ""},
    )
    for target, text in make_targets().items():
        assert re.search(rf"^{target} +{re.escape(text)}$", said.stdout, re.MULTILINE)


@pytest.mark.parametrize("target", ["tutorial", "test", "lab", "lint", "notebooks"])
def test_each_is_also_a_command(target):
    from mmtlib.cli import app

    names = {c.name or c.callback.__name__ for c in app.registered_commands}
    assert target in names
    assert f"$(MMT) {target}\n" in (ROOT / "Makefile").read_text()


def test_ci_makes_the_tests():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    lines = script.read_text().splitlines()
    assert "make test" in lines
    assert lines[0] == "#!/usr/bin/env bash"
    assert "set -euo pipefail" in lines


def test_types_are_shipped():
    assert (ROOT / "mmtlib" / "py.typed").exists()
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    assert "py.typed" in tools["setuptools"]["package-data"]["mmtlib"]


def test_licence():
    text = (ROOT / "LICENSE").read_text()
    assert text.startswith("MIT License")
    assert "mmtlib contributors" in text
    assert PROJECT["license"] == "MIT"


def test_citation_has_the_projects_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert str(citation["version"]) == PROJECT["version"] == mmtlib.__version__
    assert citation["license"] == "MIT"


@pytest.mark.parametrize("name", PACKAGES)
def test_public_names_are_documented(name):
    package = importlib.import_module(name)
    assert package.__doc__, name
    for public in public_names(name):
        thing = getattr(package, public)
        # Constants cannot carry a docstring; a type alias explains itself in its module.
        if inspect.isclass(thing) or inspect.isfunction(thing):
            assert inspect.getdoc(thing), f"{name}.{public}"


@pytest.mark.parametrize("name", PACKAGES)
def test_public_names_exist_and_are_sorted(name):
    package = importlib.import_module(name)
    public = public_names(name)
    assert len(set(public)) == len(public)
    assert all(hasattr(package, each) for each in public)
    assert set(public) <= set(dir(package))


def test_functions_say_what_they_raise_and_return():
    """Public functions with arguments document them."""
    for name in PACKAGES:
        package = importlib.import_module(name)
        for public in public_names(name):
            thing = getattr(package, public)
            if inspect.isfunction(thing) and len(inspect.signature(thing).parameters) > 2:
                assert "Args:" in inspect.getdoc(thing), f"{name}.{public}"


def test_unknown_names_of_the_root():
    with pytest.raises(AttributeError, match="module 'mmtlib' has no attribute 'trian'"):
        _ = mmtlib.trian
    assert "run" in dir(mmtlib)


@pytest.mark.parametrize(
    "file", sorted((ROOT / "mmtlib").rglob("*.py")), ids=lambda f: str(f.relative_to(ROOT))
)
def test_files_are_short(file):
    assert len(file.read_text().splitlines()) <= LONGEST_FILE


def test_no_machine_is_named():
    """Nothing that ships names a folder of somebody's machine."""
    for pattern in (
        "mmtlib/**/*.py",
        "notebooks/src/*.py",
        "data_scripts/*.py",
        "docs/*.md",
        "*.md",
    ):
        for file in ROOT.glob(pattern):
            assert not re.search(r"/(home|Users|root|work)/\w", file.read_text()), file
