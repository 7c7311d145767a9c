from pathlib import Path

import pytest

import mmtlib
from mmtlib.core import cache
from mmtlib.gallery import Material


@pytest.fixture(scope="session")
def shipped_folder():
    """The package's own results."""
    return Path(mmtlib.__file__).parent / "stored"


@pytest.fixture
def shipped(shipped_folder, monkeypatch):
    """Let the package's own results be seen."""
    monkeypatch.setattr(cache, "SHIPPED", shipped_folder)
    return shipped_folder


@pytest.fixture(scope="session")
def _material():
    return Material()


@pytest.fixture
def material(shipped, _material):
    """What is stored with the package, read once for all tests."""
    return _material
