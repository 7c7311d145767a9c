import pytest

pytest.importorskip("plotly")
pytest.importorskip("ipywidgets")
from support.explorer_store import write_small

from mmtlib.explorer import Source


@pytest.fixture(scope="session")
def small_store(tmp_path_factory):
    return write_small(tmp_path_factory.mktemp("small_store"))


@pytest.fixture
def source(small_store):
    return Source(small_store)
