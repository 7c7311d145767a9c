"""Where a sweep's runs are made: how much memory a process has, and a Dask cluster elsewhere."""

import psutil
import pytest
from distributed import LocalCluster
from support.grids import tiny_grid

from mmtlib.core.errors import ConfigError, MmtlibError
from mmtlib.results import cluster as module
from mmtlib.results import load_results, sweep
from mmtlib.results.cluster import connect, memory_limit

CONFIGS = [task.config for task in tiny_grid(seeds=[0, 1, 2]).tasks]


def test_memory():
    assert memory_limit("4GiB", 2) == 4 * 2**30
    assert memory_limit("0", 2) == 0
    assert 0 < memory_limit(None, 2) <= psutil.virtual_memory().total // 2
    assert memory_limit(None, 4) == pytest.approx(memory_limit(None, 2) / 2, abs=2)
    for wrong in ("much", "", "-4GiB", "3 bytes"):
        with pytest.raises(ConfigError, match=r"memory must be a size with its unit, e.g. 4GiB"):
            memory_limit(wrong, 2)


def test_local_processes_share_the_memory(monkeypatch):
    asked = []
    monkeypatch.setattr(module, "Workers", lambda *count, **given: asked.append((*count, given)))
    with pytest.raises(TypeError), connect(2, None, configs=CONFIGS, memory="3GiB"):
        pass
    assert asked == [(2, {"gpus": (), "memory": 3 * 2**30})]


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:9", "127.0.0.1", "nowhere", "ftp://127.0.0.1:9"]
)
def test_no_scheduler_there(monkeypatch, address):
    monkeypatch.setattr(module, "CONNECT_S", 0.3)
    message = f"No Dask scheduler answers at {address} .*start `dask"
    with pytest.raises(MmtlibError, match=message), connect(None, address, configs=CONFIGS):
        pass


def test_a_sweep_on_a_cluster(fresh_cache, monkeypatch):
    monkeypatch.setenv("MMTLIB_COMMAND", "mmt sweep")  # the worker, which is this process, sets it
    grid = tiny_grid(seeds=[0, 1], arms={"good": {}, "bad": {"learning_rate": 1e8, "epochs": 3}})
    with LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None, protocol="tcp"
    ) as there:
        report = sweep(grid, scheduler=there.scheduler_address)
    assert (report.stored, report.done, len(report.failures)) == (0, 2, 2)
    assert {failure.task.arm for failure in report.failures} == {"bad"}
    assert all(f.error.startswith("The training diverged") for f in report.failures)
    assert sorted(load_results("study").query("target == 'rgb'")["seed"]) == [0, 1]
