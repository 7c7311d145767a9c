"""The columns of the tables that results are kept in."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from mmtlib.config import SETTINGS

FUSED = "fused"
"""The target whose scores are the mean of those of all networks of a run."""
RECORDED = "recorded"
"""When a row was written (UTC): of several rows with the same key the last one counts."""

KEYS: dict[str, tuple[str, ...]] = {
    "results": ("study", "identity", "target", "split"),
    "predictions": ("identity", "target", "split", "clip_id"),
    "streams": ("identity", "epoch", "modality", "split"),
    "pairs": ("identity", "epoch", "learner", "teacher"),
    "failures": ("study", "task", "split"),
}
"""Table -> the columns that no two of its rows have in common."""

_LEADING = (
    "study", "arm", "method", "control", "dataset", "preset", "generator_seed", "seed",
    "modalities", "target", "split", "accuracy", "n_clips", "seconds",
)  # fmt: skip
_FACTS = {
    "study": pa.string(),
    "arm": pa.string(),
    "method": pa.string(),
    "target": pa.string(),
    "split": pa.string(),
    "accuracy": pa.float64(),
    "n_clips": pa.int64(),
    "seconds": pa.float64(),
    "device": pa.string(),
    "precision": pa.string(),
    "levels": pa.string(),
    "run_id": pa.string(),
    "identity": pa.string(),
    "task": pa.string(),
    "code": pa.string(),
    "torch": pa.string(),
    "python": pa.string(),
    "machine": pa.string(),
    "date": pa.string(),
    "command": pa.string(),
}
FACT_NAMES = (*_FACTS, RECORDED, "stored", "origin")
"""Columns that are no settings, or that say what a setting came to (`device`)."""
_TYPES = {bool: pa.bool_(), int: pa.int64(), float: pa.float64()}

SETTINGS_SCHEMA = pa.schema(
    [
        # Text, and lists as text.
        (name, pa.string() if each.many else _TYPES.get(each.type, pa.string()))
        for name, each in {"recipe": SETTINGS["preset"], **SETTINGS}.items()
        if name not in _FACTS
    ]
)
"""The settings that are columns: all that are declared, and the recipe."""


def _results_schema() -> pa.Schema:
    types = {**{each.name: each.type for each in SETTINGS_SCHEMA}, **_FACTS}
    first = [name for name in _LEADING if name in types]
    rest = [name for name in types if name not in first]
    return pa.schema([(name, types[name]) for name in (*first, *rest)])


RESULTS_SCHEMA = _results_schema()
"""One row per run, target and split."""
PREDICTIONS_SCHEMA = pa.schema(
    [
        ("identity", pa.string()),
        ("run_id", pa.string()),
        ("target", pa.string()),
        ("split", pa.string()),
        ("clip_id", pa.string()),
        ("label", pa.int32()),
        ("subject", pa.int32()),
        ("scores", pa.list_(pa.float32())),
    ]
)
"""One row per run, target, split and clip; scores in float32, so that ties stay what they were."""


def setting_value(value: Any) -> Any:
    """Return a setting as it is kept: tuples as text, ``"rgb+depth"``."""
    return "+".join(map(str, value)) if isinstance(value, tuple) else value


def with_all_settings(results: pa.Table) -> pa.Table:
    """Add the settings that did not exist when these rows were written.

    Runs were then made as the default makes them: a new setting changes no existing run.
    """
    for name, each in SETTINGS.items():
        if name in SETTINGS_SCHEMA.names and name not in results.column_names:
            value = pa.scalar(setting_value(each.default), SETTINGS_SCHEMA.field(name).type)
            results = results.append_column(name, pa.repeat(value, results.num_rows))
    return results
