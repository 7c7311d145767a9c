import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.nvgesture_tree import TreeClip, write_nvgesture_tree
from support.tiny_runs import tiny, use_fresh_cache

from mmtlib.cli import main, show
from mmtlib.experiment import Run, load_run, run


@dataclass(frozen=True)
class Said:
    """What a command did: exit code, standard output, standard error."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[list[str]]:
        """The cells of the printed tables."""
        lines = [line for line in self.out.splitlines() if line.startswith("│")]
        return [[cell.strip() for cell in line.strip("│").split("│")] for line in lines]

    def failed_with(self, *parts: str) -> bool:
        """Check that it ended with code 2 and one clear sentence that has these parts."""
        assert self.code == 2, self.out + self.err
        assert self.out == ""
        assert self.err.startswith("mmt: ")
        assert self.err.count("\n") == 1, self.err
        assert "Traceback" not in self.err
        for part in parts:
            assert part in self.err
        return True


@pytest.fixture
def mmt(monkeypatch, capsys):
    """Call the command line in this process, as the script `mmt` would."""
    monkeypatch.setattr(show.console, "width", 300)

    def call(*arguments: str | Path) -> Said:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["mmt", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        out, err = capsys.readouterr()
        return Said(end.value.code or 0, out, err)

    return call


@pytest.fixture
def fresh_cache(own_cache, tmp_path, monkeypatch) -> Path:
    return use_fresh_cache(own_cache, tmp_path, monkeypatch)


@pytest.fixture(scope="session")
def finished(own_cache) -> Run:
    return run(tiny(epochs=1))


@pytest.fixture
def stored(finished, fresh_cache) -> Run:
    """A finished run of RGB and depth in an empty cache; it may be damaged."""
    folder = fresh_cache / "runs" / finished.run_id
    shutil.copytree(finished.path, folder)
    return load_run(folder)


@pytest.fixture(scope="session")
def nvgesture_tree(tmp_path_factory) -> tuple[Path, list[TreeClip]]:
    """A miniature NVGesture, shared: do not change its files."""
    root = tmp_path_factory.mktemp("nvgesture")
    return root, write_nvgesture_tree(root, classes=(1, 2))


@pytest.fixture
def small_tree(tmp_path) -> tuple[Path, list[TreeClip]]:
    """A miniature NVGesture, to be damaged."""
    root = tmp_path / "nvgesture"
    return root, write_nvgesture_tree(root, classes=(1, 2), train_subjects=(1, 3), test_subjects=())
