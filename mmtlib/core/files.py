"""The one way in which files are written and read: whole, or one sentence that names the file.

Content is serialised in memory, written beside its place and renamed, so that readers see the old
file or the new one. What goes wrong while a file is written or read is one error that names it and
says what to do. `sealed` adds check sums and types to JSON.
"""

from __future__ import annotations

import errno
import io
import os
import pickle
import re
import shutil
import stat
import struct
import tokenize
import uuid
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from mmtlib.core.errors import DataError, MmtlibError

Content = bytes | bytearray | memoryview | str | Callable[[IO[bytes]], object]
"""What is written: bytes, text (UTF-8), or a function that writes into an open file."""
DAMAGE = (
    OSError, ValueError, LookupError, TypeError, AttributeError, EOFError, MemoryError,
    OverflowError, RuntimeError, AssertionError, pickle.UnpicklingError, struct.error,
    tokenize.TokenError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What reading a damaged file can raise, whichever library reads it."""
LONGEST_NAME = 255
"""Bytes in the name of a file or folder."""
_TRY_AGAIN = "then run the same command again"
_DENIED = (
    "choose a folder you can write to (for the cache with the environment variable MMTLIB_CACHE)"
)
_REMEDY = {
    errno.EACCES: _DENIED,
    errno.EPERM: _DENIED,
    errno.EROFS: _DENIED,
    errno.ENOTDIR: _DENIED,
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.EISDIR: "name a file, not a folder",
    errno.ELOOP: "the link leads to itself: mend it",
    errno.ENXIO: "start first what reads from it",
}
"""What to do about errors that are no matter of space."""


@contextmanager
def writing(target: str | Path) -> Iterator[None]:
    """Make one sentence of what goes wrong in the block, which writes `target`.

    Raises:
        DataError: if the disk is full, the place cannot be written, or memory runs out.
    """
    try:
        yield
    except (OSError, MemoryError) as error:
        raise cannot_write(target, error) from error


def cannot_write(target: str | Path, error: BaseException) -> DataError:
    """Return the error for a file that cannot be written."""
    why = getattr(error, "strerror", None) or str(error) or "out of memory"
    remedy = _REMEDY.get(getattr(error, "errno", 0), "free some space or check the path")
    return DataError(
        f"Cannot write {shown_name(target)} ({why}); {remedy}, {_TRY_AGAIN}. What was there is as "
        "it was."
    )


def shown_name(path: str | Path) -> str:
    """Return a path for a message; the middle of a name that no file can have is left out."""
    text = str(path)
    return text if len(text) <= 1000 else f"{text[:80]}...{text[-80:]}"


def possible_path(path: str | Path) -> Path:
    """Return a path that a user named, if a file can be called so.

    Raises:
        DataError: if one of its names is longer than 255 bytes, or holds a zero.
    """
    path = Path(path)
    if any(len(os.fsencode(part)) > LONGEST_NAME or "\0" in part for part in path.parts):
        raise DataError(
            f"No file can be called {shown_name(path)!r}: a name has {LONGEST_NAME} bytes at most "
            "and no zero among them; check the path."
        )
    return path


@contextmanager
def reading(
    path: str | Path,
    remedy: str,
    error: type[MmtlibError] = DataError,
    damage: tuple[type[Exception], ...] = DAMAGE,
    missing: str | None = None,
) -> Iterator[None]:
    """Make one sentence of what goes wrong in the block, which reads `path`.

    Args:
        path: the file.
        remedy: what to do about a damaged one.
        error: what is raised.
        damage: what a damaged file raises in the block.
        missing: what is said if there is no such file.

    Raises:
        FileNotFoundError: if it is missing, and `missing` is not given.
        MmtlibError: as `error`, if it is damaged, or cannot be read (and may well be sound).
    """
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as found:
        if missing is None:
            raise FileNotFoundError(*found.args) from None
        raise error(missing) from None
    except damage as found:
        if isinstance(found, OSError) and found.errno is not None:
            raise error(
                f"Cannot read {shown_name(path)} ({found.strerror}); check the path, its "
                f"permissions and the disk, {_TRY_AGAIN}."
            ) from None
        lines = str(found).splitlines() or [type(found).__name__]
        why = f"no entry {found}" if isinstance(found, KeyError) else lines[0][:160]
        raise error(f"{path} is damaged ({why}); {remedy}.") from None


@contextmanager
def whole_file(target: str | Path) -> Iterator[Path]:
    """Give a temporary path beside `target`; rename it to `target` when the block ends well.

    For what is too large to be held in memory; all else is written by `write_whole`. A link stays,
    and the file that it leads to is replaced.

    Raises:
        DataError: if the disk is full or the file cannot be written; the old file stays as it was.
    """
    with writing(target):
        real = Path(os.path.realpath(target))
        # Names have 255 bytes at most, and the temporary one's is 14 bytes longer.
        name = os.fsencode(real.name)[:241].decode(errors="ignore")
        temporary = real.with_name(f".{name}.{uuid.uuid4().hex[:8]}.tmp")
        real.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            with open(temporary, "rb") as file:
                os.fsync(file.fileno())
            os.replace(temporary, real)
        finally:
            temporary.unlink(missing_ok=True)


def write_whole(target: str | Path, content: Content) -> None:
    """Write a file whole or not at all; its folder is made.

    Readers see the old file or the new one, never half of one; a killed process leaves the old one.
    What is no regular file (a device, a pipe) is not replaced: the content is written into it.

    Raises:
        DataError: if the disk is full or the file cannot be written; the old file stays as it was.
    """
    with writing(target):
        content = serialised(content)
        if _is_special(Path(target)):
            _write_into(Path(target), content)
            return
    with whole_file(target) as temporary:
        temporary.write_bytes(content)


def serialised(content: Content) -> bytes | bytearray | memoryview:
    """Return what a file is to hold as bytes."""
    if isinstance(content, str):
        return content.encode()
    if not callable(content):
        return content
    buffer = io.BytesIO()
    content(buffer)
    return buffer.getbuffer()


def _is_special(path: Path) -> bool:
    """Return whether a path is a device, a pipe or a socket; a new or regular file is not."""
    if _descriptor(path) is not None:
        return True
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    return not stat.S_ISREG(mode)


def _descriptor(path: Path) -> int | None:
    """Return the number of the open file of this process that a path such as /dev/stdout is."""
    found = re.fullmatch(r"/dev/(stdout|stderr)|/(?:dev|proc/self)/fd/(\d+)", str(path))
    return found and int(found[2] or ("stdout", "stderr").index(found[1]) + 1)


def _write_into(device: Path, content: bytes | bytearray | memoryview) -> None:
    number = _descriptor(device)
    # A pipe that nobody reads is an error at once instead of a wait without end.
    opened = os.open(device, os.O_WRONLY | os.O_NONBLOCK) if number is None else os.dup(number)
    with open(opened, "wb") as sink:
        os.set_blocking(sink.fileno(), True)
        sink.write(content)


def write_part_of(path: str | Path, content: Content, *, sync: bool = False) -> None:
    """Write a file of a folder that appears whole (`whole_folder`).

    Args:
        path: the file.
        content: a function writes into the file itself.
        sync: bring it down to the disk before the folder gets its name.

    Raises:
        DataError: if it cannot be written.
    """
    with writing(path), open(path, "wb") as file:
        if callable(content):
            content(file)
        else:
            file.write(serialised(content))
        if sync:
            file.flush()
            os.fsync(file.fileno())


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """Like `whole_file` for a folder; `target` must not exist. Call it under `locks.locked`.

    Folders left behind by killed writers of the same target are removed first.

    Raises:
        DataError: if the disk is full or the folder cannot be written.
    """
    prefix = f".{target.name}.partial-"
    for left_behind in target.parent.glob(f"{prefix}*"):
        shutil.rmtree(left_behind, ignore_errors=True)
    temporary = target.with_name(prefix + uuid.uuid4().hex[:8])
    with writing(target):
        try:
            temporary.mkdir(parents=True)
            yield temporary
            os.replace(temporary, target)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
