"""Where the runs of a sweep are made: in processes of this computer, or on any Dask cluster."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager

from mmtlib.config import ExperimentConfig
from mmtlib.core.errors import ConfigError, MmtlibError
from mmtlib.core.executor import Workers
from mmtlib.experiment.machine import processes_for

CONNECT_S = 10.0


def memory_limit(memory: str | None, workers: int) -> int:
    """Return the bytes that each process may use; 0 = without limit.

    Args:
        memory: with a unit, ``"4GiB"``; ``"0"`` = without limit; None = an equal share of this
            computer's (or this container's) memory.
        workers: number of processes.

    Raises:
        ConfigError: if it is no size.
    """
    from dask.utils import parse_bytes
    from distributed.system import MEMORY_LIMIT

    try:
        limit = MEMORY_LIMIT // workers if memory is None else parse_bytes(memory)
    except ValueError:
        limit = -1
    if limit < 0 or (0 < limit < 2**20):
        raise ConfigError(f"memory must be a size with its unit, e.g. 4GiB, got {memory!r}.")
    return limit


def check_address(scheduler: str) -> None:
    """Raise an `MmtlibError` if nothing listens at the address of a scheduler.

    A `Client` that finds nobody there leaves a thread behind which can block the next client.
    """
    from distributed.comm.addressing import get_address_host_port

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
    configs: Sequence[ExperimentConfig],
    memory: str | None = None,
) -> Iterator[Executor]:
    """Give processes of this computer, or those of the cluster at an address.

    Args:
        workers: as in `mmtlib.experiment.machine.processes_for`.
        scheduler: address of a cluster, ``"tcp://HOST:PORT"``.
        configs: what is to be run.
        memory: of each local process, as in `memory_limit`.

    Raises:
        ConfigError: if `workers` or `memory` makes no sense.
        MmtlibError: if nothing answers at the address.
    """
    if scheduler is None:
        count, gpus = processes_for(configs, workers)
        with Workers(count, gpus=gpus, memory=memory_limit(memory, count)) as pool:
            yield pool
        return
    from distributed import Client
    from distributed.utils import silence_logging_cmgr

    check_address(scheduler)
    with (
        silence_logging_cmgr(logging.CRITICAL),  # what there is to say, the sweep says
        Client(scheduler, timeout=CONNECT_S, set_as_default=False) as client,
    ):
        yield client.get_executor(pure=False)
