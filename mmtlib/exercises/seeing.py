"""Checks and hints of the notebooks on what networks see: so far 09 (where they look).

Every check tries the answer on several random inputs, and compares it with known mistakes first.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from mmtlib.exercises.feedback import check
from mmtlib.exercises.properties import explain, need, tensor
from mmtlib.seeding import torch_generator

SEEDS = (0, 1, 2)


@check
def grad_cam(answer: Callable[[Tensor, Tensor], Tensor]) -> str:
    """09: from features and gradients ``(N, C, T, H, W)`` to Grad-CAM ``(N, T, H, W)``."""
    for seed in SEEDS:
        features, gradients = _random("grad_cam", seed, 2, 3, 2, 3, 4)
        features = features.relu()
        found = tensor(answer(features.clone(), gradients.clone()), "a map for each clip")
        need(
            found.shape == (2, 2, 3, 4),
            f"expected (N, T, H, W) = (2, 2, 3, 4), got {tuple(found.shape)}: the channels are "
            "added up, and positions stay where they are.",
        )
        pooled = gradients.mean(dim=(2, 3, 4), keepdim=True)
        weighted = (pooled * features).sum(dim=1)
        places = gradients[0, 0].numel()
        explain(
            found,
            weighted.relu(),
            {
                "a value is negative: what speaks against the class belongs cut off, by a ReLU "
                "after the sum over the channels.": weighted,
                "what speaks against the class became positive: cut it off (ReLU), do not take "
                "its size.": weighted.abs(),
                "every position was weighted by its own gradient. Grad-CAM gives a channel one "
                "weight, the mean of its gradient over all positions.": (
                    (gradients * features).sum(dim=1).relu()
                ),
                "the ReLU came before the sum over channels, so a channel that speaks against the "
                "class counts nothing instead of less.": (pooled * features).relu().sum(dim=1),
                "a channel's weight is the mean of its gradient over the positions, not their "
                "sum.": places * weighted.relu(),
                "the channels are added up, not averaged.": weighted.relu() / 3,
                "the mean went over clips or channels too: a clip's channel has a weight of its "
                "own, so take dim=(2, 3, 4).": (gradients.mean() * features).sum(dim=1).relu(),
            },
            "weigh every channel by the mean of its gradient over T, H and W, add the channels "
            "up, cut off what is below 0.",
        )
    return "one weight for each channel, added up, and only what speaks for the class."


@check
def hand_energy(answer: Callable[[Tensor, Tensor], Tensor]) -> str:
    """09: from maps ``(N, T, H, W)`` and the hand's masks to its share of each map ``(N,)``."""
    for seed in SEEDS:
        maps, masks = _maps(seed)
        found = _shares(answer(maps.clone(), masks.clone()), len(maps))
        inside, everything = (maps * masks).sum(dim=(1, 2, 3)), maps.sum(dim=(1, 2, 3))
        area = masks.double().mean(dim=(1, 2, 3))
        explain(
            found,
            inside / everything,
            {
                "this is the hand's share of the area; weigh every pixel by its saliency.": area,
                "this is the mean saliency on the hand; a share divides by the whole map's sum.": (
                    inside / masks.sum(dim=(1, 2, 3))
                ),
                "this is the sum on the hand; divide by the sum of the whole map, or a map that "
                "is bright everywhere wins.": inside,
                "you divided by what lies beside the hand, not by all.": (
                    inside / (everything - inside)
                ),
                "each clip has a share of its own: divide by its own sum, not by that of all "
                "clips.": inside / everything.sum(),
                "each clip has a share of its own: the mean over clips comes later.": (
                    (inside / everything).mean().expand(len(maps))
                ),
            },
            "expected, for each clip, the sum of the map on the hand over the sum of the map.",
        )
        maps[0] = 0
        nothing = _shares(answer(maps, masks), len(maps))[0]
        need(
            bool(nothing.isnan()),
            "a map that is 0 everywhere has no share on the hand, so NaN is the honest answer; "
            f"yours is {float(nothing):g}.",
        )
    return "the share of each map that lies on the hand, whatever its brightness."


@check
def other_hand(answer: Callable[[Tensor, Tensor], Tensor]) -> str:
    """09: the share of each map that lies on where the hand is in another clip ``(N,)``."""
    for seed in SEEDS:
        maps, masks = _maps(seed)
        n = len(maps)
        found = _shares(answer(maps.clone(), masks.clone()), n).double()
        everything = maps.double().sum(dim=(1, 2, 3))
        # Row i, column j: the share of map i on the hand of clip j.
        table = torch.einsum("ithw,jthw->ij", maps.double(), masks.double()) / everything[:, None]
        is_from = (found[:, None] - table).abs() < 1e-5
        own = is_from.diagonal()
        need(
            not own.all(),
            "these are the shares on each clip's own hand; the control asks for another clip's.",
        )
        need(
            not own.any(),
            "some clips are compared with their own hand, as a random order may leave a clip in "
            "its place. Move all by one instead: masks.roll(1, 0).",
        )
        need(
            bool(is_from.any(dim=1).all()),
            "these are not shares on the hand of another clip. Exchange the masks of whole clips "
            "(the first axis), and leave frames, rows and columns as they are.",
        )
    return "each map on another clip's hand: what the usual places alone would give."


HINTS: dict[str, tuple[str, str, str]] = {
    "grad_cam": (
        "Which axes are positions? A channel's weight is the mean of its gradient over them.",
        "weights = gradients.mean(dim=(2, 3, 4), keepdim=True) is (N, C, 1, 1, 1). Multiply the "
        "features by it, add up the channels (dim 1), then cut off what is negative.",
        "return (gradients.mean((2, 3, 4), keepdim=True) * features).sum(1).relu()",
    ),
    "hand_energy": (
        "A share: what lies on the hand, divided by all there is. Each clip by itself.",
        "maps * masks keeps what is on the hand. Sum over the last three axes, for both.",
        "return (maps * masks).sum((1, 2, 3)) / maps.sum((1, 2, 3))",
    ),
    "other_hand": (
        "You have hand_energy. Which of its two arguments must change?",
        "Give every clip the mask of its neighbour in the batch; the first gets that of the last.",
        "return hand_energy(maps, masks.roll(1, 0))",
    ),
}
"""Exercise -> three hints, from a nudge to nearly the answer."""


def _random(name: str, seed: int, *shape: int) -> tuple[Tensor, Tensor]:
    generator = torch_generator(name, seed)
    first, second = torch.randn(2, *shape, generator=generator)
    return first, second


def _maps(seed: int) -> tuple[Tensor, Tensor]:
    """Return four maps and masks ``(4, 2, 5, 6)``; the share of no two pairs is the same."""
    generator = torch_generator("hand_energy", seed)
    masks = torch.rand(4, 2, 5, 6, generator=generator) < 0.3
    return torch.rand(4, 2, 5, 6, generator=generator) * (1 + masks), masks


def _shares(found: object, clips: int) -> Tensor:
    shares = tensor(found, "the shares")
    need(
        shares.shape == (clips,),
        f"expected one share for each of {clips} clips, got shape {tuple(shares.shape)}: sum over "
        "the last three axes.",
    )
    return shares
