"""Transforms of the picture plane: shift, crop, mirror, resize.

The mask follows every one of them. Joints are in metres in the camera's axes: cutting, shifting or
resizing the picture does not move the hand, so they stay, except that a mirrored hand has
mirrored joints.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from mmtlib.clips import GestureClip
from mmtlib.errors import ConfigError
from mmtlib.modalities import get_modality
from mmtlib.transforms.base import Params, Transform, check_whole, draw_whole, map_pictures


class RandomShift(Transform):
    """Move the picture by whole pixels, repeating its border: up to `pixels` in each direction.

    Args:
        pixels: the largest shift; every shift from -pixels to pixels is equally likely, along each
            axis by itself. The picture must be larger than that.
    """

    random: ClassVar[bool] = True

    def __init__(self, *, pixels: int) -> None:
        self.pixels = check_whole("RandomShift pixels", pixels, at_least=0)

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
        return map_pictures(clip, lambda x: _shift(x, right, down))


def _shift(x: Tensor, right: int, down: int) -> Tensor:
    if x.dtype == torch.bool:  # not padded by torch
        return _shift(x.float(), right, down) > 0
    height, width = x.shape[-2:]
    sides = (max(right, 0), max(-right, 0), max(down, 0), max(-down, 0))
    top, left = max(-down, 0), max(-right, 0)
    return F.pad(x, sides, mode="replicate")[..., top : top + height, left : left + width]


class _Crop(Transform):
    """Cut out a window of `height` x `width` pixels."""

    def __init__(self, *, height: int, width: int) -> None:
        name = type(self).__name__
        self.height = check_whole(f"{name} height", height, at_least=1)
        self.width = check_whole(f"{name} width", width, at_least=1)

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

    def __init__(self, *, probability: float, label_swaps: Mapping[int, int]) -> None:
        if not 0 <= probability <= 1:
            raise ConfigError(
                f"HorizontalFlip probability: expected a number in [0, 1], got {probability!r}."
            )
        self.probability = probability
        self.label_swaps = dict(label_swaps)
        _both_ways(self.label_swaps.items())  # refuses a label with two partners

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
        frames = dict(mirrored.frames)
        if "flow" in frames:
            frames["flow"] = frames["flow"] * _column((-1.0, 1.0))
        joints = None if clip.joints is None else clip.joints * torch.tensor([-1.0, 1.0, 1.0])
        partners = _both_ways(params["label_swaps"])
        label = partners.get(clip.label, clip.label)
        return mirrored.with_frames(frames, label=label, joints=joints)


def _both_ways(pairs: Iterable[Sequence[int]]) -> dict[int, int]:
    partners: dict[int, int] = {}
    for a, b in pairs:
        for label, partner in ((a, b), (b, a)):
            if partners.setdefault(label, partner) != partner:
                raise ConfigError(
                    f"HorizontalFlip label_swaps: label {label} has two partners, "
                    f"{partners[label]} and {partner}; name one."
                )
    return partners


def _column(values: tuple[float, float]) -> Tensor:
    """Return one factor per flow channel, to multiply with ``(2, T, H, W)``."""
    return torch.tensor(values).view(2, 1, 1, 1)


class Resize(Transform):
    """Bring the pictures to another size, each kind in the way that keeps its meaning.

    | kind | shrinking | enlarging |
    |---|---|---|
    | image, flow | mean over the area of the new pixel | bilinear |
    | depth | mean of the readings in that area, none (0) where under half of it has one | nearest |
    | mask | nearest | nearest |

    Flow vectors are given in pixels of the new size. A mean of depths with the zeros of missing
    readings among them would invent surfaces where there are none.

    Args:
        height, width: the new size, in pixels.
    """

    needs_units: ClassVar[bool] = True

    def __init__(self, *, height: int, width: int) -> None:
        self.height = check_whole("Resize height", height, at_least=1)
        self.width = check_whole("Resize width", width, at_least=1)

    def draw(self, clip: GestureClip, generator: torch.Generator | None) -> dict[str, Any]:
        """Return ``height`` and ``width``, in pixels."""
        return {"height": self.height, "width": self.width}

    @staticmethod
    def apply(clip: GestureClip, params: Params) -> GestureClip:
        """Return the resized clip."""
        size = (params["height"], params["width"])
        if clip.shape[1:] == size:
            return clip
        _, height, width = clip.shape
        frames = {}
        for name, x in clip.frames.items():
            match get_modality(name).kind:
                case "depth":
                    frames[name] = _resize_depth(x, size)
                case "vector":
                    ratio = _column((size[1] / width, size[0] / height))
                    frames[name] = _resize_image(x, size) * ratio
                case _:
                    frames[name] = _resize_image(x, size)
        mask = None if clip.mask is None else _resize_nearest(clip.mask, size)
        return clip.with_frames(frames, mask=mask)


def _resize_image(x: Tensor, size: tuple[int, int]) -> Tensor:
    return _weighted(x, size, _linear_weights)


def _resize_depth(x: Tensor, size: tuple[int, int]) -> Tensor:
    valid = (x > 0).to(x.dtype)
    share = _weighted(valid, size, _nearest_weights)
    total = _weighted(x, size, _nearest_weights)
    # The small slack keeps "exactly half" on the same side whatever the rounding of the sums.
    return torch.where(share >= 0.5 - 1e-5, total / share.clamp_min(0.25), 0.0)


def _resize_nearest(mask: Tensor, size: tuple[int, int]) -> Tensor:
    rows, columns = (_centres(n, new).long() for n, new in zip(mask.shape[-2:], size, strict=True))
    return mask[..., rows[:, None], columns]


def _weighted(x: Tensor, size: tuple[int, int], enlarging: Callable[[int, int], Tensor]) -> Tensor:
    """Return sums of pixels: over areas along an axis that shrinks, else by `enlarging`."""
    rows, columns = (
        (_area_weights if new <= n else enlarging)(n, new).to(x.dtype)
        for n, new in zip(x.shape[-2:], size, strict=True)
    )
    return rows @ (x @ columns.T)


# The next three return float64 (new, n): the share of each old pixel in each new one.


def _area_weights(n: int, new: int) -> Tensor:
    edges = torch.arange(new + 1, dtype=torch.float64) * (n / new)
    pixels = torch.arange(n, dtype=torch.float64)
    right = torch.minimum(edges[1:, None], pixels + 1)
    left = torch.maximum(edges[:-1, None], pixels)
    return (right - left).clamp_min(0) * (new / n)


def _linear_weights(n: int, new: int) -> Tensor:
    places = (_centres(n, new) - 0.5).clamp(0, n - 1)
    return (1 - (places[:, None] - torch.arange(n)).abs()).clamp_min(0)


def _nearest_weights(n: int, new: int) -> Tensor:
    return F.one_hot(_centres(n, new).long(), n).double()


def _centres(n: int, new: int) -> Tensor:
    """Return where the middle of each new pixel lies among the old, pixel i being [i, i + 1)."""
    return (torch.arange(new, dtype=torch.float64) + 0.5) * (n / new)
