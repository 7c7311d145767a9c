"""What every test gets: a cache of its own, and one thread so that workers share the cores."""

import pytest
import torch


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """Send everything that mmtlib keeps to a temporary folder (one per xdist worker)."""
    folder = tmp_path_factory.mktemp("mmtlib_cache")
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MMTLIB_CACHE", str(folder))
        yield folder
