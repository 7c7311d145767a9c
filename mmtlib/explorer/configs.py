"""From a row of the results back to its config, as Python or as a command."""

from __future__ import annotations

import dataclasses
import json
import shlex
from collections.abc import Mapping
from typing import Any

import pandas as pd

from mmtlib.config import ExperimentConfig
from mmtlib.core.errors import DataError, MmtlibError
from mmtlib.results.schema import SETTINGS_SCHEMA

_KINDS = {each.name: str(each.type) for each in dataclasses.fields(ExperimentConfig)}
_TUPLES = {name for name, kind in _KINDS.items() if "tuple" in kind}
_METHOD_SETTING = {"unimodal": "mtut", "late_fusion": "mtut", "ssa": "mtut"}
"""The name of a method (`method_name`) -> the setting behind it, if another."""


def config_of(row: Mapping[str, Any]) -> ExperimentConfig:
    """Return the config of a row of `mmtlib.load_results`.

    Settings that are empty there, as they have no influence on the run, get the recipe's value: the
    config asks for the same run.

    Raises:
        DataError: if the row holds no such settings.
    """
    settings: dict[str, Any] = {"method": _METHOD_SETTING.get(row["method"], row["method"])}
    for name in SETTINGS_SCHEMA.names:
        value = row.get(name)
        empty = value is None or value is pd.NA or value != value
        if name in _TUPLES:
            parts = [] if empty or not value else str(value).split("+")
            settings[name] = tuple(map(int, parts)) if name == "step_epochs" else tuple(parts)
        elif not empty:
            whole = _KINDS[name].startswith("int")  # a column with gaps holds fractions
            settings[name] = int(value) if whole else _plain(value)
    try:
        return ExperimentConfig.make(settings.pop("recipe", None), **settings)
    except MmtlibError as error:
        raise DataError(f"This row of the results is no config: {error}") from None


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def changed_settings(config: ExperimentConfig) -> dict[str, Any]:
    """Return the settings that differ from those of the recipe, preset and modalities alone."""
    plain = ExperimentConfig.make(
        config.recipe, preset=config.preset, modalities=config.modalities, seed=config.seed
    )
    names = (each.name for each in dataclasses.fields(config))
    return {n: getattr(config, n) for n in names if getattr(config, n) != getattr(plain, n)}


def as_python(config: ExperimentConfig) -> str:
    """Return the lines of Python that make, or load, the run of a config.

    >>> print(as_python(ExperimentConfig.make(preset="tiny", modalities=("rgb",), seed=3)))
    import mmtlib
    <BLANKLINE>
    config = mmtlib.ExperimentConfig.make(
        "compact",
        preset="tiny",
        modalities=("rgb",),
        seed=3,
    )
    run = mmtlib.run(config)
    """
    named = {"preset": config.preset, "modalities": config.modalities, "seed": config.seed}
    settings = {**named, **changed_settings(config)}
    lines = [f'    "{config.recipe}",', *(f"    {k}={_literal(v)}," for k, v in settings.items())]
    return "\n".join(
        ["import mmtlib", "", "config = mmtlib.ExperimentConfig.make(", *lines, ")",
         "run = mmtlib.run(config)"]
    )  # fmt: skip


def _literal(value: Any) -> str:
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, tuple):
        inside = ", ".join(map(_literal, value))
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    return repr(value)


def as_command(config: ExperimentConfig) -> str:
    """Return the command that makes, or loads, the run of a config.

    >>> as_command(ExperimentConfig.make(preset="tiny", modalities=("rgb", "depth"), beta=1.0))
    'mmt train --modalities rgb,depth --preset tiny --recipe compact --seed 0 --set beta=1.0'
    """
    parts = [
        "mmt", "train", "--modalities", ",".join(config.modalities), "--preset", config.preset,
        "--recipe", config.recipe, "--seed", str(config.seed),
    ]  # fmt: skip
    changed = changed_settings(config)
    for name, option in (("dataset", "--data"), ("root", "--root")):
        if name in changed:
            parts += [option, str(changed.pop(name))]
    for name, value in changed.items():
        parts += ["--set", f"{name}={_json(value)}"]
    return shlex.join(parts)


def _json(value: Any) -> str:
    # Plain names need no quotes: `mmt train --set` takes what is no JSON as text.
    if isinstance(value, str) and value.replace("_", "").isalnum() and not value.isdigit():
        return value
    return json.dumps(value)
