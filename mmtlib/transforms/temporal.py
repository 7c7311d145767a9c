"""Transforms along time: crop, sample, another speed, backwards.

No picture is invented: new frames are old ones. Flow is in pixels per frame of the new clip: where
d old frames pass until the next new one, it grows by d, as if the motion went on until then. A clip
that is too short is continued by repeating its last frame, a still picture, with zero flow in the
frames added. Mask and joints follow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from mmtlib.core.clips import GestureClip
from mmtlib.core.errors import ConfigError
from mmtlib.transforms.base import (
    Params,
    Transform,
    amount,
    both_ways,
    by_kind,
    draw_factor,
    draw_number,
    draw_whole,
    pairs,
    span,
    whole,
)


class _Window(Transform):
    """Take `frames` consecutive frames; a clip that is too short is continued at its end."""

    frames: int = whole(at_least=1)

    def _room(self, clip: GestureClip) -> int:
        """Return the last frame at which the window can start."""
        return max(clip.shape[0] - self.frames, 0)

    @staticmethod
    def apply(clip: GestureClip, params: Params) -> GestureClip:
        """Return the window of the clip."""
        indices = torch.arange(params["start"], params["start"] + params["frames"])
        return _take(clip, indices, indices < clip.shape[0])


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

    frames: int = whole(at_least=1)

    @staticmethod
    def apply(clip: GestureClip, params: Params) -> GestureClip:
        """Return the sampled clip."""
        length, frames = clip.shape[0], params["frames"]
        if length <= frames:
            indices = torch.arange(frames)
            return _take(clip, indices, indices < length)
        # Whole-number arithmetic for floor((i + 1/2) * length / frames).
        indices = (2 * torch.arange(frames) + 1) * length // (2 * frames)
        stride = length / frames
        return _take(clip, indices, stride, frame_rate=clip.frame_rate / stride)


class RandomSampleFrames(Transform):
    """Take a frame anywhere in each of `frames` equal parts of the clip: uneven steps in time.

    The frame rate is that of the mean step. The last frame's flow grows by the mean step too.

    Args:
        frames: how many; a shorter clip is continued by its last frame instead.
    """

    random: ClassVar[bool] = True

    frames: int = whole(at_least=1)

    def draw(self, clip: GestureClip, generator: torch.Generator | None) -> dict[str, Any]:
        """Return ``indices``, the frames to take (0-based; beyond the end: the last one)."""
        frames = self.frames
        edges = torch.arange(frames + 1) * max(clip.shape[0], frames) // frames
        places = torch.rand(frames, dtype=torch.float64, generator=generator)
        return {"indices": (edges[:-1] + (places * edges.diff()).long()).tolist()}

    @staticmethod
    def apply(clip: GestureClip, params: Params) -> GestureClip:
        """Return the sampled clip."""
        length, indices = clip.shape[0], torch.tensor(params["indices"])
        stride = max(length / len(indices), 1.0)
        steps = torch.cat([indices.diff().float(), torch.tensor([stride])]) * (indices < length)
        return _take(clip, indices, steps, frame_rate=clip.frame_rate / stride)


class TemporalStride(Transform):
    """Take every `stride`-th frame, from the first on.

    Args:
        stride: how many frames to go on by; 1 = all frames.
    """

    stride: int = whole(at_least=1)

    @staticmethod
    def apply(clip: GestureClip, params: Params) -> GestureClip:
        """Return the thinned clip."""
        stride = params["stride"]
        indices = torch.arange(0, clip.shape[0], stride)
        return _take(clip, indices, stride, frame_rate=clip.frame_rate / stride)


class RandomSpeed(Transform):
    """Let the gesture go faster or slower in the same number of frames at the same frame rate.

    Each new frame is the old one nearest to its moment. A faster clip leaves time: it begins
    anywhere, with the first and last frames repeated around it; of a slower one a part is seen.

    Args:
        speed: slowest and fastest, 1 = as it was. Twice is as likely as half.
    """

    random: ClassVar[bool] = True

    speed: Sequence[float] = span()

    def draw(self, clip: GestureClip, generator: torch.Generator | None) -> dict[str, Any]:
        """Return ``speed`` and ``start``, the moment of the first frame in old frames."""
        speed = draw_factor(self.speed[0], self.speed[1], generator)
        room = (clip.shape[0] - 1) * (1 - speed)
        return {"speed": speed, "start": draw_number(min(room, 0.0), max(room, 0.0), generator)}

    @staticmethod
    def apply(clip: GestureClip, params: Params) -> GestureClip:
        """Return the clip at its new speed."""
        length = clip.shape[0]
        moments = params["start"] + params["speed"] * torch.arange(length + 1, dtype=torch.float64)
        nearest = (moments + 0.5).floor().long().clamp(0, length)
        shown = nearest[:-1].clamp_max(length - 1)
        return _take(clip, shown, torch.cat([shown.diff(), nearest[-2:].diff()]))


class Reverse(Transform):
    """Play the clip backwards, where that is a gesture of the data set, and relabel it.

    Backwards, a frame's motion goes to where its points were one frame earlier. The flow tells
    where they go next, so it is followed back: the vector at p is minus the earlier frame's vector
    at the place that p came from, found in two steps, the first by the frame's own vector. That is
    close for motion that is smooth in space, and a guess at places that were hidden one frame
    earlier and at the front of what changes its speed. The first frame, which has none earlier,
    ends the new clip with minus its own vectors.

    Args:
        probability: how often a clip is reversed, in [0, 1].
        reversed_labels: pairs of labels (0-based) that are each other backwards, e.g. ``{0: 1}``,
            or a label with itself where backwards it is the same gesture, e.g. ``{5: 5}``. Clips
            of other labels are never reversed.

    Raises:
        ConfigError: if the probability is out of its range or a label has two partners.
    """

    random: ClassVar[bool] = True

    probability: float = amount(high=1)
    reversed_labels: Mapping[int, int] = pairs()

    def draw(self, clip: GestureClip, generator: torch.Generator | None) -> dict[str, Any]:
        """Return ``reverse`` (true or false) and ``reversed_labels`` as pairs."""
        named = [list(pair) for pair in self.reversed_labels.items()]
        chosen = bool(torch.rand((), generator=generator) < self.probability)
        return {
            "reverse": chosen and any(clip.label in pair for pair in named),
            "reversed_labels": named,
        }

    @staticmethod
    def apply(clip: GestureClip, params: Params) -> GestureClip:
        """Return the clip backwards, or as it is."""
        if not params["reverse"]:
            return clip
        partners = both_ways("Reverse reversed_labels", params["reversed_labels"])
        if clip.label not in partners:
            raise ConfigError(
                f"Reverse: clip {clip.clip_id} has label {clip.label}, which backwards is no "
                f"gesture of the data set; only {sorted(partners)} can be reversed."
            )
        back = clip.with_frames(by_kind(clip, vector=lambda x, _: _followed_back(x)))
        return clip.with_frames(
            {name: x.flip(1) for name, x in back.frames.items()},
            label=partners[clip.label],
            mask=None if clip.mask is None else clip.mask.flip(0),
            joints=None if clip.joints is None else clip.joints.flip(0),
        )


def _followed_back(flow: Tensor) -> Tensor:
    """Return ``(2, T, H, W)``, to where each pixel was one frame earlier; see `Reverse`."""
    _, length, height, width = flow.shape
    here = F.affine_grid(torch.eye(2, 3)[None], [1, 1, height, width], align_corners=False)
    unit = torch.tensor([2 / width, 2 / height])
    earlier, back = flow[:, : length - 1].transpose(0, 1), -flow[:, 1:].transpose(0, 1)
    # An odd number of steps is worse: what has just been uncovered follows what covered it.
    for _ in range(2 if length > 1 else 0):
        origin = here + back.permute(0, 2, 3, 1) * unit
        back = -F.grid_sample(earlier, origin, padding_mode="border", align_corners=False)
    return torch.cat([-flow[:, :1], back.transpose(0, 1)], dim=1)


def _take(
    clip: GestureClip, indices: Tensor, steps: Tensor | float, *, frame_rate: float | None = None
) -> GestureClip:
    """Return the frames of these indices; those beyond the last stand for the last, at rest.

    Args:
        clip: the clip.
        indices: int64 ``(n,)``, from 0.
        steps: how many old frames pass until the next new one, ``(n,)`` or one number for all.
        frame_rate: of the new clip; None = as it was.
    """
    indices = indices.clamp_max(clip.shape[0] - 1)
    each = steps.view(-1, 1, 1) if isinstance(steps, Tensor) else steps
    taken = clip.with_frames({m: x.index_select(1, indices) for m, x in clip.frames.items()})
    return clip.with_frames(
        by_kind(taken, vector=lambda x, _: x.mul_(each)),
        mask=None if clip.mask is None else clip.mask.index_select(0, indices),
        joints=None if clip.joints is None else clip.joints.index_select(0, indices),
        frame_rate=clip.frame_rate if frame_rate is None else frame_rate,
    )
