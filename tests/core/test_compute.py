import itertools
import os
import signal
import subprocess
import sys
import time

import joblib
import pytest
import torch
from joblib.executor import get_memmapping_executor

from mmtlib.core.compute import in_order, threads
from mmtlib.core.errors import MmtlibError


def test_threads_are_restored():
    before = torch.get_num_threads()
    with threads(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before
    with threads(0):
        assert torch.get_num_threads() == before
    with pytest.raises(ValueError, match="x"), threads(before + 2):
        raise ValueError("x")
    assert torch.get_num_threads() == before


def squared_late(number):
    """Return the square; later numbers are ready sooner."""
    time.sleep(0.002 * (number % 4 == 0))
    return number**2, torch.get_num_threads(), os.getpid()


@pytest.fixture
def started():
    """Have the processes there, so that the calling one has nothing to do."""
    get_memmapping_executor(2).submit(os.getpid).result()


@pytest.mark.parametrize("chunk", [1, 4])
def test_results_of_several_processes_keep_their_order(started, chunk):
    found = list(in_order(squared_late, range(400), processes=2, chunk=chunk))
    assert [square for square, _, _ in found] == [n**2 for n in range(400)]
    assert {used for _, used, _ in found} == {1}
    # At most a few first ones were made here, before the question was answered.
    here = [process == os.getpid() for _, _, process in found]
    assert sum(here) < 200
    assert here == sorted(here, reverse=True)


def test_the_calling_process_works_until_the_others_have_started():
    get_memmapping_executor(2).shutdown(kill_workers=True)
    found = in_order(squared_late, range(10**6), processes=2)
    makers = [process for _, _, process in itertools.islice(found, 50)]
    assert makers == [os.getpid()] * 50
    assert any(process != os.getpid() for _, _, process in found)
    found.close()


def test_one_process_is_the_calling_one_and_works_on_demand():
    asked = []
    found = in_order(lambda n: asked.append(n) or os.getpid(), range(5), processes=1)
    assert next(found) == next(found) == os.getpid()
    assert asked == [0, 1]
    assert list(in_order(squared_late, [], processes=1)) == []


def note(folder_and_number):
    folder, number = folder_and_number
    (folder / str(number)).touch()


def test_processes_do_not_run_away_from_a_slow_reader(started, tmp_path):
    found = in_order(note, [(tmp_path, n) for n in range(100)], processes=2, chunk=2)
    for _ in itertools.islice(found, 3):
        pass
    time.sleep(0.3)
    assert len(list(tmp_path.iterdir())) <= 2 * (2 * 2 + 1) + 4
    found.close()


def fail_at_five(number):
    if number == 5:
        raise KeyError("five")
    return number


def test_an_error_comes_in_its_turn():
    found = in_order(fail_at_five, range(20), processes=2)
    assert list(itertools.islice(found, 5)) == [0, 1, 2, 3, 4]
    with pytest.raises(KeyError, match="five"):
        next(found)


def end_the_process(caller):
    if os.getpid() != caller:
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
    time.sleep(0.01)


def test_a_killed_process_is_one_clear_sentence():
    with pytest.raises(MmtlibError, match=r"was killed \(out of memory\?\).*same command again"):
        list(in_order(end_the_process, [os.getpid()] * 1000, processes=2))
    assert list(in_order(fail_at_five, range(3), processes=2)) == [0, 1, 2]


def test_joblib_works_before_and_after():
    """`run_all` uses joblib, whose processes are shared with ours."""
    for _ in range(2):
        assert list(in_order(fail_at_five, range(3), processes=2)) == [0, 1, 2]
        assert joblib.Parallel(n_jobs=2)(joblib.delayed(fail_at_five)(n) for n in (6, 7)) == [6, 7]


def test_joblib_may_replace_a_process_where_warnings_are_errors():
    message = "A worker stopped while some jobs were given to the executor. (a memory leak?)"
    code = f"import warnings, mmtlib.core.compute; warnings.warn({message!r})"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
