"""The processes that a sweep runs in: this computer's own, or any Dask cluster."""

from __future__ import annotations

import logging
import os
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import resource_tracker

import dask
import joblib
import torch
from dask.utils import parse_bytes
from distributed import Client, Nanny, Scheduler, SpecCluster
from distributed.comm.addressing import get_address_host_port
from distributed.system import MEMORY_LIMIT
from distributed.utils import silence_logging_cmgr

from mmtlib.core.errors import ConfigError, MmtlibError
from mmtlib.results.tasks import Task

LOOPBACK = "127.0.0.1"
CONNECT_S = 10.0
_SETTINGS = {
    # A run may use processes of its own, for the clips (`ExperimentConfig.workers`).
    "distributed.worker.daemon": False,
    "distributed.worker.profile.enabled": False,
    # Memory belongs to the training, not to results that wait: nothing can be spilled or waited
    # for. A process above its limit is ended and started anew.
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    # Dask has freed memory given back to the system at once, which a training asks for again at its
    # next step: on a CPU its steps then take 1.7 times as long. None = as outside of Dask.
    "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": None,
    # One run at a time is sent to a process, so the longest ones really are the first ones.
    "distributed.scheduler.worker-saturation": 1.0,
}


def visible_gpus() -> tuple[str, ...]:
    """Return the names of this computer's GPUs, as ``CUDA_VISIBLE_DEVICES`` wants them."""
    count, named = torch.cuda.device_count(), os.environ.get("CUDA_VISIBLE_DEVICES")
    names = map(str, range(count)) if named is None else named.split(",")
    return tuple(name.strip() for name in names)[:count]


def gpus_for(tasks: Sequence[Task]) -> tuple[str, ...]:
    """Return the GPUs that the tasks are going to use; none if they all ask for the CPU."""
    return visible_gpus() if any(task.config.device != "cpu" for task in tasks) else ()


def worker_environments(workers: int, gpus: Sequence[str]) -> list[dict[str, str]]:
    """Return what is set in each process: with GPUs, the one that it sees, in turn.

    >>> worker_environments(3, ["0", "1"])
    [{'CUDA_VISIBLE_DEVICES': '0'}, {'CUDA_VISIBLE_DEVICES': '1'}, {'CUDA_VISIBLE_DEVICES': '0'}]
    """
    if not gpus:
        return [{} for _ in range(workers)]
    return [{"CUDA_VISIBLE_DEVICES": gpus[i % len(gpus)]} for i in range(workers)]


def memory_limit(memory: str | None, workers: int) -> int:
    """Return the bytes that each process may use; 0 = without limit.

    Args:
        memory: with a unit, ``"4GiB"``; ``"0"`` = without limit; None = an equal share of this
            computer's (or this container's) memory.
        workers: number of processes.

    Raises:
        ConfigError: if it is no size.
    """
    if memory is None:
        return MEMORY_LIMIT // workers
    try:
        limit = parse_bytes(memory)
    except ValueError:
        limit = -1
    if limit < 0 or (0 < limit < 2**20):
        raise ConfigError(f"memory must be a size with its unit, e.g. 4GiB, got {memory!r}.")
    return limit


@contextmanager
def local_cluster(
    workers: int, *, gpus: Sequence[str] = (), memory: str | None = None
) -> Iterator[SpecCluster]:
    """Start processes on this computer, and end them afterwards.

    Each runs one task at a time with one thread, sees one of the GPUs, and is started anew if it
    dies or needs too much memory. Everything listens on the loopback interface only; there is no
    dashboard.

    Args:
        workers: number of processes.
        gpus: as in `worker_environments`.
        memory: as in `memory_limit`.

    Raises:
        ConfigError: if `memory` is no size.
    """
    here = {"host": LOOPBACK, "dashboard": False, "dashboard_address": f"{LOOPBACK}:0"}
    options = {
        **here,
        "nthreads": 1,
        "memory_limit": memory_limit(memory, workers),
        "silence_logs": logging.CRITICAL,
    }
    nannies = {
        number: {"cls": Nanny, "options": {**options, "env": environment}}
        for number, environment in enumerate(worker_environments(workers, gpus))
    }
    before = dict(os.environ)
    with dask.config.set(_SETTINGS):
        with _interrupt_blocked():
            cluster = SpecCluster(
                workers=nannies,
                scheduler={"cls": Scheduler, "options": {**here, "port": 0}},
                silence_logs=logging.CRITICAL,
            )
        # What Dask sets here for the processes that it starts (threads, hash seed).
        changed = [name for name, value in os.environ.items() if before.get(name) != value]
        try:
            with cluster:
                yield cluster
        finally:
            for name in changed:
                del os.environ[name]
                if name in before:
                    os.environ[name] = before[name]


@contextmanager
def _interrupt_blocked() -> Iterator[None]:
    """Let what is started in here, and by it, not hear Ctrl-C.

    A terminal sends it to all processes; the one that the user started ends the others in order.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # started later, it would undo the blocking
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def check_address(scheduler: str) -> None:
    """Raise an `MmtlibError` if nothing listens at the address of a scheduler.

    A `Client` that finds nobody there leaves a thread behind which can block the next client.
    """
    try:
        where = get_address_host_port(scheduler, strict=True)
        socket.create_connection(where, timeout=CONNECT_S).close()
    except (OSError, ValueError) as error:
        raise MmtlibError(
            f"No Dask scheduler answers at {scheduler} ({error}); start `dask scheduler` and "
            "`dask worker` there, or leave the address out to use this computer."
        ) from None


@contextmanager
def connect(
    workers: int | None,
    scheduler: str | None,
    *,
    tasks: Sequence[Task],
    memory: str | None = None,
) -> Iterator[Client]:
    """Give a client of a local cluster, or of the one at an address.

    Args:
        workers: processes on this computer; default one per GPU, else one per core; never more
            than tasks.
        scheduler: address of another cluster, ``"tcp://HOST:PORT"``.
        tasks: what is to be done.
        memory: of each local process, as in `memory_limit`.

    Raises:
        ConfigError: if `workers` or `memory` makes no sense.
        MmtlibError: if nothing answers at the address.
    """
    if scheduler is not None:
        check_address(scheduler)
        with (
            silence_logging_cmgr(logging.CRITICAL),  # what there is to say, the sweep says
            Client(scheduler, timeout=CONNECT_S, set_as_default=False) as client,
        ):
            yield client
        return
    gpus = gpus_for(tasks)
    if workers is not None and workers < 1:
        raise ConfigError(f"workers must be at least 1, got {workers}.")
    workers = min(workers or len(gpus) or joblib.cpu_count(), len(tasks))
    with (
        local_cluster(workers, gpus=gpus, memory=memory) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client
