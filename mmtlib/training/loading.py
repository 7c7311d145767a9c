"""The processes that load clips: how batches leave them, how they start, what became of them."""

from __future__ import annotations

import multiprocessing
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch.utils.data import DataLoader

from mmtlib.core.clips import ClipBatch, GestureClip
from mmtlib.core.errors import DataError, MmtlibError
from mmtlib.core.spawned import SPAWN

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
    before = [(loader.multiprocessing_context, loader.timeout) for loader in own]
    try:
        for loader in own:
            if not _forks(loader.multiprocessing_context):
                loader.multiprocessing_context = SPAWN
            loader.timeout = loader.timeout or LOAD_S
        yield
    except MmtlibError as error:
        raise _without_traceback(error) from None
    except RuntimeError as error:
        if (sentence := _what_became(str(error))) is None:
            raise
        raise DataError(sentence) from None
    finally:
        for loader, (context, timeout) in zip(own, before, strict=True):
            loader.multiprocessing_context, loader.timeout = context, timeout


def _forks(context: Any) -> bool:
    method = context.get_start_method() if context else multiprocessing.get_start_method(True)
    return (method or multiprocessing.get_all_start_methods()[0]) == "fork"


def _without_traceback(error: MmtlibError) -> MmtlibError:
    """Return an error as it was raised in a loading process; torch puts its traceback before it."""
    kind = type(error)
    said = str(error).rsplit(f"{kind.__module__}.{kind.__qualname__}: ", 1)
    return kind(said[1].strip()) if str(error).startswith("Caught ") and said[1:] else error


def _what_became(said: str) -> str | None:
    """Return one sentence for what torch says of its processes; None if it is of something else."""
    again = "start the same again, and it goes on from its last saved state"
    if died := re.search(r"DataLoader worker \(pid\S* ([\d, ]+)\) (?:is killed|exited)", said):
        return (
            f"A process that loads clips ({died[1]}) was killed, perhaps as memory was short: "
            f"{again}; fewer workers need less, and workers=0 starts none."
        )
    if "DataLoader timed out" in said:
        return (
            f"No clips came for {LOAD_S:.0f} s from the processes that load them (a drive that "
            f"does not answer?): {again}; with workers=0 you see which file it waits for."
        )
    if "allocate shared memory" in said or "Too many open files" in said:
        return (
            "The processes that load clips are short of shared memory (/dev/shm) or open files "
            f"(ulimit -n): raise that, or choose fewer workers; then {again}."
        )
    return None
