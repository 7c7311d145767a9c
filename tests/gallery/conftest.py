from pathlib import Path

import pytest

import mmtlib
from mmtlib.core import cache
from mmtlib.gallery import Material


@pytest.fixture
def shipped(monkeypatch):
    """Let the package's own results be seen."""
    folder = Path(mmtlib.__file__).parent / "stored"
    monkeypatch.setattr(cache, "SHIPPED", folder)
    return folder


@pytest.fixture(scope="session")
def _material():
    return Material()


@pytest.fixture
def material(shipped, _material):
    """What is stored with the package, read once for all tests."""
    return _material
