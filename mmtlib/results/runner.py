"""Train and measure every run of a grid, side by side, and keep the results."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from functools import partial

from mmtlib.core.compute import threads
from mmtlib.core.errors import MmtlibError, unknown_name
from mmtlib.core.executor import KILLED, shared_out, worker_environment
from mmtlib.experiment import run
from mmtlib.experiment.evaluate import predictions_of
from mmtlib.results.cluster import connect
from mmtlib.results.grid import Grid
from mmtlib.results.prepare import check_devices, missing, prepare_data, take_stored
from mmtlib.results.records import Tables, failure_rows, make_record
from mmtlib.results.store import ResultsStore
from mmtlib.results.tasks import Task

SPLITS = ("validation", "test")
COMPACT_EVERY = 256
"""Runs after which the small files of the store are merged."""

_ONE_AT_A_TIME = threading.Lock()
"""Draws of initial weights and dropout use torch's global generator: one training a process."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A task that did not end in a run, and why, in one sentence."""

    task: Task
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepReport:
    """What a sweep came to.

    Attributes:
        study: the grid's name.
        split: what was measured.
        stored: runs whose results had been there before.
        done: runs whose results were added now.
        failures: tasks that failed; starting again tries them again.
    """

    study: str
    split: str
    stored: int
    done: int
    failures: tuple[Failure, ...]


def sweep(
    grid: Grid,
    *,
    split: str = "validation",
    workers: int | None = None,
    scheduler: str | None = None,
    memory: str | None = None,
    stored: bool = False,
    progress: Callable[[int, int], None] | None = None,
    data_progress: Callable[[int, int], None] | None = None,
) -> SweepReport:
    """Train and measure every run of a grid that the results store does not hold yet.

    The longest runs come first. A run whose process dies goes on in another one from its saved
    state; stopped at any moment and started again, the sweep does only what is missing. Data are
    made before the first run starts.

    Args:
        grid: the study.
        split: ``"validation"``, or ``"test"`` when nothing is chosen from the result any more; each
            first reading of a run's test clips is recorded with it.
        workers: processes on this computer; default one per GPU (each sees its own), else one per
            core.
        scheduler: address of a Dask cluster to use instead, ``"tcp://HOST:PORT"``. Its workers need
            mmtlib and one `MMTLIB_CACHE` that all of them see.
        memory: most memory of each local process, ``"4GiB"``; ``"0"`` = without limit; default an
            equal share of all.
        stored: take results that come with the package instead of making the same run again. Not
            all of them come with what the networks said.
        progress: called with (runs done, runs to do).
        data_progress: called with (done, all) while clips are made for the first time.

    Returns:
        What came of it; the numbers are read with `load_results`.

    Raises:
        ConfigError: if the grid or an argument makes no sense.
        DataError: if the store is damaged or the disk is full.
        MmtlibError: if the cluster cannot be reached any more.
    """
    if split not in SPLITS:
        raise unknown_name("split", split, SPLITS)
    tasks, results = grid.tasks, ResultsStore()
    check_devices(tasks)
    fingerprints, errors = prepare_data(tasks, split, data_progress)
    failures = [Failure(task, errors[task.key]) for task in tasks if task.key in errors]
    todo = missing(tasks, fingerprints, split)
    if stored:
        todo = take_stored(todo, fingerprints, split)
    done = 0
    if todo:
        todo.sort(key=lambda task: -task.work)
        work = partial(make, split=split, environment=worker_environment())
        calls = {i: partial(work, task, fingerprints[task.key]) for i, task in enumerate(todo)}
        configs = [task.config for task in todo]
        with connect(workers, scheduler, configs=configs, memory=memory) as executor:
            for number, (i, future) in enumerate(shared_out(executor, calls), 1):
                if isinstance(found := _outcome(future), str):
                    failures.append(Failure(todo[i], found))
                else:
                    results.append(found)
                    done += 1
                if progress is not None:
                    progress(number, len(todo))
                if number % COMPACT_EVERY == 0:
                    results.compact()
    for failure in failures:
        results.append(failure_rows(failure.task, split, failure.error))
    results.compact()
    return SweepReport(
        study=grid.name,
        split=split,
        stored=len(tasks) - len(todo) - len(errors),
        done=done,
        failures=tuple(failures),
    )


def _outcome(future: Future[Tables]) -> Tables | str:
    """Return the record of a run, or the sentence that says why there is none."""
    try:
        return future.result()
    except MmtlibError as error:
        return str(error)
    except CancelledError:
        raise MmtlibError(
            "The Dask scheduler ended or cannot be reached any more; start the same sweep again "
            "and it goes on where it was."
        ) from None
    except Exception as error:
        if type(error).__name__ != "KilledWorker":  # Dask's, whose import takes a second
            raise
        return KILLED


def make(
    task: Task, fingerprint: str, split: str, environment: Mapping[str, str], *, wait: bool
) -> Tables:
    """Make one run, in a process of its own or of a cluster; return its record."""
    with _ONE_AT_A_TIME, threads(1):
        os.environ.update(environment)
        stored = run(task.config, wait=wait)
        predictions_of(stored, split)
        return make_record(task, fingerprint, stored, split)
