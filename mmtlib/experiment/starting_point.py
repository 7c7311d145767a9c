"""What training starts from: new weights, a checkpoint of Kinetics, or the networks of a run."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import nn

from mmtlib.config import ExperimentConfig
from mmtlib.core.errors import ConfigError
from mmtlib.core.modalities import modality_of
from mmtlib.experiment.machine import build_network
from mmtlib.experiment.runs import Run, load_run
from mmtlib.models import fit_i3d_checkpoint, load_i3d_checkpoint, staged, start_from_weights


def check_starting_point(config: ExperimentConfig) -> dict[str, str]:
    """Return what identifies the weights that training starts from; nothing where they are new.

    It is looked at before data are prepared, so that a bad one is found at once.

    Returns:
        ``{"pretrained": SHA-256}`` of a checkpoint, or ``{"start_from": identity}`` of a run.

    Raises:
        CheckpointError: if it is missing, damaged or does not fit.
        ConfigError: if the network is another one, the run lacks a modality, both are given, or
            the stage to freeze is unknown.
    """
    _check_freezing(config)
    if config.pretrained is not None and config.start_from is not None:
        raise ConfigError("Training starts from pretrained or from start_from, not from both.")
    if config.pretrained is not None:
        with torch.device("meta"):
            network = build_network(config, config.modalities[0], 2)
        fit_i3d_checkpoint(network, config.pretrained)
        return {"pretrained": hashlib.sha256(Path(config.pretrained).read_bytes()).hexdigest()}
    if config.start_from is not None:
        return {"start_from": _check_run(config, load_run(config.start_from)).identity}
    return {}


def load_starting_point(
    config: ExperimentConfig, networks: Mapping[str, nn.Module], classes: Sequence[str]
) -> dict[str, str]:
    """Fill new networks with the weights that training starts from.

    Args:
        config: says from what.
        networks: networks by name (`mmtlib.core.modalities.modality_of`), changed in place.
        classes: the names of their classes.

    Returns:
        What was changed to make them fit, ``start_NETWORK`` -> words; nothing for new weights.

    Raises:
        CheckpointError: as `check_starting_point`.
    """
    if config.pretrained is not None:
        return {
            f"pretrained_{m}": load_i3d_checkpoint(network, config.pretrained)
            for m, network in networks.items()
        }
    if config.start_from is None:
        return {}
    run = load_run(config.start_from)
    return {
        f"start_{m}": start_from_weights(
            staged(network, "start_from"),
            run.path / f"{modality_of(m)}.safetensors",
            old_classes=run.classes,
            classes=classes,
        )
        for m, network in networks.items()
    }


def _check_run(config: ExperimentConfig, run: Run) -> Run:
    lacking = [m for m in config.modalities if m not in run.config.modalities]
    if lacking:
        raise ConfigError(
            f"Run {run.run_id} has networks for {', '.join(run.config.modalities)}, none for "
            f"{', '.join(lacking)}; choose other modalities, or another run to start from."
        )
    if run.config.network != config.network:
        raise ConfigError(
            f"Run {run.run_id} has networks of the kind {run.config.network}; "
            f"network={config.network!r} cannot start from them."
        )
    return run


def _check_freezing(config: ExperimentConfig) -> None:
    if config.freeze_to is None:
        return
    if config.pretrained is None and config.start_from is None:
        raise ConfigError(
            "freeze_to keeps trained weights as they are: say which, with start_from=RUN or "
            "pretrained=FILE."
        )
    with torch.device("meta"):
        network = build_network(config, config.modalities[0], 2)
        staged(network, "freeze_to").freeze_to(config.freeze_to)
