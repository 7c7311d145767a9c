"""Transforms of the values of pixels."""

from __future__ import annotations

import math
import sys

import torch
from torch import Tensor

from mmtlib.clips import GestureClip
from mmtlib.modalities import get_modality
from mmtlib.transforms.base import Params, Transform

FLOOR = 0.05
"""Added to the spread of a picture, so that a clip without contrast is not blown up."""
ROUNDINGS = 8
"""Roundings per pixel that `spread_and_mean` allows for; both ways to sum make fewer than four."""


class Standardize(Transform):
    """Bring values near zero mean and unit spread; the last step before a network.

    Pictures (RGB, infrared): each channel by its own mean and spread over the whole clip, which
    takes off exposure and colour cast but keeps changes in time. Depth and flow: by the constants
    of `mmtlib.modalities`, as their values are measurements. Values are no longer in their physical
    unit afterwards.
    """

    needs_units = True

    @staticmethod
    def apply(clip: GestureClip, params: Params) -> GestureClip:
        """Return the standardised clip."""
        frames = {}
        for name, x in clip.frames.items():
            modality = get_modality(name)
            if modality.kind == "image":
                spread, mean = spread_and_mean(x)
                frames[name] = (x - mean).div_(spread + FLOOR)
            else:
                frames[name] = (x - modality.center).div_(modality.spread)
        return clip.with_frames(frames)


def spread_and_mean(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return what ``torch.std_mean(x, (1, 2, 3), keepdim=True, correction=0)`` does, bit for bit.

    Several times as fast: torch updates a mean in float64 with a division per pixel, and rounds it
    to float32 at the end. Plain sums in float64 come out within a known distance of that; where all
    numbers within it round to one float32, that is torch's, and where not (one clip in fifty, or
    one without contrast), torch is asked.

    Args:
        x: float32 ``(C, T, H, W)``.

    Returns:
        Spread and mean, float32 ``(C, 1, 1, 1)``.
    """
    values = x.double().flatten(1)
    n = values.shape[1]
    sums, squares = values.sum(1).tolist(), torch.linalg.vecdot(values, values).tolist()
    low, high = [], []
    for total, of_squares in zip(sums, squares, strict=True):
        mean, size = total / n, math.sqrt(of_squares / n)
        spread = math.sqrt(max(size * size - mean * mean, 0.0))
        # A sum of n terms is off by n roundings at most, relative to the sum of their sizes, and
        # the difference makes that size / spread times larger; the factor covers both ways to sum.
        off = ROUNDINGS * n * sys.float_info.epsilon * size
        off_spread = off * size / spread if spread else math.inf
        low += (spread - off_spread, mean - off)
        high += (spread + off_spread, mean + off)
    least, most = torch.tensor([low, high], dtype=torch.float32).view(2, -1, 2, 1, 1, 1)
    if torch.equal(least, most):
        return least[:, 0], least[:, 1]
    return torch.std_mean(x, dim=(1, 2, 3), keepdim=True, correction=0)
