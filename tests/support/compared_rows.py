"""Rows of results, and predictions, of grids whose accuracies a test chooses; nothing is stored."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from mmtlib.evaluation import Predictions
from mmtlib.results import Grid, Task
from mmtlib.results.records import measured_row
from mmtlib.results.store import RunKey

CLIPS, PEOPLE = 20, 4


def predictions(share: float) -> Predictions:
    """Return predictions of `CLIPS` clips of two classes, of which this share is right."""
    labels = np.arange(CLIPS) % 2
    said = np.where(np.arange(CLIPS) < round(share * CLIPS), labels, 1 - labels)
    return Predictions(
        scores=np.eye(2)[said], labels=labels, subjects=np.arange(CLIPS) % PEOPLE,
        clip_ids=tuple(f"clip-{i}" for i in range(CLIPS)),
    )  # fmt: skip


def rows_of(
    grid: Grid,
    accuracy: Callable[[Task, str], float] = lambda task, target: 0.5,
    *,
    fused: bool = False,
) -> pd.DataFrame:
    """Return the rows that a sweep of the grid would leave, on validation clips."""
    rows = []
    for task in grid.tasks:
        targets = [*task.config.modalities, *(["fused"] if fused else [])]
        for target in targets if len(task.config.modalities) > 1 else task.config.modalities:
            found = measured_row(task.config, target, predictions(accuracy(task, target)))
            names = {"study": task.study, "arm": task.arm, "split": "validation"}
            rows.append({**found, **names, "identity": task.key})
    return pd.DataFrame(rows)


def predictions_of(rows: pd.DataFrame) -> dict[RunKey, Predictions]:
    """Return predictions that come to the accuracies of the rows."""
    return {
        (row.identity, row.target, row.split): predictions(row.accuracy)
        for row in rows.itertuples()
    }
