"""Transforms of the values of pixels."""

from __future__ import annotations

import torch

from mmtlib.clips import GestureClip
from mmtlib.modalities import get_modality
from mmtlib.transforms.base import Params, Transform

FLOOR = 0.05
"""Added to the spread of a picture, so that a clip without contrast is not blown up."""


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
                spread, mean = torch.std_mean(x, dim=(1, 2, 3), keepdim=True, correction=0)
                frames[name] = (x - mean).div_(spread + FLOOR)
            else:
                frames[name] = (x - modality.center).div_(modality.spread)
        return clip.with_frames(frames)
