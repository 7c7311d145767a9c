"""A config as Python or as a command."""

from __future__ import annotations

import json
import shlex
from typing import Any

from mmtlib.config import SETTINGS, ExperimentConfig


def changed_settings(config: ExperimentConfig) -> dict[str, Any]:
    """Return the settings that differ from those of the recipe, preset and modalities alone."""
    plain = ExperimentConfig.make(
        config.recipe, preset=config.preset, modalities=config.modalities, seed=config.seed
    )
    return {n: getattr(config, n) for n in SETTINGS if getattr(config, n) != getattr(plain, n)}


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
    'mmt train --modalities rgb,depth --preset tiny --recipe compact --seed 0 --beta 1'
    """
    parts = [
        "mmt", "train", "--modalities", ",".join(config.modalities), "--preset", config.preset,
        "--recipe", config.recipe, "--seed", str(config.seed),
    ]  # fmt: skip
    changed = changed_settings(config)
    for name, value in changed.items():
        option = SETTINGS[name].option
        if isinstance(value, bool):
            parts.append(option if value else option.replace("--", "--no-", 1))
        else:
            parts += [option, SETTINGS[name].text(value).replace("+", ",")]
    return shlex.join(parts)
