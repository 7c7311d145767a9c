"""Work side by side, in processes that end with the one that started them.

`Workers` is an executor as those of `concurrent.futures`. Its processes (`mmtlib.core.worker`) are
new interpreters that read calls from their input and write results to their output. So they start
from a notebook and from a script without a main guard alike, may have processes of their own, and
learn by the end of their input that whoever started them is gone, however it ended.
"""

from __future__ import annotations

import atexit
import os
import pickle
import queue
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import cloudpickle
import joblib

from mmtlib.core.cache import cache_dir
from mmtlib.core.compute import threads
from mmtlib.core.errors import BusyError, MmtlibError
from mmtlib.core.provenance import COMMAND_VARIABLE, command_line
from mmtlib.core.spawned import check_main_guard

ATTEMPTS = 3
"""How often a call is made whose process dies every time."""
MAX_MAKERS = 16
"""Most processes that make clips side by side: each needs some hundred MB."""
GPUS, THREADS = "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS"
KILLED = (
    "A process was killed again and again (out of memory?). Start the same again: what was "
    "finished is kept and the rest goes on; fewer processes have more memory each."
)

Item = TypeVar("Item")
Name = TypeVar("Name")
Result = TypeVar("Result")
Message = tuple[dict[str, str], bytes]
"""What the environment of a call has, and the call."""
Hear = Callable[[Any], object]


class Workers(ThreadPoolExecutor):
    """Processes of this computer, each of which makes one call at a time.

    They share the cores, have the caller's ``MMTLIB_*`` variables, and do not hear Ctrl-C: leaving
    the ``with`` block by an error ends them. One that dies is started anew and its call made again.
    What a call raises, its future raises; functions and arguments may be of ``__main__``.

    Args:
        count: number of processes; each starts with its first call.
        gpus: names as in ``CUDA_VISIBLE_DEVICES``; each process sees one of them, in turn.
        memory: bytes that each may use; one that needs more is ended. 0 = without limit.
        hear: called, in a thread, with all that a call says by `mmtlib.core.worker.tell`.
    """

    def __init__(
        self, count: int, *, gpus: Sequence[str] = (), memory: int = 0, hear: Hear | None = None
    ) -> None:
        check_main_guard()
        super().__init__(count)
        cores = {THREADS: os.environ.get(THREADS) or str(max(1, joblib.cpu_count() // count))}
        pins = [{GPUS: gpus[i % len(gpus)]} if gpus else {} for i in range(count)]
        changed = max(map(_modified, list(sys.modules.values())))
        self._processes = [_take(cores | pin, memory, changed) for pin in pins]
        self._free: queue.SimpleQueue[_Process] = queue.SimpleQueue()
        for process in self._processes:
            process.hear = hear
            self._free.put(process)

    def submit(
        self, function: Callable[..., Result], /, *args: Any, **named: Any
    ) -> Future[Result]:
        """Have a call made; return its future."""
        return super().submit(self.call, function, *args, **named)

    def call(self, function: Callable[..., Result], /, *args: Any, **named: Any) -> Result:
        """Have a call made and return its result, in a thread of the caller's choice.

        Python waits at its end for what was submitted, as with every executor, but for no daemon.
        """
        call = cloudpickle.dumps(partial(function, *args, **named))
        process = self._free.get()
        try:
            return process.ask((worker_environment(), call))
        finally:
            self._free.put(process)

    def kill(self) -> None:
        """End the processes, with all that they started; calls that wait are cancelled."""
        for process in self._processes:
            process.kill()
        self.shutdown(wait=False, cancel_futures=True)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self.kill()
        self.shutdown()
        for process in self._processes:
            if process.killed or GPUS in process.variables:  # its memory is needed elsewhere
                process.end()
            else:
                _idle.append(process)


class _Process:
    """A process that works for this one, from its first call on.

    Args:
        variables: what its environment has besides this one's.
        memory: as in `Workers`.

    Attributes:
        alike: what another one must have in common to be used in its place.
        hear: as in `Workers`.
        killed: it makes no calls any more.
    """

    def __init__(self, variables: Mapping[str, str], memory: int) -> None:
        self.variables, self.memory, self.began = variables, memory, time.time()
        self.alike = (os.getpid(), Path.cwd(), sys.path[:], memory, variables)
        self.hear: Hear | None = None
        self.killed = False
        self._child: subprocess.Popen | None = None

    def ask(self, message: Message) -> Any:
        """Return what a call returns, or raise what it raises."""
        for _ in range(ATTEMPTS):
            if self.killed:
                raise CancelledError
            try:
                went_well, value = self._make(message)
            except (EOFError, OSError, pickle.UnpicklingError):  # the process has died
                self.end()
            except BaseException:
                self.end()
                raise
            else:
                if went_well:
                    return value
                raise value
        raise MmtlibError(KILLED)

    def _make(self, message: Message) -> tuple[bool, Any]:
        if self._child is None or self._child.poll() is not None:
            self.end()
            code = f"import sys; sys.path[:] = {sys.path!r}; from mmtlib.core.worker import work; "
            self._child = subprocess.Popen(
                [sys.executable, "-c", f"{code}work({os.getpid()}, {self.memory})"],
                env={**os.environ, **self.variables},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                # A group of its own does not hear Ctrl-C, and is ended as a whole.
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
        calls, answers = self._child.stdin, self._child.stdout
        assert calls is not None
        assert answers is not None
        if self.killed:
            self.kill()
        pickle.dump(message, calls)
        calls.flush()
        while True:
            kind, data = pickle.load(answers)
            value = cloudpickle.loads(data)
            if kind != "told":
                return kind == "done", value
            if self.hear is not None:
                self.hear(value)

    def kill(self) -> None:
        """End it at once and for good, with all that it has started."""
        self.killed = True
        if (child := self._child) is not None:
            _kill(child)

    def end(self) -> None:
        """End it and wait until it is gone; its next call starts it anew."""
        child, self._child = self._child, None
        if child is not None:
            _kill(child)
            child.communicate()


def _kill(child: subprocess.Popen) -> None:
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except (AttributeError, OSError):  # on Windows, or when it has just ended
        child.kill()


_idle: list[_Process] = []


def _take(variables: Mapping[str, str], memory: int, changed: float) -> _Process:
    """Return an idle process that is as if it were started now, or a new one.

    A new one takes seconds to import torch; one from before the code was `changed` has old code.
    """
    new = _Process(variables, memory)
    for process in list(_idle):
        if process.alike == new.alike:
            _idle.remove(process)
            if process.began > changed:
                return process
            process.end()
    return new


@atexit.register
def _end_idle() -> None:
    for process in _idle:
        process.end()


def _modified(module: object) -> float:
    """Return when the file of a module was changed; 0 if it has none."""
    try:
        return Path(vars(module)["__file__"]).stat().st_mtime
    except (KeyError, TypeError, OSError):
        return 0.0


def worker_environment() -> dict[str, str]:
    """Return what must be set alike wherever a call is made: ``MMTLIB_*``, for one the cache."""
    ours = {name: value for name, value in os.environ.items() if name.startswith("MMTLIB_")}
    cache = str(cache_dir().absolute())
    return {**ours, "MMTLIB_CACHE": cache, COMMAND_VARIABLE: command_line()}


def shared_out(
    pool: Executor, calls: Mapping[Name, Callable[..., Result]]
) -> Iterator[tuple[Name, Future[Result]]]:
    """Have calls made, and yield their futures as they end; what is busy elsewhere comes last.

    So that of two commands at once neither waits for the other as long as there is work.

    Args:
        pool: what makes them.
        calls: each takes `wait`: whether to wait for another process that makes the same, or else
            raise a `BusyError`.
    """
    ended: queue.SimpleQueue[tuple[Name, Future[Result]]] = queue.SimpleQueue()

    def submit(name: Name, *, wait: bool) -> None:
        future = pool.submit(calls[name], wait=wait)
        future.add_done_callback(lambda made: ended.put((name, made)))

    for name in calls:
        submit(name, wait=False)
    left = len(calls)
    while left:
        name, future = ended.get()
        if not future.cancelled() and isinstance(future.exception(), BusyError):
            submit(name, wait=True)
        else:
            left -= 1
            yield name, future


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
        processes: how many; 1 = the calling process; default one per core, at most `MAX_MAKERS`.
        chunk: items that are sent at a time, where each takes a few milliseconds.

    Raises:
        MmtlibError: if processes were killed.
    """
    processes = processes or min(joblib.cpu_count(), MAX_MAKERS)
    if processes == 1:
        yield from map(function, items)
        return
    with Workers(processes) as workers:
        # That they have read the function means that they have imported what it needs.
        started = [workers.submit(callable, function) for _ in range(processes)]
        ahead = deque[Future[list[Result]]]()
        for start in range(0, len(items), chunk):
            part = items[start : start + chunk]
            if not any(each.done() for each in started):
                yield from _with_one_thread(function, part)
                continue
            ahead.append(workers.submit(_with_one_thread, function, part))
            if len(ahead) > 2 * processes:
                yield from ahead.popleft().result()
        while ahead:
            yield from ahead.popleft().result()


def _with_one_thread(function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    with threads(1):
        return [function(item) for item in items]
