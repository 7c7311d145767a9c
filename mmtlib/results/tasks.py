"""From a grid to the runs it asks for, each once, with the names of its arm and levels."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from mmtlib.config import ExperimentConfig
from mmtlib.core.errors import ConfigError
from mmtlib.experiment.machine import training_work
from mmtlib.results.baselines import run_key

BASE_ARM, ALONE_ARM = "base", "alone"
ARM = "arm"
"""What stands for the level of a run that is an explicit arm."""

Levels = dict[str, str]


@dataclass(frozen=True, slots=True)
class Point:
    """What a grid asks for at one place: an explicit arm, or a combination of levels.

    Attributes:
        arm: the name of an explicit arm; None = a combination.
        levels: factor -> level, as text.
        configs: one for each seed and repeating level.
    """

    arm: str | None
    levels: Levels
    configs: tuple[ExperimentConfig, ...]


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
        return training_work(self.config)


@dataclass(slots=True)
class _Merged:
    """One run and all the points of the grid that ask for it."""

    config: ExperimentConfig
    arms: list[str] = field(default_factory=list)
    points: list[Levels] = field(default_factory=list)
    baseline_of: list[Levels] = field(default_factory=list)
    alone: str = ""


def expand(study: str, points: Sequence[Point], *, baselines: bool) -> tuple[Task, ...]:
    """Return the runs that the points of a grid ask for, each once; see `Grid.tasks`.

    Args:
        study: the grid's name.
        points: combinations of levels and explicit arms, in order.
        baselines: whether every joint training brings each of its networks trained alone.

    Raises:
        ConfigError: if two explicit arms are the same run.
    """
    found: dict[str, _Merged] = {}
    partners: dict[str, list[Levels]] = {}
    for point in points:
        name, levels = point.arm, point.levels
        shown = levels if name is None else {ARM: name}
        for config in point.configs:
            key = run_key(config)
            entry = found.setdefault(key, _Merged(config))
            if name is None:
                entry.points.append(levels)
            elif name not in entry.arms:
                entry.arms.append(name)
            for m in config.modalities if baselines else ():
                single = config.alone(m)
                if (single_key := run_key(single)) == key:
                    continue
                entry = found.setdefault(single_key, _Merged(single))
                entry.alone = m
                entry.baseline_of.append(shown)
                partners.setdefault(m, []).append(shown)
    combined = [point.levels for point in points if point.arm is None]
    return tuple(_task(study, key, entry, combined, partners) for key, entry in found.items())


def levels_name(levels: Levels) -> str:
    """Return the name of an arm that is a combination of levels."""
    return ", ".join(f"{name}={level}" for name, level in levels.items()) or BASE_ARM


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
        arm = entry.arms[0] if entry.arms else levels_name(levels)
    elif entry.arms:
        arm = entry.arms[0]
    else:
        shared = _merge(entry.baseline_of, partners[entry.alone])
        arm = f"{ALONE_ARM} ({levels_name(shared)})" if shared else ALONE_ARM
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
