"""Waiting for what other processes do, and for their end."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

PATIENCE_S = 300.0
"""A bound for what hangs; whatever is waited for here takes seconds on a busy machine."""


def wait_for(what: Callable[[], object]) -> None:
    """Wait until something is true."""
    end = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def children_of(pid: int) -> list[psutil.Process]:
    """Return the processes that a process has started, and those that they have."""
    return psutil.Process(pid).children(recursive=True)


def at_work(folder: Path) -> list[psutil.Process]:
    """Return our process that makes a run, by its lock; none if there is none at this moment."""
    found = []
    for process in children_of(os.getpid()):
        with suppress(psutil.Error):
            if f"{folder}.lock" in {file.path for file in process.open_files()}:
                found.append(process)
    return found


def ended(processes: Sequence[psutil.Process]) -> bool:
    """Wait until processes have ended; return whether they have."""
    return not psutil.wait_procs(processes, timeout=PATIENCE_S)[1]
