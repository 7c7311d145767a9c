import errno
import os

import pytest

from mmtlib.core import cache
from mmtlib.core.cache import cache_dir
from mmtlib.core.errors import DataError
from mmtlib.core.locks import locked


def test_cache_dir_is_below_the_variable_and_made_by_whoever_writes(tmp_path, monkeypatch):
    monkeypatch.setenv("MMTLIB_CACHE", str(tmp_path / "here"))
    assert cache_dir("runs", "a") == tmp_path / "here" / "runs" / "a"
    assert cache_dir() == tmp_path / "here"
    assert not (tmp_path / "here").exists()


@pytest.mark.parametrize("value", [None, ""])
def test_cache_dir_without_the_variable_is_the_platforms(tmp_path, monkeypatch, value):
    monkeypatch.delenv("MMTLIB_CACHE")
    if value is not None:
        monkeypatch.setenv("MMTLIB_CACHE", value)
    place = str(tmp_path / "platform")
    monkeypatch.setattr(cache.platformdirs, "user_cache_dir", lambda name, appauthor: place)
    assert cache_dir("x") == tmp_path / "platform" / "x"


def test_a_tilde_in_the_variable_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MMTLIB_CACHE", "~/kept")
    assert cache_dir() == tmp_path / "kept"


def test_a_cache_that_cannot_be_written_is_named_with_the_remedy(tmp_path, monkeypatch):
    def refuse(*args, **options):
        raise PermissionError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setenv("MMTLIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(os, "mkdir", refuse)
    with (
        pytest.raises(DataError, match=r"cache.runs .Read-only.*you can write to .*MMTLIB_CACHE"),
        locked(cache_dir("runs")),
    ):
        pytest.fail("the block must not be reached")
