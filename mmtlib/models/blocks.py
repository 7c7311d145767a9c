"""What the two networks share: named stages, one of which gives the features, and a class score."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import ClassVar, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from mmtlib.core.errors import ConfigError, DataError, unknown_name
from mmtlib.core.outputs import StreamOutput


class StagedNetwork(nn.Module):
    """A network that is a row of named stages followed by a classifier.

    A subclass names its stages in `STAGES`, in the order they run, holds each as a submodule, and
    turns the last stage's output into logits in `classify`.

    Args:
        in_channels: C of the clips ``(N, C, T, H, W)``.
        num_classes: K, the number of logits.
        feature_stage: the stage whose output is `StreamOutput.features`.
        feature_time_pool: how many neighbouring positions in time are averaged into one feature
            position; 1 leaves the features as they are.
        dropout: the probability with which a channel is dropped before the classifier, in [0, 1).

    Raises:
        ConfigError: if a stage is unknown or a number is out of its range.
    """

    STAGES: ClassVar[tuple[str, ...]] = ()
    CLASSIFIER: ClassVar[str] = ""
    """The submodule whose parameters have one row per class."""
    recompute: bool = False
    """Keep only the outputs of the stages for the backward pass and work the rest out again there:
    about a third more time for a fraction of the memory, and the same result."""

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        *,
        feature_stage: str,
        feature_time_pool: int,
        dropout: float,
    ) -> None:
        super().__init__()
        if feature_stage not in self.STAGES:
            raise unknown_name("feature stage", feature_stage, self.STAGES)
        _check_at_least_one("in_channels", in_channels)
        _check_at_least_one("num_classes", num_classes)
        _check_at_least_one("feature_time_pool", feature_time_pool)
        if not 0 <= dropout < 1:
            raise ConfigError(f"dropout: expected a probability in [0, 1), got {dropout!r}.")
        self.in_channels = in_channels
        self.num_classes = num_classes
        self.feature_stage = feature_stage
        self.feature_time_pool = feature_time_pool
        self.frozen_stages: tuple[str, ...] = ()

    def freeze_to(self, stage: str) -> None:
        """Take a stage and those before it out of the training.

        Their weights and running statistics stay as they are.

        Raises:
            ConfigError: if the network has no such stage, or nothing would be left to train.
        """
        self.stage_module(stage)
        if self.CLASSIFIER in (stage, stage.lower()):
            raise ConfigError(f"Freezing {stage} too would leave nothing to train.")
        self.frozen_stages = self.STAGES[: self.STAGES.index(stage) + 1]
        for name in self.frozen_stages:
            self.stage_module(name).requires_grad_(False)
        self.train(self.training)

    def train(self, mode: bool = True) -> Self:
        """Set training mode; frozen stages stay in evaluation mode."""
        super().train(mode)
        for name in self.frozen_stages:
            self.stage_module(name).eval()
        return self

    def stage_module(self, name: str) -> nn.Module:
        """Return the module whose output is the stage of that name.

        Raises:
            ConfigError: if the network has no such stage.
        """
        if name not in self.STAGES:
            raise unknown_name("stage", name, self.STAGES)
        return self.get_submodule(name)

    def classify(self, x: Tensor) -> Tensor:
        """Return logits ``(N, K)`` from the output of the last stage."""
        raise NotImplementedError

    def forward(self, clips: Tensor) -> StreamOutput:
        """Return logits and features of a batch.

        Args:
            clips: ``(N, C, T, H, W)``, standardised (`mmtlib.transforms.Standardize`).

        Returns:
            `StreamOutput` with logits ``(N, K)`` and the features of `feature_stage`, averaged
            over `feature_time_pool` positions in time.

        Raises:
            DataError: if the batch has another shape than the network takes.
        """
        if clips.ndim != 5 or clips.shape[1] != self.in_channels:
            raise DataError(
                f"{type(self).__name__}: expected clips of shape (N, {self.in_channels}, T, H, W), "
                f"got {tuple(clips.shape)}."
            )
        features = x = clips
        for name in self.STAGES:
            x = self._stage(self.stage_module(name), x)
            if name == self.feature_stage:
                features = x
        return StreamOutput(self.classify(x), self._pool_time(features))

    def _stage(self, module: nn.Module, x: Tensor) -> Tensor:
        if not (self.recompute and self.training and torch.is_grad_enabled()):
            return module(x)

        def contexts() -> tuple[AbstractContextManager, AbstractContextManager]:
            return nullcontext(), _kept_statistics(module)

        return checkpoint(module, x, use_reentrant=False, context_fn=contexts)

    def _pool_time(self, features: Tensor) -> Tensor:
        pool = self.feature_time_pool
        if pool == 1:
            return features
        if features.shape[2] < pool:
            raise ConfigError(
                f"feature_time_pool={pool}: stage {self.feature_stage} has only "
                f"{features.shape[2]} positions in time for this clip; "
                "use longer clips or pool less."
            )
        return mean_over_time(features, pool)


class Conv3d(nn.Conv3d):
    """`torch.nn.Conv3d` by way of `conv3d`."""

    def forward(self, x: Tensor) -> Tensor:
        """Return ``(N, C, T, H, W)``."""
        assert not isinstance(self.padding, str)
        return conv3d(x, self.weight, self.bias, self.stride, self.padding)


def conv3d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Sequence[int],
    padding: Sequence[int],
) -> Tensor:
    """Return the 3D convolution, with right gradients in bf16 on a CPU too.

    Where a kernel that pads is longer in time than the clip (3 steps over 2), oneDNN 3.12 of torch
    2.13 gives wrong gradients of the weights in bf16, and writes beyond its memory (measured:
    tests/models/test_bf16.py). Zeros put there beforehand avoid that. In float32 nothing changes.

    Args:
        x: ``(N, C, T, H, W)``.
        weight, bias: as for `torch.nn.functional.conv3d`.
        stride, padding: over T, H, W.
    """
    time = padding[0]
    if time and x.shape[2] < weight.shape[2] and _in_bf16_on_cpu(x):
        x, padding = F.pad(x, (0, 0, 0, 0, time, time)), (0, *padding[1:])
    return F.conv3d(x, weight, bias, stride, padding)


def _in_bf16_on_cpu(x: Tensor) -> bool:
    if x.device.type != "cpu":
        return False
    autocast = torch.is_autocast_enabled("cpu")
    kind = torch.get_autocast_dtype("cpu") if autocast else x.dtype
    return kind is torch.bfloat16


@contextmanager
def _kept_statistics(module: nn.Module) -> Iterator[None]:
    """Leave the running statistics of batch normalisation alone: they have seen this batch."""
    norms = [m for m in module.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    kept = [
        (norm, norm.momentum, norm.num_batches_tracked, norm.num_batches_tracked.clone())
        for norm in norms
        if norm.num_batches_tracked is not None
    ]
    try:
        for norm in norms:
            norm.momentum = 0.0
        yield
    finally:
        for norm, momentum, tracked, seen in kept:
            norm.momentum = momentum
            tracked.copy_(seen)


def mean_over_time(x: Tensor, pool: int) -> Tensor:
    """Return the means of `pool` neighbouring positions in time; a shorter rest is left out.

    The same as ``avg_pool3d(x, (pool, 1, 1))``, which is several times slower on a CPU where the
    channels come last.

    Args:
        x: ``(N, C, T, H, W)`` with T of at least `pool`.
        pool: how many positions make one.

    Returns:
        ``(N, C, T // pool, H, W)``, in the memory format of `x`.
    """
    length = x.shape[2] // pool
    parts = x[:, :, : length * pool].unflatten(2, (length, pool)).unbind(3)
    return sum(parts[1:], parts[0]) / pool


def _check_at_least_one(name: str, value: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigError(f"{name}: expected a whole number of at least 1, got {value!r}.")


def staged(network: nn.Module, what: str) -> StagedNetwork:
    """Return a network of stages.

    Raises:
        ConfigError: if it is another one; `what` needs stages.
    """
    if not isinstance(network, StagedNetwork):
        raise ConfigError(f"{what} needs a StagedNetwork; {type(network).__name__} has no stages.")
    return network
