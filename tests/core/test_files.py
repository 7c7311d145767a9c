import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mmtlib.core import files
from mmtlib.core.errors import CheckpointError, DataError
from mmtlib.core.files import possible_path, reading, whole_file, whole_folder, write_whole
from mmtlib.core.locks import locked


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_whole_file_replaces_and_leaves_nothing_behind(tmp_path):
    target = tmp_path / "new" / "a.txt"
    for text in ("one", "two"):
        with whole_file(str(target)) as temporary:
            temporary.write_text(text)
            assert temporary.parent == target.parent
            assert not target.exists() or target.read_text() == "one"
        assert target.read_text() == text
    assert names(target.parent) == ["a.txt"]


@pytest.mark.parametrize("error", [RuntimeError("mine"), KeyboardInterrupt(), DataError("mine")])
def test_whole_file_keeps_the_old_file_and_the_error(tmp_path, error):
    target = tmp_path / "a.txt"
    target.write_text("old")

    def write():
        with whole_file(target) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(type(error)) as caught:
        write()
    assert caught.value is error
    assert target.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("where", ["fsync", "replace"])
def test_whole_file_on_a_full_disk(tmp_path, monkeypatch, where):
    target = tmp_path / "a.txt"
    target.write_text("old")

    def fail(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, where, fail)
    with (
        pytest.raises(DataError, match=r"Cannot write .*a\.txt \(No space left on device\)"),
        whole_file(target) as temporary,
    ):
        temporary.write_text("new")
    assert target.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_whole_file_that_was_not_written(tmp_path):
    with pytest.raises(DataError, match=r"a\.txt \(No such file"), whole_file(tmp_path / "a.txt"):
        pass
    assert names(tmp_path) == []


def write(target, text="new"):
    write_whole(target, text)


def test_a_device_is_written_into_and_stays(tmp_path):
    before = Path("/dev/null").stat()
    write("/dev/null")
    assert Path("/dev/null").stat().st_rdev == before.st_rdev
    (tmp_path / "nothing").symlink_to("/dev/null")
    write(tmp_path / "nothing")
    assert (tmp_path / "nothing").readlink() == Path("/dev/null")


def test_a_pipe_is_written_into(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(DataError, match=r"pipe \(No such device.*start first what reads from it"):
        write(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write(pipe, "through")
    assert os.read(reader, 100) == b"through"
    os.close(reader)
    assert names(tmp_path) == ["pipe"]


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_an_open_file_of_this_process_goes_on_behind_what_is_written(tmp_path, name):
    script = f"""if True:
        from mmtlib.core.files import write_whole
        print("before", flush=True)
        write_whole("{name}", "table\\n")
        print("after")"""
    with open(tmp_path / "out", "w") as out:
        subprocess.run([sys.executable, "-c", script], stdout=out, check=True)
    assert (tmp_path / "out").read_text() == "before\ntable\nafter\n"


@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_and_its_file_is_written(tmp_path, there):
    (tmp_path / "real").mkdir()
    if there:
        (tmp_path / "real" / "a.csv").write_text("old")
    link = tmp_path / "link.csv"
    link.symlink_to(Path("real") / "a.csv")
    write(link)
    assert link.is_symlink()
    assert (tmp_path / "real" / "a.csv").read_text() == "new"
    assert names(tmp_path) == ["link.csv", "real"]


def test_what_cannot_be_a_file_is_said_with_what_to_do(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "folder").mkdir()
    wanted = {"loop": "link leads to itself", "folder": "name a file", "n" * 256: "shorter name"}
    for name, remedy in wanted.items():
        with pytest.raises(DataError, match=remedy):
            write(tmp_path / name)
    assert names(tmp_path) == ["folder", "loop"]


@pytest.mark.parametrize("sign", ["n", "ä", "語"])
def test_the_longest_name_of_a_file_can_be_written(tmp_path, sign):
    target = tmp_path / (sign * (255 // len(sign.encode())))
    write(target)
    assert target.read_text() == "new"
    assert names(tmp_path) == [target.name]


@pytest.mark.parametrize("writer", [whole_file, locked, whole_folder])
def test_a_place_below_a_regular_file_is_one_clear_sentence(tmp_path, writer):
    (tmp_path / "file").write_text("x")
    target = tmp_path / "file" / "deep" / "a"
    with (
        pytest.raises(DataError, match=r"Cannot write .*deep.a \(Not a directory\)"),
        writer(target),
    ):
        pytest.fail("the block must not be reached")


def test_whole_folder_appears_at_once(tmp_path):
    target = tmp_path / "store"
    with whole_folder(target) as temporary:
        (temporary / "a").write_text("1")
        assert not target.exists()
    assert names(tmp_path) == ["store"]
    assert names(target) == ["a"]


def test_whole_folder_that_fails_leaves_nothing(tmp_path):
    def write():
        with whole_folder(tmp_path / "store") as temporary:
            (temporary / "a").write_text("1")
            raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        write()
    assert names(tmp_path) == []


def test_whole_folder_removes_what_killed_writers_left_but_only_theirs(tmp_path):
    for name in (".store.partial-1234abcd", ".store2.partial-1234abcd", ".other.partial-1"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "half").write_text("x")
    with whole_folder(tmp_path / "store"):
        pass
    assert names(tmp_path) == [".other.partial-1", ".store2.partial-1234abcd", "store"]


def test_whole_folder_does_not_replace_what_is_there(tmp_path):
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "old").write_text("x")
    with pytest.raises(DataError, match=r"Cannot write .*store"), whole_folder(tmp_path / "store"):
        pass
    assert names(tmp_path / "store") == ["old"]
    assert names(tmp_path) == ["store"]


@pytest.mark.parametrize("content", ["ä", "ä".encode(), memoryview("ä".encode())])
def test_content_is_text_bytes_or_a_function(tmp_path, content):
    write_whole(tmp_path / "a", content)
    assert (tmp_path / "a").read_bytes() == "ä".encode()
    write_whole(tmp_path / "a", lambda file: file.write(b"by itself"))
    assert (tmp_path / "a").read_text() == "by itself"


def test_what_does_not_fit_into_memory_is_said_of_the_file(tmp_path):
    def serialise(file):
        file.write(b"half")
        raise MemoryError

    write_whole(tmp_path / "a", "old")
    with pytest.raises(DataError, match=r"Cannot write .*a \(out of memory\)"):
        write_whole(tmp_path / "a", serialise)
    assert (tmp_path / "a").read_text() == "old"


@pytest.mark.parametrize(
    ("raised", "message"),
    [
        (ValueError("odd\nsecond line"), r"^a is damaged \(odd\); do this\.$"),
        (KeyError("x"), r"^a is damaged \(no entry 'x'\); do this\.$"),
        (RecursionError(), r"^a is damaged \(RecursionError\); do this\.$"),
        (PermissionError(errno.EACCES, "denied"), r"^Cannot read a \(denied\); check the path"),
    ],
)
def test_reading_makes_one_sentence(raised, message):
    with pytest.raises(CheckpointError, match=message), reading("a", "do this", CheckpointError):
        raise raised


def test_reading_what_is_not_there():
    with pytest.raises(FileNotFoundError), reading("a", "do this"):
        raise FileNotFoundError
    with pytest.raises(DataError, match="no a"), reading("a", "do this", missing="no a"):
        raise FileNotFoundError


@pytest.mark.parametrize("name", ["n" * 256, "ä" * 128, "a/" + "b" * 300 + "/c", "a\0b"])
def test_names_that_no_file_can_have_are_refused_before_anything_is_opened(name):
    with pytest.raises(DataError, match=r"No file can be called .* 255 bytes at most"):
        possible_path(name)


@pytest.mark.parametrize("name", ["n" * 255, "ä" * 127, "/".join(["b" * 255] * 9), ""])
def test_names_that_a_file_can_have_are_taken(name):
    assert possible_path(name) == Path(name)
