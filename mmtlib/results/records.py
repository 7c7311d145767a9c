"""What is kept of a run: rows for the tables of the results store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from mmtlib.config import ExperimentConfig
from mmtlib.evaluation import Predictions, accuracy, fuse
from mmtlib.experiment import Run
from mmtlib.results.schema import (
    FUSED,
    PREDICTIONS_SCHEMA,
    RESULTS_SCHEMA,
    method_of,
    setting_value,
    settings_row,
)
from mmtlib.results.tasks import Task

Tables = dict[str, pa.Table]

_FROM_RUN = ("device", "precision", "code", "torch", "python", "machine", "date", "command")


def make_record(task: Task, fingerprint: str, run: Run, split: str) -> Tables:
    """Return everything that the store keeps of a finished run.

    Args:
        task: the settings asked for and the names of the arm.
        fingerprint: what tells whether the task has been done (`prepare_data`).
        run: the run, measured on `split`.
        split: ``"validation"`` or ``"test"``.

    Returns:
        Table name -> rows; ``"results"`` comes last, as it says that the others are there.

    Raises:
        DataError: if the run has no predictions of the split.
        CheckpointError: if a file of the run is damaged.
    """
    predictions = dict(run.predictions(split))
    if len(predictions) > 1:
        predictions[FUSED] = fuse(list(predictions.values()))
    ours = {"identity": run.identity, "run_id": run.run_id}
    history = {"streams": run.history.streams, "pairs": run.history.pairs}
    return {
        "predictions": pa.concat_tables(
            [prediction_rows(ours, target, split, p) for target, p in predictions.items()]
        ),
        **{kind: pa.Table.from_pylist([{**ours, **row} for row in rows])
           for kind, rows in history.items()},
        "results": _result_rows(task, fingerprint, run, split, predictions),
    }  # fmt: skip


def _result_rows(
    task: Task, fingerprint: str, run: Run, split: str, predictions: Mapping[str, Predictions]
) -> pa.Table:
    shared = {
        **{name: run.facts.get(name) for name in _FROM_RUN},
        "study": task.study,
        "arm": task.arm,
        "levels": task.levels_text,
        "split": split,
        # Runs that were made before it was measured have none.
        "seconds": run.facts.get("seconds"),
        "run_id": run.run_id,
        "identity": run.identity,
        "task": fingerprint,
    }
    rows = [{**shared, **measured_row(task.config, *each)} for each in predictions.items()]
    return pa.Table.from_pylist(rows, schema=RESULTS_SCHEMA)


def measured_row(config: ExperimentConfig, target: str, found: Predictions) -> dict[str, Any]:
    """Return the columns of a result that come from the settings and from what was measured."""
    return {
        **settings_row(config),
        "method": method_of(config, target),
        "target": target,
        "accuracy": accuracy(found),
        "n_clips": len(found),
    }


def prediction_rows(
    ours: Mapping[str, str], target: str, split: str, found: Predictions
) -> pa.Table:
    """Return what a network predicted as rows; `ours` names its run."""
    n, k = found.scores.shape
    columns = {
        **{name: [value] * n for name, value in {**ours, "target": target, "split": split}.items()},
        "clip_id": list(found.clip_ids),
        "label": found.labels,
        "subject": found.subjects,
        "scores": pa.ListArray.from_arrays(np.arange(0, n * k + 1, k), found.scores.ravel()),
    }
    return pa.table(
        [pa.array(columns[each.name], each.type) for each in PREDICTIONS_SCHEMA],
        schema=PREDICTIONS_SCHEMA,
    )


def failure_rows(task: Task, split: str, error: str) -> Tables:
    """Return what is kept of a task that did not end in a run."""
    row = {
        "study": task.study,
        "arm": task.arm,
        "seed": task.config.seed,
        "modalities": setting_value(task.config.modalities),
        "split": split,
        "task": task.key,
        "error": error,
    }
    return {"failures": pa.Table.from_pylist([row])}
