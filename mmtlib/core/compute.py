"""How much of the machine the work may use."""

from __future__ import annotations

import os
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TypeVar

import joblib
import torch
from joblib.executor import get_memmapping_executor
from joblib.externals.loky.process_executor import TerminatedWorkerError

from mmtlib.core.errors import MmtlibError

# joblib replaces a process whose memory has grown, and warns of it in a thread that it cannot do
# without: as an error, the warning would leave the caller waiting for ever.
warnings.filterwarnings("ignore", message="A worker stopped while some jobs")

MAX_PROCESSES = 16
"""Most processes that make clips side by side: each needs some hundred MB."""

Item = TypeVar("Item")
Result = TypeVar("Result")


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Set torch's number of processor threads inside the block; 0 leaves it as it is."""
    before = torch.get_num_threads()
    if count:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def in_order(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    *,
    processes: int | None = None,
    chunk: int = 1,
) -> Iterator[Result]:
    """Yield ``function(item)`` for every item, in order, worked out by several processes.

    They have one thread each, and are ahead of the reader by a few items only, so that results do
    not pile up in memory while the reader waits for a disk. Starting them takes a second or two;
    until then the calling process works on the first items itself.

    Args:
        function: what can be sent to a process; an error that it raises is raised here.
        items: what it is called with.
        processes: how many; 1 = the calling process; default one per core, at most `MAX_PROCESSES`.
        chunk: items that are sent at a time, where each takes a few milliseconds.

    Raises:
        MmtlibError: if a process was killed.
    """
    processes = processes or min(joblib.cpu_count(), MAX_PROCESSES)
    if processes == 1:
        yield from map(function, items)
        return
    # The kind that joblib.Parallel shares between calls: it fails on meeting another kind.
    executor, ahead = get_memmapping_executor(processes), deque[Future]()
    started = executor.submit(os.getpid)
    try:
        for start in range(0, len(items), chunk):
            part = items[start : start + chunk]
            if not started.done():
                yield from _with_one_thread(function, part)
                continue
            ahead.append(executor.submit(_with_one_thread, function, part))
            if len(ahead) > 2 * processes:
                yield from ahead.popleft().result()
        while ahead:
            yield from ahead.popleft().result()
    except TerminatedWorkerError:
        raise MmtlibError(
            "A process that makes clips was killed (out of memory?). Run the same command again: "
            "what was finished is kept."
        ) from None
    finally:
        for future in ahead:
            future.cancel()


def _with_one_thread(function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    with threads(1):
        return [function(item) for item in items]
