import re
import subprocess
import sys
import zipfile
from importlib.metadata import PackageNotFoundError

import pytest

from mmtlib.core.errors import DataError, MmtlibError
from mmtlib.core.kept import write_kept
from mmtlib.course import build_bundle, bundle, notebook_sources, pinned_requirements


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return build_bundle(tmp_path_factory.mktemp("bundle") / "class.zip")


def names(path):
    with zipfile.ZipFile(path) as file:
        assert file.testzip() is None
        return file.namelist()


def test_what_is_in_it(archive):
    found = names(archive)
    assert found == sorted(found)
    assert all(name.startswith("class/") for name in found)
    notebooks = [f"class/notebooks/{source.stem}.ipynb" for source in notebook_sources()]
    assert [name for name in found if name.startswith("class/notebooks/")] == notebooks
    assert {"class/README.md", "class/requirements.txt", "class/docs/benchmark.md"} <= set(found)
    assert sum(name.endswith(".whl") for name in found) == 1


def test_students_notebooks_and_one_date(archive):
    with zipfile.ZipFile(archive) as file:
        assert {entry.date_time for entry in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        for source in notebook_sources():
            text = file.read(f"class/notebooks/{source.stem}.ipynb").decode()
            assert '"solution"' not in text
            assert "NotImplementedError" in text


def test_the_readme_is_filled_in(archive):
    with zipfile.ZipFile(archive) as file:
        text = file.read("class/README.md").decode()
    assert "$" not in text
    assert f"{len(notebook_sources())} notebooks" in text
    assert "pip download --only-binary :all: --dest wheels -r requirements.txt" in text
    assert '"mmtlib[notebooks,export]"' in text
    assert "at most 120 seconds from an empty cache" in text


def test_the_same_bytes_again(archive, tmp_path):
    again = build_bundle(tmp_path / "class.zip")
    assert again.read_bytes() == archive.read_bytes()


def test_the_wheel_brings_the_stored_results_and_runs(archive, tmp_path):
    with zipfile.ZipFile(archive) as file:
        (wheel,) = (name for name in file.namelist() if name.endswith(".whl"))
        file.extract(wheel, tmp_path)
    with zipfile.ZipFile(tmp_path / wheel) as file:
        inside = file.namelist()
        file.extractall(tmp_path / "installed")
    assert any(name.endswith(".safetensors") for name in inside)
    assert any(re.fullmatch(r"mmtlib/stored/results/\w+\.parquet", name) for name in inside)
    assert any(name.endswith(".toml") for name in inside)
    assert not any("__pycache__" in name or name.startswith("tests") for name in inside)
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import mmtlib; print(mmtlib.__file__);"
        "from mmtlib.exercises import HINTS; from mmtlib.results import load_results;"
        "print(len(load_results()) > 0)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "installed")],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert said == [str(tmp_path / "installed" / "mmtlib" / "__init__.py"), "True"]


def test_requirements_are_exact_and_complete():
    lines = pinned_requirements()
    assert lines == sorted(lines)
    assert all(re.fullmatch(r"[a-z0-9-]+==[\w.]+", line) for line in lines), lines
    packages = {line.split("==")[0] for line in lines}
    assert {"torch", "jupyterlab", "onnxruntime", "plotly"} <= packages
    assert {"sympy", "ipython", "markupsafe"} <= packages  # what these need in turn
    assert not {"mmtlib", "pytest", "sphinx", "ruff"} & packages
    assert len(packages) == len(lines)


def test_a_missing_package(monkeypatch):
    known = bundle.distribution

    def distribution(name):
        if name == "markupsafe":
            raise PackageNotFoundError(name)
        return known(name)

    monkeypatch.setattr(bundle, "distribution", distribution)
    with pytest.raises(DataError, match=r"needs (?i:markupsafe).*not installed here.*make setup"):
        pinned_requirements()


def test_a_failed_build_leaves_the_old_archive(tmp_path, monkeypatch):
    write_kept(tmp_path / "class.zip", "of last term")
    monkeypatch.setattr(sys, "executable", "false")
    with pytest.raises(MmtlibError, match="wheel of mmtlib could not be built"):
        build_bundle(tmp_path / "class.zip")
    assert (tmp_path / "class.zip").read_text() == "of last term"
    assert [path.name for path in tmp_path.iterdir()] == ["class.zip"]
