"""What a user made is kept: a file is replaced only if this package wrote it and it is unchanged.

What was written where a user said is noted in the cache, as a check sum by the file's path. A file
that is there and is not noted, or has been changed since, is the user's.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from mmtlib.core.cache import cache_dir
from mmtlib.core.errors import DataError
from mmtlib.core.files import Content, serialised, shown_name, write_whole

logger = logging.getLogger("mmtlib.core")

OVERWRITE: ContextVar[bool] = ContextVar("overwrite", default=False)
"""Whether files of a user's may be replaced, as ``--overwrite`` says."""


@contextmanager
def overwriting() -> Iterator[None]:
    """Replace files in this block whoever made them."""
    before = OVERWRITE.set(True)
    try:
        yield
    finally:
        OVERWRITE.reset(before)


def write_kept(path: str | Path, content: Content) -> None:
    """Write a file whole where a user said, unless something of theirs is there.

    Args:
        path: where; a device or a pipe is written into.
        content: as for `mmtlib.core.files.write_whole`.

    Raises:
        DataError: if another file is there that this package did not write, or that was changed
            since; or if the file cannot be written.
    """
    path, data = Path(path), bytes(serialised(content))
    if not (path.is_file() and path.read_bytes() == data):
        check_replaceable(path)
        write_whole(path, data)
    if path.is_file():
        _note_written(path, data)


def check_replaceable(path: str | Path) -> None:
    """Make sure that a path is free or holds what this package wrote; to be asked before long work.

    Raises:
        DataError: if a file of a user's is there.
    """
    if not OVERWRITE.get() and Path(path).is_file() and not is_ours(path):
        raise DataError(
            f"{shown_name(Path(path))} is there, and mmtlib did not write it or it was changed "
            "since; nothing of it was touched: choose another name, or say --overwrite (in Python "
            "`with mmtlib.core.kept.overwriting():`)."
        )


def is_ours(path: str | Path) -> bool:
    """Return whether a file is as this package wrote it."""
    try:
        return _note(path).read_text() == _digest(Path(path).read_bytes())
    except OSError:  # nothing was noted
        return False


def _note_written(path: Path, data: bytes) -> None:
    try:
        write_whole(_note(path), _digest(data))
    except DataError as error:  # in a cache that cannot be written, it counts as the user's
        logger.info("%s is not noted as written: %s", path, error)


def _note(path: str | Path) -> Path:
    place = hashlib.sha256(str(Path(path).resolve()).encode()).hexdigest()
    return cache_dir("written") / place[:32]


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
