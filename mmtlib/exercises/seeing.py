"""Checks and hints of the notebooks on what networks see: 08 (as alike) and 09 (where they look).

Every check tries the answer on several random inputs, and compares it with known mistakes first.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from mmtlib.core.seeding import torch_generator
from mmtlib.exercises.feedback import check
from mmtlib.exercises.properties import close, explain, need, number, tensor
from mmtlib.losses import correlation_map

SEEDS = (0, 1, 2)


@check
def like_this(answer: Callable[[Tensor, tuple, tuple], Tensor]) -> str:
    """08: from a map ``(d, d)``, a grid and a position (t, y, x) to its row, ``(T, H, W)``."""
    for seed, grid in zip(SEEDS, ((2, 3, 4), (3, 2, 5), (4, 4, 1)), strict=True):
        features, _ = _random("like_this", seed, 1, 6, *grid)
        maps = correlation_map(features)[0]
        for t, y, x in ((0, 0, 0), (1, 1, 0), tuple(n - 1 for n in grid), (1, 0, grid[2] - 1)):
            found = tensor(answer(maps.clone(), grid, (t, y, x)), "the similarities")
            need(
                found.shape == grid,
                f"expected the shape of the grid {grid}, got {tuple(found.shape)}: reshape the "
                "row of the chosen position.",
            )
            said = f"position {(t, y, x)} on the grid {grid}"
            need(
                close(found[t, y, x], torch.tensor(1.0)),
                f"{said} should be alike to itself by 1, yours is {float(found[t, y, x]):.2f}. "
                "Positions are counted time step by time step, row by row: its number is "
                "(t * H + y) * W + x.",
            )
            right = torch.einsum(
                "c,cthw->thw",
                *(v / v.norm(dim=0) for v in (features[0, :, t, y, x], features[0])),
            )
            need(close(found, right), f"{said} is right, other places are not: keep their order.")
    return "one row of the map, laid out in time and space again."


@check
def map_distance(answer: Callable[[Tensor, Tensor], Tensor]) -> str:
    """08: the mean squared difference of two networks' maps ``(N,)``; C may differ."""
    for seed in SEEDS:
        first, _ = _random("map_distance", seed, 3, 5, 2, 3, 2)
        second, _ = _random("map_distance", seed + 10, 3, 4, 2, 3, 2)
        found = _per_clip(answer(first.clone(), second.clone()), len(first), "distance")
        difference = correlation_map(first) - correlation_map(second)
        products = [f.flatten(2).mT @ f.flatten(2) for f in (first, second)]
        explain(
            found,
            difference.square().mean(dim=(1, 2)),
            {
                "this is the sum over the d * d entries; the mean can be compared between "
                "grids.": difference.square().sum(dim=(1, 2)),
                "this is the root; take the mean of the squares.": (
                    difference.square().mean(dim=(1, 2)).sqrt()
                ),
                "take squares: positive and negative differences cancel.": difference.mean(
                    dim=(1, 2)
                ),
                "these are absolute differences; square them.": difference.abs().mean(dim=(1, 2)),
                "the features were not brought to length 1, so the network with the larger "
                "features decides.": (products[0] - products[1]).square().mean(dim=(1, 2)),
            },
            "expected the mean, over the d * d entries, of the squared difference of both maps.",
        )
    return "how far apart two maps are, whatever the numbers of channels."


@check
def cka(answer: Callable[[Tensor, Tensor], Tensor]) -> str:
    """08: the plain linear CKA of features ``(n, p)`` and ``(n, q)``, one number."""
    for seed in SEEDS:
        x, _ = _random("cka", seed, 12, 5)
        mixed, more = _random("cka", seed + 10, 5, 4)
        y = x @ mixed + 0.5 * more.sum() + _random("cka", seed + 20, 12, 4)[0] + 2.0
        x = x + 1.0
        found = torch.tensor(_one(answer(x.clone(), y.clone())), dtype=torch.float64)
        k, centred_k = _gram(x, centre=False), _gram(x)
        m, centred_m = _gram(y, centre=False), _gram(y)
        explain(
            found,
            _cosine(centred_k, centred_m),
            {
                "the features were not centred: take the mean over the n examples off every "
                "channel, or a common offset counts as likeness.": _cosine(k, m),
                "only one of the two was centred.": _cosine(centred_k, m),
                "only the second was centred.": _cosine(k, centred_m),
                "this is not divided by both norms, so it grows with the features.": (
                    centred_k * centred_m
                ).sum(),
                "this is the square; CKA divides by the product of the norms, not of their "
                "squares.": _cosine(centred_k, centred_m) ** 2,
            },
            "centre both, form K = X X^T and L = Y Y^T, and take the cosine of the two: the sum of "
            "K * L over the product of their norms.",
        )
        turn = torch.linalg.qr(_random("cka", seed + 30, 5, 5)[0])[0]
        need(
            abs(_one(answer(x, 3 * x @ turn + 1)) - 1) < 1e-4,
            "features turned, enlarged and shifted should give 1.",
        )
    return "the cosine of two centred Gram matrices: turning, scaling and shifting do not matter."


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
        found = _per_clip(answer(maps.clone(), masks.clone()), len(maps), "share")
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
        nothing = _per_clip(answer(maps, masks), len(maps), "share")[0]
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
        found = _per_clip(answer(maps.clone(), masks.clone()), n, "share").double()
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
    "like_this": (
        "Which row of the map belongs to the position (t, y, x)? Count from 0.",
        "A time step has H * W positions, a row W: the number is (t * H + y) * W + x.",
        "t, y, x = position; return maps[(t * grid[1] + y) * grid[2] + x].reshape(grid)",
    ),
    "map_distance": (
        "correlation_map from the library gives (N, d, d) for each of the two.",
        "Subtract, square, and take the mean over the last two axes: one number for each clip.",
        "return (correlation_map(first) - correlation_map(second)).square().mean((1, 2))",
    ),
    "cka": (
        "Two steps: centre every channel over the examples, then compare the Gram matrices.",
        "x = x - x.mean(0), the same for y. K = x @ x.T and L = y @ y.T are both (n, n). The "
        "cosine of two matrices is the sum of their product over the product of their norms.",
        "return (K * L).sum() / (K.norm() * L.norm())",
    ),
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


def _per_clip(found: object, clips: int, what: str) -> Tensor:
    values = tensor(found, f"one {what} for each clip")
    need(
        values.shape == (clips,),
        f"expected one {what} for each of {clips} clips, got shape {tuple(values.shape)}: leave "
        "the first axis as it is.",
    )
    return values


def _one(found: object) -> float:
    if isinstance(found, Tensor) and found.ndim == 0:
        found = float(found)
    return number(found, "CKA")


def _gram(x: Tensor, *, centre: bool = True) -> Tensor:
    x = x.double()
    x = x - x.mean(dim=0) if centre else x
    return x @ x.T


def _cosine(k: Tensor, m: Tensor) -> Tensor:
    return (k * m).sum() / (k.norm() * m.norm())
