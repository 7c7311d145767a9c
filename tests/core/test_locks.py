"""Locks: one at a time, free when their holder ends, and it is said for whom one waits."""

import multiprocessing
import os
import re
import socket
import subprocess
import sys
import threading

import pytest
from support.processes import wait_for

from mmtlib.core import locks
from mmtlib.core.errors import BusyError, MmtlibError
from mmtlib.core.locks import locked


def test_a_lock_lets_one_in_at_a_time(tmp_path):
    inside, most, entered = 0, 0, threading.Barrier(4)

    def work():
        nonlocal inside, most
        entered.wait()
        for _ in range(5):
            with locked(tmp_path / "sub" / "target"):
                inside += 1
                most = max(most, inside)
                os.sched_yield()
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (inside, most) == (0, 1)
    assert [path.name for path in (tmp_path / "sub").iterdir()] == ["target.lock"]


HOLDER = """
import sys
from pathlib import Path
from mmtlib.core.locks import locked

with locked(Path(sys.argv[1])):
    print("held", flush=True)
    input()
"""


@pytest.fixture
def holder(tmp_path):
    """A process that holds a lock, until it is killed or reads a line."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "target")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env={**os.environ, "MMTLIB_COMMAND": "mmt it"}, **pipes) as held:
        assert held.stdout.readline() == "held\n"
        yield held
        held.kill()


def test_whoever_waits_says_for_whom_and_goes_on_when_the_holder_dies(
    tmp_path, holder, monkeypatch, caplog
):
    target = tmp_path / "target"
    who = rf"process {holder.pid} on {re.escape(socket.gethostname())} \(mmt it, since [-\d]+ "
    with (
        pytest.raises(BusyError, match=f"target is being written by {who}"),
        locked(target, timeout_s=0),
    ):
        pytest.fail("two holders")
    monkeypatch.setattr(locks, "SAY_AFTER_S", 0.0)
    entered = threading.Event()

    def wait():
        with locked(target):
            entered.set()

    waiting = threading.Thread(target=wait)
    waiting.start()
    wait_for(lambda: caplog.messages)
    assert re.match(f"Waiting for {who}.*to finish {re.escape(str(target))}", caplog.messages[0])
    assert not entered.is_set()
    holder.kill()  # and what it wrote beside the lock stays
    waiting.join()
    assert entered.is_set()
    assert [path.name for path in tmp_path.iterdir()] == ["target.lock"]


def test_a_holder_that_did_not_say_who_it_is(tmp_path, holder):
    (tmp_path / "target.lock.holder").write_text("[1]")
    with (
        pytest.raises(BusyError, match="written by another process; wait for it"),
        locked(tmp_path / "target", timeout_s=0.01),
    ):
        pytest.fail("two holders")


def test_a_lock_is_given_back_after_an_error_in_the_block(tmp_path):
    with pytest.raises(FileNotFoundError), locked(tmp_path / "a"):
        raise FileNotFoundError("the block's own error passes unchanged")
    with locked(tmp_path / "a", timeout_s=0.01):
        pass


def test_a_script_run_again_by_its_own_process_is_told_of_the_guard(tmp_path, monkeypatch):
    process = multiprocessing.current_process()
    monkeypatch.setattr(process, "_inheriting", True, raising=False)
    with (
        pytest.raises(MmtlibError, match='below `if __name__ == "__main__":`'),
        locked(tmp_path / "a"),
    ):
        pytest.fail("it would train in a process that only reads clips")
