"""A results store with thousands of runs that never were, written in seconds."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from mmtlib.config import ExperimentConfig
from mmtlib.core.seeding import numpy_generator
from mmtlib.results import ResultsStore
from mmtlib.results.schema import RESULTS_SCHEMA, settings_row

SEEDS = 10
WEIGHTS = (1.0, 3.0, 10.0, 30.0, 100.0)
EPOCHS = 40


def write_many(folder: Path, runs: int) -> None:
    """Write so many runs into the store `folder`: a sweep over five factors, ten seeds each.

    One in six is RGB alone; all the others are RGB and depth together, so there are about 2.8 rows
    a run. Accuracies are drawn; each run has a history of 40 epochs.
    """
    arms = [
        (weight, beta, corruption, clutter)
        for clutter in np.round(np.linspace(0.1, 0.7, 7), 2)
        for corruption in np.round(np.linspace(0.0, 1.0, 6), 2)
        for beta in (0.5, 1.0, 2.0, 4.0)
        for weight in (0.0, *WEIGHTS)
    ]
    results, histories, pairs = [], [], []
    draw = numpy_generator("many runs", 0)
    for number in range(runs):
        arm, seed = arms[(number // SEEDS) % len(arms)], number % SEEDS
        rows = _rows(number, arm, seed, draw)
        results += rows
    frame = pd.DataFrame(results)
    identities = frame.drop_duplicates("identity")[["identity", "run_id", "modalities"]]
    histories = _streams(identities, draw)
    pairs = _pairs(identities[identities["modalities"] != "rgb"], draw)
    ResultsStore(folder).append(
        {
            "streams": pa.Table.from_pandas(histories, preserve_index=False),
            "pairs": pa.Table.from_pandas(pairs, preserve_index=False),
            "results": pa.Table.from_pylist(results, schema=RESULTS_SCHEMA),
        }
    )


def _rows(number: int, arm: tuple, seed: int, draw: np.random.Generator) -> list[dict]:
    weight, beta, corruption, clutter = arm
    alone = weight == 0.0
    config = ExperimentConfig.make(
        preset="tutorial",
        modalities=("rgb",) if alone else ("rgb", "depth"),
        clutter=float(clutter),
        seed=seed,
        **({} if alone else {"ssa_weight": weight, "beta": beta}),
        **(
            {}
            if alone or not corruption
            else {"corrupt": "depth", "corruption_strength": corruption}
        ),
    )
    identity = hashlib.sha256(f"many {number}".encode()).hexdigest()
    shared = {
        **settings_row(config), "study": f"many-{number // 4000}", "levels": "{}",
        "arm": f"clutter={clutter}, noise={corruption}, beta={beta}, ssa_weight={weight}",
        "method": "unimodal" if alone else "mtut", "split": "validation", "identity": identity,
        "run_id": identity[:12], "task": f"task-{number}", "n_clips": 1152, "seconds": 80.0,
        "code": "0.1", "torch": "2.13", "python": "3.11", "machine": "none", "device": "cpu",
        "precision": "float32", "date": "2026-01-02T03:04:05+00:00", "command": "mmt sweep g.toml",
    }  # fmt: skip
    targets = ("rgb",) if alone else ("rgb", "depth", "fused")
    return [{**shared, "target": t, "accuracy": float(draw.uniform(0.5, 0.9))} for t in targets]


def _streams(identities: pd.DataFrame, draw: np.random.Generator) -> pd.DataFrame:
    parts = []
    for modality in ("rgb", "depth"):
        of = identities if modality == "rgb" else identities[identities["modalities"] != "rgb"]
        count = len(of) * EPOCHS
        parts.append(
            pd.DataFrame(
                {
                    "identity": np.repeat(of["identity"].to_numpy(), EPOCHS),
                    "run_id": np.repeat(of["run_id"].to_numpy(), EPOCHS),
                    "epoch": np.tile(np.arange(EPOCHS), len(of)),
                    "modality": modality,
                    "split": "train",
                    "loss": draw.uniform(0, 2.5, count),
                    "accuracy": draw.uniform(0, 1, count),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _pairs(identities: pd.DataFrame, draw: np.random.Generator) -> pd.DataFrame:
    parts = []
    for learner, teacher in (("rgb", "depth"), ("depth", "rgb")):
        parts.append(
            pd.DataFrame(
                {
                    "identity": np.repeat(identities["identity"].to_numpy(), EPOCHS),
                    "run_id": np.repeat(identities["run_id"].to_numpy(), EPOCHS),
                    "epoch": np.tile(np.arange(EPOCHS), len(identities)),
                    "learner": learner,
                    "teacher": teacher,
                    "rho": draw.uniform(0, 3, len(identities) * EPOCHS),
                    "ssa": draw.uniform(0, 0.2, len(identities) * EPOCHS),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)
