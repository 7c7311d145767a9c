"""The columns of the tables that results are kept in, and a config as a row of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa

from mmtlib.config import SETTINGS, ExperimentConfig
from mmtlib.config.transfer import method_of_code
from mmtlib.core.errors import DataError, MmtlibError

FUSED = "fused"
"""The target whose scores are the mean of those of all networks of a run."""
RECORDED = "recorded"
"""When a row was written (UTC, but never before a row that was there already, whatever the clock
says): of several rows with the same key the last one counts."""

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


def check_columns(found: pa.Schema, kind: str) -> None:
    """Make sure that a table has the columns that tell its rows apart, and those types.

    Raises:
        ValueError: if one is missing or of another type.
    """
    schema = {"results": RESULTS_SCHEMA, "predictions": PREDICTIONS_SCHEMA}.get(kind, pa.schema([]))
    for name in (*KEYS[kind], RECORDED):
        if name not in found.names:
            raise ValueError(f"it has no column {name}")
    for each in found:
        if each.name in schema.names and schema.field(each.name).type != each.type:
            wanted = schema.field(each.name).type
            raise ValueError(f"the column {each.name} should be {wanted}, it is {each.type}")


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


def method_of(config: ExperimentConfig, target: str) -> str:
    """Return the method that a row is a result of, see `mmtlib.config.Transfer.code`.

    Args:
        config: the settings.
        target: the modality that is tested, or ``"fused"``.
    """
    return config.transfer.code(fused=target == FUSED)


def settings_row(config: ExperimentConfig) -> dict[str, Any]:
    """Return the settings as columns; those without influence on the run are empty.

    A network trained alone has no `ssa_weight`: it belongs to none of the arms that vary it.
    """
    idle = config.idle()
    names = [name for name in SETTINGS_SCHEMA.names if name not in idle]
    return {name: setting_value(getattr(config, name)) for name in names}


def config_of(row: Mapping[Any, Any]) -> ExperimentConfig:
    """Return the config of a row of `mmtlib.load_results`: that of the same run.

    Settings that are empty there, as they have no influence on the run, get the recipe's value.

    Raises:
        DataError: if the row holds no such settings.
    """
    settings: dict[str, Any] = {"recipe": row["recipe"], **method_of_code(row["method"])}
    for name, each in SETTINGS.items():
        value = row.get(name)
        if name in settings:
            continue
        if name not in row:  # newer than the row: what runs had before there was it
            settings |= {name: each.default} if each.unless_default else {}
            continue
        if value is None or value is pd.NA or value != value:
            if each.optional or each.unless_default:
                settings[name] = None if each.optional else each.default
        elif each.many:
            settings[name] = each.parse(str(value))
        else:  # a column with gaps holds fractions
            plain = value.item() if hasattr(value, "item") else value
            settings[name] = int(plain) if each.type is int else plain
    try:
        return ExperimentConfig.make(**settings)
    except MmtlibError as error:
        raise DataError(f"This row of the results is no config: {error}") from None


def with_bundles(rows: pd.DataFrame) -> pd.DataFrame:
    """Add a column for each factor that is no setting."""
    levels = pd.DataFrame([json.loads(text) for text in rows["levels"]], dtype="str")
    new = [name for name in levels.columns if name not in rows.columns]
    return pd.concat([rows, levels[new]], axis=1)
