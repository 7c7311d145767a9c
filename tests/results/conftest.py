from pathlib import Path

import pytest
from support.tiny_runs import use_fresh_cache


@pytest.fixture
def fresh_cache(own_cache, tmp_path, monkeypatch) -> Path:
    return use_fresh_cache(own_cache, tmp_path, monkeypatch)
