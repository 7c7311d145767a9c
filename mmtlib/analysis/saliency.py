"""Where and when a network looks: how much each place of a clip speaks for a class.

The methods are captum's. All are brought to one form: maps of the size of the clip, never negative
(only what speaks *for* the class), the highest value of each clip 1. A map that looks right may
still tell nothing about the network: measure it (`pointing`) and test it (`sanity`).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import torch
from captum.attr import IntegratedGradients, LayerGradCam, Occlusion
from torch import Tensor

from mmtlib.analysis.features import batches, evaluating, over_frames
from mmtlib.core.errors import ConfigError, DataError, unknown_name
from mmtlib.models import StagedNetwork


def saliency(
    network: StagedNetwork,
    clips: Tensor,
    targets: int | Sequence[int] | Tensor,
    *,
    method: str = "grad_cam",
    batch_size: int = 16,
    **settings: Any,
) -> Tensor:
    """Return how much every place and moment of each clip speaks for a class.

    - ``grad_cam`` (setting ``stage``): the features of a stage, each channel weighted by the mean
      gradient of the class score; default the stage that the alignment loss compares.
    - ``integrated_gradients`` (``baseline``, ``steps``): the gradients gathered on the straight way
      from a clip without content, in 32 steps, times the change of each value.
    - ``occlusion`` (``baseline``, ``window``, ``stride``): how far the class score falls when a
      window (T, H, W) is covered; default a quarter of the clip, moved by half a window.

    Grad-CAM has the coarse grid of its stage; it is interpolated linearly. `baseline` is the value
    of a clip without content, in the unit the network takes; default 0, which after
    `mmtlib.transforms.Standardize` is the mean of a picture, a middle distance and no motion.

    The network is used in evaluation mode and left as it was: in its mode, without gradients. The
    result does not depend on `batch_size` but for rounding.

    Args:
        network: one modality's network.
        clips: ``(N, C, T, H, W)``, standardised, on the network's device; any memory format.
        targets: the class to explain, one for all clips or one for each: the true class asks what
            speaks for it, the predicted one what the network decided by.
        method: ``"grad_cam"``, ``"integrated_gradients"`` or ``"occlusion"``.
        batch_size: clips at once.
        settings: of the method, see above.

    Returns:
        float32 ``(N, T, H, W)`` in [0, 1], the highest value of each clip 1; all 0 for a clip where
        nothing speaks for the class.

    Raises:
        ConfigError: if a method, setting or stage is unknown or out of its range.
        DataError: if the clips or targets do not fit the network.

    Sources: Selvaraju et al., "Grad-CAM", ICCV 2017; Sundararajan et al., "Axiomatic Attribution
    for Deep Networks", ICML 2017; Zeiler and Fergus, "Visualizing and Understanding Convolutional
    Networks", ECCV 2014. Taking the positive part, normalising after the interpolation, and the
    sum over channels (second method) are choices made here, so that the three can be compared.
    """
    attribute = _method(method, settings)
    chosen = _targets(network, clips, targets)
    parts = zip(batches(clips, batch_size), chosen.split(batch_size), strict=True)
    # Within the caller's no_grad or inference_mode there would be no gradients to look at.
    with torch.inference_mode(False), torch.enable_grad(), evaluating(network):
        maps = [
            attribute(network, part.detach().clone().requires_grad_(), wanted.clone(), **settings)
            for part, wanted in parts
        ]
    found = torch.cat([part.detach().float() for part in maps]).clamp_min_(0)
    if not found.isfinite().all():
        raise DataError(
            "The network answers with NaN or infinity: its training has diverged, or its weights "
            "are damaged; look at its loss, or take another run."
        )
    peak = found.amax(dim=(1, 2, 3), keepdim=True)
    return found / peak.masked_fill(peak == 0, 1)


def _grad_cam(
    network: StagedNetwork, clips: Tensor, targets: Tensor, *, stage: str | None = None
) -> Tensor:
    module = network.stage_module(stage or network.feature_stage)
    cam = LayerGradCam(_logits(network), module).attribute(clips, targets, relu_attributions=True)
    return over_frames(cam.float()[:, 0], clips.shape[2:])


def _integrated_gradients(
    network: StagedNetwork,
    clips: Tensor,
    targets: Tensor,
    *,
    baseline: float = 0.0,
    steps: int = 32,
) -> Tensor:
    if steps < 1:
        raise ConfigError(f"steps: expected at least 1, got {steps}.")
    found = IntegratedGradients(_logits(network)).attribute(
        clips,
        baselines=float(baseline),
        target=targets,
        n_steps=steps,
        internal_batch_size=len(clips),  # a step at a time: memory as for one batch
    )
    return found.sum(dim=1)


def _occlusion(
    network: StagedNetwork,
    clips: Tensor,
    targets: Tensor,
    *,
    baseline: float = 0.0,
    window: Sequence[int] | None = None,
    stride: Sequence[int] | None = None,
) -> Tensor:
    channels, *size = clips.shape[1:]
    window = tuple(window or (max(1, n // 4) for n in size))
    stride = tuple(stride or (max(1, n // 2) for n in window))
    for name, steps, most in (("window", window, size), ("stride", stride, window)):
        if len(steps) != 3 or any(
            not 1 <= n <= limit for n, limit in zip(steps, most, strict=True)
        ):
            raise ConfigError(f"{name}: expected T, H, W from 1 to {tuple(most)}, got {steps}.")
    found = Occlusion(_logits(network)).attribute(
        clips,
        sliding_window_shapes=(channels, *window),
        strides=(channels, *stride),
        baselines=float(baseline),
        target=targets,
    )
    return found.mean(dim=1)  # covered together, all channels have the same


_METHODS: dict[str, Callable[..., Tensor]] = {
    "grad_cam": _grad_cam,
    "integrated_gradients": _integrated_gradients,
    "occlusion": _occlusion,
}
SALIENCY_METHODS = tuple(_METHODS)
"""The methods that `saliency` knows."""


def _method(name: str, settings: dict[str, Any]) -> Callable[..., Tensor]:
    if name not in _METHODS:
        raise unknown_name("method of saliency", name, _METHODS)
    parameters = inspect.signature(_METHODS[name]).parameters.values()
    known = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
    for setting in settings:
        if setting not in known:
            raise unknown_name(f"setting of {name}", setting, known)
    return _METHODS[name]


def _logits(network: StagedNetwork) -> Callable[[Tensor], Tensor]:
    return lambda clips: network(clips).logits


def _targets(
    network: StagedNetwork, clips: Tensor, targets: int | Sequence[int] | Tensor
) -> Tensor:
    """Return one class index per clip."""
    chosen = torch.as_tensor(targets, device=clips.device)
    if chosen.is_floating_point() or chosen.shape not in ((), clips.shape[:1]):
        raise DataError(
            f"targets: expected one class index, or one for each of {len(clips)} clips, got "
            f"{chosen.dtype} of shape {tuple(chosen.shape)}."
        )
    if chosen.numel() and not 0 <= int(chosen.min()) <= int(chosen.max()) < network.num_classes:
        raise DataError(
            f"targets: expected classes 0 to {network.num_classes - 1}, got "
            f"{int(chosen.min())} to {int(chosen.max())}."
        )
    return chosen.long().expand(len(clips))
