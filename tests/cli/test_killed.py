"""Commands that are killed leave nothing behind that goes on working."""

import os
import subprocess
import sys

import pytest
from support.processes import children_of, ended, wait_for

LONG = ["--preset", "tiny", "--set", "device=cpu", "--set", "epochs=1000000"]
COMMANDS = {
    "compare": ["compare", *LONG, "--seeds", "1", "--workers", "2"],
    "two devices": ["train", *LONG, "--devices", "2"],
    "loading processes": ["train", *LONG, "--set", "workers=1"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_killed_commands_leave_no_process(fresh_cache, name):
    killed = subprocess.Popen(
        [sys.executable, "-m", "mmtlib", *COMMANDS[name]],
        env={**os.environ, "MMTLIB_CACHE": str(fresh_cache)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    at_work = 2 if name == "compare" else 1
    wait_for(lambda: len(list(fresh_cache.glob("runs/*/state.pt"))) >= at_work)
    processes = children_of(killed.pid)
    assert processes
    killed.kill()  # it alone
    killed.wait()
    assert ended(processes)
