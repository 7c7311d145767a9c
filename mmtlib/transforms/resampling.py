"""Transforms that compute new pixels from old ones: resize, crop and resize, turn and zoom.

Each kind of picture is resampled in the way that keeps its meaning, and the mask follows. A mean of
depths with the zeros of missing readings among them would invent surfaces where there are none, so
means are over readings alone. Joints are in metres in the camera's axes: a zoom or a shift of the
picture does not move the hand, so they stay; a turned picture is one by a camera rolled about its
optical axis, and in that camera's axes they turn with it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from mmtlib.core.clips import GestureClip
from mmtlib.transforms.base import (
    Params,
    Transform,
    amount,
    by_kind,
    draw_factor,
    draw_number,
    draw_whole,
    span,
    whole,
)
from mmtlib.transforms.geometric import CenterCrop


class Resize(Transform):
    """Bring the pictures to another size, each kind in the way that keeps its meaning.

    | kind | shrinking | enlarging |
    |---|---|---|
    | image, flow | mean over the area of the new pixel | bilinear |
    | depth | mean of the readings in that area, none (0) where under half of it has one | nearest |
    | mask | nearest | nearest |

    Flow vectors are given in pixels of the new size.

    Args:
        height, width: the new size, in pixels.
    """

    needs_units: ClassVar[bool] = True

    height: int = whole(at_least=1)
    width: int = whole(at_least=1)

    @staticmethod
    def apply(clip: GestureClip, params: Params) -> GestureClip:
        """Return the resized clip."""
        size = (params["height"], params["width"])
        if clip.shape[1:] == size:
            return clip
        _, height, width = clip.shape
        ratio = torch.tensor([size[1] / width, size[0] / height]).view(2, 1, 1, 1)
        frames = by_kind(
            clip,
            image=lambda x, _: _weighted(x, size, _linear_weights),
            level=lambda x, _: _resize_depth(x, size),
            vector=lambda x, _: _weighted(x, size, _linear_weights) * ratio,
        )
        mask = None if clip.mask is None else _resize_nearest(clip.mask, size)
        return clip.with_frames(frames, mask=mask)


def _resize_depth(x: Tensor, size: tuple[int, int]) -> Tensor:
    valid = (x > 0).to(x.dtype)
    share = _weighted(valid, size, _nearest_weights)
    total = _weighted(x, size, _nearest_weights)
    return mean_of_readings(total, share)


def mean_of_readings(total: Tensor, share: Tensor) -> Tensor:
    """Return the mean where at least half of a new pixel was read, else 0 = no reading."""
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


class RandomResizedCrop(Transform):
    """Cut out a window of random size and place, and bring it to `height` x `width` (see `Resize`).

    Args:
        height, width: the new size, in pixels.
        area: smallest and largest part of the picture that the window covers, in (0, 1].
        stretch: the largest change of the ratio of its sides, at least 1, against the picture's.
    """

    random: ClassVar[bool] = True
    needs_units: ClassVar[bool] = True

    height: int = whole(at_least=1)
    width: int = whole(at_least=1)
    area: Sequence[float] = span(high=1)
    stretch: float = amount(low=1, default=1.0)

    def draw(self, clip: GestureClip, generator: torch.Generator | None) -> dict[str, Any]:
        """Return ``crop`` (as of `RandomCrop`) and ``resize`` (as of `Resize`), in pixels."""
        _, height, width = clip.shape
        smallest, largest = self.area
        area = draw_number(smallest, largest, generator)
        stretch = draw_factor(1 / self.stretch, self.stretch, generator)
        rows = min(max(round(height * math.sqrt(area / stretch)), 1), height)
        columns = min(max(round(width * math.sqrt(area * stretch)), 1), width)
        crop = {
            "top": draw_whole(0, height - rows, generator),
            "left": draw_whole(0, width - columns, generator),
            "height": rows,
            "width": columns,
        }
        return {"crop": crop, "resize": {"height": self.height, "width": self.width}}

    @staticmethod
    def apply(clip: GestureClip, params: Params) -> GestureClip:
        """Return the window of the clip in its new size."""
        return Resize.apply(CenterCrop.apply(clip, params["crop"]), params["resize"])


class RandomAffine(Transform):
    """Turn, zoom and shift the picture about its middle, alike in every frame.

    | kind | a new pixel is |
    |---|---|
    | image, flow | bilinear |
    | depth | bilinear over readings, none (0) where under half of the weight is one |
    | mask | nearest |

    Outside the picture its border is repeated, as in `RandomShift`. Flow vectors are turned and
    zoomed with the picture: a point that moves by v moves by A v once the picture is mapped by A.
    Depth keeps its values: a zoom is the camera's, the hand comes no nearer.

    Args:
        degrees: the largest turn to either side, 0 to 180. Labels stay, so keep it well below 45
            where gestures have directions.
        scale: smallest and largest zoom; above 1 the hand grows. Twice is as likely as half.
        shift: the largest shift, as a part of the height and width, 0 to 1.
    """

    random: ClassVar[bool] = True
    needs_units: ClassVar[bool] = True

    degrees: float = amount(high=180, default=0.0)
    scale: Sequence[float] = span(default=(1.0, 1.0))
    shift: float = amount(high=1, default=0.0)

    def draw(self, clip: GestureClip, generator: torch.Generator | None) -> dict[str, Any]:
        """Return ``degrees`` (clockwise as seen), ``scale``, ``right`` and ``down`` (pixels)."""
        _, height, width = clip.shape
        return {
            "degrees": draw_number(-self.degrees, self.degrees, generator),
            "scale": draw_factor(self.scale[0], self.scale[1], generator),
            "right": draw_number(-self.shift, self.shift, generator) * width,
            "down": draw_number(-self.shift, self.shift, generator) * height,
        }

    @staticmethod
    def apply(clip: GestureClip, params: Params) -> GestureClip:
        """Return the clip seen through the map."""
        degrees, scale, right, down = (params[k] for k in ("degrees", "scale", "right", "down"))
        if (degrees, scale, right, down) == (0, 1, 0, 0):
            return clip
        cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        grid = _grid(cos / scale, sin / scale, right, down, clip.shape[1:])
        turn = torch.tensor([[cos, -sin], [sin, cos]])
        frames = by_kind(
            clip,
            image=lambda x, _: _look(x, grid),
            level=lambda x, _: mean_of_readings(_look(x, grid), _look((x > 0).float(), grid)),
            vector=lambda x, _: torch.tensordot(turn * scale, _look(x, grid), dims=1),
        )
        mask, joints = clip.mask, clip.joints
        if mask is not None:
            mask = _look(mask[None].float(), grid, mode="nearest")[0] > 0
        if joints is not None:
            joints = torch.cat([joints[..., :2] @ turn.T, joints[..., 2:]], -1)
        return clip.with_frames(frames, mask=mask, joints=joints)


def _grid(cos: float, sin: float, right: float, down: float, size: tuple[int, int]) -> Tensor:
    """Return ``(1, H, W, 2)``, for `grid_sample`: where each new pixel lies in the old picture.

    Args:
        cos, sin: of the turn, divided by the zoom.
        right, down: pixels.
        size: H and W.
    """
    height, width = size  # places are counted in halves of them from the middle
    back = [
        [cos, sin * height / width, -(cos * right + sin * down) * 2 / width],
        [-sin * width / height, cos, (sin * right - cos * down) * 2 / height],
    ]
    return F.affine_grid(torch.tensor([back]), [1, 1, height, width], align_corners=False)


def _look(x: Tensor, grid: Tensor, mode: str = "bilinear") -> Tensor:
    """Return the pixels of ``(C, T, H, W)`` at the places of the grid, the border repeated."""
    flat = x.reshape(1, -1, *x.shape[-2:])
    found = F.grid_sample(flat, grid, mode=mode, padding_mode="border", align_corners=False)
    return found.view(x.shape)
