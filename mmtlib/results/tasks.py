"""From a grid to the runs it asks for, each once, with the names of its arm and levels."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mmtlib.config import ExperimentConfig, hash_settings
from mmtlib.core.errors import ConfigError
from mmtlib.synthetic import PRESETS

if TYPE_CHECKING:
    from mmtlib.results.grid import Grid

REPEATS = ("fold", "generator_seed")
"""Factors that repeat an arm on other clips, as seeds do with other draws."""
BASE_ARM, ALONE_ARM = "base", "alone"
ARM = "arm"
"""What stands for the level of a run that is an explicit arm."""
_OUTSIDE = (
    "root", "flow_folder", "complete_for", "pretrained", "start_from", "precision", "device",
)  # fmt: skip
"""What `canonical` leaves out although it can lead to another run (other files, other hardware)."""

Levels = dict[str, str]
Point = tuple[str | None, Levels, dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One run of a study.

    Attributes:
        study: the grid's name.
        arm: what is compared: all its seeds and folds have the same.
        levels: factor -> level, as text; empty for explicit arms and baselines.
        config: the settings.
        key: a hash, equal for tasks that ask for one and the same run, whatever they are called.
    """

    study: str
    arm: str
    levels: Levels
    config: ExperimentConfig
    key: str

    @property
    def levels_text(self) -> str:
        """The levels as they are stored."""
        return json.dumps(self.levels)

    @property
    def work(self) -> float:
        """How long it takes, relative to other tasks of the same network: values read in all."""
        preset = PRESETS.get(self.config.preset)
        values = preset.frames * preset.size**2 if preset else 1
        clips = preset.clips["train"] if preset and self.config.dataset == "synthetic" else 1
        return float(values * clips * self.config.epochs * len(self.config.modalities))


@dataclass(slots=True)
class _Merged:
    """One run and all the points of the grid that ask for it."""

    config: ExperimentConfig
    arms: list[str] = field(default_factory=list)
    points: list[Levels] = field(default_factory=list)
    baseline_of: list[Levels] = field(default_factory=list)
    alone: str = ""


def expand(grid: Grid) -> tuple[Task, ...]:
    """Return the tasks of a grid; see `Grid.tasks`."""
    points = list(_points(grid))
    found: dict[str, _Merged] = {}
    partners: dict[str, list[Levels]] = {}
    for name, levels, settings in points:
        for config in _configs(grid, name or _text(levels), settings):
            key = task_key(config)
            entry = found.setdefault(key, _Merged(config))
            if name is None:
                entry.points.append(levels)
            elif name not in entry.arms:
                entry.arms.append(name)
            shown = levels if name is None else {ARM: name}
            for m in config.modalities if grid.baselines else ():
                single = config.alone(m)
                if (single_key := task_key(single)) == key:
                    continue
                entry = found.setdefault(single_key, _Merged(single))
                entry.alone = m
                entry.baseline_of.append(shown)
                partners.setdefault(m, []).append(shown)
    combined = [levels for name, levels, _ in points if name is None]
    return [_task(grid.name, key, entry, combined, partners) for key, entry in found.items()]


def _points(grid: Grid) -> Iterator[Point]:
    """Yield (name of an explicit arm or None, levels, settings)."""
    factors = {
        name: list(_levels(name, values))
        for name, values in grid.factors.items()
        if name not in REPEATS
    }
    if factors or not grid.arms:
        for chosen in itertools.product(*factors.values()):
            levels = {name: text for name, (text, _) in zip(factors, chosen, strict=True)}
            settings = {k: v for _, bundle in chosen for k, v in bundle.items()}
            yield None, levels, settings
    for name, settings in grid.arms.items():
        yield name, {}, settings


def _levels(name: str, values: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (level as text, what it sets)."""
    if isinstance(values, dict):
        yield from values.items()
        return
    for value in values:
        yield level_text(value), {name: value}


def level_text(value: Any) -> str:
    """Return a value as it is written in the name of an arm."""
    if isinstance(value, bool):
        return str(value).lower()
    return "+".join(map(level_text, value)) if isinstance(value, list | tuple) else str(value)


def _text(levels: Levels) -> str:
    return ", ".join(f"{name}={level}" for name, level in levels.items()) or BASE_ARM


def _configs(grid: Grid, arm: str, settings: dict[str, Any]) -> Iterator[ExperimentConfig]:
    """Yield the configs of an arm, one per seed and repeating level."""
    repeats = {name: grid.factors[name] for name in REPEATS if name in grid.factors}
    for values in itertools.product(*repeats.values(), grid.seeds):
        repeated = dict(zip((*repeats, "seed"), values, strict=True))
        try:
            yield ExperimentConfig.make(**{**grid.base, **settings, **repeated})
        except ConfigError as error:
            raise ConfigError(f"arm {arm!r}: {error}") from None


def task_key(config: ExperimentConfig) -> str:
    """Return what is equal for configs that ask for one and the same run."""
    return hash_settings(
        {"settings": config.canonical(), **{name: getattr(config, name) for name in _OUTSIDE}}
    )


def _task(
    study: str, key: str, entry: _Merged, combined: list[Levels], partners: dict[str, list[Levels]]
) -> Task:
    if len(entry.arms) > 1:
        raise ConfigError(f"arms.{entry.arms[0]} and arms.{entry.arms[1]} are the same run.")
    levels: Levels = {}
    if entry.points:
        levels = entry.points[0]
        if len(entry.points) > 1:
            levels = _merge(entry.points, combined)
        arm = entry.arms[0] if entry.arms else _text(levels)
    elif entry.arms:
        arm = entry.arms[0]
    else:
        shared = _merge(entry.baseline_of, partners[entry.alone])
        arm = f"{ALONE_ARM} ({_text(shared)})" if shared else ALONE_ARM
    return Task(study=study, arm=arm, levels=levels, config=entry.config, key=key)


def _merge(points: list[Levels], everything: list[Levels]) -> Levels:
    """Return the levels that tell points from others: a factor that has all of them says nothing.

    Args:
        points: what one run stands for.
        everything: all that it could have stood for.
    """
    merged = {}
    for name in dict.fromkeys(name for levels in points for name in levels):
        mine = dict.fromkeys(levels.get(name) for levels in points)
        others = {levels.get(name) for levels in everything}
        if name == ARM:
            # Beside any combination of factors, the explicit arms need no mention.
            says_nothing = None in mine or mine.keys() == others
        else:
            says_nothing = mine.keys() - {None} == others - {None}
        if not says_nothing:
            merged[name] = "|".join(level for level in mine if level is not None)
    return merged
