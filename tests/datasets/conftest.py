from pathlib import Path

import pytest
from support.nvgesture_tree import TreeClip, write_nvgesture_tree


@pytest.fixture(scope="session")
def nvgesture_tree(tmp_path_factory) -> tuple[Path, list[TreeClip]]:
    """A miniature NVGesture with all sensors, shared: do not change its files."""
    root = tmp_path_factory.mktemp("nvgesture")
    sensors = ("sk_depth", "sk_wrapped", "sk_color", "duo_left")
    return root, write_nvgesture_tree(root, sensors=sensors)


@pytest.fixture
def small_tree(tmp_path) -> tuple[Path, list[TreeClip]]:
    """A miniature NVGesture with depth and registered colour, to be damaged."""
    return tmp_path, write_nvgesture_tree(
        tmp_path, classes=(1, 2), train_subjects=(1, 3), test_subjects=()
    )
