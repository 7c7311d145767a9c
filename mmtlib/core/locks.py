"""One process at a time: locks that end with whoever holds them, and say who that is."""

from __future__ import annotations

import json
import logging
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from mmtlib.core.errors import BusyError
from mmtlib.core.files import cannot_write
from mmtlib.core.provenance import command_line
from mmtlib.core.spawned import check_main_guard

logger = logging.getLogger("mmtlib.core")

SAY_AFTER_S = 10.0
"""How long one waits for another process without a word."""


@contextmanager
def locked(target: Path, *, timeout_s: float | None = None) -> Iterator[None]:
    """Hold the lock ``TARGET.lock`` while the block runs, so that one process writes at a time.

    The system frees it when its holder ends, however that is. Beside it, ``TARGET.lock.holder``
    says who holds it, and whoever waits for long says so.

    Args:
        target: what is written.
        timeout_s: how long to wait, in seconds; None = until it is free.

    Raises:
        BusyError: if another process holds it for longer than `timeout_s` seconds.
        DataError: if the lock cannot be written.
        MmtlibError: if a script is run again by its own processes, for which it would wait for
            ever.
    """
    check_main_guard()
    lock = FileLock(target.with_name(target.name + ".lock"))
    holder = target.with_name(target.name + ".lock.holder")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _acquire(lock, target, holder, timeout_s)
    except Timeout:
        raise BusyError(
            f"{target} is being written by {_who(holder)}; wait for it, or end it and start again."
        ) from None
    except OSError as error:
        raise cannot_write(target, error) from error
    try:
        with suppress(OSError):  # those who wait then do not learn for whom
            holder.write_text(json.dumps(_own_name()))
        yield
    finally:
        with suppress(OSError):
            holder.unlink(missing_ok=True)
        lock.release()


def _acquire(lock: FileLock, target: Path, holder: Path, timeout_s: float | None) -> None:
    if timeout_s is not None and timeout_s <= SAY_AFTER_S:
        lock.acquire(timeout=timeout_s)
        return
    with suppress(Timeout):
        lock.acquire(timeout=SAY_AFTER_S)
    if not lock.is_locked:
        logger.warning("Waiting for %s, to finish %s.", _who(holder), target)
        lock.acquire(timeout=-1 if timeout_s is None else timeout_s - SAY_AFTER_S)


def _own_name() -> dict[str, object]:
    return {
        "process": os.getpid(),
        "host": socket.gethostname(),
        "command": command_line(),
        "since": time.strftime("%Y-%m-%d %H:%M:%S"),
    }


def _who(holder: Path) -> str:
    """Return who holds a lock, as far as it is known."""
    try:
        known = json.loads(holder.read_text())
        return "process {process} on {host} ({command}, since {since})".format(**known)
    except (OSError, ValueError, LookupError, TypeError):  # it has not said so yet, or could not
        return "another process"
