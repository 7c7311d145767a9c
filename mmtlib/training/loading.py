"""The processes that load clips: how batches leave them, how they start, what became of them."""

from __future__ import annotations

import multiprocessing
import re
import signal
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader

from mmtlib.core.clips import ClipBatch, GestureClip
from mmtlib.core.errors import DataError, MmtlibError
from mmtlib.core.spawned import SPAWN, held_back

LOAD_S = 600.0
"""Longest wait for a batch."""


class _ByValue:
    """A batch on its way through a pipe; whoever reads it there gets the `ClipBatch`."""

    def __init__(self, batch: ClipBatch) -> None:
        self.batch = batch

    def __reduce__(self) -> tuple[Any, ...]:
        batch = self.batch
        frames = {m: x.numpy() for m, x in batch.frames.items()}
        return _from_arrays, (frames, batch.labels.numpy(), batch.subjects.numpy(), batch.clip_ids)


def _from_arrays(frames: dict[str, Any], labels: Any, subjects: Any, ids: Any) -> ClipBatch:
    return ClipBatch(
        frames={m: torch.from_numpy(x) for m, x in frames.items()},
        labels=torch.from_numpy(labels),
        subjects=torch.from_numpy(subjects),
        clip_ids=ids,
    )


def share(clips: Sequence[GestureClip]) -> ClipBatch | _ByValue:
    """Return a batch in shared memory, or without it where there is too little (in a container).

    Left to torch, a thread of its own finds that out, and the batch never comes.
    """
    batch = ClipBatch.from_clips(clips)
    try:
        for tensor in (*batch.frames.values(), batch.labels, batch.subjects):
            tensor.share_memory_()
    except RuntimeError:
        return _ByValue(batch)
    return batch


@contextmanager
def loading(*loaders: DataLoader) -> Iterator[None]:
    """Have loaders work as ours do, and say in one sentence what became of their processes.

    Those of a user's own, too, start without running the caller's script again (unless they are
    forked, which does not), and wait `LOAD_S` seconds for a batch at most.

    Raises:
        DataError: if a process was killed, or no batch came in time.
        MmtlibError: what a process raised, without its traceback.
    """
    own = [loader for loader in loaders if getattr(loader, "num_workers", 0)]
    # Twice, as torch raises once more, wherever we are, when it hears that a process has ended.
    with _in_one_sentence(own), _in_one_sentence(own), _as_ours(own):
        yield


@contextmanager
def _as_ours(loaders: Sequence[DataLoader]) -> Iterator[None]:
    before = [(loader.multiprocessing_context, loader.timeout) for loader in loaders]
    for loader in loaders:
        if not _forks(loader.multiprocessing_context):
            loader.multiprocessing_context = SPAWN
        loader.timeout = loader.timeout or LOAD_S
    try:
        yield
    finally:
        for loader, (context, timeout) in zip(loaders, before, strict=True):
            loader.multiprocessing_context, loader.timeout = context, timeout


def _forks(context: Any) -> bool:
    method = context.get_start_method() if context else multiprocessing.get_start_method(True)
    return (method or multiprocessing.get_all_start_methods()[0]) == "fork"


@contextmanager
def _in_one_sentence(loaders: Sequence[DataLoader]) -> Iterator[None]:
    """End the processes of loaders after an error, and raise it as one sentence if it is theirs."""
    try:
        yield
    except MmtlibError as error:
        _end(loaders)
        raise _without_traceback(error) from None
    except BaseException as error:
        sentence = _what_became(error)
        if sentence is not None:  # the loader of a frame that nobody needs ends with it
            traceback.clear_frames(error.__traceback__)
        _end(loaders)
        if sentence is None:
            raise
        raise DataError(sentence) from None


def _end(loaders: Sequence[DataLoader]) -> None:
    """End the processes that loaders keep, before torch raises for one that was killed."""
    with held_back(getattr(signal, "SIGCHLD", 0)):
        for loader in loaders:
            kept: Any = loader._iterator
            if kept is not None:
                for process in kept._workers:  # politely it may take 5 s
                    process.kill()
                # Whoever is killed may hold the lock of the event that they would hear.
                kept._workers_done_event = threading.Event()
                kept._shutdown_workers()
                loader._iterator = None


def _without_traceback(error: MmtlibError) -> MmtlibError:
    """Return an error as it was raised in a loading process; torch puts its traceback before it."""
    kind = type(error)
    said = str(error).rsplit(f"{kind.__module__}.{kind.__qualname__}: ", 1)
    return kind(said[1].strip()) if str(error).startswith("Caught ") and said[1:] else error


_AGAIN = "start the same again, and it goes on from its last saved state"
_BECAME = {
    r"DataLoader worker \(.*\) (is killed|exited)": (
        f"A process that loads clips was killed, perhaps as memory was short: {_AGAIN}; fewer "
        "workers need less, and workers=0 starts none."
    ),
    r"DataLoader timed out": (
        f"No clips came for {LOAD_S / 60:.0f} minutes from the processes that load them (a drive "
        f"that does not answer?): {_AGAIN}; with workers=0 you see which file it waits for."
    ),
    r"allocate shared memory|No space left|Too many open files|items of ancdata": (
        "The processes that load clips are short of shared memory (/dev/shm) or open files "
        f"(ulimit -n): raise that, or choose fewer workers; then {_AGAIN}."
    ),
    r"(?i)gloo.*(read error|connection)|nccl": (
        f"Another process of this training ended, perhaps as memory was short: {_AGAIN}."
    ),
}
"""What torch says of its processes -> what became of them."""


def _what_became(error: BaseException) -> str | None:
    """Return one sentence on the processes of a loader; None if an error is not theirs."""
    if isinstance(error, OSError | EOFError):
        files = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
        if not any(Path(file).parts[-4:-1] == ("torch", "utils", "data") for file in files):
            return None
        if isinstance(error, ConnectionError | EOFError):
            return next(iter(_BECAME.values()))
    elif not isinstance(error, RuntimeError):
        return None
    return next((text for said, text in _BECAME.items() if re.search(said, str(error))), None)
