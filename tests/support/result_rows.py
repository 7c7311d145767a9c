"""Rows for the results store without any training, and processes that write them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from mmtlib.config import ExperimentConfig
from mmtlib.results import ResultsStore
from mmtlib.results.schema import (
    PREDICTIONS_SCHEMA,
    RESULTS_SCHEMA,
    SETTINGS_SCHEMA,
    setting_value,
)

TARGETS = ("rgb", "depth", "fused")


def made_up(number: int, **facts: Any) -> dict[str, pa.Table]:
    """Return the rows of a run that never was: its accuracy is `number` thousandths."""
    config = ExperimentConfig.make(preset="tiny", modalities=("rgb", "depth"), seed=number)
    identity = hashlib.sha256(str(number).encode()).hexdigest()
    shared = {
        **{name: setting_value(getattr(config, name)) for name in SETTINGS_SCHEMA.names},
        "study": "made-up", "arm": "base", "levels": "{}", "method": "mtut",
        "split": "validation", "identity": identity, "run_id": identity[:12],
        "task": f"task-{number}", "accuracy": number / 1000, "n_clips": 4, "seconds": 1.5,
        "code": "0.1", "torch": "2.13", "python": "3.11", "machine": "none",
        "date": "2026-01-02T03:04:05+00:00", "command": "mmt sweep g.toml",
        "device": "cpu", "precision": "float32",
        **facts,
    }  # fmt: skip
    clips = [
        {
            "identity": identity, "run_id": identity[:12], "target": target,
            "split": shared["split"], "clip_id": f"clip-{clip}", "label": clip % 2,
            "subject": clip, "scores": np.array([0.25, 0.75], np.float32),
        }
        for target in TARGETS
        for clip in range(2)
    ]  # fmt: skip
    epoch = {"identity": identity, "run_id": identity[:12], "epoch": 0}
    stream = {**epoch, "modality": "rgb", "split": "train", "loss": 1.25, "accuracy": 0.5}
    rows = [{**shared, "target": target} for target in TARGETS]
    return {
        "predictions": pa.Table.from_pylist(clips, schema=PREDICTIONS_SCHEMA),
        "streams": pa.Table.from_pylist([stream]),
        "results": pa.Table.from_pylist(rows, schema=RESULTS_SCHEMA),
    }


def append_many(folder: str, numbers: list[int], compact_every: int, told: str) -> None:
    """Append runs one after the other, merging now and then; write down each that is in."""
    with open(told, "a") as note:
        for done, number in enumerate(numbers, 1):
            ResultsStore(Path(folder)).append(made_up(number))
            note.write(f"{number}\n")
            note.flush()
            if done % compact_every == 0:
                ResultsStore(Path(folder)).compact()
