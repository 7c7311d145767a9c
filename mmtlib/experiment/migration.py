"""Take runs and results of another cache over, e.g. one that version 0.1 made."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd

from mmtlib.core.cache import cache_dir, whole_file, whole_folder
from mmtlib.core.errors import CheckpointError, DataError
from mmtlib.core.locks import locked
from mmtlib.experiment.runs import Run, load_run
from mmtlib.experiment.train import identity_of


def migrate_runs(folder: str | Path) -> pd.DataFrame:
    """Copy finished runs, and results of studies, of another cache; the original stays as it is.

    Every run keeps its id. Where its settings, data and training code come to the same identity
    today, `mmtlib.run` finds it; otherwise it is a record that `load_run` reads. What is here
    already is left alone, and a damaged run is named and passed over.

    Args:
        folder: the other cache: what ``MMTLIB_CACHE`` was.

    Returns:
        One row per run: `run` and `what` became of it.

    Raises:
        DataError: if there are no runs in the folder, or the disk is full.
    """
    source = Path(folder)
    found = sorted((source / "runs").glob("*/run.json"))
    if not found:
        raise DataError(f"{folder} holds no finished runs (expected runs/*/run.json there).")
    rows = []
    for file in found:
        try:
            what = _copy_run(load_run(file.parent))
        except CheckpointError as error:
            what = f"passed over: {error}"
        rows.append({"run": file.parent.name, "what": what})
    for part in sorted((source / "results").glob("*/*.parquet")):
        target = cache_dir("results", part.parent.name) / part.name
        if not target.exists():  # its name is the hash of its content
            with whole_file(target) as temporary:
                shutil.copyfile(part, temporary)
    return pd.DataFrame(rows)


def _copy_run(run: Run) -> str:
    """Copy one run and say what it is worth here."""
    target = cache_dir("runs") / run.run_id
    with locked(target):
        if (target / "run.json").exists():
            return "is here already"
        with whole_folder(target) as copy:
            shutil.copytree(run.path, copy, dirs_exist_ok=True)
    if identity_of(run.config, run.facts) == run.identity:
        return "copied; the same settings find it"
    return "copied as a record: the same settings are another run today"
