"""Which settings of an `ExperimentConfig` influence its result: the identity of a run.

A setting that is at its default, and was not always there, is left out, so that older runs keep
their identity.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from mmtlib.config.recipes import DATA_SETTINGS
from mmtlib.config.transfer import ALIGNING, COMPARING_FEATURES, transfer_pairs, transfer_weight

WITHOUT_INFLUENCE = (
    "recipe", "root", "workers", "precision", "device", "recompute", "flow_folder", "pretrained",
    "start_from",
    # What `complete_for` leaves out shows in the fingerprint of the data.
    "complete_for",
)  # fmt: skip
_ADDED: dict[str, Any] = {
    "sampling": "plain",
    "train_clips": None,
    "clutter": None,
    "classes": (),
    "clips_per_class": 0,
    "freeze_to": None,
}
"""Settings that count where they are not at their default."""
_RHO = ("focal", "beta", "rho_per", "rho_constant")
_SSA = ("ssa_weight", "ssa_reduction", "normalize", *_RHO)
_FEATURES = ("feature_stage", "feature_time_pool")
_CHOICE = ("method", "teacher", "control", "transfer_weight", "temperature")
_CORRUPTION = ("corrupt", "corruption", "corruption_strength")


def identity_settings(config: Any) -> dict[str, Any]:
    """Return the settings that influence the result, see `ExperimentConfig.canonical`."""
    values = dataclasses.asdict(config)
    left_out = set(WITHOUT_INFLUENCE) | _other_data_sets(config) | _without_transfer(config)
    left_out |= {name for name, default in _ADDED.items() if values[name] == default}
    if config.dataset == "synthetic" or "flow" not in config.modalities:
        left_out.add("flow_method")
    if config.devices * config.nodes == 1:
        left_out |= {"devices", "nodes", "sync_batchnorm"}
    if config.corrupt is None:
        left_out.update(_CORRUPTION)
    values["transfer_weight"] = transfer_weight(config)
    return {name: value for name, value in values.items() if name not in left_out}


def _other_data_sets(config: Any) -> set[str]:
    if config.dataset not in DATA_SETTINGS:
        return set()
    every = {name for names in DATA_SETTINGS.values() for name in names}
    return every.difference(DATA_SETTINGS[config.dataset])


def _without_transfer(config: Any) -> set[str]:
    """Return the settings of transfer that do not count."""
    if not transfer_pairs(config):
        return {*_SSA, *_FEATURES, *_CHOICE, "ssa_start_epoch"}
    defaults = {"method": "mtut", "teacher": None, "control": "none"}
    left_out = {name for name, value in defaults.items() if getattr(config, name) == value}
    if config.method != "kd":
        left_out.add("temperature")
    if config.method not in COMPARING_FEATURES:
        left_out.update(_FEATURES)
    if config.method not in ALIGNING:
        return left_out.union(_SSA)
    left_out.add("transfer_weight")
    return left_out.union(("rho_constant",) if config.focal else ("beta", "rho_per"))
