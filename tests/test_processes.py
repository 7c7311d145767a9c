"""Whatever trains: however it ends nothing is left running, and the next start goes on.

A fixed sample of what trains and how it ends; `--full` goes through all of them.
"""

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from support.processes import children_of, ended, wait_for
from support.tiny_runs import tiny, use_fresh_cache

from mmtlib.training import load_state

LONG = {"epochs": 10**6}
FLAGS = ["--preset", "tiny", "--set", "device=cpu", "--set", f"epochs={LONG['epochs']}"]

GRID = """
name = "long"
seeds = [0, 1, 2]
[base]
preset = "tiny"
device = "cpu"
modalities = ["rgb"]
epochs = 1000000
"""
TUTORIAL = """
import sys
from pathlib import Path
from mmtlib.course import running

folder = Path(sys.argv[1])
running.notebook_sources = lambda only: sorted(folder.glob("*.py"))
running.run_tutorial(folder / "out", workers=2)
"""
NOTEBOOK = """\
# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # {title}

# %%
import mmtlib

mmtlib.run(mmtlib.ExperimentConfig.from_json({config!r}))
"""
KERNEL = """
import sys
from mmtlib.config import ExperimentConfig
from mmtlib.explorer.job import Job

Job(ExperimentConfig.from_json(sys.argv[1]), lambda _: None)
input()
"""


@dataclass(frozen=True)
class Command:
    """What trains: its runs at a time, and the arguments of Python, with a folder to write to."""

    at_once: int
    arguments: list[str]


def command(name: str, folder: Path) -> Command:
    ours = ["-m", "mmtlib"]
    if name == "run":
        return Command(1, [*ours, "train", *FLAGS, "--set", "workers=1"])
    if name == "devices":
        return Command(1, [*ours, "train", *FLAGS, "--devices", "2"])
    if name == "compare":
        return Command(2, [*ours, "compare", *FLAGS, "--seeds", "1", "--workers", "2"])
    if name == "sweep":
        (folder / "grid.toml").write_text(GRID)
        return Command(2, [*ours, "sweep", str(folder / "grid.toml"), "--workers", "2"])
    if name == "explorer":
        return Command(1, ["-c", KERNEL, tiny(**LONG, workers=1).to_json()])
    for seed in range(2):
        config = tiny(**LONG, modalities="rgb", seed=seed).to_json()
        source = NOTEBOOK.format(title=f"0{seed} Long", config=config)
        (folder / f"0{seed}_long.py").write_text(source)
    return Command(2, ["-c", TUTORIAL, str(folder)])


class Trained:
    """What goes on in a cache: who trains which run, and how far."""

    def __init__(self, cache: Path) -> None:
        self.runs = cache / "runs"

    def holders(self) -> dict[str, int]:
        """Return who trains, of runs of which a state was saved: name -> process."""
        found = {}
        for file in self.runs.glob("*.lock.holder"):
            name = file.name.split(".")[0]
            if (self.runs / name / "state.pt").exists():
                found[name] = json.loads(file.read_text() or '{"process": 0}')["process"]
        return found

    def epochs(self) -> dict[str, int]:
        """Return the epochs of every saved state."""
        found = {}
        for file in self.runs.glob("*/state.pt"):
            said = (file.parent / "README.txt").read_text()
            state = load_state(file, re.search(r"Identity (\w+)\.", said)[1])
            found[file.parent.name] = state["epoch"]
        return found


@pytest.fixture
def trained(own_cache, tmp_path, monkeypatch):
    monkeypatch.setenv("MMTLIB_FAST", "1")
    return Trained(use_fresh_cache(own_cache, tmp_path, monkeypatch))


@pytest.fixture
def start():
    """Return a function that starts a command; what runs at the end of the test is ended."""
    started = []

    def begin(asked):
        started.append(
            subprocess.Popen(
                [sys.executable, *asked.arguments],
                start_new_session=True,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                # A shell makes its background jobs, such as these tests may be, deaf to Ctrl-C.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
            )
        )
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def begun(process, at_work):
    """Wait until a command has begun its work; return its processes."""
    wait_for(lambda: at_work() or process.poll() is not None)
    assert process.poll() is None, process.communicate()[1]
    found = children_of(process.pid)
    assert found
    return found


def interrupt(process):
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    process.wait()


def kill(process):
    process.kill()  # it alone
    process.wait()


def helpers(process):
    """Return the processes that work for a command, not those that work for these."""
    ours = ("mmtlib.core.worker import work", "multiprocessing.spawn import spawn_main")
    found = psutil.Process(process.pid).children()
    return [each for each in found if any(name in " ".join(each.cmdline()) for name in ours)]


NAMES = ["run", "compare", "sweep", "tutorial", "explorer"]


def cases(names, sample):
    return [pytest.param(*case, marks=() if case in sample else pytest.mark.full) for case in names]


ENDS = [(name, how) for name in ["devices", *NAMES] for how in (kill, interrupt)]


@pytest.mark.parametrize(("name", "how"), cases(ENDS, [("explorer", kill), ("tutorial", kill)]))
def test_nothing_is_left_and_the_next_start_goes_on(trained, start, tmp_path, name, how):
    asked = command(name, tmp_path)
    first = start(asked)
    processes = begun(first, lambda: len(trained.holders()) >= asked.at_once)
    wait_for(lambda: min(trained.epochs().values()) > 3)
    how(first)
    assert ended(processes)
    before = trained.epochs()
    files = {name: (trained.runs / name / "state.pt").stat().st_mtime_ns for name in before}
    second = start(asked)
    wait_for(
        lambda: (
            second.poll() is not None
            or any((trained.runs / n / "state.pt").stat().st_mtime_ns > t for n, t in files.items())
        )
    )
    assert second.poll() is None, second.communicate()[1]
    after = trained.epochs()
    gone_on = [name for name in before if after[name] != before[name]]
    assert all(after[name] > before[name] for name in gone_on)


@pytest.mark.parametrize("name", cases([(name,) for name in NAMES], [("run",)]))
def test_a_child_that_is_killed(trained, start, tmp_path, name):
    """A run says so and ends; where several are made, another process goes on with the run."""
    asked = command(name, tmp_path)
    process = start(asked)
    processes = begun(process, lambda: len(trained.holders()) >= asked.at_once)
    before = set(trained.holders().values())
    killed = helpers(process)[0]
    its_own = killed.children(recursive=True)
    killed.kill()
    assert ended([killed, *its_own])
    if name == "run":
        assert b"mmt: A process that loads clips" in process.communicate()[1]
        assert process.returncode == 2
    else:
        wait_for(lambda: set(trained.holders().values()) - before)
        assert process.poll() is None
        processes += children_of(process.pid)
        kill(process)
    assert ended(processes)


@pytest.mark.parametrize("name", cases([(name,) for name in NAMES], [("explorer",)]))
def test_two_at_once(trained, start, tmp_path, name):
    """Both make runs, each a different one; what the first leaves when killed the other takes."""
    asked = command(name, tmp_path)
    first = start(asked)
    of_first = begun(first, lambda: len(trained.holders()) >= asked.at_once)
    held = trained.holders()
    second = start(asked)
    if name in ("compare", "sweep"):  # which have three runs
        begun(second, lambda: len(trained.holders()) == 3)
        assert held.items() <= trained.holders().items()
    kill(first)
    assert ended(of_first)
    of_second = begun(
        second,
        lambda: (
            any(held.get(name, by) != by for name, by in trained.holders().items())
            and children_of(second.pid)
        ),
    )
    kill(second)
    assert ended(of_second)
