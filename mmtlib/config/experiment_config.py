"""The settings of one experiment: flat, frozen, checked, and the same as JSON.

A run is determined by its config, the data and the version of the training code; nothing else is
set anywhere. The settings are declared in five groups (data, model, transfer, optimiser, machine),
each once; checks, identity, columns of the results, options of the command line and controls of
the explorer are derived from the declarations.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from mmtlib.config.all_settings import PLAIN_METHOD, SETTINGS, AllSettings
from mmtlib.config.checks import check_together
from mmtlib.config.data_sets import DATA_SETS
from mmtlib.config.identity import (
    Brought,
    brought_by,
    identity_settings,
    import_plugin,
    plugins_of,
    register_brought,
)
from mmtlib.config.presets import PRESETS, default_preset
from mmtlib.config.recipes import RECIPES
from mmtlib.core.errors import ConfigError, unknown_name
from mmtlib.core.modalities import MODALITIES, check_modalities


@dataclass(frozen=True, kw_only=True)
class ExperimentConfig(AllSettings):
    """Everything that determines a run, apart from the data itself.

    Make one with `ExperimentConfig.make`, which starts from a recipe. Its attributes are the
    settings of all groups (docs/settings.md lists them) and:

    Attributes:
        recipe: the recipe it was made from (a label; the settings are what counts).
    """

    recipe: str

    def __post_init__(self) -> None:
        for plugin in self.plugins:
            import_plugin(plugin)
        if not isinstance(self.recipe, str) or self.recipe not in RECIPES:
            raise unknown_name("recipe", self.recipe, RECIPES)
        super().__post_init__()
        for name in ("modalities", "complete_for"):
            given = getattr(self, name)
            present = check_modalities(given) if given or name == "modalities" else ()
            object.__setattr__(self, name, tuple(m for m in MODALITIES if m in present))
        object.__setattr__(self, "classes", tuple(sorted(set(self.classes))))
        check_together(self)
        _ = self.transfer  # its parts fit together, or it raises
        object.__setattr__(self, "plugins", plugins_of(self))

    @classmethod
    def make(cls, recipe: str | None = None, **settings: Any) -> Self:
        """Return a config from a recipe, with some settings changed.

        Args:
            recipe: a name of `RECIPES`; None = the preset's own.
            settings: any attributes of the config; `preset` is by default `default_preset()`.

        Raises:
            ConfigError: if a name is unknown or a value out of range.
        """
        preset = PRESETS[settings.setdefault("preset", default_preset())]
        _check_names(settings)
        base = {**RECIPES[preset.recipe if recipe is None else recipe].settings, **preset.settings}
        return cls(recipe=recipe or preset.recipe, **{**base, **settings})

    def replace(self, **changes: Any) -> Self:
        """Return the config with some settings changed.

        Raises:
            ConfigError: if a name is unknown or a value out of range.
        """
        _check_names(changes)
        return dataclasses.replace(self, **changes)

    def on(self, dataset: str, /, **changes: Any) -> Self:
        """Return the config on another data set: what only the old one takes is at its default.

        Raises:
            ConfigError: as `replace`.
        """
        taken = DATA_SETS[dataset].takes
        idle = {name: each.default for name, each in SETTINGS.items() if not taken(name)}
        return self.replace(**{**idle, **changes, "dataset": dataset})

    def alone(self, modality: str) -> Self:
        """Return the same training of one network without any other: its baseline.

        Where broken clips are left out, it is trained on the clips of this training: one whose
        depth is broken is left out for RGB alone too.
        """
        changes: dict[str, Any] = {"modalities": (modality,)}
        if self.skip_broken and not self.clips_are_made:
            changes["complete_for"] = tuple(dict.fromkeys((*self.modalities, *self.complete_for)))
        changes |= PLAIN_METHOD
        if self.corrupt != modality:
            changes["corrupt"] = None
        return self.replace(**changes)

    def canonical(self) -> dict[str, Any]:
        """Return what influences the result, as JSON-able values.

        Settings of other data sets and of other methods are left out. Without a second network or
        with weight 0 there is no transfer, so its settings are left out too: the baseline of every
        comparison is then one and the same run. The code of networks, methods, data sets, ... of a
        user's own is in it as ``code``.
        """
        return identity_settings(self)

    def idle(self) -> set[str]:
        """Return the settings that count with two networks and SSA, but not here."""
        others = [m for m in MODALITIES if m not in self.modalities][: len(self.modalities) == 1]
        aligned = self.replace(
            modalities=(*self.modalities, *others),
            ssa_weight=self.ssa_weight or 1.0,
            **PLAIN_METHOD,
        )
        idle = aligned.canonical().keys() - self.canonical().keys()
        if len(self.modalities) > 1:
            idle.discard(self.transfer.weight_setting)  # 0 is a weight
        return idle

    def to_json(self) -> str:
        """Return the config as JSON (`from_json` is the way back)."""
        return json.dumps(dataclasses.asdict(self), indent=2)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the config written by `to_json`.

        Raises:
            ConfigError: if the text is no such config.
        """
        try:
            values = json.loads(text)
            _check_names(values)
            return cls(**values)
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise ConfigError(f"This is no config of an experiment: {error}.") from None

    @classmethod
    def stored(cls, values: Mapping[str, Any]) -> Self:
        """Return the config that was stored with a run, maybe by an earlier version.

        What then was kept without influence (a fold of a set that has none) is at its default.

        Raises:
            ConfigError: as `from_json`.
        """
        taken = DATA_SETS[values.get("dataset", SETTINGS["dataset"].default)].takes
        return cls(**{n: v for n, v in values.items() if n not in SETTINGS or taken(n)})

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Return the config in a JSON file.

        Raises:
            ConfigError: if the file is missing or holds no config; names the file.
        """
        try:
            return cls.from_json(Path(path).read_text())
        except OSError as error:
            raise ConfigError(f"Cannot read the config {path}: {error.strerror}.") from None
        except (ConfigError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: {error}") from None

    def __reduce__(self) -> tuple[Any, ...]:
        """Take along what other processes cannot import: things declared in a notebook."""
        return _restored, (type(self), dataclasses.asdict(self), brought_by(self))


def _restored(
    kind: type[ExperimentConfig], settings: dict[str, Any], brought: list[Brought]
) -> ExperimentConfig:
    register_brought(brought)
    return kind(**settings)


def _check_names(settings: dict[str, Any]) -> None:
    known = [*SETTINGS, "recipe"]
    for name in settings:
        if name not in known:
            raise unknown_name("setting", name, known)


def hash_settings(values: dict[str, Any]) -> str:
    """Return the SHA-256 of JSON-able values, independent of the order of their keys."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
