from pathlib import Path

import pytest
from support.tiny_runs import use_fresh_cache

from mmtlib.results import local_cluster


@pytest.fixture
def fresh_cache(own_cache, tmp_path, monkeypatch) -> Path:
    return use_fresh_cache(own_cache, tmp_path, monkeypatch)


@pytest.fixture(scope="session")
def cluster(own_cache):
    """Two processes, shared: what they do is told them with every task, the cache too."""
    with local_cluster(2, memory="4GiB") as started:
        yield started
