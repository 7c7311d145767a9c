"""What a study varies: a base, factors, explicit arms, seeds; read from a TOML file."""

from __future__ import annotations

import dataclasses
import itertools
import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from mmtlib.config import ExperimentConfig, hash_settings
from mmtlib.core.errors import ConfigError, shown_value, unknown_name
from mmtlib.results.grid_checks import REPEATING, Settings, check_grid
from mmtlib.results.tasks import Point, Task, expand, levels_name


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A study: every combination of the factors' levels, and further arms, with every seed.

    Attributes:
        name: the study's name in the results store: letters, digits, ``.``, ``_`` and ``-``.
        seeds: the seeds that every arm is trained with.
        baselines: whether every joint training brings each of its networks trained alone.
        base: the settings that all arms share (`ExperimentConfig.make`).
        factors: name -> levels. The name of a setting has a list of its values; any other name has
            a table of levels, each of which sets several settings at once:
            ``{"alignment": {"mean": {"ssa_reduction": "mean", "ssa_weight": 10.0}}}``. The factors
            `fold`, `leave_out` and `generator_seed` repeat an arm, as seeds do, and are not part of
            its name.
        arms: name -> settings of arms beside those combinations. With arms and no other factors
            than repeating ones, the arms are all there is.

    Raises:
        ConfigError: if something is missing, unknown or of a wrong kind; names the key.
    """

    name: str
    seeds: tuple[int, ...] = (0,)
    baselines: bool = False
    base: Settings = field(default_factory=dict)
    factors: dict[str, list[Any] | dict[str, Settings]] = field(default_factory=dict)
    arms: dict[str, Settings] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for each in dataclasses.fields(self):
            try:
                value = json.loads(json.dumps(getattr(self, each.name)))
            except (TypeError, ValueError, RecursionError) as error:
                raise ConfigError(f"{each.name} holds what is no setting: {error}.") from None
            object.__setattr__(self, each.name, value)
        check_grid(**{each.name: getattr(self, each.name) for each in dataclasses.fields(self)})
        object.__setattr__(self, "seeds", tuple(self.seeds))

    @property
    def hash(self) -> str:
        """SHA-256 of the whole description, independent of the order of names."""
        return hash_settings(dataclasses.asdict(self))

    @cached_property
    def tasks(self) -> tuple[Task, ...]:
        """The runs of the study, each once, in an order that depends on the grid alone.

        Arms that turn out to be one and the same run (with weight 0 the other settings of the
        alignment mean nothing) are one task; so is the baseline that several arms share.

        Raises:
            ConfigError: if a value is out of its range, or two explicit arms are the same run.
        """
        return expand(self.name, list(self._points()), baselines=self.baselines)

    def _points(self) -> Iterator[Point]:
        factors = {
            name: list(_levels(name, values))
            for name, values in self.factors.items()
            if name not in REPEATING
        }
        if factors or not self.arms:
            for chosen in itertools.product(*factors.values()):
                levels = {name: text for name, (text, _) in zip(factors, chosen, strict=True)}
                settings = {k: v for _, bundle in chosen for k, v in bundle.items()}
                yield Point(None, levels, self._configs(levels_name(levels), settings))
        for name, settings in self.arms.items():
            yield Point(name, {}, self._configs(name, settings))

    def _configs(self, arm: str, settings: Settings) -> tuple[ExperimentConfig, ...]:
        """Return the configs of an arm, one per seed and repeating level."""
        repeats = {name: self.factors[name] for name in REPEATING if name in self.factors}
        found = []
        for values in itertools.product(*repeats.values(), self.seeds):
            repeated = dict(zip((*repeats, "seed"), values, strict=True))
            try:
                found.append(ExperimentConfig.make(**{**self.base, **settings, **repeated}))
            except ConfigError as error:
                raise ConfigError(f"arm {arm!r}: {error}") from None
        return tuple(found)

    def to_json(self) -> str:
        """Return the grid as JSON (`from_json` is the way back)."""
        return json.dumps(dataclasses.asdict(self), indent=2)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the grid written by `to_json`.

        Raises:
            ConfigError: if the text is no such grid.
        """
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ConfigError(f"This is no grid of a study: {error}.") from None
        return cls._from_values(values)

    @classmethod
    def _from_values(cls, values: Any) -> Self:
        if not isinstance(values, dict):
            raise ConfigError(
                f"This is no grid of a study: expected names, got {shown_value(values)}."
            )
        known = [each.name for each in dataclasses.fields(cls)]
        for name in values:
            if name not in known:
                raise unknown_name("key", name, known)
        if "name" not in values:
            raise ConfigError("The key name is missing: what the study is called in the results.")
        return cls(**values)

    @classmethod
    def load(cls, path: str | Path, **base: Any) -> Self:
        """Return the grid in a TOML file, every combination checked.

        Args:
            path: the file.
            base: settings that replace those of the file's ``[base]``.

        Raises:
            ConfigError: if the file is missing, is no TOML or no grid; names file and key.
        """
        try:
            values = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigError(f"Cannot read the grid {path}: {error.strerror}.") from None
        except (ValueError, RecursionError) as error:
            raise ConfigError(f"{path} is no TOML: {error}.") from None
        try:
            grid = cls._from_values(values)
            grid = dataclasses.replace(grid, base={**grid.base, **base})
            _ = grid.tasks
        except ConfigError as error:
            raise ConfigError(f"{path}: {error}") from None
        return grid


def _levels(name: str, values: list[Any] | dict[str, Settings]) -> Iterator[tuple[str, Settings]]:
    """Yield (level as text, what it sets)."""
    if isinstance(values, dict):
        yield from values.items()
        return
    for value in values:
        yield value_text(value), {name: value}


def value_text(value: Any) -> str:
    """Return a value as it is written in the name of an arm."""
    if isinstance(value, bool):
        return str(value).lower()
    return "+".join(map(value_text, value)) if isinstance(value, list | tuple) else str(value)
