from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmtlib.core.errors import DataError
from mmtlib.core.kept import check_replaceable, is_ours, overwriting, write_kept


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MMTLIB_CACHE", str(tmp_path / "cache"))


def test_what_this_package_wrote_is_replaced_as_long_as_nobody_changed_it(tmp_path):
    path = tmp_path / "new" / "table.csv"
    for content in ("one", b"two", lambda file: file.write(b"three")):
        write_kept(path, content)
        assert is_ours(path)
    assert path.read_text() == "three"
    path.write_text("edited")
    with pytest.raises(DataError, match=r"table\.csv is there.*nothing of it was touched"):
        write_kept(path, "four")
    assert path.read_text() == "edited"


def test_what_a_user_made_is_replaced_only_if_they_say_so(tmp_path):
    path = tmp_path / "thesis.png"
    path.write_bytes(b"mine")
    for act in (lambda: check_replaceable(path), lambda: write_kept(path, b"new")):
        with pytest.raises(DataError, match="choose another name, or say --overwrite"):
            act()
    assert path.read_bytes() == b"mine"
    with overwriting():
        write_kept(path, b"new")
    write_kept(path, b"newer")
    assert path.read_bytes() == b"newer"


def test_the_same_content_is_no_change_whoever_wrote_it(tmp_path):
    path = tmp_path / "figure.svg"
    path.write_bytes(b"same")
    made = path.stat().st_mtime_ns
    write_kept(path, b"same")
    assert path.stat().st_mtime_ns == made
    write_kept(path, b"other")
    assert path.read_bytes() == b"other"


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=3)), max_size=8))
def test_no_content_of_a_user_is_ever_lost(tmp_path_factory, steps):
    """Users and the package write in any order: what a user wrote last stays."""
    path, theirs = tmp_path_factory.mktemp("kept") / "a", None
    for by_user, content in steps:
        if by_user:
            path.write_bytes(content)
            theirs = content if not is_ours(path) else None
        else:
            try:
                write_kept(path, content)
                theirs = None if theirs in (None, content) else theirs
            except DataError:
                assert theirs is not None
        assert theirs is None or path.read_bytes() == theirs


def test_devices_and_a_cache_that_cannot_be_written(tmp_path, monkeypatch):
    write_kept("/dev/null", "gone")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MMTLIB_CACHE", str(tmp_path / "file" / "below"))
    write_kept(tmp_path / "a", "one")
    assert (tmp_path / "a").read_text() == "one"
    assert not is_ours(tmp_path / "a")


def test_a_link_to_a_users_file_is_that_file(tmp_path):
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "link").symlink_to("mine")
    with pytest.raises(DataError, match="link is there"):
        write_kept(tmp_path / "link", "new")
    assert Path(tmp_path / "mine").read_text() == "mine"
