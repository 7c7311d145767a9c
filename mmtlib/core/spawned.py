"""Processes that `multiprocessing` spawns, for a script with or without a main guard.

Its own way has each process run the caller's script again, to find there what it is sent. A script
without ``if __name__ == "__main__"`` then trains once more in every process that reads its clips.
Here they are sent what is of the script itself, by cloudpickle, and the script is left alone; so it
also works from the standard input, ``python -c`` and a notebook.
"""

from __future__ import annotations

import io
import multiprocessing
import pickle
import signal
import threading
from collections import ChainMap
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import spawn
from multiprocessing.context import SpawnContext, SpawnProcess
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import ForkingPickler
from typing import Any, ClassVar

import cloudpickle

from mmtlib.core.errors import MmtlibError
from mmtlib.core.worker import end_with

_STARTING = threading.Lock()


def check_main_guard() -> None:
    """Raise if this script is only run again, by a process of its own that is just starting.

    Raises:
        MmtlibError: names the guard.
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise MmtlibError(
            "This script is run again by a process that it has started (multiprocessing spawns "
            'it); put what the script does below `if __name__ == "__main__":`.'
        )


class _Pickler(cloudpickle.Pickler):
    """Sends what is of ``__main__`` too, and tensors and pipes as `multiprocessing` does."""

    dispatch_table: ClassVar = ChainMap(
        ForkingPickler._extra_reducers,  # type: ignore[attr-defined]  # torch registers there
        cloudpickle.Pickler.dispatch_table,
    )


class _Process(SpawnProcess):
    """Does not run the caller's script, does not hear Ctrl-C, and ends with its parent."""

    def __reduce__(self) -> tuple[Any, ...]:
        file = io.BytesIO()
        _Pickler(file).dump(self.__dict__)
        return _restored, (file.getvalue(),)

    @staticmethod
    def _Popen(process: BaseProcess) -> Any:
        # Its parent hears Ctrl-C, and ends it.
        with _STARTING, _script_left_alone(), held_back(signal.SIGINT):
            return SpawnProcess._Popen(process)

    def run(self) -> None:
        """Do what it was started for."""
        parent = multiprocessing.parent_process()
        assert parent is not None
        assert parent.pid is not None
        end_with(parent.pid)
        super().run()


def _restored(state: bytes) -> _Process:
    process = _Process.__new__(_Process)
    process.__dict__.update(pickle.loads(state))
    return process


class _Context(SpawnContext):
    Process = _Process


SPAWN = _Context()
"""To be given to a `DataLoader` as ``multiprocessing_context``."""


@contextmanager
def _script_left_alone() -> Iterator[None]:
    """Leave out, of what this thread tells a new process, where the script is."""
    tell, here = spawn.get_preparation_data, threading.get_ident()

    def tell_less(name: str) -> dict[str, Any]:
        told = tell(name)
        if threading.get_ident() == here:
            for key in ("init_main_from_name", "init_main_from_path"):
                told.pop(key, None)
        return told

    spawn.get_preparation_data = tell_less
    try:
        yield
    finally:
        spawn.get_preparation_data = tell


@contextmanager
def held_back(number: int) -> Iterator[None]:
    """Hold a signal back while the block runs, from this thread and the processes it starts."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [number])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
