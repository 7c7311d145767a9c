"""Processes side by side: what they have, what they are sent, how they die and end."""

import functools
import itertools
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import torch
from support.calls import (
    NotToBeSent,
    die,
    die_always,
    end_the_process,
    fail,
    fail_at_five,
    look,
    wait_for_ever,
)
from support.processes import children_of, ended, wait_for

from mmtlib.core import executor
from mmtlib.core.errors import BusyError, MmtlibError
from mmtlib.core.executor import Workers, in_order, shared_out
from mmtlib.core.worker import tell

GIBIBYTE = 2**30


def test_each_process_sees_one_gpu_and_has_its_share_of_the_cores(own_cache, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("joblib.cpu_count", lambda: 4)
    monkeypatch.setenv("MMTLIB_FAST", "1")
    monkeypatch.setattr("sys.argv", ["/bin/mmt", "sweep", "grid.toml"])
    together = threading.Barrier(2)
    names = ("CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "MMTLIB_FAST", "MMTLIB_COMMAND")

    def ask(tells):
        tell("here")
        return look(*names, "MMTLIB_CACHE")

    # Each waits for the other, so that both are used.
    with Workers(2, gpus=("0", "3"), hear=lambda _: together.wait()) as workers:
        found = [call.result() for call in [workers.submit(ask, tell) for _ in range(2)]]
    assert sorted(each.pop("CUDA_VISIBLE_DEVICES") for each in found) == ["0", "3"]
    expected = {
        "OMP_NUM_THREADS": "2",
        "MMTLIB_FAST": "1",
        "MMTLIB_COMMAND": "mmt sweep grid.toml",
        "MMTLIB_CACHE": str(own_cache),
    }
    assert found == [expected] * 2


def test_the_next_ones_take_over_the_processes_with_other_variables(monkeypatch):
    executor._end_idle()  # other tests may have left several to choose from
    executor._idle.clear()
    found = []
    for fast in ("1", "0"):
        monkeypatch.setenv("MMTLIB_FAST", fast)
        monkeypatch.setenv(f"MMTLIB_{fast}", "here")
        with Workers(1) as workers:
            found.append(workers.submit(lambda: (os.getpid(), dict(os.environ))).result())
        monkeypatch.delenv(f"MMTLIB_{fast}")
    (first, before), (second, after) = found
    assert first == second
    assert (before["MMTLIB_FAST"], after["MMTLIB_FAST"]) == ("1", "0")
    assert ("MMTLIB_1" in before, "MMTLIB_1" in after) == (True, False)


def test_processes_from_before_the_code_was_changed_are_not_used(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "of_a_user.py").write_text("answer = 41\n")
    import of_a_user

    def ask():
        return of_a_user.answer, os.getpid()

    with Workers(1) as workers:
        assert workers.submit(ask).result()[0] == 41
        first = workers.submit(os.getpid).result()
    (tmp_path / "of_a_user.py").write_text("answer = 42\n")
    with Workers(1) as workers:
        assert workers.submit(ask).result()[0] == 42
        assert workers.submit(os.getpid).result() != first
    assert not psutil.pid_exists(first)
    del sys.modules["of_a_user"]


def test_what_a_call_prints_and_reads_is_not_in_the_way():
    def talk():
        print("hello")
        os.write(1, b"hello")
        return sys.stdin.read(), os.read(0, 9)

    with Workers(1) as workers:
        assert workers.submit(talk).result() == ("", b"")


def test_a_call_tells_what_happens_as_it_happens():
    heard = []

    def count(number):
        for i in range(number):
            tell(i)
        return number

    with Workers(1, hear=heard.append) as workers:
        assert workers.submit(count, 3).result() == 3
    assert heard == [0, 1, 2]
    with Workers(1) as workers:
        assert workers.submit(count, number=2).result() == 2
    assert tell("nobody") is None


def test_errors_of_calls_are_those_of_their_futures():
    with Workers(1) as workers:
        error = workers.submit(fail, KeyError("five")).exception()
        assert isinstance(error, KeyError)
        assert "in fail" in error.__notes__[0]
        error = workers.submit(fail, MmtlibError("One sentence.")).exception()
        assert (type(error), str(error)) == (MmtlibError, "One sentence.")
        error = workers.submit(fail, NotToBeSent).exception()
        assert isinstance(error, RuntimeError)
        assert "NotToBeSent: locked" in str(error)
        assert "pickle" in str(workers.submit(threading.Lock).exception())
        assert workers.submit(abs, -1).result() == 1
        assert "pickle" in str(workers.submit(abs, threading.Lock()).exception())


def test_the_call_of_a_process_that_dies_is_made_again(tmp_path):
    with Workers(2) as workers:
        assert [each.result() for each in [
            workers.submit(die, tmp_path / name) for name in "ab"
        ]] == ["done", "done"]  # fmt: skip


def test_a_call_that_kills_its_process_every_time_is_one_clear_sentence(monkeypatch):
    monkeypatch.setattr(executor, "ATTEMPTS", 2)
    with Workers(1) as workers:
        killed, other = workers.submit(die_always), workers.submit(abs, -1)
        with pytest.raises(MmtlibError, match=r"was killed again.*out of memory\?.*Start the same"):
            killed.result()
        assert other.result() == 1


def test_a_process_that_needs_too_much_memory_is_ended(monkeypatch):
    monkeypatch.setattr(executor, "ATTEMPTS", 1)

    def fill():
        held = []
        while True:
            held.append(bytearray(b"x" * (2**24)))

    with Workers(1, memory=GIBIBYTE // 4) as workers:
        with pytest.raises(MmtlibError, match="was killed"):
            workers.submit(fill).result()
        assert workers.submit(abs, -1).result() == 1


def test_leaving_by_an_error_ends_what_goes_on_and_what_waits(tmp_path):
    def leave():
        with Workers(1) as workers:
            calls[:] = [workers.submit(wait_for_ever, note), workers.submit(abs, -1)]
            wait_for(note.exists)
            processes[:] = [psutil.Process(int(pid)) for pid in note.read_text().split()]
            raise KeyboardInterrupt

    calls, processes, note = [], [], tmp_path / "note"
    with pytest.raises(KeyboardInterrupt):
        leave()
    assert isinstance(calls[0].exception(), CancelledError)
    assert calls[1].cancelled()
    assert ended(processes)


PARENT = """
import os, pathlib, sys
from mmtlib.core.executor import Workers

class Mine:  # of a script without a main guard
    def __init__(self, value):
        self.value = value

    def wait(self, note):
        import subprocess
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        pathlib.Path(note + ".tmp").write_text(f"{os.getpid()} {child.pid}")
        os.rename(note + ".tmp", note)
        child.wait()

with Workers(2) as workers:
    if "fork" in sys.argv:  # a process that holds all pipes open
        workers.submit(abs, -1).result()
        if os.fork() == 0:
            import time
            time.sleep(3600)
    assert workers.submit(lambda: Mine(3).value).result() == 3
    calls = [workers.submit(Mine(3).wait, note) for note in sys.argv[1:3]]
    for call in calls:
        call.result()
"""


@pytest.mark.parametrize("how", ["kill", "terminate", "interrupt", "fork"])
def test_processes_end_with_their_parent_however_it_ends(tmp_path, how):
    (tmp_path / "script.py").write_text(PARENT)
    notes = [str(tmp_path / name) for name in "ab"]
    parent = subprocess.Popen(
        [sys.executable, tmp_path / "script.py", *notes, how],
        stderr=subprocess.DEVNULL, start_new_session=True, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    wait_for(lambda: all(map(os.path.exists, notes)) or parent.poll() is not None)
    processes = children_of(parent.pid)
    pids = [int(pid) for note in notes for pid in Path(note).read_text().split()]
    assert set(pids) <= {process.pid for process in processes}
    if how == "terminate":
        parent.terminate()
    elif how == "interrupt":
        os.killpg(parent.pid, signal.SIGINT)  # as a terminal does
    else:
        parent.kill()
    parent.wait()
    assert ended([process for process in processes if process.pid in pids])
    if how == "fork":
        os.killpg(parent.pid, signal.SIGKILL)


def squared(number):
    return number**2, torch.get_num_threads(), os.getpid()


def test_results_of_several_processes_keep_their_order():
    found = in_order(squared, range(10**9), processes=2, chunk=4)
    seen, others = [], set()
    while len(others) < 2:  # it goes on until both have made some
        seen.append(next(found))
        others |= {seen[-1][2]} - {os.getpid()}
    found.close()
    assert [square for square, _, _ in seen] == [n**2 for n in range(len(seen))]
    assert {used for _, used, _ in seen} == {1}
    here = [process == os.getpid() for _, _, process in seen]
    assert here == sorted(here, reverse=True)  # the first ones, until the others had started


def test_one_process_is_the_calling_one_and_works_on_demand():
    asked = []
    found = in_order(lambda n: asked.append(n) or os.getpid(), range(5), processes=1)
    assert next(found) == next(found) == os.getpid()
    assert asked == [0, 1]
    assert list(in_order(squared, [], processes=1)) == []


def test_processes_do_not_run_away_from_a_slow_reader(monkeypatch):
    asked, submit = [], Workers.submit

    def count(self, function, *args):
        asked.append(args)
        return submit(self, function, *args)

    monkeypatch.setattr(Workers, "submit", count)
    found = in_order(squared, range(10**9), processes=2, chunk=2)
    while next(found)[2] == os.getpid():
        pass
    # Two that ask whether they have started, the one that was read, and four ahead of it.
    assert len(asked) <= 2 + 1 + 4
    found.close()


def test_an_error_comes_in_its_turn():
    found = in_order(fail_at_five, range(20), processes=2)
    assert list(itertools.islice(found, 5)) == [0, 1, 2, 3, 4]
    with pytest.raises(KeyError, match="five"):
        next(found)


def test_killed_makers_are_one_clear_sentence(monkeypatch):
    monkeypatch.setattr(executor, "ATTEMPTS", 1)
    dies = functools.partial(end_the_process, os.getpid())
    with pytest.raises(MmtlibError, match="was killed again"):
        list(in_order(dies, range(10**9), processes=2))
    assert list(in_order(fail_at_five, range(3), processes=2)) == [0, 1, 2]


def test_what_is_busy_elsewhere_comes_last():
    made = []

    def make(name, *, wait):
        if name == "busy" and not wait:
            raise BusyError("elsewhere")
        made.append(name)
        return fail(KeyError(name)) if name == "wrong" else name

    names = ["busy", "first", "wrong", "last"]
    with ThreadPoolExecutor(1) as pool:
        found = dict(shared_out(pool, {name: functools.partial(make, name) for name in names}))
    assert made == ["first", "wrong", "last", "busy"]
    assert isinstance(found.pop("wrong").exception(), KeyError)
    assert {name: future.result() for name, future in found.items()} == {
        name: name for name in ("busy", "first", "last")
    }


ENDING = """
import subprocess, sys
from mmtlib.core.worker import program

subprocess.run([*program("waiting"), sys.argv[1]])
"""
WAITING = """
import os, pathlib, sys, time

assert __name__ == "__main__"
pathlib.Path(sys.argv[1] + ".tmp").write_text(str(os.getpid()))
os.rename(sys.argv[1] + ".tmp", sys.argv[1])
time.sleep(3600)
"""


def test_a_program_ends_with_who_started_it(tmp_path):
    (tmp_path / "waiting.py").write_text(WAITING)
    note = tmp_path / "note"
    parent = subprocess.Popen(
        [sys.executable, "-c", ENDING, note], cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )  # fmt: skip
    wait_for(lambda: note.exists() or parent.poll() is not None)
    program = psutil.Process(int(note.read_text()))
    parent.kill()
    parent.wait()
    assert ended([program])
