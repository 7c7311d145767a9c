"""Transforms of the values of pixels."""

from __future__ import annotations

from mmtlib.clips import GestureClip
from mmtlib.modalities import get_modality
from mmtlib.transforms.base import Params, Transform


class Standardize(Transform):
    """Bring values near zero mean and unit spread: (x - center) / spread of the modality.

    The constants are fixed (`mmtlib.modalities`), so that every clip of every data set is treated
    alike. Comes last: values are no longer in their physical unit after it.
    """

    needs_units = True

    @staticmethod
    def apply(clip: GestureClip, params: Params) -> GestureClip:
        """Return the standardised clip."""
        frames = {}
        for name, x in clip.frames.items():
            modality = get_modality(name)
            frames[name] = (x - modality.center).div_(modality.spread)
        return clip.with_frames(frames)
