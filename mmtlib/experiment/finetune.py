"""From synthetic to real: train on with the networks of a run, on other clips."""

from __future__ import annotations

from typing import Any

from mmtlib.config import ExperimentConfig
from mmtlib.config.recipes import FINETUNE_SETTINGS
from mmtlib.core.cache import cache_dir
from mmtlib.core.errors import ConfigError
from mmtlib.experiment.runs import Run


def finetune_config(stored: Run, *, dataset: str, root: str, **settings: Any) -> ExperimentConfig:
    """Return the config of a training that starts from a run's networks, on a real data set.

    Network, clip size, modalities and recipe are the run's. Set apart from that
    (`mmtlib.config.recipes.FINETUNE_SETTINGS`): more epochs, as there are few clips; the strong
    augmentation; and every network by itself (weight 0): what was learnt from the others is in its
    weights already.

    Args:
        stored: a finished run, e.g. on the synthetic preset ``"car"``.
        dataset: the real data set.
        root: its folder.
        settings: any other settings, e.g. ``classes``, ``clips_per_class``, ``freeze_to``.

    Returns:
        The config for `mmtlib.run`.

    Raises:
        ConfigError: if a name is unknown or a value out of range.

    >>> import mmtlib
    >>> stored = mmtlib.run(mmtlib.ExperimentConfig.make(preset="car"))  # doctest: +SKIP
    >>> config = finetune_config(stored, dataset="nvgesture", root="DIR")  # doctest: +SKIP
    >>> mmtlib.run(config).validation_accuracy  # doctest: +SKIP
    """
    if dataset == "synthetic":
        raise ConfigError("Fine-tuning is for real data sets: nvgesture, egogesture, viva, videos.")
    inside = stored.path.parent.resolve() == cache_dir("runs").resolve()
    start = stored.run_id if inside else str(stored.path.resolve())
    own = {"pretrained": None, "complete_for": (), "start_from": start}
    return stored.config.on(dataset, **{**FINETUNE_SETTINGS, **own, "root": root, **settings})
