"""Unpack a downloaded archive inside one folder, and nowhere else.

Every member is checked before the first byte is written: one bad name, and nothing is unpacked.
Links are refused whether they lead out or not: recordings have none, and a link that is harmless by
itself can carry a later member outside.
"""

from __future__ import annotations

import ctypes
import gzip
import lzma
import os
import shutil
import stat
import struct
import sys
import tarfile
import uuid
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO

from filelock import FileLock, Timeout

from mmtlib.core.errors import DataError
from mmtlib.core.files import writing

ZIP, TAR = (".zip",), (".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2")
BY_HAND = (".7z", ".7z.001", ".rar")
"""Endings of archives that Python cannot unpack."""
LONGEST_NAME = 200
"""Bytes; file systems take 255 at most."""
BATCH, BATCH_BYTES = 500, 2**28
"""Files that get their names together, and their bytes."""
LINUX = sys.platform == "linux"
_DAMAGE = (
    EOFError, RuntimeError, ValueError, zlib.error, lzma.LZMAError, gzip.BadGzipFile, struct.error,
    zipfile.BadZipFile, tarfile.TarError,
)  # fmt: skip
"""What reading a damaged archive raises, besides `OSError`."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive: its name there, its size in bytes, and how to open it."""

    name: str
    size: int
    open: Callable[[], IO[bytes]]


def is_packed(path: Path) -> bool:
    """Tell whether a file's name ends like an archive's."""
    return path.is_file() and path.name.lower().endswith(ZIP + TAR + BY_HAND)


def unpack(
    archive: str | Path,
    target: str | Path,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Unpack a zip or tar archive (plain, gz, xz, bz2) into a folder.

    Members that are there with their size are passed over, so a killed unpacking goes on. Files get
    their names when all of their bytes are on the disk, many at a time: asking the disk takes
    longer than writing a small file. Permissions and owners are not taken over.

    Args:
        archive: the file.
        target: the folder; made if need be.
        progress: called with (files done, files in all).

    Returns:
        The number of files that were written.

    Raises:
        DataError: if the archive is missing, damaged, encrypted or of another kind, if a member
            would be written outside the target, is a link, a device or there twice (nothing is
            written then), or if the disk has too little space.
    """
    archive, target = Path(archive), Path(target)
    with _members(archive) as members:
        places = _check(archive, target, members)
        todo = [(m, path) for m, path in places if not _is_there(path, m.size)]
        _check_space(archive, target, sum(m.size for m, _ in todo))
        done = len(members) - len(todo)
        with _aside(target, needed=bool(todo)) as aside:
            for batch in _batches(todo):
                for _ in _write(archive, batch, aside):
                    done += 1
                    if progress is not None:
                        progress(done, len(members))
    return len(todo)


def _batches(todo: list[tuple[Member, Path]]) -> Iterator[list[tuple[Member, Path]]]:
    """Give files together that are not too many, nor too large."""
    start = size = 0
    for stop, (member, _) in enumerate(todo, 1):
        size += member.size
        if stop - start == BATCH or size > BATCH_BYTES or stop == len(todo):
            yield todo[start:stop]
            start, size = stop, 0


@contextmanager
def _aside(target: Path, *, needed: bool) -> Iterator[Path]:
    """Give a folder in the target for files that have no name yet; remove what the killed left."""
    for left_behind in target.glob(".unpacking-*"):
        with suppress(Timeout, OSError), FileLock(left_behind / "lock", timeout=0):
            shutil.rmtree(left_behind)
    folder = target / f".unpacking-{uuid.uuid4().hex[:8]}"
    if not needed:
        yield folder
        return
    lock = FileLock(folder / "lock")  # tells that this process lives
    try:
        with writing(folder):
            folder.mkdir(parents=True)
            lock.acquire()
        yield folder
    finally:
        lock.release()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _members(archive: Path) -> Iterator[list[Member]]:
    """Open an archive and give its files; only names and kinds are checked so far."""
    name = archive.name.lower()
    if name.endswith(BY_HAND):
        raise DataError(
            f"{archive} cannot be unpacked here: unpack it by hand (7-Zip or unrar) and give the "
            "folder."
        )
    if not name.endswith(ZIP + TAR):
        known = ", ".join(ZIP + TAR)
        raise DataError(f"{archive} is no archive: expected a name ending in {known}.")
    try:
        if name.endswith(ZIP):
            opened: zipfile.ZipFile | tarfile.TarFile = zipfile.ZipFile(archive)
        else:
            opened = tarfile.open(archive)  # noqa: SIM115
    except (*_DAMAGE, OSError) as error:
        raise _damaged(archive, error) from None
    with opened:
        try:
            if isinstance(opened, zipfile.ZipFile):
                found = list(_zip_files(archive, opened))
            else:
                found = list(_tar_files(archive, opened))
        except (*_DAMAGE, OSError) as error:
            raise _damaged(archive, error) from None
        yield found


def _zip_files(archive: Path, opened: zipfile.ZipFile) -> Iterator[Member]:
    for info in opened.infolist():
        # `filename` was cut at a zero byte: judge the original.
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise _refused(archive, info.orig_filename, "it is a link or a device")
        if info.flag_bits & 1:
            raise DataError(f"{archive} is encrypted: unpack it by hand with its password.")
        _check_name(archive, info.orig_filename)
        if not info.is_dir():
            yield Member(info.filename, info.file_size, partial(opened.open, info))


def _tar_files(archive: Path, opened: tarfile.TarFile) -> Iterator[Member]:
    # tarfile's own filter would cut off a leading slash and let links inside pass.
    for info in opened:
        _check_name(archive, info.name)
        if not (info.isreg() or info.isdir()):
            raise _refused(archive, info.name, "it is a link or a device")
        if info.isreg():
            yield Member(info.name, info.size, partial(_tar_content, opened, info))


def _tar_content(opened: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    content = opened.extractfile(info)
    assert content is not None  # it is a file
    return content


def _check_name(archive: Path, name: str) -> None:
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if not name or "\0" in name or ".." in parts:
        raise _refused(archive, name, "its name leads outside or is none")
    if PurePosixPath(name).is_absolute() or PureWindowsPath(name).anchor:
        raise _refused(archive, name, "its name is absolute")


def _check(archive: Path, target: Path, members: list[Member]) -> list[tuple[Member, Path]]:
    """Return the place of every member, after checking that all can be written inside."""
    inside, places = target.resolve(), {}
    for member in members:
        path = inside / member.name
        if any(len(os.fsencode(part)) > LONGEST_NAME for part in path.parts):
            raise _refused(archive, member.name, "its name is too long")
        # A link that lies in the target already can lead out as well.
        if not path.resolve().is_relative_to(inside) or path.resolve() == inside:
            raise _refused(archive, member.name, f"it would be written outside {target}")
        if path in places:
            raise _refused(archive, member.name, "it is there twice")
        places[path] = member
    for path, member in places.items():
        if not places.keys().isdisjoint(path.parents) or path.is_dir():
            raise _refused(archive, member.name, "its name is a file's and a folder's")
    return [(member, path) for path, member in places.items()]


def _is_there(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def _check_space(archive: Path, target: Path, needed: int) -> None:
    there = next(path for path in (target.resolve(), *target.resolve().parents) if path.exists())
    free = shutil.disk_usage(there).free
    if needed > free:
        raise DataError(
            f"{archive} needs {needed / 1e9:.1f} GB, {target} has {free / 1e9:.1f} GB left; free "
            "some space or unpack it elsewhere."
        )


def _write(archive: Path, batch: list[tuple[Member, Path]], aside: Path) -> Iterator[Path]:
    """Write files aside, wait for the disk once, and give each that has got its name.

    Whatever stops it, those written so far get theirs.
    """
    written: list[tuple[Path, Path]] = []
    try:
        for number, (member, path) in enumerate(batch):
            with writing(path):
                _write_aside(archive, member, aside / str(number))
            written.append((aside / str(number), path))
    finally:
        with writing(aside):
            _to_disk([temporary for temporary, _ in written])
        for temporary, path in written:
            with writing(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                os.replace(temporary, path)
    for _, path in written:
        yield path


def _to_disk(files: list[Path]) -> None:
    """Return when the bytes of files of one folder are on the disk.

    Linux is asked once for the file system, other systems for each file.
    """
    syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None) if LINUX else None
    for path in files[:1] if syncfs else files:
        with open(path, "rb") as file:
            if syncfs is None:
                os.fsync(file.fileno())
            elif syncfs(file.fileno()):
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _write_aside(archive: Path, member: Member, temporary: Path) -> None:
    with open(temporary, "wb") as file:
        try:
            with member.open() as content:
                shutil.copyfileobj(content, file, 2**20)
        except _DAMAGE as error:
            raise _damaged(archive, f"{member.name}: {error}") from None
        if file.tell() != member.size:
            raise _damaged(archive, f"{member.name} has {file.tell()} of {member.size} bytes")


def _damaged(archive: Path, why: object) -> DataError:
    return DataError(f"{archive} is damaged or no archive ({why}); get it again.")


def _refused(archive: Path, name: str, why: str) -> DataError:
    return DataError(f"{archive} is refused, nothing was written: member {name!r}: {why}.")
