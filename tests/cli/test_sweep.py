"""``mmt sweep``: a whole study on a local cluster, failures, and Ctrl-C."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from mmtlib.results import load_results

BASE = """
[base]
preset = "tiny"
modalities = ["rgb", "depth"]
device = "cpu"
epochs = {epochs}
ssa_start_epoch = 0
"""
TWO_BY_TWO = """
name = "two-by-two"
seeds = [0]
baselines = true
[factors]
ssa_weight = [0.0, 10.0]
focal = [true, false]
[arms.bad]
learning_rate = 1e8
epochs = 2
"""

TITLES = {"rgb": "RGB", "depth": "Depth", "fused": "Late fusion"}
CODES = {title: code for code, title in TITLES.items()}


@pytest.fixture
def write_grid(tmp_path):
    def write(text, epochs=1):
        path = tmp_path / "grid.toml"
        path.write_text(text + BASE.format(epochs=epochs))
        return path

    return write


def test_two_by_two(mmt, fresh_cache, write_grid, tmp_path):
    good = write_grid(TWO_BY_TWO.partition("[arms")[0])
    said = mmt("sweep", good, "--workers", "1", "--memory", "4GiB")
    assert (said.code, said.err) == (0, "")
    arms = [
        ("ssa_weight=0.0", "trained alone", "late fusion"),
        ("ssa_weight=10.0, focal=true", "SSA + focal (MTUT)", "SSA + focal (MTUT)"),
        ("ssa_weight=10.0, focal=false", "SSA without focal", "SSA without focal"),
    ]
    rows = load_results("two-by-two").set_index(["arm", "target"])
    expected = [
        [arm, fused if target == "fused" else method, "RGB + Depth", TITLES[target], "1"]
        for arm, method, fused in arms
        for target in ("rgb", "depth", "fused")
    ]
    expected[3:3] = [["alone", "trained alone", m, m, "1"] for m in ("RGB", "Depth")]
    assert [row[:5] for row in said.rows] == expected
    for row in said.rows:
        assert row[5] == f"{100 * rows.loc[(row[0], CODES[row[3]]), 'accuracy']:.1f} %"
    assert said.out.startswith("0 runs were there, 5 made now\n")
    assert said.out.endswith("next: mmtlib.load_results('two-by-two')\n")
    assert rows["command"].str.startswith("mmt sweep ").all()
    assert set(rows["split"]) == {"validation"}
    assert not list(fresh_cache.glob("runs/*/evaluations.jsonl"))

    again = mmt("sweep", good)
    assert (again.code, again.rows) == (0, said.rows)
    assert "5 runs were there, 0 made now" in again.out

    said = mmt("sweep", write_grid(TWO_BY_TWO), "--workers", "1", "--split", "test")
    assert said.code == 2
    assert "0 runs were there, 5 made now" in said.out
    assert {row[0] for row in said.rows} == {*(arm for arm, *_ in arms), "alone"}
    for line in said.err.splitlines():
        name, _, reason = line.partition(" failed: ")
        assert name.startswith(("mmt: bad, rgb+depth, seed 0", "mmt: alone (arm=bad), "))
        assert reason.startswith("The training diverged: in epoch 0 the ")


def test_failures_of_one_reason_are_told_once(mmt, fresh_cache, write_grid, tmp_path):
    text = 'name = "nowhere"\nseeds = [0, 1, 2]\n[arms.real]\ndataset = "nvgesture"\n'
    said = mmt("sweep", write_grid(text), "--root", tmp_path / "none")
    assert said.code == 2
    assert said.out == "0 runs were there, 0 made now\n"
    (line,) = said.err.splitlines()
    assert line.startswith("mmt: real, rgb+depth, seed 0 and 2 more failed: ")
    assert str(tmp_path / "none") in line


def test_bad_input(mmt, fresh_cache, write_grid, tmp_path):
    assert mmt("sweep", tmp_path / "no.toml").failed_with("Cannot read the grid", "no.toml")
    bad = write_grid('name = "s"\n[factors]\nbeta = 3\n')
    assert mmt("sweep", bad).failed_with("grid.toml: factors.beta must be a list of values")
    good = write_grid('name = "s"\n')
    assert mmt("sweep", good, "--split", "train").failed_with("Unknown split 'train'")
    assert mmt("sweep", good, "--workers", "0").failed_with("workers must be at least 1, got 0")
    assert mmt("sweep", good, "--memory", "much").failed_with("memory must be a size with its unit")
    said = mmt("sweep", good, "--scheduler", "tcp://127.0.0.1:9")
    assert said.failed_with("No Dask scheduler answers at tcp://127.0.0.1:9")
    assert not list(fresh_cache.glob("runs/*/run.json"))


def _hear_ctrl_c():
    """A shell makes its background jobs, such as these tests may be, and their children deaf."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_stopped_by_the_user_and_started_again(mmt, fresh_cache, write_grid):
    grid = write_grid('name = "long"\nseeds = [0, 1]\n', epochs=30)
    command = [sys.executable, "-m", "mmtlib", "sweep", str(grid), "--workers", "1"]
    child = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env={**os.environ, "MMTLIB_CACHE": str(fresh_cache)}, preexec_fn=_hear_ctrl_c,
    )  # fmt: skip
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline and not list(fresh_cache.glob("runs/*/state.pt")):
        time.sleep(0.01)
    processes = psutil.Process(child.pid).children(recursive=True)
    assert processes
    os.killpg(child.pid, signal.SIGINT)  # as a terminal does: every process gets it
    out, err = child.communicate()
    assert (child.returncode, out) == (130, "")
    assert err == "mmt: stopped; the same command goes on where it was.\n"
    _, alive = psutil.wait_procs(processes, timeout=600)
    assert not alive
    before = {run.parent.name for run in fresh_cache.glob("runs/*/run.json")}
    assert len(before) < 2

    said = mmt("sweep", grid, "--workers", "1")
    assert (said.code, said.err) == (0, "")
    rows = load_results("long")
    assert sorted(rows.loc[rows["target"] == "rgb", "seed"]) == [0, 1]
    assert before <= set(rows["run_id"])
