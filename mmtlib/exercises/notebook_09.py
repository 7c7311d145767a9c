"""Exercises of notebook 09: where networks look."""

from __future__ import annotations

import torch
from torch import Tensor

from mmtlib.exercises.exercise import Answer, Claims, Rng, exercise
from mmtlib.exercises.properties import mistaken, normal, per_clip, tensor

WHOLE = (1, 2, 3)
"""Time, rows and columns of maps ``(N, T, H, W)``."""


@exercise(
    "Which axes are positions? A channel's weight is the mean of its gradient over them.",
    "weights = gradients.mean(dim=(2, 3, 4), keepdim=True) is (N, C, 1, 1, 1). Multiply the "
    "features by it, add up the channels (dim 1), then cut off what is negative.",
    "return (gradients.mean((2, 3, 4), keepdim=True) * features).sum(1).relu()",
    praise="one weight for each channel, added up, and only what speaks for the class.",
)
def grad_cam(answer: Answer, rng: Rng) -> Claims:
    """From features and gradients ``(N, C, T, H, W)`` to Grad-CAM ``(N, T, H, W)``."""
    features, gradients = normal(rng, 2, 2, 3, 2, 3, 4)
    features = features.relu()
    shape = (
        "expected (N, T, H, W) = (2, 2, 3, 4), got {}: the channels are added up, and positions "
        "stay where they are."
    )
    given = features.clone(), gradients.clone()
    found = tensor(answer(*given), "a map for each clip", (2, 2, 3, 4), shape)
    pooled = gradients.mean(dim=(2, 3, 4), keepdim=True)
    weighted = (pooled * features).sum(dim=1)
    known = {
        "a value is negative: what speaks against the class belongs cut off, by a ReLU "
        "after the sum over the channels.": weighted,
        "what speaks against the class became positive: cut it off (ReLU), do not take "
        "its size.": weighted.abs(),
        "every position was weighted by its own gradient. Grad-CAM gives a channel one weight, "
        "the mean of its gradient over all positions.": (gradients * features).sum(dim=1).relu(),
        "the ReLU came before the sum over channels, so a channel that speaks against the "
        "class counts nothing instead of less.": (pooled * features).relu().sum(dim=1),
        "a channel's weight is the mean of its gradient over the positions, not their "
        "sum.": gradients[0, 0].numel() * weighted.relu(),
        "the channels are added up, not averaged.": weighted.relu() / 3,
        "the mean went over clips or channels too: a clip's channel has a weight of its "
        "own, so take dim=(2, 3, 4).": (gradients.mean() * features).sum(dim=1).relu(),
        "weigh every channel by the mean of its gradient over T, H and W, add the channels "
        "up, cut off what is below 0.": weighted.relu(),
    }
    yield mistaken(found, known)


def _maps(rng: Rng) -> tuple[Tensor, Tensor]:
    """Return four maps and masks ``(4, 2, 5, 6)``; the share of no two pairs is the same."""
    brightness, place = torch.from_numpy(rng.random((2, 4, 2, 5, 6))).float()
    return brightness * (1 + (place < 0.3).float()), place < 0.3


@exercise(
    "A share: what lies on the hand, divided by all there is. Each clip by itself.",
    "maps * masks keeps what is on the hand. Sum over the last three axes, for both.",
    "return (maps * masks).sum((1, 2, 3)) / maps.sum((1, 2, 3))",
    praise="the share of each map that lies on the hand, whatever its brightness.",
)
def hand_energy(answer: Answer, rng: Rng) -> Claims:
    """From maps ``(N, T, H, W)`` and the hand's masks to its share of each map ``(N,)``."""
    maps, masks = _maps(rng)
    found = per_clip(answer(maps.clone(), masks.clone()), 4, "share")
    inside, everything = (maps * masks).sum(dim=WHOLE), maps.sum(dim=WHOLE)
    known = {
        "this is the hand's share of the area; weigh every pixel by its saliency.": (
            masks.double().mean(dim=WHOLE)
        ),
        "this is the mean saliency on the hand; a share divides by the whole map's sum.": (
            inside / masks.sum(dim=WHOLE)
        ),
        "this is the sum on the hand; divide by the sum of the whole map, or a map that "
        "is bright everywhere wins.": inside,
        "you divided by what lies beside the hand, not by all.": inside / (everything - inside),
        "each clip has a share of its own: divide by its own sum, not by that of all clips.": inside
        / everything.sum(),
        "each clip has a share of its own: the mean over clips comes later.": (
            (inside / everything).mean()
        ),
        "expected, for each clip, the sum of the map on the hand over the sum of the map.": (
            inside / everything
        ),
    }
    yield mistaken(found, known)
    maps[0] = 0
    nothing = per_clip(answer(maps, masks), 4, "share")[0]
    yield {
        "a map that is 0 everywhere has no share on the hand, so NaN is the honest answer; "
        f"yours is {float(nothing):g}.": bool(nothing.isnan())
    }


@exercise(
    "You have hand_energy. Which of its two arguments must change?",
    "Give every clip the mask of its neighbour in the batch; the first gets that of the last.",
    "return hand_energy(maps, masks.roll(1, 0))",
    praise="each map on another clip's hand: what the usual places alone would give.",
)
def other_hand(answer: Answer, rng: Rng) -> Claims:
    """The share of each map that lies on where the hand is in another clip ``(N,)``."""
    maps, masks = _maps(rng)
    found = per_clip(answer(maps.clone(), masks.clone()), 4, "share")
    # Row i, column j: the share of map i on the hand of clip j.
    table = torch.einsum("ithw,jthw->ij", maps, masks.float()) / maps.sum(dim=WHOLE)[:, None]
    is_from = (found[:, None] - table).abs() < 1e-5
    own = is_from.diagonal()
    yield {
        "these are the shares on each clip's own hand; the control asks for another clip's.": (
            not own.all()
        ),
        "some clips are compared with their own hand, as a random order may leave a clip in "
        "its place. Move all by one instead: masks.roll(1, 0).": not own.any(),
        "these are not shares on the hand of another clip. Exchange "
        "the masks of whole clips (the first axis), and leave frames, "
        "rows and columns as they are.": bool(is_from.any(dim=1).all()),
    }
