"""Transforms that put whole pixels elsewhere: shift, crop, mirror.

The mask follows every one of them. Joints are in metres in the camera's axes: cutting or shifting
the picture does not move the hand, so they stay, except that a mirrored hand has mirrored joints.
"""

from __future__ import annotations

from collections.abc import Mapping
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
    draw_whole,
    map_pictures,
    pairs,
    whole,
)


class RandomShift(Transform):
    """Move the picture by whole pixels, repeating its border: up to `pixels` in each direction.

    Args:
        pixels: the largest shift; every shift from -pixels to pixels is equally likely, along each
            axis by itself. The picture must be larger than that.
    """

    random: ClassVar[bool] = True

    pixels: int = whole(at_least=0)

    def draw(self, clip: GestureClip, generator: torch.Generator | None) -> dict[str, Any]:
        """Return ``right`` and ``down``, in pixels."""
        if self.pixels >= min(clip.shape[1:]):
            raise ConfigError(
                f"RandomShift: clip {clip.clip_id} has pictures of {clip.shape[1]} x "
                f"{clip.shape[2]} pixels, too small for shifts of {self.pixels}."
            )
        drawn = torch.randint(-self.pixels, self.pixels + 1, (2,), generator=generator).tolist()
        return {"right": drawn[0], "down": drawn[1]}

    @staticmethod
    def apply(clip: GestureClip, params: Params) -> GestureClip:
        """Return the shifted clip; flow vectors stay, as the shift is the same in every frame."""
        right, down = params["right"], params["down"]
        return map_pictures(clip, lambda x: shift(x, right, down))


def shift(x: Tensor, right: int, down: int) -> Tensor:
    """Return ``(..., H, W)`` moved by whole pixels, the border repeated."""
    if x.dtype == torch.bool:  # not padded by torch
        return shift(x.float(), right, down) > 0
    height, width = x.shape[-2:]
    sides = (max(right, 0), max(-right, 0), max(down, 0), max(-down, 0))
    top, left = max(-down, 0), max(-right, 0)
    return F.pad(x, sides, mode="replicate")[..., top : top + height, left : left + width]


class _Crop(Transform):
    """Cut out a window of `height` x `width` pixels."""

    height: int = whole(at_least=1)
    width: int = whole(at_least=1)

    def _room(self, clip: GestureClip) -> tuple[int, int]:
        """Return how far the window can move down and to the right."""
        _, height, width = clip.shape
        if self.height > height or self.width > width:
            raise ConfigError(
                f"{self!r}: clip {clip.clip_id} has pictures of {height} x {width} pixels only; "
                "resize it first or crop less."
            )
        return height - self.height, width - self.width

    def _params(self, top: int, left: int) -> dict[str, Any]:
        return {"top": top, "left": left, "height": self.height, "width": self.width}

    @staticmethod
    def apply(clip: GestureClip, params: Params) -> GestureClip:
        """Return the window of the clip."""
        rows = slice(params["top"], params["top"] + params["height"])
        columns = slice(params["left"], params["left"] + params["width"])
        return map_pictures(clip, lambda x: x[..., rows, columns])


class RandomCrop(_Crop):
    """Cut out a window at a random place, the same in every frame and modality.

    Args:
        height, width: size of the window, in pixels; the picture must be at least as large.
    """

    random: ClassVar[bool] = True

    def draw(self, clip: GestureClip, generator: torch.Generator | None) -> dict[str, Any]:
        """Return ``top``, ``left``, ``height`` and ``width`` of the window, in pixels."""
        down, right = self._room(clip)
        return self._params(draw_whole(0, down, generator), draw_whole(0, right, generator))


class CenterCrop(_Crop):
    """Cut out the window in the middle (a row or column nearer to the top left where it is odd).

    Args:
        height, width: size of the window, in pixels; the picture must be at least as large.
    """

    def draw(self, clip: GestureClip, generator: torch.Generator | None) -> dict[str, Any]:
        """Return ``top``, ``left``, ``height`` and ``width`` of the window, in pixels."""
        down, right = self._room(clip)
        return self._params(down // 2, right // 2)


class HorizontalFlip(Transform):
    """Mirror the clip left to right, with the flow, the joints and the label.

    A mirrored move to the left is a move to the right: without relabelling, a flip teaches wrong
    labels.

    Args:
        probability: how often the clip is mirrored, in [0, 1].
        label_swaps: pairs of labels (0-based) that change places, e.g. ``{0: 1}``; each pair needs
            naming once. Labels not named stay.

    Raises:
        ConfigError: if the probability is out of its range or a label has two partners.
    """

    random: ClassVar[bool] = True

    probability: float = amount(high=1)
    label_swaps: Mapping[int, int] = pairs()

    def draw(self, clip: GestureClip, generator: torch.Generator | None) -> dict[str, Any]:
        """Return ``flip`` (true or false) and ``label_swaps`` as pairs."""
        flip = bool(torch.rand((), generator=generator) < self.probability)
        return {"flip": flip, "label_swaps": [list(pair) for pair in self.label_swaps.items()]}

    @staticmethod
    def apply(clip: GestureClip, params: Params) -> GestureClip:
        """Return the mirrored clip, or the clip as it is."""
        if not params["flip"]:
            return clip
        mirrored = map_pictures(clip, lambda x: x.flip(-1))
        other_way = torch.tensor([-1.0, 1.0]).view(2, 1, 1, 1)
        frames = by_kind(mirrored, vector=lambda x, _: x * other_way)
        joints = None if clip.joints is None else clip.joints * torch.tensor([-1.0, 1.0, 1.0])
        partners = both_ways("HorizontalFlip label_swaps", params["label_swaps"])
        label = partners.get(clip.label, clip.label)
        return mirrored.with_frames(frames, label=label, joints=joints)
