"""The settings that the tab "run it" offers, as text, and the config that they come to."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mmtlib.config import SETTINGS, ExperimentConfig, Setting
from mmtlib.core.errors import unknown_name
from mmtlib.explorer.factors import Runs, level_text
from mmtlib.results.schema import method_of, settings_row

_SHOWN = [each for each in SETTINGS.values() if each.offered]
OFFERED: dict[str, Setting] = {
    each.name: each
    for each in (*_SHOWN, *SETTINGS.values())
    if each.offered or each.counts is not False
}
"""The settings that the tab offers: those with suggested values first, then all others that make
another run. Any other value can be typed."""


def first_settings() -> dict[str, str]:
    """Return the settings that the tab starts with."""
    plain = ExperimentConfig.make(modalities=("rgb", "depth"))
    return {name: each.text(getattr(plain, name)) for name, each in OFFERED.items()}


def settings_config(settings: Mapping[str, str]) -> ExperimentConfig:
    """Return the config of settings given as text; those left out are the first ones.

    Raises:
        ConfigError: if a setting is unknown, no number where one is needed, or out of its range.
    """
    for name in settings:
        if name not in OFFERED:
            raise unknown_name("setting", name, OFFERED)
    first, values = first_settings(), {}
    for name, text in {**first, **settings}.items():
        if text.strip() != first[name]:  # what is left as it is comes from the recipe
            values[name] = OFFERED[name].parse(text)
    return ExperimentConfig.make(**{"modalities": ("rgb", "depth"), **values})


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
