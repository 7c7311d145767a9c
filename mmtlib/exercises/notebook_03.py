"""Exercises of notebook 03: maps of correlation, and what it means to align them."""

from __future__ import annotations

import math

import torch

from mmtlib.exercises.exercise import Answer, Claims, Rng, exercise
from mmtlib.exercises.properties import close, mistaken, normal, number, scalar, tensor
from mmtlib.losses import correlation_map, ssa_distance


@exercise(
    "A row of the matrix is one position with its C channels. Features are (N, C, T, H, W): "
    "first make the last three axes one.",
    "features.flatten(2) is (N, C, d). torch.nn.functional.normalize(..., dim=1) makes the C "
    "channels of each position one long, and leaves zeros zero.",
    "With unit of shape (N, C, d): return unit.mT @ unit.",
    praise="cosines between positions, whatever the number of channels.",
)
def position_correlation(answer: Answer, rng: Rng) -> Claims:
    """The correlation map of a feature map."""
    given = normal(rng, 2, 5, 2, 3, 2)
    given[:, :, 0, 0, 0] = 0.0
    said = (
        f"for features {tuple(given.shape)} the map should be (2, 12, 12), one row and one column "
        "per position T * H * W; yours is {}. Often channels were compared with channels."
    )
    found = tensor(answer(given.clone()), "a correlation map", (2, 12, 12), said)
    shifted = tensor(answer(given + 3.0), "a correlation map")
    diagonal = found.diagonal(dim1=1, dim2=2)[:, 1:]
    yield {
        "a position whose features are all 0 (a ReLU makes such) gives "
        "NaN: its length is 0. Divide by at least a tiny number, as "
        "torch.nn.functional.normalize does.": bool(found.isfinite().all()),
        "every position should correlate with itself by 1. Make each position's "
        "vector of C channels one long (dim=1 of the features), not each channel "
        "over the positions.": close(diagonal, torch.ones_like(diagonal)),
        "the diagonal is right, other entries are not. Either positions and channels were mixed "
        "(reshape to (N, d, C) does not transpose: flatten(2), then swap the axes), or a mean was "
        "taken off, which the paper does not do.": close(shifted, correlation_map(given + 3.0)),
        "a position of zeros should give zeros.": close(found, correlation_map(given)),
    }


@exercise(
    "You have correlation_map and ssa_distance from the library: one of them does nearly all.",
    "ssa_distance returns one number per clip, and lets the gradient go to both arguments. "
    "Which of the two must not move?",
    "return ssa_distance(learner, teacher.detach(), reduction='sum').mean()",
    praise="the learner moves, the teacher stands still, and C may differ.",
)
def alignment_loss(answer: Answer, rng: Rng) -> Claims:
    """What a learner minimises to have the teacher's map, without focal regularization."""
    learner, teacher = (normal(rng, 2, channels, 2, 3, 2) for channels in (5, 3))
    distance, mean = (ssa_distance(learner, teacher, reduction=r) for r in ("sum", "mean"))
    found = scalar(answer(learner.requires_grad_(), teacher.requires_grad_()), "the loss")
    known = {
        "this is the sum over the clips of the batch; take their mean, so that the loss "
        "does not depend on the batch size.": distance.sum(),
        "this is the distance, not its square.": distance.sqrt().mean(),
        "this is the mean over the d x d entries; the paper sums them "
        '(reduction="sum").': mean.mean(),
        "compare the correlation maps of the two, entry by entry: squared differences, summed "
        "over the map, then the mean over clips.": distance.mean(),
    }
    yield mistaken(found, known)
    if found.requires_grad:
        found.backward()
    yield {
        "no gradient reaches the learner, so it cannot learn: detach the teacher only.": (
            learner.grad is not None and bool(learner.grad.any())
        ),
        "the teacher gets a gradient too and would move towards the learner. "
        "Use teacher.detach().": teacher.grad is None or not bool(teacher.grad.any()),
    }


@exercise(
    "The loss is weight * reduction. Both ways of reducing must give the same loss.",
    "weight_mean * (sum / entries) = weight_sum * sum. How many entries has a map?",
    "d = T * H * W positions, d * d entries: return weight / d**2.",
    praise="a weight says nothing without its reduction and d.",
    cases=[(10.0, (2, 8, 8)), (1.0, (1, 4, 4)), (0.5, (8, 7, 7)), (3.0, (3, 2, 5))],
)
def equivalent_sum_weight(
    answer: Answer, rng: Rng, weight: float, grid: tuple[int, int, int]
) -> Claims:
    """The weight for "sum" that equals a weight for "mean"."""
    found, d = number(answer(weight, grid), "the weight"), math.prod(grid)
    said = f"for weight {weight:g} and the grid {grid}"
    known = {
        f"{said} you divided by d = {d}; a map has d * d entries.": weight / d,
        f"{said} you multiplied: the sum is the larger number, so its weight is the "
        "smaller one.": weight * d**2,
        f"{said} the weight was divided by the positions of one time step; d counts "
        "T * H * W.": weight / (grid[1] * grid[2]) ** 2,
        f"{said} the sum over the d * d entries, d = {d}, is d * d times their mean; you gave "
        f"{found:.4g}.": weight / d**2,
    }
    yield mistaken(found, known)
