"""Take runs and results of another cache, or of an earlier version, over: checked and sealed."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from mmtlib.core.cache import cache_dir
from mmtlib.core.errors import CheckpointError, DataError, MmtlibError
from mmtlib.core.files import reading, whole_folder, write_whole
from mmtlib.core.locks import locked
from mmtlib.core.sealed import read_lines, write_json, write_lines
from mmtlib.evaluation import Predictions, accuracy
from mmtlib.experiment.runs import FACTS, HISTORY, READINGS, Run, read_run_file, run_of
from mmtlib.experiment.train import identity_of


def migrate_runs(folder: str | Path) -> pd.DataFrame:
    """Copy finished runs, and results of studies, of another cache; the original stays as it is.

    Every run keeps its id. Where its settings, data and training code come to the same identity
    today, `mmtlib.run` finds it; otherwise it is a record that `load_run` reads. What is here
    already is left alone, and a damaged run is named and passed over. Versions until November 2026
    wrote ``run.json`` and ``history.json`` without check sums: they get them, after a look at
    whether accuracies and stored predictions agree. Given the cache that is in use, its own runs
    get theirs where they are.

    Args:
        folder: the other cache: what ``MMTLIB_CACHE`` was.

    Returns:
        One row per run: `run` and `what` became of it.

    Raises:
        DataError: if there are no runs in the folder, or the disk is full.
    """
    source = Path(folder)
    with reading(source, "give the folder of a cache"):
        found = sorted((source / "runs").glob("*/run.json"))
    if not found:
        raise DataError(f"{folder} holds no finished runs (expected runs/*/run.json there).")
    rows = [{"run": file.parent.name, "what": _take_over(file.parent)} for file in found]
    for part in sorted((source / "results").glob("*/*.parquet")):
        target = cache_dir("results", part.parent.name) / part.name
        if not target.exists():  # its name is the hash of its content
            write_whole(target, part.read_bytes())
    return pd.DataFrame(rows)


def _take_over(folder: Path) -> str:
    """Take one run over and say what it is worth here."""
    try:
        made = read_files(folder)
        run = run_of(folder, made["run.json"])
    except MmtlibError as error:
        return f"passed over: {error}"
    target = cache_dir("runs") / run.run_id
    here = target.exists() and target.samefile(folder)
    with locked(target):
        if here:
            seal_files(folder, made)
        elif (target / "run.json").exists():
            return "is here already"
        else:
            with whole_folder(target) as copy:
                shutil.copytree(folder, copy, dirs_exist_ok=True)
                seal_files(copy, made)
    what = "sealed" if here else "copied"
    return f"{what}; {_worth(run, made['run.json'])}"


def _worth(run: Run, facts: Mapping[str, Any]) -> str:
    if identity_of(run.config, facts) == run.identity:
        return "the same settings find it"
    return "a record: the same settings are another run today"


def read_files(folder: Path) -> dict[str, Any]:
    """Return the content of a run's files that may lack a seal, by name, after checking it.

    Raises:
        MmtlibError: if one is damaged, or the accuracies are not those of the predictions.
    """
    made: dict[str, Any] = {"run.json": read_run_file(folder / "run.json", FACTS, unsealed="")}
    if (folder / "history.json").exists():
        made["history.json"] = read_run_file(folder / "history.json", HISTORY, unsealed="")
    remedy = "move it away: its readings are lost"
    if readings := read_lines(folder / READINGS, {"split": str}, remedy=remedy, unsealed=""):
        made[READINGS] = readings
    for modality, told in made["run.json"]["validation_accuracy"].items():
        file = folder / f"validation-{modality}.npz"
        if file.exists() and (found := accuracy(Predictions.load(file))) != told:
            raise CheckpointError(
                f"{folder / 'run.json'} is damaged: it says {told} as the accuracy of {modality}, "
                f"the stored predictions come to {found}; train again."
            )
    return made


def seal_files(folder: Path, made: Mapping[str, Any]) -> None:
    """Write the files of a run with their seals, ``run.json`` last.

    Args:
        folder: of the run.
        made: as from `read_files`.

    Raises:
        DataError: if the disk is full.
    """
    for name in reversed(list(made)):
        (write_lines if name == READINGS else write_json)(folder / name, made[name])
