from pathlib import Path

import pytest
from support.nvgesture_tree import TreeClip, write_nvgesture_tree
from support.tiny_runs import tiny, use_fresh_cache

from mmtlib.experiment import Run, export_run, run


@pytest.fixture(scope="session")
def joint_run(own_cache) -> Run:
    """A finished run of RGB and depth, shared: do not change its files."""
    return run(tiny())


@pytest.fixture(scope="session")
def exported(joint_run, tmp_path_factory) -> Path:
    """The colour network of a finished run as a file, shared: do not change it."""
    return export_run(joint_run, "rgb", tmp_path_factory.mktemp("models") / "rgb.onnx")


@pytest.fixture
def fresh_cache(own_cache, tmp_path, monkeypatch) -> Path:
    return use_fresh_cache(own_cache, tmp_path, monkeypatch)


@pytest.fixture(scope="session")
def nvgesture_tree(tmp_path_factory) -> tuple[Path, list[TreeClip]]:
    """A miniature NVGesture, shared: do not change its files."""
    root = tmp_path_factory.mktemp("nvgesture")
    sensors = ("sk_depth", "sk_wrapped", "duo_left")
    return root, write_nvgesture_tree(root, classes=(1, 2), sensors=sensors)
