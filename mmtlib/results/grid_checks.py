"""What a grid may hold."""

from __future__ import annotations

import dataclasses
import math
import re
from typing import Any

from mmtlib.config import ExperimentConfig
from mmtlib.core.errors import ConfigError, shown_value, unknown_name
from mmtlib.results.schema import FACT_NAMES

Settings = dict[str, Any]
REPEATING = ("fold", "leave_out", "generator_seed")
"""Factors that repeat an arm on other clips, as seeds do with other draws."""
SETTINGS = tuple(each.name for each in dataclasses.fields(ExperimentConfig))
MOST_RUNS = 100_000
"""What a grid may ask for; its runs are counted before they are listed."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def check_grid(
    *, name: Any, seeds: Any, baselines: Any, base: Any, factors: Any, arms: Any
) -> None:
    """Raise a `ConfigError` that names the key of the first thing that is wrong.

    Values of settings are checked where the configs are made.
    """
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ConfigError(
            f"name must be made of letters, digits, '.', '_' and '-', got {shown_value(name)}."
        )
    _check_seeds(seeds)
    if not isinstance(baselines, bool):
        raise ConfigError(f"baselines must be true or false, got {shown_value(baselines)}.")
    _check_settings("base", base)
    _check_table("factors", factors)
    _check_table("arms", arms)
    _check_size(len(seeds), factors, len(arms))
    for name, levels in factors.items():
        _check_factor(name, levels)
    for name, settings in arms.items():
        _check_settings(f"arms.{name}", settings)
        for repeated in factors.keys() & set(REPEATING) & settings.keys():
            raise ConfigError(f"arms.{name}.{repeated}: factors.{repeated} sets it for all arms.")
    _check_overlap(factors)


def _check_seeds(seeds: Any) -> None:
    right = isinstance(seeds, list) and seeds and all(type(s) is int and s >= 0 for s in seeds)
    if not right or len(set(seeds)) != len(seeds):
        raise ConfigError(
            f"seeds must be a list of different whole numbers from 0 up, got {shown_value(seeds)}."
        )


def _check_size(seeds: int, factors: dict[str, Any], arms: int) -> None:
    levels = {name: len(found) for name, found in factors.items() if isinstance(found, list | dict)}
    repeats = seeds * math.prod(count for name, count in levels.items() if name in REPEATING)
    varied = [count for name, count in levels.items() if name not in REPEATING]
    combinations = math.prod(varied) if varied or not arms else 0
    if (runs := repeats * (combinations + arms)) > MOST_RUNS:
        raise ConfigError(
            f"the grid asks for {runs:,} runs, {MOST_RUNS:,} are allowed; take fewer levels or "
            "seeds, or split it into several studies."
        )


def _check_table(key: str, value: Any) -> None:
    if not isinstance(value, dict):
        raise ConfigError(f"{key} must be a table of names, got {shown_value(value)}.")


def _check_settings(key: str, settings: Any) -> None:
    _check_table(key, settings)
    for name in settings:
        if name == "seed":
            raise ConfigError(f"{key}.seed: give the seeds of the study as seeds = [0, 1, ...].")
        if name not in SETTINGS:
            raise ConfigError(f"{key}: {unknown_name('setting', name, SETTINGS)}")


def _check_factor(name: str, levels: Any) -> None:
    key = f"factors.{name}"
    if name in SETTINGS:
        _check_settings("factors", {name: None})
        if not isinstance(levels, list) or not levels:
            raise ConfigError(
                f"{key} must be a list of values of that setting, got {shown_value(levels)}."
            )
        if any(value in levels[:i] for i, value in enumerate(levels)):
            raise ConfigError(f"{key} names a value twice: {shown_value(levels)}.")
        return
    if not isinstance(levels, dict) or not levels:
        unknown = unknown_name("setting", name, SETTINGS)
        raise ConfigError(
            f"{key}: {unknown} A factor of another name needs a table of named levels."
        )
    if name in FACT_NAMES:
        raise ConfigError(f"{key}: the results have a column of that name; choose another one.")
    for level, settings in levels.items():
        _check_settings(f"{key}.{level}", settings)


def _check_overlap(factors: dict[str, Any]) -> None:
    """Two factors that set the same setting would be one."""
    owner: dict[str, str] = {}
    for name, levels in factors.items():
        bundles = levels.values() if isinstance(levels, dict) else [{name: None}]
        for setting in dict.fromkeys(s for bundle in bundles for s in bundle):
            if owner.setdefault(setting, name) != name:
                raise ConfigError(
                    f"factors.{owner[setting]} and factors.{name} both set {setting}."
                )
