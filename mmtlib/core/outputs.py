"""What a network returns."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class StreamOutput(NamedTuple):
    """The output of one modality's network for a batch.

    Attributes:
        logits: ``(N, K)``, unnormalised class scores.
        features: ``(N, C, T, H, W)``, the feature map that the alignment loss compares.
    """

    logits: Tensor
    features: Tensor
