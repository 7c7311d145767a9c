"""Runs that come with the package: a few networks of the study, to look at without training."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd

from mmtlib.core import cache
from mmtlib.core.errors import DataError, unknown_name
from mmtlib.core.files import whole_folder, writing
from mmtlib.experiment.runs import Run, load_run, sound_runs

_FILES = (
    "README.txt", "run.json", "history.json", "*.safetensors", "validation-*.npz", "test-*.npz",
)  # fmt: skip
"""What a run is read from; what a training goes on from is left out."""


def stored_runs() -> pd.DataFrame:
    """Return the runs that come with the package, one row each.

    Returns:
        `name` (for `stored_run`), `run_id`, `method` (`method_name`), `modalities`, `seed`,
        `generator_seed`, `origin` (``"stored, made by: COMMAND on DATE"``). Empty if none comes
        with it.

    A damaged one is named in a warning.
    """
    rows = []
    for found in sound_runs((cache.SHIPPED / "runs").glob("*/run.json")):
        config = found.config
        rows.append(
            {
                "name": found.path.name,
                "run_id": found.run_id,
                "method": config.transfer.code(),
                "modalities": "+".join(config.modalities),
                "seed": config.seed,
                "generator_seed": config.generator_seed,
                "origin": found.origin,
            }
        )
    columns = ["name", "run_id", "method", "modalities", "seed", "generator_seed", "origin"]
    return pd.DataFrame(rows, columns=columns)


def stored_run(name: str) -> Run:
    """Return a run that comes with the package.

    Args:
        name: of `stored_runs`, e.g. ``"mtut"``.

    Raises:
        ConfigError: if there is no such run.
        CheckpointError: if it is damaged.
    """
    if name not in _names():
        raise unknown_name("stored run", name, _names())
    return load_run(cache.SHIPPED / "runs" / name)


def _names() -> list[str]:
    return sorted(file.parent.name for file in (cache.SHIPPED / "runs").glob("*/run.json"))


def ship_run(run: Run, name: str, folder: Path) -> Path:
    """Copy what is needed of a run to `folder`/runs/`name`, whole; return that folder.

    The same run copied again gives the same files; another run of that name is replaced.

    Args:
        run: a finished run.
        name: what `stored_run` finds it by.
        folder: the package's folder of stored results.

    Raises:
        DataError: if a file is missing or the disk is full.
    """
    target = folder / "runs" / name
    shutil.rmtree(target, ignore_errors=True)
    with writing(target), whole_folder(target) as made:
        for pattern in _FILES:
            for file in run.path.glob(pattern):
                shutil.copyfile(file, made / file.name)
        if not (made / "run.json").exists():
            raise DataError(f"{run.path} holds no finished run (no run.json); train it first.")
    return target
