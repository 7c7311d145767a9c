"""What the arguments of the objectives may be."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

import torch
from torch import Tensor

from mmtlib.config import TransferSettings
from mmtlib.core.errors import ConfigError, DataError, unknown_name
from mmtlib.core.outputs import StreamOutput

RHO_SCOPES = TransferSettings.choices("rho_per")
"""From what rho is computed: each clip's own losses, or their means over the batch (the paper
leaves it open)."""


def check_weight(name: str, number: float) -> None:
    """Raise a `ConfigError` unless the number is finite and at least 0."""
    if not (0 <= number < math.inf):
        raise ConfigError(f"{name}: expected a finite number of at least 0, got {number!r}.")


def check_labels(outputs: Mapping[str, StreamOutput], labels: Tensor) -> None:
    """Raise a `DataError` unless the labels are class numbers that fit the logits."""
    if not outputs:
        raise DataError("outputs: expected the output of at least one modality, got none.")
    if labels.ndim != 1 or len(labels) == 0 or labels.is_floating_point():
        raise DataError(
            "labels: expected one class number for each clip, integers of shape (N,), got "
            f"{labels.dtype} of shape {tuple(labels.shape)}."
        )
    for modality, output in outputs.items():
        if output.logits.ndim != 2 or len(output.logits) != len(labels):
            raise DataError(
                f"logits of {modality!r}: expected shape (N, K) with N = {len(labels)} as in the "
                f"labels, got {tuple(output.logits.shape)}."
            )
    classes = min(output.logits.shape[1] for output in outputs.values())
    # Checked here because out of range the device's own check kills the whole CUDA context.
    lowest, highest = torch.stack(torch.aminmax(labels)).tolist()
    if lowest < 0 or highest >= classes:
        raise DataError(
            f"labels: expected class numbers from 0 to {classes - 1} (the networks have {classes} "
            f"classes), got values from {lowest} to {highest}. Class numbers count from 0."
        )


def check_learners(
    pairs: Sequence[tuple[str, str]],
    learners: Collection[str],
    teachers: Collection[str],
    *,
    one_way: str | None,
) -> None:
    """Raise a `ConfigError` for a pair of unknown networks, or of two that teach each other."""
    for m, n in pairs:
        if m not in learners:
            raise unknown_name("learner", m, learners)
        if n not in teachers:
            raise unknown_name("teacher", n, teachers)
        if m == n and learners is teachers:
            raise ConfigError(f"pairs: {m!r} cannot be its own teacher; name two networks.")
        if one_way and (n, m) in pairs:
            raise ConfigError(
                f"method={one_way!r}, but {m!r} and {n!r} teach each other: give `pairs` of "
                "learner and teacher in one direction only."
            )


def check_teacher_clips(clips: Tensor | None, labels: Tensor) -> None:
    """Raise a `DataError` unless there is a clip of the batch, or -1, for every clip."""
    if clips is None:
        return
    right = clips.shape == labels.shape and not clips.is_floating_point()
    if not right or clips.min() < -1 or clips.max() >= len(labels):
        raise DataError(
            f"teacher_clips: expected {len(labels)} whole numbers from -1 to {len(labels) - 1}, "
            f"one for each clip, got {clips.dtype} of shape {tuple(clips.shape)}"
            + (f" from {int(clips.min())} to {int(clips.max())}." if right else ".")
        )
