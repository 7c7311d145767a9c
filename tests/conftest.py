"""What every test gets: a cache of its own, and one thread so that workers share the cores."""

import pytest
import torch

from mmtlib.core import cache


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """Send everything that mmtlib keeps to a temporary folder (one per xdist worker)."""
    folder = tmp_path_factory.mktemp("mmtlib_cache")
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MMTLIB_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session", autouse=True)
def nothing_shipped(tmp_path_factory):
    """Tests see the results they make, not those of the package; who tests these sets it back.

    For the session, so that fixtures of whole modules do not see them either.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache, "SHIPPED", tmp_path_factory.getbasetemp() / "no results shipped")
        yield


@pytest.fixture(scope="session")
def cluster(own_cache):
    """Two processes, shared: what they do is told them with every task, the cache too."""
    from mmtlib.results import local_cluster

    with local_cluster(2, memory="4GiB") as started:
        yield started
