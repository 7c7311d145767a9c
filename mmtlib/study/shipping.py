"""Put the study's results, and a few of its networks, into the package."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from mmtlib.core import cache
from mmtlib.core.errors import DataError
from mmtlib.experiment import Run, load_run, ship_run
from mmtlib.results import Grid, ResultsStore
from mmtlib.results.parts import write_part
from mmtlib.results.schema import PREDICTIONS_SCHEMA, RECORDED, RESULTS_SCHEMA
from mmtlib.study import plan
from mmtlib.study.answers import ALL_TARGETS, PARTNERS_TOLD, complete_grids

STEPS = 4096
"""Shipped scores are multiples of 1/STEPS: they then take a quarter of the room."""
NETWORKS = {
    "alone-rgb": ("H1", "alone", "rgb"),
    "alone-depth": ("H1", "alone", "depth"),
    "mtut": ("H1", "mtut", "rgb+depth"),
    "ssa": ("S2", "ssa", "rgb+depth"),
    "mtut-four": ("S1", "rgb+depth+flow+ir", "rgb+depth+flow+ir"),
}
"""Name of `mmtlib.stored_run` -> (question, arm, modalities); first seed, first generator seed."""


def ship_study(target: Path | None = None, folder: Path | None = None) -> dict[str, int]:
    """Write the results of the study, and the runs of `NETWORKS`, to the package.

    What was there is written anew, with what the store has beyond it. Shipped are all results and
    histories; of the predictions those on test clips of RGB, and of every network in the questions
    that tell of all of them (H1, S1, S8), with scores rounded to 1/4096 where that leaves the
    recognised class as it is.

    Args:
        target: the package's folder; default ``mmtlib/stored``.
        folder: the results store; default ``MMTLIB_CACHE/results``.

    Returns:
        What was written -> its size in bytes.

    Raises:
        DataError: if the study is not in the store, a run is missing, or the disk is full.
    """
    target, store = target or cache.SHIPPED, ResultsStore(folder)
    grids = complete_grids(folder)
    if not grids:
        raise DataError("The study has no test results here; `mmt study` makes them.")
    names = [plan.TUNING, *(grid.name for grid in grids.values())]
    results = store.rows("results", study=names)
    runs = results["identity"]
    parts = {
        "predictions": _predictions(results, grids, store),
        **{kind: _history(store.rows(kind, identity=runs)) for kind in ("streams", "pairs")},
        "results": _as_table(results, RESULTS_SCHEMA),
    }
    for kind, table in parts.items():
        shutil.rmtree(target / kind, ignore_errors=True)
        write_part(target / kind, table)
    for name, (question, arm, modalities) in NETWORKS.items():
        if question in grids:
            run = _run_of(store.results(grids[question].name), arm, modalities)
            if run.path != target / "runs" / name:  # that of the package itself
                ship_run(run, name, target)
    return {each.name: _size(each) for each in sorted(target.iterdir()) if each.is_dir()}


def rounded(scores: np.ndarray) -> np.ndarray:
    """Return scores as multiples of 1/4096; rows whose highest one would change stay as they are.

    Args:
        scores: ``(N, K)``, probabilities.
    """
    found = (np.round(scores * STEPS) / STEPS).astype(np.float32)
    kept = found.argmax(axis=1) == scores.argmax(axis=1)
    return np.where(kept[:, None], found, scores)


def _predictions(results: pd.DataFrame, grids: Mapping[str, Grid], store: ResultsStore) -> pa.Table:
    """Return the shipped predictions, run by run."""
    of_all = [grid.name for key, grid in grids.items() if key in (*ALL_TARGETS, *PARTNERS_TOLD)]
    wanted = results[
        (results["split"] == "test")
        & ((results["target"] == plan.TARGET) | results["study"].isin(of_all))
        & (results["target"] != "fused")
    ].drop_duplicates(["identity", "target"])
    tables = []
    for target, rows in wanted.groupby("target", sort=True):
        found = store.rows(
            "predictions", split=["test"], target=[target], identity=rows["identity"]
        )
        if set(found["identity"]) != set(rows["identity"]):
            raise DataError(
                f"Predictions of {target} are missing in {store.folder}; `mmt study` adds them "
                "again."
            )
        scores = rounded(np.stack(found["scores"].to_numpy()))
        tables.append(_as_table(found.assign(scores=list(scores)), PREDICTIONS_SCHEMA))
    return pa.concat_tables(tables)


def _history(rows: pd.DataFrame) -> pa.Table:
    ordered = rows.drop(columns="stored").sort_values(["identity", "epoch"], kind="stable")
    return pa.Table.from_pandas(ordered, preserve_index=False)


def _as_table(frame: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    full = schema.append(pa.field(RECORDED, pa.string()))
    order = [n for n in ("study", "identity", "target", "split", "clip_id") if n in full.names]
    ordered = frame.sort_values(order, kind="stable")
    return pa.Table.from_pandas(ordered[full.names], schema=full, preserve_index=False)


def _run_of(results: pd.DataFrame, arm: str, modalities: str) -> Run:
    rows = results[
        (results["arm"] == arm)
        & (results["modalities"] == modalities)
        & (results["seed"] == plan.SEEDS[0])
        & (results["generator_seed"] == plan.GENERATORS[0])
    ]
    if rows.empty:
        study = results["study"].iloc[0]
        raise DataError(f"{study} has no run {arm!r} with {modalities}; `mmt study` makes it.")
    return load_run(rows["run_id"].iloc[0])


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
