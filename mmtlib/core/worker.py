"""A process that works for another one, as long as that one lives; see `mmtlib.core.executor`."""

from __future__ import annotations

import os
import pickle
import queue
import runpy
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Any, NoReturn

import cloudpickle
import psutil

WATCH_S = 0.2
"""How often a process looks for its parent and at its memory."""
IDLE_S = 300.0
"""How long a process waits for its next call before it ends."""
MEMORY_SHARE = 0.95
"""A process that uses more than this share of its memory limit is ended."""

_say: Callable[[str, Any], None] | None = None


def tell(message: object) -> None:
    """Have the `hear` of the caller's `Workers` called; elsewhere nothing happens."""
    if _say is not None:
        _say("told", message)


def work(parent: int, memory: int) -> None:
    """Make the calls that come by the standard input, one after the other.

    Args:
        parent: number of the process that makes them.
        memory: bytes that this process may use; 0 = without limit.
    """
    global _say
    calls: queue.SimpleQueue[tuple[dict[str, str], bytes]] = queue.SimpleQueue()
    source, target = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # What a call reads or prints must not get between the messages.
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)

    def say(kind: str, value: Any) -> None:
        pickle.dump((kind, cloudpickle.dumps(value)), target)
        target.flush()

    _say = say
    threading.Thread(target=_listen, args=(source, calls), daemon=True).start()
    threading.Thread(target=_watch, args=(parent, memory), daemon=True).start()
    with suppress(queue.Empty):
        while True:
            environment, call = calls.get(timeout=IDLE_S)
            for name in [name for name in os.environ if name.startswith("MMTLIB_")]:
                del os.environ[name]
            os.environ.update(environment)
            try:
                say("done", cloudpickle.loads(call)())
            except Exception as error:
                said = traceback.format_exc()
                error.add_note(f"In a process of its own:\n{said}")
                try:
                    say("failed", error)
                except Exception:  # it cannot be sent
                    say("failed", RuntimeError(said))
    _end()


def _listen(source: IO[bytes], calls: queue.SimpleQueue) -> None:
    """Read what is to be done; end this process when nobody is left to ask for it."""
    with suppress(EOFError, pickle.UnpicklingError):
        while True:
            calls.put(pickle.load(source))
    _end()


def end_with(parent: int) -> None:
    """Have this process end, within a second, when the one that started it is gone.

    Linux could send a signal instead, but does so at the end of the thread that started us.

    Args:
        parent: its number, as it was told: by now it may be gone.
    """
    threading.Thread(target=_watch, args=(parent, 0), daemon=True).start()


def program(module: str) -> tuple[str, ...]:
    """Return the beginning of a command: a module as a program that ends with this process."""
    code = f"from mmtlib.core.worker import run_module; run_module({os.getpid()})"
    return sys.executable, "-c", code, module


def run_module(parent: int) -> None:
    """Be the program that the first argument names, a module, as long as a process lives."""
    end_with(parent)
    sys.argv[:] = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def _watch(number: int, memory: int) -> None:
    own = psutil.Process()
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(number)
        # Where there are no new parents for orphans (Windows) the second one tells.
        while os.getppid() == number and parent.is_running():
            if memory and own.memory_info().rss > MEMORY_SHARE * memory:
                break
            time.sleep(WATCH_S)
    _end()


def _end() -> NoReturn:
    """End this process, and all of its group if that is its own: what reads its clips."""
    if os.name == "posix" and os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)
