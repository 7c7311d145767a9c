"""Spoil one modality and leave the others: a bad teacher, to study negative transfer with."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch import Tensor

from mmtlib.core.clips import GestureClip
from mmtlib.core.errors import unknown_name
from mmtlib.core.modalities import Kind, get_modality
from mmtlib.core.seeding import torch_generator
from mmtlib.transforms.base import Params, Transform, amount, argument, draw_seed
from mmtlib.transforms.geometric import shift
from mmtlib.transforms.resampling import mean_of_readings

BLUR_AT_FULL_STRENGTH = 1 / 4
"""Standard deviation of the strongest blur, as a part of the picture's shorter side."""


class Corrupt(Transform):
    """Spoil one modality; the others, the mask, the joints and the label stay.

    The strength goes from 0, nothing changed, to 1, nothing left of the gesture. It is

    | kind | strength |
    |---|---|
    | ``noise`` | the share of pixels that show another pixel of the clip, drawn at random: noise |
    | | with the clip's own mean, spread and missing readings |
    | ``blur`` | the width of a Gaussian blur, 1 = `BLUR_AT_FULL_STRENGTH`; depth is the mean of |
    | | readings, missing (0) where under half of the weight is one, so thin outlines go |
    | ``freeze`` | the share of frames, in a row, that repeat the frame before them |
    | ``drop`` | the share of frames, anywhere, that are lost: black, no reading, no motion |
    | ``misalign`` | a shift in a random direction, as a part of the picture's shorter side, in |
    | | whole pixels, the border repeated |
    | ``delay`` | frames too late or too early, as a part of the clip, in whole frames, the first |
    | | or last one repeated |

    Still pictures have no flow. A clip without the modality is left as it is, so that the same
    settings serve a network trained alone.

    Args:
        modality: the one to spoil.
        kind: ``"noise"``, ``"blur"``, ``"freeze"``, ``"drop"``, ``"misalign"`` or ``"delay"``.
        strength: 0 to 1.

    Raises:
        ConfigError: if a name is unknown or the strength out of its range.
    """

    random: ClassVar[bool] = True
    needs_units: ClassVar[bool] = True

    modality: str = argument(lambda _, value: get_modality(value).name)
    kind: str = argument(lambda _, value: _known(value))
    strength: float = amount(high=1)

    def draw(self, clip: GestureClip, generator: torch.Generator | None) -> dict[str, Any]:
        """Return ``modality``, ``kind``, ``strength`` and a ``seed`` for where it strikes."""
        return {**self.arguments, "seed": draw_seed(generator)}

    @staticmethod
    def apply(clip: GestureClip, params: Params) -> GestureClip:
        """Return the clip with the modality spoilt."""
        name, kind, strength = params["modality"], params["kind"], params["strength"]
        if name not in clip.frames or strength == 0:
            return clip
        generator = torch_generator("corrupt", params["seed"])
        corrupt = _KINDS[_known(kind)]
        spoilt = corrupt(clip.frames[name], get_modality(name).kind, strength, generator)
        return clip.with_frames({**clip.frames, name: spoilt})


def _known(kind: str) -> str:
    if kind not in _KINDS:
        raise unknown_name("kind of corruption", kind, _KINDS)
    return kind


def _noise(x: Tensor, _: Kind, strength: float, generator: torch.Generator) -> Tensor:
    places = x.shape[1:]
    chosen = torch.rand(places, generator=generator) < strength
    other = torch.randint(places.numel(), places, generator=generator)
    return torch.where(chosen, x.flatten(1)[:, other], x)


def _blur(x: Tensor, kind: Kind, strength: float, _: torch.Generator) -> Tensor:
    # A hundredth of a pixel is no blur; less cannot be divided by.
    width = max(strength * BLUR_AT_FULL_STRENGTH * min(x.shape[-2:]), 0.01)
    rows, columns = (_gauss(n, width) for n in x.shape[-2:])
    blurred = rows @ x @ columns.T
    if kind != "level":
        return blurred
    return mean_of_readings(blurred, rows @ (x > 0).float() @ columns.T)


def _gauss(n: int, width: float) -> Tensor:
    """Return ``(n, n)``, the weights of old pixels (columns) in each new one (rows)."""
    i = torch.arange(n, dtype=torch.float64)
    return torch.softmax(-(((i[:, None] - i) / width) ** 2) / 2, dim=1).float()


def _freeze(x: Tensor, kind: Kind, strength: float, generator: torch.Generator) -> Tensor:
    length = x.shape[1]
    frozen = round(strength * (length - 1))
    start = int(torch.randint(length - frozen, (), generator=generator))
    indices = torch.arange(length)
    indices[start + 1 : start + 1 + frozen] = start
    return _frames(x, kind, indices, still=indices != torch.arange(length))


def _drop(x: Tensor, _: Kind, strength: float, generator: torch.Generator) -> Tensor:
    length = x.shape[1]
    lost = torch.randperm(length, generator=generator)[: round(strength * length)]
    return x.index_fill(1, lost, 0.0)


def _misalign(x: Tensor, _: Kind, strength: float, generator: torch.Generator) -> Tensor:
    pixels = strength * min(x.shape[-2:])
    angle = 2 * math.pi * float(torch.rand((), generator=generator))
    return shift(x, round(pixels * math.cos(angle)), round(pixels * math.sin(angle)))


def _delay(x: Tensor, kind: Kind, strength: float, generator: torch.Generator) -> Tensor:
    length = x.shape[1]
    late = round(strength * (length - 1))
    if torch.rand((), generator=generator) < 0.5:
        late = -late
    wanted = torch.arange(length) - late
    indices = wanted.clamp(0, length - 1)
    return _frames(x, kind, indices, still=indices != wanted)


def _frames(x: Tensor, kind: Kind, indices: Tensor, *, still: Tensor) -> Tensor:
    new = x.index_select(1, indices)
    return new.masked_fill_(still[:, None, None], 0.0) if kind == "vector" else new


_KINDS: dict[str, Callable[[Tensor, Kind, float, torch.Generator], Tensor]] = {
    "noise": _noise,
    "blur": _blur,
    "freeze": _freeze,
    "drop": _drop,
    "misalign": _misalign,
    "delay": _delay,
}
