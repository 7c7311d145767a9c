"""The processes of a sweep: how many, on which GPU, with how much memory, seen by whom."""

import multiprocessing
import os
import urllib.request
from urllib.error import HTTPError

import psutil
import pytest
import torch
from distributed import Client
from support.grids import tiny_grid

from mmtlib.core.errors import ConfigError, MmtlibError
from mmtlib.results import cluster as module
from mmtlib.results import worker_environments
from mmtlib.results.cluster import connect, gpus_for, memory_limit, visible_gpus

CPU_TASKS = tiny_grid(seeds=[0, 1, 2]).tasks
THREADS = "OMP_NUM_THREADS"
AUTO_TASKS = tiny_grid(base={"device": "auto"}, seeds=[0, 1, 2]).tasks


def test_each_process_has_one_thread_and_one_gpu(monkeypatch):
    monkeypatch.setattr(module, "visible_gpus", lambda: ("0", "3"))
    monkeypatch.setattr("joblib.cpu_count", lambda: 1)
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    before = dict(os.environ)
    with connect(None, None, tasks=AUTO_TASKS, memory="3GiB") as client:
        # Functions without a name: named ones would make each process import this file.
        names = ("CUDA_VISIBLE_DEVICES", THREADS, "MALLOC_TRIM_THRESHOLD_")
        found = client.run(lambda: {name: os.environ.get(name) for name in names})
        daemons = client.run(lambda: multiprocessing.current_process().daemon)
        workers = client.scheduler_info()["workers"].values()
        assert {(w["nthreads"], w["memory_limit"]) for w in workers} == {(1, 3 * 2**30)}
    assert sorted(each["CUDA_VISIBLE_DEVICES"] for each in found.values()) == ["0", "3"]
    assert {each[THREADS] for each in found.values()} == {"1"}
    assert {each["MALLOC_TRIM_THRESHOLD_"] for each in found.values()} == {None}
    assert set(daemons.values()) == {False}  # they may have processes of their own
    assert dict(os.environ) == before


def test_nothing_listens_beyond_this_computer(cluster):
    with Client(cluster, set_as_default=False) as client:
        processes = [os.getpid(), *client.run(os.getpid).values()]
        listening = [
            connection.laddr.ip
            for process in processes
            for connection in psutil.Process(process).net_connections()
            if connection.status == psutil.CONN_LISTEN
        ]
        assert len(listening) >= len(processes)
        assert set(listening) == {"127.0.0.1"}
        port = client.scheduler_info()["services"]["dashboard"]
        with pytest.raises(HTTPError, match="404") as error:  # health and metrics, no dashboard
            urllib.request.urlopen(f"http://127.0.0.1:{port}/status")
        error.value.close()
        assert set(client.run(torch.get_num_threads).values()) == {1}


@pytest.mark.parametrize(
    ("count", "named", "expected"),
    [
        (0, None, ()),
        (2, None, ("0", "1")),
        (2, "2, 5", ("2", "5")),
        (1, "GPU-1,-1,3", ("GPU-1",)),  # what stands behind an unknown name is not seen
        (0, "", ()),
        (0, "-1", ()),
    ],
)
def test_gpus_of_this_computer(monkeypatch, count, named, expected):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    if named is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
    assert visible_gpus() == expected


def test_gpus_are_given_to_runs_that_may_use_them(monkeypatch):
    monkeypatch.setattr(module, "visible_gpus", lambda: ("0", "1"))
    assert gpus_for(AUTO_TASKS) == ("0", "1")
    assert gpus_for((*CPU_TASKS, *AUTO_TASKS)) == ("0", "1")
    assert gpus_for(CPU_TASKS) == ()


@pytest.mark.parametrize(
    ("workers", "gpus", "expected"),
    [(2, (), [None, None]), (1, ("0", "1"), ["0"]), (3, ("4", "6"), ["4", "6", "4"])],
)
def test_gpus_in_turn(workers, gpus, expected):
    found = worker_environments(workers, gpus)
    assert [each.get("CUDA_VISIBLE_DEVICES") for each in found] == expected


@pytest.mark.parametrize(
    ("workers", "gpus", "cores", "expected"),
    [
        (None, (), 2, 2),
        (None, (), 8, 3),
        (None, ("0",), 8, 1),
        (5, (), 1, 3),
        (1, ("0", "1"), 8, 1),
    ],
)
def test_how_many(monkeypatch, workers, gpus, cores, expected):
    asked = []

    def refuse(number, **options):
        asked.append((number, options))
        raise KeyError

    monkeypatch.setattr(module, "visible_gpus", lambda: gpus)
    monkeypatch.setattr("joblib.cpu_count", lambda: cores)
    monkeypatch.setattr(module, "local_cluster", refuse)
    with pytest.raises(KeyError), connect(workers, None, tasks=AUTO_TASKS):
        pass
    assert asked == [(expected, {"gpus": gpus, "memory": None})]


def test_memory():
    assert memory_limit("4GiB", 2) == 4 * 2**30
    assert memory_limit("0", 2) == 0
    assert 0 < memory_limit(None, 2) <= psutil.virtual_memory().total // 2
    assert memory_limit(None, 4) == pytest.approx(memory_limit(None, 2) / 2, abs=2)
    for wrong in ("much", "", "-4GiB", "3 bytes"):
        with pytest.raises(ConfigError, match=r"memory must be a size with its unit, e.g. 4GiB"):
            memory_limit(wrong, 2)


def test_wrong_numbers_of_processes():
    with pytest.raises(ConfigError, match="workers must be at least 1, got 0"), connect(
        0, None, tasks=CPU_TASKS
    ):  # fmt: skip
        pass


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:9", "127.0.0.1", "nowhere", "ftp://127.0.0.1:9"]
)
def test_no_scheduler_there(monkeypatch, address):
    monkeypatch.setattr(module, "CONNECT_S", 0.3)
    message = f"No Dask scheduler answers at {address} .*start `dask"
    with pytest.raises(MmtlibError, match=message), connect(None, address, tasks=CPU_TASKS):
        pass


def test_a_process_that_needs_too_much_memory_is_ended(cluster):
    """Checked on the settings that the nannies and the processes really have."""
    for nanny in cluster.workers.values():
        assert nanny.memory_manager.memory_limit == 4 * 2**30
        assert nanny.memory_manager.memory_terminate_fraction == 0.95
    with Client(cluster, set_as_default=False) as client:
        found = client.run(
            lambda dask_worker: [
                getattr(dask_worker.memory_manager, f"memory_{name}_fraction")
                for name in ("target", "spill", "pause")
            ]
        )
    assert list(found.values()) == [[False] * 3] * 2
