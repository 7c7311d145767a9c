"""Where everything that can be made again is kept, and how files are written whole."""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from mmtlib.core.errors import DataError

SHIPPED = Path(__file__).resolve().parents[1] / "stored"
"""Results and runs that come with the package: read beside the cache's own, never written to."""


def cache_dir(*parts: str) -> Path:
    """Return (and make) a folder of the cache.

    The cache is the folder named by the environment variable ``MMTLIB_CACHE``, or the platform's
    own cache folder for ``mmtlib``. It may be deleted at any time: all of it can be made again.

    Args:
        parts: names of folders below the cache.

    Raises:
        DataError: if the folder cannot be made or written.
    """
    root = os.environ.get("MMTLIB_CACHE") or platformdirs.user_cache_dir("mmtlib", appauthor=False)
    folder = Path(root).expanduser().joinpath(*parts)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(_cannot_write(folder, error)) from None
    if not os.access(folder, os.W_OK):
        raise DataError(_cannot_write(folder, "no permission"))
    return folder


@contextmanager
def temporary_cache() -> Iterator[Path]:
    """Use an empty cache while the block runs, here and in processes started by it.

    It is deleted afterwards; what the cache of before holds is not read.
    """
    before = os.environ.get("MMTLIB_CACHE")
    with tempfile.TemporaryDirectory(prefix="mmtlib-") as folder:
        os.environ["MMTLIB_CACHE"] = folder
        try:
            yield Path(folder)
        finally:
            if before is None:
                del os.environ["MMTLIB_CACHE"]
            else:
                os.environ["MMTLIB_CACHE"] = before


def _cannot_write(folder: Path, why: object) -> str:
    reason = getattr(why, "strerror", None) or why
    return (
        f"Cannot write to the cache folder {folder} ({reason}). "
        "Set the environment variable MMTLIB_CACHE to a folder you can write to."
    )


_REMEDY = {
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.EISDIR: "name a file, not a folder",
    errno.ELOOP: "the link leads to itself: mend it",
    errno.ENXIO: "start first what reads from it",
}
"""What to do about errors that are no matter of space or permissions."""


def cannot_make(target: Path, error: OSError) -> str:
    """Return the sentence for a file that cannot be written."""
    remedy = _REMEDY.get(error.errno or 0, "free some space or check the permissions")
    why = error.strerror or error
    return f"Cannot write {shown_name(target)} ({why}); {remedy}, then run the same command again."


def shown_name(path: Path) -> str:
    """Return a path for a message; the middle of a name that no file can have is left out."""
    text = str(path)
    return text if len(text) <= 1000 else f"{text[:80]}...{text[-80:]}"


@contextmanager
def whole_file(target: str | Path) -> Iterator[Path]:
    """Give a temporary path beside `target`; rename it to `target` when the block ends well.

    Readers see the old file or the new one, never half of one; a killed process leaves the old one.
    A link stays, and the file that it leads to is replaced. What is no regular file (a device, a
    pipe) is not replaced: the content is written into it.

    Raises:
        DataError: if the disk is full or the file cannot be written; the old file stays as it was.
    """
    target = Path(target)
    try:
        if _is_special(target):
            with _written_into(target) as temporary:
                yield temporary
            return
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
    except OSError as error:
        raise DataError(cannot_make(target, error) + " What was there is as it was.") from error


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


@contextmanager
def _written_into(device: Path) -> Iterator[Path]:
    """Give a temporary path and copy its content into a device or pipe at the end."""
    number = _descriptor(device)
    # A pipe that nobody reads is an error at once instead of a wait without end.
    opened = os.open(device, os.O_WRONLY | os.O_NONBLOCK) if number is None else os.dup(number)
    with open(opened, "wb") as sink:
        os.set_blocking(sink.fileno(), True)
        with tempfile.TemporaryDirectory(prefix="mmtlib-") as folder:
            temporary = Path(folder) / device.name
            yield temporary
            with open(temporary, "rb") as file:
                shutil.copyfileobj(file, sink)


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """Like `whole_file` for a folder; `target` must not exist. Call it under `locked(target)`.

    Folders left behind by killed writers of the same target are removed first.

    Raises:
        DataError: if the disk is full or the folder cannot be written.
    """
    prefix = f".{target.name}.partial-"
    for left_behind in target.parent.glob(f"{prefix}*"):
        shutil.rmtree(left_behind, ignore_errors=True)
    temporary = target.with_name(prefix + uuid.uuid4().hex[:8])
    try:
        temporary.mkdir(parents=True)
        yield temporary
        os.replace(temporary, target)
    except OSError as error:
        raise DataError(cannot_make(target, error)) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
