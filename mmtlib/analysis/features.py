"""The features of any stage of a network, which is looked at without being changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmtlib.core.errors import ConfigError, DataError
from mmtlib.models import StagedNetwork

BATCH_SIZE = 32
"""Clips that go through a network at once, if not said otherwise."""


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Put a network into evaluation mode inside the block, then every part back into its own."""
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        yield
    finally:
        for module, training in modes:
            # The attribute, not `train`: that would set the parts of the module too.
            module.training = training


def stage_features(
    network: StagedNetwork,
    clips: Tensor,
    stage: str | None = None,
    *,
    batch_size: int = BATCH_SIZE,
) -> Tensor:
    """Return the output of one stage of a network in evaluation mode.

    Args:
        network: one modality's network; afterwards in the mode it was in.
        clips: ``(N, C, T, H, W)``, standardised, on the network's device.
        stage: one of ``network.STAGES``, as it leaves the stage; None: the features that the
            alignment loss compares (`feature_stage`, averaged over `feature_time_pool`).
        batch_size: clips at once.

    Returns:
        float32 ``(N, C', T', H', W')`` without gradient.

    Raises:
        ConfigError: if the network has no such stage, or `batch_size` is less than 1.
        DataError: if the clips are not what the network takes, or there is none.
    """
    parts = batches(clips, batch_size)
    with torch.no_grad(), evaluating(network):
        if stage is None:
            return torch.cat([network(part).features.float() for part in parts])
        return _output_of(network, network.stage_module(stage), parts)


def pooled_features(
    network: StagedNetwork,
    clips: Tensor,
    stage: str | None = None,
    *,
    batch_size: int = BATCH_SIZE,
) -> Tensor:
    """Return the mean of `stage_features` over time and space: one vector for each clip.

    Args:
        network, clips, stage, batch_size: as `stage_features`.

    Returns:
        float32 ``(N, C')``.

    Raises:
        ConfigError, DataError: as `stage_features`.
    """
    return stage_features(network, clips, stage, batch_size=batch_size).mean(dim=(2, 3, 4))


def over_frames(values: Tensor, size: Sequence[int]) -> Tensor:
    """Return values on a grid of positions ``(N, t, h, w)`` at the size of the clips, trilinear."""
    spread = F.interpolate(values[:, None], tuple(size), mode="trilinear", align_corners=False)
    return spread[:, 0]


def check_alike(what: str, first: Tensor, second: Tensor) -> None:
    """Raise a `DataError` if two sets of maps are not ``(N, T, H, W)`` of one shape."""
    if first.shape != second.shape or first.ndim != 4:
        raise DataError(
            f"Expected {what} (N, T, H, W) of one shape, got {tuple(first.shape)} and "
            f"{tuple(second.shape)}."
        )


def batches(clips: Tensor, batch_size: int) -> tuple[Tensor, ...]:
    """Return the clips in parts of at most `batch_size`.

    Raises:
        ConfigError: if `batch_size` is less than 1.
        DataError: if there is no clip, or one holds what is no number.
    """
    if batch_size < 1:
        raise ConfigError(f"batch_size: expected at least 1, got {batch_size}.")
    if not len(clips):
        raise DataError("No clips were given; there is nothing to look at.")
    if not clips.isfinite().all():
        bad = (~clips.isfinite()).flatten(1).any(1).nonzero()[0].item()
        raise DataError(f"Clip {bad} of those given holds NaN or infinity; leave it out.")
    return clips.split(batch_size)


def _output_of(network: StagedNetwork, module: nn.Module, parts: tuple[Tensor, ...]) -> Tensor:
    seen: list[Tensor] = []
    handle = module.register_forward_hook(lambda _module, _inputs, out: seen.append(out.float()))
    try:
        for part in parts:
            network(part)
    finally:
        handle.remove()
    return torch.cat(seen)
