"""Frozen networks that teach, instead of networks that learn beside their learners."""

from __future__ import annotations

from mmtlib.config import ExperimentConfig
from mmtlib.core.cache import cache_dir
from mmtlib.experiment.machine import build_network
from mmtlib.experiment.runs import load_run
from mmtlib.models import StreamSet, channels_last


def teacher_config(config: ExperimentConfig) -> ExperimentConfig | None:
    """Return the training of the network that teaches in distillation; None = there is none.

    It is the teacher's own baseline with the same seed: a run like any other, trained once.
    """
    first = config.transfer.taught_first
    return config.alone(*first) if first else None


def frozen_teachers(
    config: ExperimentConfig, classes: int, trained: str | None
) -> StreamSet | None:
    """Return the frozen networks that teach, in evaluation mode; None = networks teach each other.

    With the control ``frozen_random`` they are what a training would start from without any
    checkpoint: random weights of the same seed.

    Args:
        config: for the method, the control and the networks.
        classes: K, the number of classes.
        trained: the identity of the finished run of `teacher_config`, or None.

    Raises:
        CheckpointError: if that run is missing or damaged.
    """
    names = config.transfer.frozen
    if not names:
        return None
    if trained is None:
        networks = {m: build_network(config, m, classes) for m in names}
    else:
        stored = load_run(cache_dir("runs", trained[:12]))
        networks = {m: stored.network(m) for m in names}
    teachers = StreamSet(networks).requires_grad_(False).eval()
    return channels_last(teachers)


def networks_to_keep(
    config: ExperimentConfig, streams: StreamSet, teachers: StreamSet | None
) -> StreamSet:
    """Return one network for each modality of the config, as a run keeps them.

    A second network of a modality has served its purpose. A modality that was not trained, as it
    taught, is represented by the network that taught.
    """
    taught = {} if teachers is None else dict(teachers.networks.items())
    every = {**taught, **dict(streams.networks.items())}
    return StreamSet({m: every[m] for m in config.modalities})
