import io
import itertools
import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtlib.core.errors import DataError
from mmtlib.datasets import archives
from mmtlib.datasets.archives import is_packed, unpack

FORMS = (".zip", ".tar", ".tar.gz", ".tar.xz", ".TGZ")
FILES = {
    "set/Video_data/class_01/a.avi": b"A" * 5000,
    "set/Video_data/class_01/b.avi": bytes(range(256)) * 40,
    "set/list.lst": b"path:...\n",
    "set/empty.txt": b"",
}


def write_zip(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name if isinstance(name, zipfile.ZipInfo) else named(name), content)


def named(name):
    """An entry of exactly this name: the constructor would change it."""
    info = zipfile.ZipInfo("x")
    info.filename = info.orig_filename = name
    return info


def write_tar(path, members):
    form = {".gz": "w:gz", ".tgz": "w:gz", ".xz": "w:xz"}.get(path.suffix.lower(), "w")
    with tarfile.open(path, form) as archive:
        for name, content in members:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def write(path, members):
    (write_zip if path.suffix == ".zip" else write_tar)(path, list(members))
    return path


def content(folder):
    """Relative name -> bytes of every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("form", FORMS)
def test_unpacked_whole(tmp_path, form):
    archive = write(tmp_path / f"set{form}", FILES.items())
    done = []
    assert is_packed(archive)
    written = unpack(archive, tmp_path / "out", progress=lambda *n: done.append(n))
    assert written == 4
    assert done == [(i, 4) for i in range(1, 5)]
    assert content(tmp_path / "out") == FILES
    assert unpack(archive, tmp_path / "out") == 0


@pytest.mark.parametrize("form", [".zip", ".tar.gz"])
def test_folders_and_odd_but_harmless_names(tmp_path, form):
    members = [("./a//b.txt", b"1"), ("a/..b..", b"2"), ("ü/ö x.txt", b"3"), ("a/...", b"4")]
    archive = write(tmp_path / f"x{form}", members)
    unpack(archive, tmp_path / "out")
    assert content(tmp_path / "out") == {
        "a/b.txt": b"1", "a/..b..": b"2", "ü/ö x.txt": b"3", "a/...": b"4",
    }  # fmt: skip


@pytest.mark.parametrize("form", [".zip", ".tar"])
def test_members_that_are_there_are_passed_over(tmp_path, form, monkeypatch):
    archive = write(tmp_path / f"set{form}", FILES.items())
    out = tmp_path / "out"
    unpack(archive, out)
    a, b = (out / f"set/Video_data/class_01/{n}.avi" for n in "ab")
    b.unlink()
    a.write_bytes(b"A" * 4999)  # cut off
    left_behind = out / ".unpacking-0123abcd"
    left_behind.mkdir()
    (left_behind / "0").write_bytes(b"half")
    alive = out / ".unpacking-4567cdef"
    alive.mkdir()
    kept = (out / "set/list.lst").stat().st_mtime_ns
    with FileLock(alive / "lock"):  # of another process
        assert unpack(archive, out) == 2
    assert [path.name for path in out.glob(".*")] == [alive.name]
    assert unpack(archive, out) == 0
    assert not alive.exists()
    assert content(out) == FILES
    assert (out / "set/list.lst").stat().st_mtime_ns == kept


def test_killed_in_the_middle(tmp_path, monkeypatch):
    archive, out = write(tmp_path / "set.zip", FILES.items()), tmp_path / "out"
    copy, calls = shutil.copyfileobj, itertools.count()

    def stop(source, target, length):
        if next(calls) == 1:
            target.write(b"half")
            raise KeyboardInterrupt
        copy(source, target, length)

    with monkeypatch.context() as patch:
        patch.setattr(archives.shutil, "copyfileobj", stop)
        with pytest.raises(KeyboardInterrupt):
            unpack(archive, out)
    assert content(out) == dict(list(FILES.items())[:1])
    assert unpack(archive, out) == 3
    assert content(out) == FILES


def test_names_are_given_when_the_bytes_are_on_the_disk(tmp_path, monkeypatch):
    members = {f"f{i // 3}/{i}.txt": bytes([i]) * 100 for i in range(8)}
    archive, out = write(tmp_path / "set.zip", members.items()), tmp_path / "out"
    to_disk, asked = archives._to_disk, []

    def note(files):
        asked.append((len(files), len(list(out.glob("f*/*")))))
        to_disk(files)

    monkeypatch.setattr(archives, "BATCH", 3)
    monkeypatch.setattr(archives, "_to_disk", note)
    assert unpack(archive, out) == 8
    assert asked == [(3, 0), (3, 3), (2, 6)]
    assert content(out) == members


def test_a_disk_that_fails_gives_no_names(tmp_path, monkeypatch):
    archive, out = write(tmp_path / "set.zip", FILES.items()), tmp_path / "out"

    def fail(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(archives, "LINUX", False)
    monkeypatch.setattr(archives.os, "fsync", fail)
    with pytest.raises(DataError, match=r"Cannot write .* \(Input/output error\)"):
        unpack(archive, out)
    assert not content(out)


def test_a_killed_process_leaves_no_half_file(tmp_path):
    members = {f"{i}.bin": os.urandom(2**16) for i in range(40)}
    archive, out = write(tmp_path / "set.zip", members.items()), tmp_path / "out"
    script = (
        "import sys, os, signal\n"
        "from mmtlib.datasets import archives\n"
        "archives.BATCH = 7\n"
        "def die(done, every):\n"
        "    if done == 16: os.kill(os.getpid(), signal.SIGKILL)\n"
        "archives.unpack(sys.argv[1], sys.argv[2], progress=die)\n"
    )
    killed = subprocess.run([sys.executable, "-c", script, archive, out], check=False)
    assert killed.returncode == -signal.SIGKILL
    there = {path.name: path.read_bytes() for path in out.glob("*.bin")}
    assert len(there) == 21
    assert there == {name: members[name] for name in there}
    assert unpack(archive, out) == 19
    assert content(out) == members


BAD_NAMES = (
    "../evil.txt", "a/../../evil.txt", "a/..", "..", "/evil.txt", "//evil.txt", "..\\evil.txt",
    "a\\..\\..\\evil.txt", "C:\\evil.txt", "C:evil.txt", "\\\\host\\share\\evil.txt", ".",
    "a/" + "x" * 250,
)  # fmt: skip


@pytest.mark.parametrize("form", [".zip", ".tar.gz"])
@pytest.mark.parametrize("name", BAD_NAMES)
def test_one_bad_name_and_nothing_is_written(tmp_path, form, name):
    archive = write(tmp_path / f"x{form}", [("good.txt", b"good"), (name, b"evil")])
    out = tmp_path / "in" / "out"
    with pytest.raises(DataError) as caught:
        unpack(archive, out)
    message = str(caught.value)
    assert repr(name) in message
    assert "nothing was written" in message
    assert str(archive) in message
    assert [p.name for p in tmp_path.rglob("*")] == [archive.name]


def test_a_zero_byte_in_a_name(tmp_path):
    archive = write(tmp_path / "x.zip", [("good.txt", b"1"), ("a\0.txt", b"2")])
    with pytest.raises(DataError, match="nothing was written"):
        unpack(archive, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def special(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize(
    "member",
    [
        special("link", tarfile.SYMTYPE, "/etc"),
        special("link", tarfile.SYMTYPE, "../.."),
        special("link", tarfile.SYMTYPE, "good.txt"),
        special("link", tarfile.LNKTYPE, "good.txt"),
        special("link", tarfile.CHRTYPE),
        special("link", tarfile.BLKTYPE),
        special("link", tarfile.FIFOTYPE),
    ],
)
def test_links_and_devices_in_a_tar(tmp_path, member):
    archive = write(tmp_path / "x.tar", [("good.txt", b"good"), (member, b"")])
    with pytest.raises(DataError, match=r"nothing was written: member 'link': it is a link or a"):
        unpack(archive, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_links_and_devices_in_a_zip(tmp_path, kind):
    info = named("link")
    info.external_attr = (kind | 0o777) << 16
    archive = write(tmp_path / "x.zip", [("good.txt", b"good"), (info, b"/etc")])
    with pytest.raises(DataError, match=r"nothing was written: member 'link': it is a link or a"):
        unpack(archive, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_link_that_lies_in_the_target_is_not_followed_out(tmp_path):
    archive = write(tmp_path / "x.zip", [("set/a.txt", b"evil")])
    (tmp_path / "out").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out" / "set").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DataError, match="would be written outside"):
        unpack(archive, tmp_path / "out")
    assert not list((tmp_path / "elsewhere").iterdir())
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    unpack(archive, tmp_path / "link")  # the target itself may be one
    assert content(tmp_path / "elsewhere") == {"set/a.txt": b"evil"}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    "members",
    [
        [("a", b"1"), ("a", b"2")],
        [("a", b"1"), ("./a", b"2")],
        [("a", b"1"), ("a/b", b"2")],
        [("a/b/c", b"1"), ("a", b"2")],
    ],
)
@pytest.mark.parametrize("form", [".zip", ".tar"])
def test_names_that_collide(tmp_path, form, members):
    archive = write(tmp_path / f"x{form}", members)
    with pytest.raises(DataError, match=r"nothing was written: member '.*(twice|a folder's)"):
        unpack(archive, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_is_in_the_way_of_a_file(tmp_path):
    archive = write(tmp_path / "x.zip", [("a", b"1")])
    (tmp_path / "out" / "a").mkdir(parents=True)
    with pytest.raises(DataError, match="its name is a file's and a folder's"):
        unpack(archive, tmp_path / "out")


names = st.lists(
    st.sampled_from(["a", "b", "..", ".", "", "set", "c.txt", "C:", "x\\..", "ä", "-", "~", " "]),
    min_size=1,
    max_size=5,
).map("/".join)


@given(st.lists(st.tuples(names, st.binary(max_size=20)), max_size=6), st.sampled_from(FORMS[:2]))
@settings(max_examples=150)
def test_whatever_the_names_nothing_is_written_outside(tmp_path_factory, members, form):
    tmp_path = tmp_path_factory.mktemp("archive")
    unique = {name: data for name, data in members if name}
    archive = write(tmp_path / f"x{form}", unique.items())
    out, message = tmp_path / "in" / "out", ""
    try:
        unpack(archive, out)
    except DataError as error:
        message = str(error)
    if message:
        assert "nothing was written" in message
        assert not out.exists()
    else:  # in a zip a name that ends with a slash is a folder
        files = {n: d for n, d in unique.items() if form == ".tar" or not n.endswith("/")}
        assert content(out) == {os.path.normpath(n): d for n, d in files.items()}
    outside = [p for p in tmp_path.rglob("*") if p.is_file() and not p.is_relative_to(out)]
    assert outside == [archive]
    shutil.rmtree(tmp_path)


@pytest.mark.parametrize("form", FORMS)
def test_damaged_archives_give_good_files_or_a_named_error(tmp_path, form):
    archive = write(tmp_path / f"x{form}", FILES.items())
    data, rng, outcomes = archive.read_bytes(), random.Random(2), set()
    for number in range(60):
        changed = bytearray(data)
        if rng.random() < 0.3:
            changed = changed[: rng.randrange(len(changed))]
        else:
            for _ in range(rng.randint(1, 4)):
                changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
        archive.write_bytes(changed)
        out = tmp_path / f"out{number}"
        try:
            unpack(archive, out)
            outcomes.add("unpacked")
        except DataError as error:
            outcomes.add("named" if str(archive) in str(error) else str(error))
        assert not list(out.rglob("*.tmp"))
        shutil.rmtree(out, ignore_errors=True)
    assert outcomes <= {"named", "unpacked"}
    assert "named" in outcomes


@pytest.mark.parametrize("form", [".zip", ".tar.gz"])
def test_no_archive(tmp_path, form):
    path = tmp_path / f"x{form}"
    with pytest.raises(DataError, match="is damaged or no archive"):
        unpack(path, tmp_path / "out")
    path.write_bytes(b"garbage" * 100)
    with pytest.raises(DataError, match="is damaged or no archive"):
        unpack(path, tmp_path / "out")


@pytest.mark.parametrize("name", ["x.7z", "x.rar", "x.7z.001"])
def test_kinds_that_are_unpacked_by_hand(tmp_path, name):
    (tmp_path / name).write_bytes(b"")
    assert is_packed(tmp_path / name)
    with pytest.raises(DataError, match="unpack it by hand"):
        unpack(tmp_path / name, tmp_path / "out")


def test_other_files_are_no_archives(tmp_path):
    (tmp_path / "x.avi").write_bytes(b"")
    (tmp_path / "folder.zip").mkdir()
    assert not is_packed(tmp_path / "x.avi")
    assert not is_packed(tmp_path / "folder.zip")
    with pytest.raises(DataError, match=r"is no archive: expected a name ending in \.zip"):
        unpack(tmp_path / "x.avi", tmp_path / "out")


def test_an_encrypted_zip(tmp_path):
    archive = write(tmp_path / "x.zip", [("a", b"secret")])
    data = bytearray(archive.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    archive.write_bytes(data)
    with pytest.raises(DataError, match="is encrypted: unpack it by hand"):
        unpack(archive, tmp_path / "out")


@pytest.mark.parametrize("form", [".zip", ".tar"])
def test_too_little_space(tmp_path, form, monkeypatch):
    archive = write(tmp_path / f"set{form}", FILES.items())
    space = shutil.disk_usage(tmp_path)._replace(free=15_000)
    monkeypatch.setattr(archives.shutil, "disk_usage", lambda _: space)
    with pytest.raises(DataError, match=r"needs 0\.0 GB, .* has 0\.0 GB left"):
        unpack(archive, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    space = space._replace(free=16_000)
    unpack(archive, tmp_path / "out")
    space = space._replace(free=0)
    assert unpack(archive, tmp_path / "out") == 0  # nothing more is needed


def test_a_full_disk_is_no_damaged_archive(tmp_path, monkeypatch):
    archive = write(tmp_path / "set.zip", FILES.items())

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archives.shutil, "copyfileobj", full)
    with pytest.raises(DataError, match=r"Cannot write .*a\.avi \(No space left on device\)"):
        unpack(archive, tmp_path / "out")
    assert not content(tmp_path / "out")


def test_permissions_are_not_taken_over(tmp_path):
    info = tarfile.TarInfo("run.sh")
    info.mode = 0o4777
    unpack(write(tmp_path / "x.tar", [(info, b"#!/bin/sh\n")]), tmp_path / "out")
    mode = Path(tmp_path / "out" / "run.sh").stat().st_mode
    assert not mode & (stat.S_ISUID | stat.S_IXUSR)
