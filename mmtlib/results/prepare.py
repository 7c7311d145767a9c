"""What is done before the runs of a study start: make their data, see which are missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import pyarrow as pa

from mmtlib.config import SETTINGS, ExperimentConfig, hash_settings
from mmtlib.core import cache
from mmtlib.core.errors import ConfigError, MmtlibError
from mmtlib.experiment import RECIPE_VERSION, open_data
from mmtlib.experiment.starting_point import check_starting_point
from mmtlib.results.schema import RESULTS_SCHEMA
from mmtlib.results.store import ResultsStore
from mmtlib.results.tasks import Task

DataProgress = Callable[[int, int], None]


def check_devices(tasks: Sequence[Task]) -> None:
    """Raise a `ConfigError` if a task wants more than one device."""
    for task in tasks:
        if task.config.devices * task.config.nodes > 1:
            raise ConfigError(
                f"arm {task.arm!r} asks for several devices, but a sweep gives every run one "
                "(devices=1, nodes=1); train a single large run with `mmt train --devices N`."
            )


def prepare_data(
    tasks: Sequence[Task], split: str, progress: DataProgress | None = None
) -> tuple[dict[str, str], dict[str, str]]:
    """Make the data of all tasks, so that their processes only have to open them.

    Args:
        tasks: the tasks.
        split: what will be measured.
        progress: called with (done, all) while clips are made for the first time.

    Returns:
        `Task.key` -> hash of everything that decides about the result, and `Task.key` -> one
        sentence for each task whose data cannot be had.
    """
    decides = [n for n, each in SETTINGS.items() if each.group in ("data", "model")] + ["seed"]
    opened: dict[tuple, tuple[list[str], str | None]] = {}
    fingerprints, failed = {}, {}
    for task in tasks:
        key = tuple(getattr(task.config, name) for name in decides)
        if key not in opened:
            opened[key] = _open(task.config, split, progress)
        found, error = opened[key]
        if error is not None:
            failed[task.key] = error
        else:
            facts = {"task": task.key, "recipe_version": RECIPE_VERSION, "data": found}
            fingerprints[task.key] = hash_settings(facts)
    return fingerprints, failed


def _open(
    config: ExperimentConfig, split: str, progress: DataProgress | None
) -> tuple[list[str], str | None]:
    """Return the fingerprints of what a run starts from, and an error if there is one."""
    try:
        start = check_starting_point(config)
        parts = {
            part: open_data(config, part, progress=progress).fingerprint
            for part in dict.fromkeys(("train", "validation", split))
        }
    except MmtlibError as error:
        return [], str(error)
    return [*parts.values(), *start.values()], None


def missing(tasks: Sequence[Task], fingerprints: Mapping[str, str], split: str) -> list[Task]:
    """Return the tasks that the cache does not hold, whole and under their present names.

    Raises:
        DataError: if a file of the store is damaged.
    """
    own = ResultsStore(shipped=False)
    measured = own.distinct("predictions", ["identity", "split"])
    trained = own.distinct("streams", ["identity"])
    names = own.rows("results")[["identity", "split", "study", "task", "arm", "levels"]]
    there = {
        tuple(name)
        for identity, of, *name in names.itertuples(index=False)
        if of == split and (identity, of) in measured and (identity,) in trained
    }
    return [
        task
        for task in tasks
        if task.key in fingerprints
        and (task.study, fingerprints[task.key], task.arm, task.levels_text) not in there
    ]


def take_stored(tasks: Sequence[Task], fingerprints: Mapping[str, str], split: str) -> list[Task]:
    """Take the results of tasks that the package holds, and return the tasks that it does not.

    A run that the package holds under other names gets rows with the names of the task, in the
    store; what its networks predicted, and how they learned, stays where it is.

    Args:
        tasks: tasks that the cache does not hold.
        fingerprints: of `prepare_data`.
        split: what is measured.

    Raises:
        DataError: if a file of the package is damaged or the disk is full.
    """
    rows = ResultsStore(cache.SHIPPED).rows("results", split=[split])
    known = dict(iter(rows.groupby("task"))) if len(rows) else {}
    renamed: list[pd.DataFrame] = []
    left = []
    for task in tasks:
        found = known.get(fingerprints[task.key])
        if found is None:
            left.append(task)
            continue
        names = {"study": task.study, "arm": task.arm, "levels": task.levels_text}
        if not (found[list(names)] == pd.Series(names)).all(axis=1).any():
            renamed.append(found.drop_duplicates("target").assign(**names))
    if renamed:
        frame = pd.concat(renamed, ignore_index=True)[RESULTS_SCHEMA.names]
        table = pa.Table.from_pandas(frame, schema=RESULTS_SCHEMA, preserve_index=False)
        ResultsStore().append({"results": table})
    return left
