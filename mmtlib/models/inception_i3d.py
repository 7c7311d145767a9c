"""The full I3D network of the paper: an Inception-v1 whose every filter also spans time.

Source: Carreira and Zisserman, "Quo Vadis, Action Recognition?", CVPR 2017 (figure 3). Modules are
named after the published end points, so that Kinetics weights map onto them name by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmtlib.models.blocks import StagedNetwork, conv3d

# Channels of the four branches: 1x1x1 | 1x1x1 -> 3x3x3 | 1x1x1 -> 3x3x3 | pool -> 1x1x1.
BRANCH_WIDTHS: dict[str, tuple[int, int, int, int, int, int]] = {
    "Mixed_3b": (64, 96, 128, 16, 32, 32),
    "Mixed_3c": (128, 128, 192, 32, 96, 64),
    "Mixed_4b": (192, 96, 208, 16, 48, 64),
    "Mixed_4c": (160, 112, 224, 24, 64, 64),
    "Mixed_4d": (128, 128, 256, 24, 64, 64),
    "Mixed_4e": (112, 144, 288, 32, 64, 64),
    "Mixed_4f": (256, 160, 320, 32, 128, 128),
    "Mixed_5b": (256, 160, 320, 32, 128, 128),
    "Mixed_5c": (384, 192, 384, 48, 128, 128),
}


def same_padding(
    size: Sequence[int], kernel: Sequence[int], stride: Sequence[int]
) -> list[tuple[int, int]]:
    """Return zeros to add before and after each axis so that the output has ceil(size / stride).

    This is TensorFlow's "same" rule, under which I3D was trained: an odd number of zeros puts the
    extra one after, and how many there are depends on the size of the input.

    Args:
        size: T, H, W of the input.
        kernel: extent of the filter along each.
        stride: step of the filter along each.
    """
    totals = [
        max((-(-n // s) - 1) * s + k - n, 0) for n, k, s in zip(size, kernel, stride, strict=True)
    ]
    return [(total // 2, total - total // 2) for total in totals]


def _pad(x: Tensor, pads: list[tuple[int, int]]) -> Tensor:
    """Pad T, H, W with zeros; `F.pad` wants the last axis first."""
    return F.pad(x, [n for pair in reversed(pads) for n in pair])


class SameConv3d(nn.Conv3d):
    """A 3D convolution with TensorFlow's "same" padding, ``(N, C, T, H, W)`` in and out."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the convolution of `x`."""
        assert isinstance(self.kernel_size, tuple)
        assert isinstance(self.stride, tuple)
        pads = same_padding(x.shape[2:], self.kernel_size, self.stride)
        if all(before == after for before, after in pads):  # no padded copy is needed
            padding = [before for before, _ in pads]
            return conv3d(x, self.weight, self.bias, self.stride, padding)
        return F.conv3d(_pad(x, pads), self.weight, self.bias, self.stride)


class SameMaxPool3d(nn.MaxPool3d):
    """A 3D maximum with TensorFlow's "same" padding, for inputs that are never negative.

    Zeros are padded, which cannot change the maximum of values that have passed a ReLU.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return the maximum over each window of `x`."""
        assert isinstance(self.kernel_size, tuple)
        assert isinstance(self.stride, tuple)
        pads = same_padding(x.shape[2:], self.kernel_size, self.stride)
        return F.max_pool3d(_pad(x, pads), self.kernel_size, self.stride)


class ConvUnit(nn.Module):
    """Convolution (no bias), batch normalisation, ReLU.

    Args:
        in_channels: channels in.
        out_channels: channels out.
        kernel: extent of the filter in T, H and W.
        stride: its step in T, H and W.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel: int = 1, stride: int = 1):
        super().__init__()
        self.conv3d = SameConv3d(in_channels, out_channels, kernel, stride, bias=False)
        self.bn = nn.BatchNorm3d(out_channels, eps=1e-3, momentum=0.01)

    def forward(self, x: Tensor) -> Tensor:
        """Return the activations ``(N, out_channels, T', H', W')``."""
        return F.relu(self.bn(self.conv3d(x)), inplace=True)


class InceptionModule(nn.Module):
    """Four branches over the same input, joined along the channels.

    Args:
        in_channels: channels in.
        widths: a row of `BRANCH_WIDTHS`.
    """

    def __init__(self, in_channels: int, widths: tuple[int, int, int, int, int, int]) -> None:
        super().__init__()
        plain, reduce_1, wide_1, reduce_2, wide_2, pooled = widths
        self.b0 = ConvUnit(in_channels, plain)
        self.b1a = ConvUnit(in_channels, reduce_1)
        self.b1b = ConvUnit(reduce_1, wide_1, 3)
        self.b2a = ConvUnit(in_channels, reduce_2)
        self.b2b = ConvUnit(reduce_2, wide_2, 3)
        self.b3a = SameMaxPool3d((3, 3, 3), (1, 1, 1))
        self.b3b = ConvUnit(in_channels, pooled)
        self.out_channels = plain + wide_1 + wide_2 + pooled

    def forward(self, x: Tensor) -> Tensor:
        """Return the joined branches ``(N, out_channels, T, H, W)``."""
        branches = [
            self.b0(x),
            self.b1b(self.b1a(x)),
            self.b2b(self.b2a(x)),
            self.b3b(self.b3a(x)),
        ]
        return torch.cat(branches, dim=1)


class TimedLogits(nn.Module):
    """Logits at every position in time: spatial mean over two neighbouring times, dropout, 1x1x1.

    Args:
        in_channels: channels in.
        num_classes: K.
        dropout: the probability with which a channel is dropped.
    """

    def __init__(self, in_channels: int, num_classes: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.conv3d = nn.Conv3d(in_channels, num_classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``(N, K, max(T - 1, 1), 1, 1)``."""
        # The published window is 2 x 7 x 7, the whole frame at 224 x 224: here it is the whole
        # frame at every size, and one time where there is only one.
        window = (min(2, x.shape[2]), x.shape[3], x.shape[4])
        return self.conv3d(self.dropout(F.avg_pool3d(x, window, stride=1)))


class InceptionI3D(StagedNetwork):
    """The I3D network, for clips of any length and of 32 x 32 pixels or more.

    The output is divided by 8 in time and by 32 in space: a clip of 64 x 224 x 224 gives features
    of 1024 x 8 x 7 x 7 at ``Mixed_5c``. Initialised by PyTorch's defaults. The clip's logits are
    the mean of the logits at each time.

    Args:
        in_channels: C of the clips ``(N, C, T, H, W)``.
        num_classes: K.
        feature_stage: one of `STAGES`; the paper aligns the last inception module's output.
        feature_time_pool: how many positions in time are averaged into one feature position.
        dropout: the probability with which a channel is dropped before the classifier.

    Raises:
        ConfigError: if a stage is unknown or a number is out of its range.
    """

    STAGES: ClassVar[tuple[str, ...]] = (
        "Conv3d_1a_7x7",
        "MaxPool3d_2a_3x3",
        "Conv3d_2b_1x1",
        "Conv3d_2c_3x3",
        "MaxPool3d_3a_3x3",
        "Mixed_3b",
        "Mixed_3c",
        "MaxPool3d_4a_3x3",
        "Mixed_4b",
        "Mixed_4c",
        "Mixed_4d",
        "Mixed_4e",
        "Mixed_4f",
        "MaxPool3d_5a_2x2",
        "Mixed_5b",
        "Mixed_5c",
        "Logits",
    )
    CLASSIFIER: ClassVar[str] = "logits"

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        *,
        feature_stage: str = "Mixed_5c",
        feature_time_pool: int = 1,
        dropout: float = 0.5,
    ) -> None:
        super().__init__(
            in_channels,
            num_classes,
            feature_stage=feature_stage,
            feature_time_pool=feature_time_pool,
            dropout=dropout,
        )
        self.Conv3d_1a_7x7 = ConvUnit(in_channels, 64, 7, 2)
        self.MaxPool3d_2a_3x3 = SameMaxPool3d((1, 3, 3), (1, 2, 2))
        self.Conv3d_2b_1x1 = ConvUnit(64, 64)
        self.Conv3d_2c_3x3 = ConvUnit(64, 192, 3)
        self.MaxPool3d_3a_3x3 = SameMaxPool3d((1, 3, 3), (1, 2, 2))
        self.MaxPool3d_4a_3x3 = SameMaxPool3d((3, 3, 3), (2, 2, 2))
        self.MaxPool3d_5a_2x2 = SameMaxPool3d((2, 2, 2), (2, 2, 2))
        channels = 192
        for name, widths in BRANCH_WIDTHS.items():
            module = InceptionModule(channels, widths)
            self.add_module(name, module)
            channels = module.out_channels
        self.logits = TimedLogits(channels, num_classes, dropout)

    def stage_module(self, name: str) -> nn.Module:
        """Return the module whose output is the stage of that name."""
        # The published parameters are called logits.*, the end point Logits.
        return self.logits if name == "Logits" else super().stage_module(name)

    def classify(self, x: Tensor) -> Tensor:
        """Return the mean over time ``(N, K)`` of the logits ``(N, K, T', 1, 1)``."""
        return x.mean(dim=(2, 3, 4))
