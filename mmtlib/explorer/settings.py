"""The settings that the tab "run it" offers, as text, and the config that they come to."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mmtlib.config import ExperimentConfig, default_preset
from mmtlib.core.errors import ConfigError, unknown_name
from mmtlib.explorer.factors import Runs, level_text
from mmtlib.results.records import method_of, settings_row

OFFERED: dict[str, tuple[str, ...]] = {
    "preset": ("tiny", "tutorial"),
    "modalities": ("rgb+depth", "rgb", "depth", "flow", "ir", "rgb+flow", "rgb+ir",
                   "rgb+depth+flow", "rgb+depth+flow+ir"),
    "method": ("mtut", "one_way", "kd", "dml", "attention", "similarity"),
    "teacher": ("", "rgb", "depth", "flow", "ir"),
    "ssa_weight": ("0", "1", "3", "10", "30", "100"),
    "focal": ("true", "false"),
    "beta": ("0.5", "1", "2", "4"),
    "transfer_weight": ("", "0.3", "1", "3", "10", "100", "1000"),
    "control": ("none", "other_clip_same_class", "other_clip_other_class", "frozen_random",
                "same_modality"),
    "feature_stage": ("", "mixed_1", "mixed_2", "mixed_3"),
    "corrupt": ("", "rgb", "depth", "flow", "ir"),
    "corruption": ("noise", "blur", "freeze", "drop", "misalign", "delay"),
    "corruption_strength": ("0.25", "0.5", "1"),
    "clutter": ("", "0.1", "0.2", "0.35", "0.5", "0.7"),
    "train_clips": ("", "24", "120", "240"),
    "epochs": ("", "3", "20", "40", "80"),
    "seed": ("0", "1", "2", "3"),
}  # fmt: skip
"""Setting -> values to choose from; any other can be typed. "" = as the recipe has it."""
_NUMBERS = {"ssa_weight", "beta", "transfer_weight", "corruption_strength", "clutter"}
_WHOLE = {"train_clips", "epochs", "seed"}


def first_settings() -> dict[str, str]:
    """Return the settings that the tab starts with."""
    chosen = {name: values[0] for name, values in OFFERED.items()}
    return chosen | {
        "preset": default_preset(), "ssa_weight": "10", "beta": "2", "corruption_strength": "0.5",
    }  # fmt: skip


def settings_config(settings: Mapping[str, str]) -> ExperimentConfig:
    """Return the config of settings given as text; those left out are the first ones.

    Raises:
        ConfigError: if a setting is unknown, no number where one is needed, or out of its range.
    """
    for name in settings:
        if name not in OFFERED:
            raise unknown_name("setting", name, OFFERED)
    values: dict[str, object] = {}
    for name, text in {**first_settings(), **settings}.items():
        text = text.strip()
        if text:
            values[name] = _value(name, text)
    if "corrupt" not in values:
        values.pop("corruption", None)
        values.pop("corruption_strength", None)
    return ExperimentConfig.make(**values)


def _value(name: str, text: str) -> object:
    if name == "modalities":
        return tuple(text.split("+"))
    if name == "focal":
        if text not in ("true", "false"):
            raise ConfigError(f"focal must be true or false, got {text!r}.")
        return text == "true"
    if name not in _NUMBERS | _WHOLE:
        return text
    try:
        return int(text) if name in _WHOLE else float(text)
    except ValueError:
        kind = "a whole number" if name in _WHOLE else "a number"
        raise ConfigError(f"{name} must be {kind}, got {text!r}.") from None


def find_run(runs: Runs, config: ExperimentConfig) -> list[int]:
    """Return the places of the validation rows of the run of a config; none if it is not stored."""
    if runs.table.empty:
        return []
    keep = runs.is_level("split", "validation")
    for name, value in settings_row(config).items():
        if name in runs.coded and not (name.startswith("corruption") and config.corrupt is None):
            keep = keep & runs.is_level(name, level_text(value))
    idle = set(runs.coded) - set(settings_row(config)) - {"group", "split", "study", "target"}
    for name in idle - {"method"}:
        keep = keep & runs.is_level(name, level_text(None))
    methods = {method_of(config, config.modalities[0]), method_of(config, "fused")}
    keep = keep & np.any([runs.is_level("method", each) for each in sorted(methods)], axis=0)
    rows = np.flatnonzero(keep)
    last = runs.table["identity"].iloc[rows[-1]] if len(rows) else None
    return [int(i) for i in rows if runs.table["identity"].iloc[i] == last]
