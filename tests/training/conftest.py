from pathlib import Path

import pytest
from support.nvgesture_tree import TreeClip, write_nvgesture_tree


@pytest.fixture
def small_tree(tmp_path) -> tuple[Path, list[TreeClip]]:
    """A miniature NVGesture of four training clips, to be damaged."""
    root = tmp_path / "nvgesture"
    return root, write_nvgesture_tree(root, classes=(1, 2), train_subjects=(1, 2), test_subjects=())
