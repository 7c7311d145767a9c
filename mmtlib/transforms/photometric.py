"""Transforms of the values of pixels."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor

from mmtlib.core.clips import GestureClip
from mmtlib.core.modalities import Modality
from mmtlib.core.seeding import torch_generator
from mmtlib.transforms.base import (
    Params,
    Transform,
    amount,
    by_kind,
    draw_factor,
    draw_number,
    draw_seed,
)

FLOOR = 0.05
"""Added to the spread of a picture, so that a clip without contrast is not blown up."""
EDGE = 0.1
"""A larger step of depth (25 levels of 8 bits, or 10 cm) between neighbours is an edge."""
AT_EDGES = 10
"""How many times as often depth has no reading at an edge as elsewhere."""
LEVEL = 1 / 255
"""The smallest depth that is a reading: one level of 8 bits, or 4 mm."""


class Standardize(Transform):
    """Bring values near zero mean and unit spread; the last step before a network.

    Pictures (kind ``"image"``: RGB, infrared): each channel by its own mean and spread over the
    whole clip, which takes off exposure and colour cast but keeps changes in time. Depth and flow
    (kinds ``"level"`` and ``"vector"``): by the constants of `core.modalities`, as their values are
    measurements. Values are no longer in their physical
    unit afterwards.
    """

    needs_units = True

    @staticmethod
    def apply(clip: GestureClip, params: Params) -> GestureClip:
        """Return the standardised clip."""
        return clip.with_frames(
            by_kind(clip, image=_by_its_own, level=_by_constants, vector=_by_constants)
        )


def _by_its_own(x: Tensor, _: Modality) -> Tensor:
    spread, mean = spread_and_mean(x)
    return (x - mean).div_(spread + FLOOR)


def _by_constants(x: Tensor, modality: Modality) -> Tensor:
    return (x - modality.center).div_(modality.spread)


class PhotometricJitter(Transform):
    """Change light, camera and colours of pictures (RGB, infrared); depth and flow stay.

    The same draw holds for the whole clip and for all of them; colours are changed where there are
    three channels. A change
    of 0.2 is a factor from 1 / 1.2 to 1.2, less as likely as more; 0 is none. Values stay in
    [0, 1]. `Standardize` takes off much of brightness, contrast and cast again, though not what
    was clipped.

    Args:
        gamma: change of the exponent of the brightness.
        contrast: change of the distance from the clip's mean.
        brightness: change of all values.
        cast: change of each colour channel by itself.
        saturation: change of the distance of colours from grey.
        noise: largest standard deviation of noise, new in every pixel and frame.
    """

    random: ClassVar[bool] = True
    needs_units: ClassVar[bool] = True

    gamma: float = amount(default=0.0)
    contrast: float = amount(default=0.0)
    brightness: float = amount(default=0.0)
    cast: float = amount(default=0.0)
    saturation: float = amount(default=0.0)
    noise: float = amount(default=0.0)

    def draw(self, clip: GestureClip, generator: torch.Generator | None) -> dict[str, Any]:
        """Return a factor for each change (three of ``cast``), ``noise`` and its ``seed``."""

        def factor(change: float) -> float:
            return draw_factor(1 / (1 + change), 1 + change, generator)

        names = ("gamma", "contrast", "brightness", "saturation")
        return {
            **{name: factor(getattr(self, name)) for name in names},
            "cast": [factor(self.cast) for _ in range(3)],
            "noise": draw_number(0, self.noise, generator),
            "seed": draw_seed(generator),
        }

    @staticmethod
    def apply(clip: GestureClip, params: Params) -> GestureClip:
        """Return the clip in another light."""
        return clip.with_frames(by_kind(clip, image=partial(_relight, params)))


def _relight(params: Params, x: Tensor, modality: Modality) -> Tensor:
    """Return ``(C, T, H, W)``; factors of 1 leave every bit as it is."""
    contrast, saturation = params["contrast"], params["saturation"]
    x = x.clamp(0, 1).pow_(params["gamma"])
    x = (x * contrast).add_(x.mean() * (1 - contrast)).mul_(params["brightness"])
    if len(x) == 3:
        x.mul_(torch.tensor(params["cast"]).view(3, 1, 1, 1))
        x = (x * saturation).add_(x.mean(0, keepdim=True), alpha=1 - saturation)
    if params["noise"]:
        generator = torch_generator(modality.name, params["seed"])
        x.add_(torch.randn(x.shape, generator=generator), alpha=params["noise"])
    return x.clamp_(0, 1)


class DepthNoise(Transform):
    """Add noise to the readings of depth (kind ``"level"``), and lose some, as sensors do.

    A reading stays one, whatever the noise: at least `LEVEL`, at most 1 (or the clip's largest
    where that is more, as in metres). Readings are lost one by one, and `AT_EDGES` times as often
    where depth steps by more than `EDGE`.

    Args:
        noise: largest standard deviation: in the depth's unit, times the reading to the power of
            `growth`.
        growth: 0 = the same noise at all depths, as suits 8-bit levels; 2 = growing with the square
            of the distance, as suits metres.
        holes: largest share of readings lost away from edges, 0 to 1.
    """

    random: ClassVar[bool] = True
    needs_units: ClassVar[bool] = True

    noise: float = amount(default=0.0)
    growth: float = amount(default=0.0)
    holes: float = amount(high=1, default=0.0)

    def draw(self, clip: GestureClip, generator: torch.Generator | None) -> dict[str, Any]:
        """Return ``noise``, ``growth``, ``holes`` (as above) and ``seed``."""
        return {
            "noise": draw_number(0, self.noise, generator),
            "growth": self.growth,
            "holes": draw_number(0, self.holes, generator),
            "seed": draw_seed(generator),
        }

    @staticmethod
    def apply(clip: GestureClip, params: Params) -> GestureClip:
        """Return the clip with worse depth."""
        return clip.with_frames(by_kind(clip, level=partial(_worsen, params)))


def _worsen(params: Params, depth: Tensor, modality: Modality) -> Tensor:
    generator, new = torch_generator(modality.name, params["seed"]), depth
    if params["noise"]:
        noise = torch.randn(depth.shape, generator=generator).mul_(params["noise"])
        noise = noise.mul_(depth ** params["growth"]) if params["growth"] else noise
        highest = max(1.0, float(depth.max()))
        new = torch.where(depth > 0, (depth + noise).clamp_(LEVEL, highest), depth)
    if params["holes"]:
        chance = torch.rand(depth.shape, generator=generator)
        lost = chance < torch.where(_edges(depth), AT_EDGES * params["holes"], params["holes"])
        new = new.masked_fill(lost, 0.0)
    return new


def _edges(depth: Tensor) -> Tensor:
    """Return where a neighbour in the picture differs by more than `EDGE`, true or false."""
    edges = torch.zeros_like(depth, dtype=torch.bool)
    for axis in (2, 3):
        steps = depth.diff(dim=axis).abs() > EDGE
        edges.narrow(axis, 0, steps.shape[axis]).logical_or_(steps)
        edges.narrow(axis, 1, steps.shape[axis]).logical_or_(steps)
    return edges


def spread_and_mean(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the spread and the mean of each channel, over the whole clip.

    By plain sums in float64, several times as fast as `torch.std_mean`, which divides once a pixel.

    Args:
        x: float32 ``(C, T, H, W)``.

    Returns:
        Standard deviation (of n, not n - 1) and mean, float32 ``(C, 1, 1, 1)``.
    """
    values = x.double().flatten(1)
    mean = values.mean(1)
    of_squares = torch.linalg.vecdot(values, values) / values.shape[1]
    spread = (of_squares - mean * mean).clamp_(min=0).sqrt_()
    return spread.to(x.dtype).view(-1, 1, 1, 1), mean.to(x.dtype).view(-1, 1, 1, 1)
