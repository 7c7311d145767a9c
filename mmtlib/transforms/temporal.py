"""Transforms along time: crop to a number of frames, or sample frames over the whole clip.

A clip that is too short is continued by repeating its last frame, a still picture, with zero flow
in the frames added. Mask and joints follow.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor

from mmtlib.clips import GestureClip
from mmtlib.transforms.base import Params, Transform, check_whole, draw_whole


class _Window(Transform):
    """Take `frames` consecutive frames; a clip that is too short is continued at its end."""

    def __init__(self, *, frames: int) -> None:
        self.frames = check_whole(f"{type(self).__name__} frames", frames, at_least=1)

    def _room(self, clip: GestureClip) -> int:
        """Return the last frame at which the window can start."""
        return max(clip.shape[0] - self.frames, 0)

    @staticmethod
    def apply(clip: GestureClip, params: Params) -> GestureClip:
        """Return the window of the clip."""
        start, frames = params["start"], params["frames"]
        return _take(clip, torch.arange(start, start + frames))


class TemporalCrop(_Window):
    """Take the frames in the middle of the clip.

    Args:
        frames: how many; a shorter clip is continued by its last frame.
    """

    def draw(self, clip: GestureClip, generator: torch.Generator | None) -> dict[str, Any]:
        """Return ``start`` (0-based) and ``frames``."""
        return {"start": self._room(clip) // 2, "frames": self.frames}


class RandomTemporalCrop(_Window):
    """Take consecutive frames that start anywhere.

    Args:
        frames: how many; a shorter clip is continued by its last frame.
    """

    random: ClassVar[bool] = True

    def draw(self, clip: GestureClip, generator: torch.Generator | None) -> dict[str, Any]:
        """Return ``start`` (0-based) and ``frames``."""
        return {"start": draw_whole(0, self._room(clip), generator), "frames": self.frames}


class SampleFrames(Transform):
    """Take frames spread evenly over the whole clip: the middle one of each of `frames` parts.

    Of a clip of T frames every (T / frames)-th is taken. The frame rate falls by that factor, and
    flow grows by it, as it is in pixels per frame: of the new clip, as if the motion at a taken
    frame went on until the next one.

    Args:
        frames: how many; a shorter clip is continued by its last frame instead.
    """

    def __init__(self, *, frames: int) -> None:
        self.frames = check_whole("SampleFrames frames", frames, at_least=1)

    def draw(self, clip: GestureClip, generator: torch.Generator | None) -> dict[str, Any]:
        """Return ``frames``."""
        return {"frames": self.frames}

    @staticmethod
    def apply(clip: GestureClip, params: Params) -> GestureClip:
        """Return the sampled clip."""
        length, frames = clip.shape[0], params["frames"]
        if length <= frames:
            return _take(clip, torch.arange(frames))
        # Whole-number arithmetic for floor((i + 1/2) * length / frames).
        sampled = _take(clip, (2 * torch.arange(frames) + 1) * length // (2 * frames))
        stride = length / frames
        pictures = dict(sampled.frames)
        if "flow" in pictures:
            pictures["flow"] = pictures["flow"] * stride
        return sampled.with_frames(pictures, frame_rate=clip.frame_rate / stride)


def _take(clip: GestureClip, indices: Tensor) -> GestureClip:
    """Return the frames of these indices; those beyond the last stand for the last, at rest."""
    length = clip.shape[0]
    added = indices >= length
    indices = indices.clamp_max(length - 1)
    frames = {name: x.index_select(1, indices) for name, x in clip.frames.items()}
    if "flow" in frames:
        frames["flow"][:, added] = 0.0
    return clip.with_frames(
        frames,
        mask=None if clip.mask is None else clip.mask.index_select(0, indices),
        joints=None if clip.joints is None else clip.joints.index_select(0, indices),
    )
