"""What is done before the runs of a study start: make their data, see which are missing."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path

from mmtlib.ablation import results_store as store
from mmtlib.ablation.tasks import Task
from mmtlib.config import ExperimentConfig, hash_settings
from mmtlib.errors import ConfigError, MmtlibError
from mmtlib.experiment import RECIPE_VERSION, open_data
from mmtlib.experiment.starting_point import check_starting_point

DataProgress = Callable[[int, int], None]

_NOT_OF_THE_DATA = frozenset(
    {
        "recipe", "ssa_weight", "focal", "beta", "rho_constant", "ssa_start_epoch",
        "epochs", "learning_rate", "weight_decay", "dropout", "batch_size",
    }
)  # fmt: skip
"""Settings that the clips do not depend on: configs that differ in them alone open them once."""


def check_devices(tasks: Sequence[Task]) -> None:
    """Raise a `ConfigError` if a task wants more than one device."""
    for task in tasks:
        if task.config.devices * task.config.nodes > 1:
            raise ConfigError(
                f"arm {task.arm!r} asks for several devices, but a sweep gives every run one "
                "(devices=1, nodes=1); train a single large run with `mmt train --devices N`."
            )


def prepare(
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
    opened: dict[Hashable, tuple[list[str], str | None]] = {}
    fingerprints, failed = {}, {}
    for task in tasks:
        key = _data_key(task.config)
        if key not in opened:
            opened[key] = _open(task.config, split, progress)
        found, error = opened[key]
        if error is not None:
            failed[task.key] = error
        else:
            facts = {"task": task.key, "recipe_version": RECIPE_VERSION, "data": found}
            fingerprints[task.key] = hash_settings(facts)
    return fingerprints, failed


def _data_key(config: ExperimentConfig) -> Hashable:
    names = (each.name for each in dataclasses.fields(config))
    return tuple(getattr(config, name) for name in names if name not in _NOT_OF_THE_DATA)


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


def missing(
    tasks: Sequence[Task], fingerprints: dict[str, str], split: str, folder: Path
) -> list[Task]:
    """Return the tasks that the store does not hold, whole and under their present names.

    Raises:
        DataError: if a file of the store is damaged.
    """
    rows = store.read_table("results", folder)
    there: set[tuple[str, ...]] = set()
    if len(rows):
        measured = store.distinct("predictions", ("identity", "split"), folder)
        trained = store.distinct("streams", ("identity",), folder)
        names = rows[["identity", "split", "study", "task", "arm", "levels"]]
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
