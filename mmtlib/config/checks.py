"""What the values of an `ExperimentConfig` may be."""

from __future__ import annotations

import dataclasses
from typing import Any

from mmtlib.config.transfer import ALIGNING, CONTROLS, METHODS
from mmtlib.core.errors import ConfigError, unknown_name

CHOICES: dict[str, tuple[str, ...]] = {
    "colour": ("registered", "raw"),
    "flow_method": ("dis", "farneback"),
    "normalize": ("position", "centred"),
    "ssa_reduction": ("mean", "sum"),
    "rho_per": ("clip", "batch"),
    "optimizer": ("adamw", "sgd"),
    "schedule": ("one_cycle", "step"),
    "sampling": ("plain", "balanced"),
    "augment": ("shift", "crop", "strong", "none"),
    "method": METHODS,
    "control": CONTROLS,
    "corruption": ("noise", "blur", "freeze", "drop", "misalign", "delay"),
    "precision": ("auto", "float32", "bf16"),
    "device": ("auto", "cpu", "cuda"),
}
"""Setting -> the names that it takes."""
LARGEST = 1e9
"""No setting that is a fraction can reach this."""
_TYPES: dict[str, tuple[str, tuple[type, ...]]] = {
    "str": ("text", (str,)),
    "bool": ("true or false", (bool,)),
    "int": ("a whole number", (int,)),
    "float": ("a number", (int, float)),
}


def check_types(config: Any) -> None:
    """Raise a `ConfigError` for the first value of a wrong type: a JSON file can hold anything.

    A whole number given for a fraction becomes one, as 10 and 10.0 must be the same run.
    """
    for field in dataclasses.fields(config):
        value, (kind, _, other) = getattr(config, field.name), str(field.type).partition(" | ")
        if kind not in _TYPES or (other and value is None):
            continue
        wanted, types = _TYPES[kind]
        right = isinstance(value, types) and isinstance(value, bool) == (kind == "bool")
        if right and kind == "float":
            right = abs(value) < LARGEST
            object.__setattr__(config, field.name, float(value) if right else value)
        if not right:
            raise ConfigError(f"{field.name} must be {wanted}, got {value!r}.")
    steps = config.step_epochs
    if not isinstance(steps, list | tuple) or not all(type(step) is int for step in steps):
        raise ConfigError(f"step_epochs must be a list of whole numbers, got {steps!r}.")
    for name in ("modalities", "complete_for"):
        if not isinstance(getattr(config, name), str | list | tuple):
            raise ConfigError(f"{name} must be a list of names, got {getattr(config, name)!r}.")
    names = config.classes
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise ConfigError(f"classes must be a list of class names, got {names!r}.")


def check_ranges(config: Any) -> None:
    """Raise a `ConfigError` for the first number out of its range."""
    at_least = {
        "ssa_weight": 0, "beta": 0, "rho_constant": 0, "ssa_start_epoch": 0, "epochs": 1,
        "batch_size": 2, "accumulate": 1, "learning_rate": 0, "momentum": 0,
        "weight_decay": 0, "gradient_clip": 0, "validate_every": 0,
        "threads": 0, "workers": 0, "devices": 1, "nodes": 1,
        "seed": 0, "generator_seed": 0, "fold": 0, "clips_per_class": 0,
    }  # fmt: skip
    for name, lowest in at_least.items():
        value = getattr(config, name)
        if value < lowest:
            raise ConfigError(f"{name} must be at least {lowest}, got {value!r}.")
    for name in ("classes", "clips_per_class"):
        if getattr(config, name) and config.dataset == "synthetic":
            raise ConfigError(f"{name} is a setting of real data sets; the synthetic one has none.")
    if config.transfer_weight is not None and config.transfer_weight < 0:
        raise ConfigError(f"transfer_weight must be at least 0, got {config.transfer_weight!r}.")
    if config.temperature <= 0:
        raise ConfigError(f"temperature must be above 0, got {config.temperature!r}.")
    if config.momentum >= 1:
        raise ConfigError(f"momentum must be below 1, got {config.momentum!r}.")
    per_batch = config.method in ALIGNING and config.focal and config.rho_per == "batch"
    if config.accumulate > 1 and per_batch:
        raise ConfigError("accumulate works with rho_per='clip' only: a part is not the batch.")
    if config.dropout is not None and not 0 <= config.dropout < 1:
        raise ConfigError(f"dropout must be in [0, 1), got {config.dropout!r}.")
    if config.feature_time_pool is not None and config.feature_time_pool < 1:
        raise ConfigError(
            f"feature_time_pool must be at least 1, got {config.feature_time_pool!r}."
        )


def check_factors(config: Any) -> None:
    """Raise a `ConfigError` for what is out of its range in how clips are chosen or spoilt."""
    if config.corrupt is not None and config.corrupt not in config.modalities:
        raise unknown_name("modality to corrupt", config.corrupt, config.modalities)
    if not 0 <= config.corruption_strength <= 1:
        raise ConfigError(
            f"corruption_strength must be in [0, 1], got {config.corruption_strength!r}."
        )
    if config.train_clips is not None and config.train_clips < 2:
        raise ConfigError(f"train_clips must be at least 2, got {config.train_clips!r}.")
    if config.clutter is not None and not 0 <= config.clutter <= 2:
        raise ConfigError(f"clutter must be in [0, 2], got {config.clutter!r}.")


def check_choices(config: Any) -> None:
    """Raise a `ConfigError` for the first name that is none of those known."""
    for name, choices in CHOICES.items():
        if getattr(config, name) not in choices:
            raise unknown_name(name, getattr(config, name), choices)
