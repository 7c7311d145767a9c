"""A whole study in a results store without any training: accuracies are what a test asks for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from mmtlib.core.seeding import numpy_generator
from mmtlib.evaluation import Predictions
from mmtlib.results import Grid, ResultsStore, Task
from mmtlib.results.records import measured_row, prediction_rows
from mmtlib.results.schema import RESULTS_SCHEMA
from mmtlib.study import parts

CLIPS, PEOPLE, CLASSES = 60, 6, 3
Wanted = Callable[[Task, str, str], float]
"""(task, target, split) -> the accuracy that its row shall have."""


def write_study(
    folder: Path, wanted: Wanted, upto: str = "secondary", rho: float = 1.25, epochs: int = 2
) -> None:
    """Write the parts of the study up to this one into the store `folder`."""
    for part in parts.PARTS[: parts.PARTS.index(upto) + 1]:
        for grid in parts.grids_of(part, folder).values():
            write_grid(folder, grid, parts.splits_of(part), wanted, rho=rho, epochs=epochs)


def write_grid(
    folder: Path,
    grid: Grid,
    splits: tuple[str, ...],
    wanted: Wanted,
    *,
    rho: float = 1.25,
    epochs: int = 2,
) -> None:
    """Write every run of a grid."""
    tables: dict[str, list[pa.Table]] = {}
    for task in grid.tasks:
        for kind, table in _records(task, splits, wanted, rho, epochs).items():
            tables.setdefault(kind, []).append(table)
    ResultsStore(folder).append({kind: pa.concat_tables(found) for kind, found in tables.items()})


def _records(
    task: Task, splits: tuple[str, ...], wanted: Wanted, rho: float, epochs: int
) -> dict[str, pa.Table]:
    identity = hashlib.sha256(task.key.encode()).hexdigest()
    ours = {"identity": identity, "run_id": identity[:12]}
    results, predictions = [], []
    for split in splits:
        for target in task.config.modalities:
            found = _said(task, target, wanted(task, target, split))
            predictions.append(prediction_rows(ours, target, split, found))
            results.append(_result(task, target, split, found, ours))
    streams = [
        {**ours, "epoch": e, "modality": m, "split": "train", "loss": 1 / (e + 1), "accuracy": 0.5}
        for e in range(epochs) for m in task.config.modalities
    ]  # fmt: skip
    pairs = [
        {**ours, "epoch": e, "learner": a, "teacher": b, "rho": rho, "ssa": 0.5}
        for e in range(epochs) for a, b in task.config.transfer.pairs
    ]  # fmt: skip
    found = {
        "predictions": pa.concat_tables(predictions),
        "streams": pa.Table.from_pylist(streams),
        "results": pa.Table.from_pylist(results, schema=RESULTS_SCHEMA),
    }
    return {**found, "pairs": pa.Table.from_pylist(pairs)} if pairs else found


def _said(task: Task, target: str, share: float) -> Predictions:
    """Return predictions of which this share is right, other clips for every seed."""
    config = task.config
    labels = np.arange(CLIPS) % CLASSES
    order = numpy_generator("clips", config.seed).permutation(CLIPS)
    right = np.zeros(CLIPS, dtype=bool)
    right[order[: round(share * CLIPS)]] = True
    said = np.where(right, labels, (labels + 1) % CLASSES)
    scores = np.full((CLIPS, CLASSES), 0.1, dtype=np.float32)
    scores[np.arange(CLIPS), said] = 0.8
    names = tuple(f"test-{index:05d}" for index in range(CLIPS))
    return Predictions(
        scores=scores, labels=labels, subjects=np.arange(CLIPS) // (CLIPS // PEOPLE),
        clip_ids=names,
    )  # fmt: skip


def _result(
    task: Task, target: str, split: str, found: Predictions, ours: dict[str, str]
) -> dict[str, object]:
    return {
        **measured_row(task.config, target, found), **ours,
        "study": task.study, "arm": task.arm, "levels": task.levels_text, "split": split,
        "seconds": 48.0 * len(task.config.modalities), "task": task.key,
        "code": "0.1", "torch": "2.13", "python": "3.11", "machine": "made up", "device": "cpu",
        "precision": "float32", "date": "2026-01-02T03:04:05+00:00", "command": "made up",
    }  # fmt: skip
