import datetime
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import torch

from mmtlib.core import provenance as module
from mmtlib.core.provenance import (
    COMMAND_VARIABLE,
    code_version,
    command_line,
    processor_name,
    provenance,
)


def test_what_is_stored(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/somewhere/bin/mmt", "train", "--root", "a folder"])
    found = provenance()
    assert set(found) == {"code", "torch", "python", "machine", "date", "command"}
    assert found["torch"] == torch.__version__
    assert found["command"] == "mmt train --root 'a folder'"
    age = datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat(found["date"])
    assert abs(age.total_seconds()) < 60
    assert all(isinstance(value, str) and value for value in found.values())


def test_the_package_run_as_a_module_is_the_same_command(monkeypatch):
    program = Path(module.__file__).parents[1] / "__main__.py"
    monkeypatch.setattr(sys, "argv", [str(program), "runs"])
    assert command_line() == "mmt runs"
    monkeypatch.setattr(sys, "argv", ["/elsewhere/__main__.py", "runs"])
    assert command_line() == "__main__.py runs"


def test_command_of_a_process_that_works_for_another(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/bin/worker", "7"])
    assert command_line() == "worker 7"
    monkeypatch.setenv(COMMAND_VARIABLE, "mmt sweep grid.toml")
    assert command_line() == provenance()["command"] == "mmt sweep grid.toml"


def test_gpu_is_named(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Some GPU")
    assert provenance("cuda")["machine"] == f"Some GPU, {processor_name()}"


def clone(tmp_path, monkeypatch):
    """Pretend that the package runs from a clone in a temporary folder."""
    monkeypatch.setattr(module, "__file__", str(tmp_path / "mmtlib" / "core" / "provenance.py"))
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b.c"]
    subprocess.run([*git, "init", "-q"], check=True)
    (tmp_path / "file").write_text("1")
    subprocess.run([*git, "add", "file"], check=True)
    return git


def test_commit_and_whether_it_was_changed(tmp_path, monkeypatch):
    git = clone(tmp_path, monkeypatch)
    subprocess.run([*git, "commit", "-qm", "first"], check=True)
    clean = code_version()
    assert clean.startswith(f"{version('mmtlib')}+")
    assert not clean.endswith("-dirty")
    (tmp_path / "file").write_text("2")
    assert code_version() == f"{clean}-dirty"


def test_without_a_commit_or_a_clone(tmp_path, monkeypatch):
    clone(tmp_path, monkeypatch)
    assert code_version() == version("mmtlib")  # no commit yet
    monkeypatch.setattr(
        module, "__file__", str(tmp_path / "elsewhere" / "x" / "y" / "provenance.py")
    )
    assert code_version() == version("mmtlib")  # no clone


def test_without_git(tmp_path, monkeypatch):
    clone(tmp_path, monkeypatch)
    monkeypatch.setenv("PATH", "")
    assert code_version() == version("mmtlib")


@pytest.mark.parametrize(
    ("cpuinfo", "expected"),
    [("vendor_id: x\nmodel name\t: Some CPU @ 1 GHz\n", "Some CPU @ 1 GHz"), ("x: y\n", None)],
)
def test_processor(tmp_path, monkeypatch, cpuinfo, expected):
    (tmp_path / "cpuinfo").write_text(cpuinfo)
    monkeypatch.setattr(module, "Path", lambda _: tmp_path / "cpuinfo")
    monkeypatch.setattr(module.platform, "processor", lambda: "")
    monkeypatch.setattr(module.platform, "machine", lambda: "some64")
    assert processor_name() == (expected or "some64")
