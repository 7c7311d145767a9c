"""Make some of the study's runs again, in an empty cache, and compare with the stored results."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmtlib.core import cache
from mmtlib.core.cache import temporary_cache
from mmtlib.core.errors import DataError
from mmtlib.results import Grid, ResultsStore, load_results, sweep
from mmtlib.study import parts, plan
from mmtlib.study.shipping import rounded

ROW = ["study", "arm", "seed", "generator_seed", "target", "split"]
_SAME_PROCESSOR = ["machine", "torch", "device", "precision"]


def check_stored(
    folder: Path | None = None,
    *,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Make the runs of `named_rows` again and compare their results with the stored ones.

    Nothing is read from the cache. On the same kind of processor with the same PyTorch the bits
    must be the same; elsewhere an accuracy may differ by as much as the seeds of its arm do.

    Args:
        folder: where the stored results are; default the package's.
        workers: processes; default one per core.
        progress: called with (runs done, runs to do), grid by grid.

    Returns:
        One row per run, target and split: `study`, `arm`, `seed`, `generator_seed`, `target`,
        `split`, accuracies `stored` and `here`, `spread` (largest minus smallest over the arm's
        seeds), `alike` (same processor and PyTorch), `same_bits` (of accuracy and, where they are
        stored, scores), `holds`.

    Raises:
        DataError: if there are no stored results, or a run fails.
    """
    folder = folder or cache.SHIPPED
    grids = named_rows(folder)
    tables = []
    with temporary_cache():
        for grid in grids:
            for split in ("validation", "test"):
                report = sweep(grid, split=split, workers=workers, progress=progress)
                if report.failures:
                    raise DataError(f"{grid.name}: {report.failures[0].error}")
            tables.append(_compare(grid.name, folder))
    return pd.concat(tables, ignore_index=True)


def named_rows(folder: Path) -> list[Grid]:
    """Return what is made again: parts of the grids of H1, S2 and S4, as far as they are stored.

    Raises:
        DataError: if there are no stored results.
    """
    stored = load_results(folder=folder)
    there = set(stored.loc[stored["split"] == "test", "study"])
    if plan.PRIMARY not in there:
        raise DataError(f"There are no stored results of the study in {folder}.")
    primary = parts.grids_of("primary", folder)["H1"]
    secondary = parts.grids_of("secondary", folder)
    first = (plan.SEEDS[0],)
    rivals = {name: secondary["S2"].arms[name] for name in ("one_way", "kd")}
    bad: dict[str, list[Any] | dict[str, plan.Settings]] = {
        "ssa_weight": [100.0],
        "focal": [False],
        "corruption_strength": [1.0],
    }
    chosen = [
        dataclasses.replace(primary, seeds=first),
        dataclasses.replace(secondary["S2"], seeds=first, arms=rivals),
        # Without the networks alone: beside a single level of noise they have another name.
        dataclasses.replace(secondary["S4"], seeds=first, factors=bad, baselines=False),
    ]
    return [grid for grid in chosen if grid.name in there]


def _compare(study: str, folder: Path) -> pd.DataFrame:
    """Compare the rows of a study in the cache with the stored ones."""
    stored, here = load_results(study, folder=folder), load_results(study)
    here = here[~here["stored"]]
    both = here.merge(stored, on=ROW, suffixes=("", "_stored"), validate="one_to_one")
    if len(both) < len(here):
        raise DataError(
            f"{len(here) - len(both)} results of {study} are not among the stored ones in {folder}."
        )
    spread = stored.groupby(["arm", "generator_seed", "target", "split"])["accuracy"].agg(np.ptp)
    rows = []
    for row in both.to_dict("records"):
        then, now = row["accuracy_stored"], row["accuracy"]
        gap = spread[row["arm"], row["generator_seed"], row["target"], row["split"]]
        alike = all(row[name] == row[f"{name}_stored"] for name in _SAME_PROCESSOR)
        same = now == then and _same_scores(row, folder)
        verdict = {"alike": alike, "same_bits": same}
        verdict["holds"] = same if alike else abs(now - then) <= gap
        named = {name: row[name] for name in ROW}
        rows.append({**named, "stored": then, "here": now, "spread": gap, **verdict})
    return pd.DataFrame(rows)


def _same_scores(row: dict[str, Any], folder: Path) -> bool:
    """Return whether the scores are the stored ones; of some only the accuracy is stored."""

    def scores(store: ResultsStore, identity: str) -> np.ndarray | None:
        wanted = pd.DataFrame([{**row, "identity": identity}])
        found = list(store.predictions_of(wanted).values())
        return rounded(found[0].scores) if found else None

    then = scores(ResultsStore(folder), row["identity_stored"])
    now = scores(ResultsStore(shipped=False), row["identity"])
    return then is None or (now is not None and np.array_equal(now, then))
