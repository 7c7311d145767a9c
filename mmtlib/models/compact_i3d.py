"""A small inception-style 3D network that trains in about a minute on one CPU thread."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmtlib.core.errors import ConfigError, DataError
from mmtlib.core.outputs import StreamOutput
from mmtlib.models.blocks import Conv3d, StagedNetwork

MIN_SHAPE = (4, 8, 8)
"""The shortest and smallest clip (T, H, W) that the stages leave a position of."""


class CompactInception(nn.Module):
    """Three branches over the same input: 1x1x1, 3x3x3, and 1x1x1 -> 3x3x3 maximum.

    Most channels come from the 3x3x3 branch. Laid out for speed at small sizes: the two 1x1x1
    convolutions are one, and as batch normalisation treats every channel by itself, the joined
    branches share one.

    Args:
        in_channels: channels in.
        plain: channels of the 1x1x1 branch.
        wide: channels of the 3x3x3 branch.
        pooled: channels of the branch that ends in the maximum.
    """

    def __init__(self, in_channels: int, *, plain: int, wide: int, pooled: int) -> None:
        super().__init__()
        self.split = (plain, pooled)
        self.pointwise = nn.Conv3d(in_channels, plain + pooled, 1, bias=False)
        self.wide = Conv3d(in_channels, wide, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm3d(plain + wide + pooled)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``(N, plain + wide + pooled, T, H, W)``."""
        plain, pooled = self.pointwise(x).split(self.split, dim=1)
        joined = torch.cat((plain, self.wide(x), _maximum_3x3x3(pooled)), dim=1)
        return F.relu(self.bn(joined), inplace=True)


def _maximum_3x3x3(x: Tensor) -> Tensor:
    """Return the maximum over 3x3x3 neighbours: over space, then over time, which is faster."""
    x = F.max_pool3d(x, (1, 3, 3), stride=1, padding=(0, 1, 1))
    return F.max_pool3d(x, (3, 1, 1), stride=1, padding=(1, 0, 0))


class CompactI3D(StagedNetwork):
    """A small inception-style network for clips from 8 x 16 x 16 upwards.

    | stage | what | a 16 x 32 x 32 clip becomes |
    |---|---|---|
    | ``stem`` | 3x3x3 convolution by (2, 2, 2), maximum by (1, 2, 2) | w x 8 x 8 x 8 |
    | ``mixed_1`` | inception block | 2w x 8 x 8 x 8 |
    | ``mixed_2`` | maximum by (2, 1, 1), inception block | 4w x 4 x 8 x 8 |
    | ``mixed_3`` | maximum by (1, 2, 2), inception block | 4w x 4 x 4 x 4 |

    Then the mean over time and space, dropout and one linear layer. With w = 16 and 12 classes it
    has 0.14 M parameters. Initialised by PyTorch's defaults.

    Args:
        in_channels: C of the clips ``(N, C, T, H, W)``.
        num_classes: K.
        feature_stage: one of `STAGES`.
        feature_time_pool: how many positions in time are averaged into one feature position; 2 at
            ``mixed_2`` gives the 2 x 8 x 8 positions (d = 128) of the compact recipe.
        width: w, channels of the stem; a multiple of 4.
        dropout: the probability with which a channel is dropped before the linear layer.

    Raises:
        ConfigError: if a stage is unknown or a number is out of its range.
    """

    STAGES: ClassVar[tuple[str, ...]] = ("stem", "mixed_1", "mixed_2", "mixed_3")
    CLASSIFIER: ClassVar[str] = "linear"

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        *,
        feature_stage: str = "mixed_2",
        feature_time_pool: int = 2,
        width: int = 16,
        dropout: float = 0.3,
    ) -> None:
        super().__init__(
            in_channels,
            num_classes,
            feature_stage=feature_stage,
            feature_time_pool=feature_time_pool,
            dropout=dropout,
        )
        if width < 4 or width % 4:
            raise ConfigError(f"width: expected a multiple of 4, got {width!r}.")
        self.stem = nn.Sequential(
            Conv3d(in_channels, width, 3, stride=2, padding=1, bias=False),
            nn.MaxPool3d((1, 2, 2)),  # before the normalisation, which then has a quarter to do
            nn.BatchNorm3d(width),
            nn.ReLU(inplace=True),
        )
        self.mixed_1 = _block(width, 2 * width)
        self.mixed_2 = nn.Sequential(nn.MaxPool3d((2, 1, 1)), _block(2 * width, 4 * width))
        self.mixed_3 = nn.Sequential(nn.MaxPool3d((1, 2, 2)), _block(4 * width, 4 * width))
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(4 * width, num_classes)

    def forward(self, clips: Tensor) -> StreamOutput:
        """Return logits and features of a batch; see `StagedNetwork.forward`."""
        if any(n < least for n, least in zip(clips.shape[2:], MIN_SHAPE, strict=False)):
            raise DataError(
                f"CompactI3D: expected clips of at least T x H x W = {MIN_SHAPE}, "
                f"got {tuple(clips.shape[2:])}."
            )
        return super().forward(clips)

    def classify(self, x: Tensor) -> Tensor:
        """Return logits ``(N, K)`` from the output of ``mixed_3``."""
        return self.linear(self.dropout(x.mean(dim=(2, 3, 4))))


def _block(in_channels: int, out_channels: int) -> CompactInception:
    """Return a block with three quarters of its channels in the 3x3x3 branch."""
    narrow = out_channels // 8
    return CompactInception(
        in_channels, plain=narrow, wide=out_channels - 2 * narrow, pooled=narrow
    )
