"""Checks and hints of the notebooks on transfer: 03 (alignment) and 04 (focal regularization).

Every check tries the answer on several random inputs. The properties come first, each with the
reason why it usually fails; the comparison with the library's own value comes last.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from mmtlib.exercises.feedback import check
from mmtlib.exercises.properties import close, explain, need, number, scalar, tensor
from mmtlib.losses import correlation_map, focal_regularization, ssa_distance

SEEDS = (0, 1, 2)


@check
def position_correlation(answer: Callable[[Tensor], Tensor]) -> str:
    """03: the correlation map of a feature map."""
    for seed in SEEDS:
        features = _features(seed, channels=5)
        features[:, :, 0, 0, 0] = 0.0
        found = tensor(answer(features.clone()), "a correlation map")
        d = features[0, 0].numel()
        need(
            found.shape == (len(features), d, d),
            f"for features {tuple(features.shape)} the map should be (2, {d}, {d}), one row and "
            f"one column per position T * H * W; yours is {tuple(found.shape)}. Often channels "
            "were compared with channels.",
        )
        need(
            bool(found.isfinite().all()),
            "a position whose features are all 0 (a ReLU makes such) gives NaN: its length is 0. "
            "Divide by at least a tiny number, as torch.nn.functional.normalize does.",
        )
        diagonal = found.diagonal(dim1=1, dim2=2)[:, 1:]
        need(
            close(diagonal, torch.ones_like(diagonal)),
            "every position should correlate with itself by 1. Make each position's vector of C "
            "channels one long (dim=1 of the features), not each channel over the positions.",
        )
        whole = features + 3.0
        need(
            close(tensor(answer(whole.clone()), "a correlation map"), correlation_map(whole)),
            "the diagonal is right, other entries are not. Either positions and channels were "
            "mixed (reshape to (N, d, C) does not transpose: flatten(2), then swap the axes), or "
            "a mean was taken off, which the paper does not do.",
        )
        need(close(found, correlation_map(features)), "a position of zeros should give zeros.")
    return "cosines between positions, whatever the number of channels."


@check
def alignment_loss(answer: Callable[[Tensor, Tensor], Tensor]) -> str:
    """03: what a learner minimises to have the teacher's map, without focal regularization."""
    for seed in SEEDS:
        learner, teacher = _features(seed, channels=5), _features(seed + 10, channels=3)
        learner.requires_grad_()
        teacher.requires_grad_()
        found = scalar(answer(learner, teacher), "the loss")
        distance = ssa_distance(learner.detach(), teacher.detach())
        explain(
            found,
            distance.mean(),
            {
                "this is the sum over the clips of the batch; take their mean, so that the loss "
                "does not depend on the batch size.": distance.sum(),
                "this is the distance, not its square.": distance.sqrt().mean(),
                "this is the mean over the d x d entries; the paper sums them "
                '(reduction="sum").': ssa_distance(
                    learner.detach(), teacher.detach(), reduction="mean"
                ).mean(),
            },
            "compare the correlation maps of the two, entry by entry: squared differences, summed "
            "over the map, then the mean over clips.",
        )
        need(
            found.requires_grad,
            "no gradient reaches the learner, so it cannot learn: detach the teacher only.",
        )
        found.backward()
        need(
            learner.grad is not None and bool(learner.grad.abs().sum() > 0),
            "no gradient reaches the learner, so it cannot learn: detach the teacher only.",
        )
        need(
            teacher.grad is None or not bool(teacher.grad.any()),
            "the teacher gets a gradient too and would move towards the learner. "
            "Use teacher.detach().",
        )
    return "the learner moves, the teacher stands still, and C may differ."


@check
def equivalent_sum_weight(answer: Callable[[float, tuple[int, int, int]], float]) -> str:
    """03: the weight for "sum" that equals a weight for "mean"."""
    for weight, grid in ((10.0, (2, 8, 8)), (1.0, (1, 4, 4)), (0.5, (8, 7, 7)), (3.0, (3, 2, 5))):
        found, d = number(answer(weight, grid), "the weight"), math.prod(grid)
        said = f"for weight {weight:g} and the grid {grid}"
        explain(
            torch.tensor(found, dtype=torch.float64),
            torch.tensor(weight / d**2, dtype=torch.float64),
            {
                f"{said} you divided by d = {d}; a map has d * d entries.": weight / d,
                f"{said} you multiplied: the sum is the larger number, so its weight is the "
                "smaller one.": weight * d**2,
                f"{said} the weight was divided by the positions of one time step; d counts "
                "T * H * W.": weight / (grid[1] * grid[2]) ** 2,
            },
            f"{said} the sum over the d * d entries, d = {d}, is d * d times their mean; you gave "
            f"{found:.4g}.",
        )
    return "a weight says nothing without its reduction and d."


@check
def focal_rho(answer: Callable[[Tensor, Tensor, float], Tensor]) -> str:
    """04: the focal regularization parameter."""
    for seed, beta in zip(SEEDS, (2.0, 1.0, 3.0), strict=True):
        loss_m, loss_n = _losses(seed), _losses(seed + 10)
        loss_m.requires_grad_()
        found = tensor(answer(loss_m, loss_n, beta), "rho")
        need(
            found.shape == loss_m.shape,
            f"expected one rho per clip, shape {tuple(loss_m.shape)}; got {tuple(found.shape)}.",
        )
        need(
            not bool((found < 0).any()),
            "rho is negative where the teacher does worse: the learner would be pushed away from "
            "it. Take max(0, ...).",
        )
        gap = (loss_m - loss_n).detach().double()
        positive = gap.clamp_min(0)
        explain(
            found.detach().double(),
            torch.expm1(beta * positive),
            {
                "rho is above 0 where the teacher does worse: dl is the learner's loss minus the "
                "teacher's, in this order.": torch.expm1(beta * (-gap).clamp_min(0)),
                "beta belongs inside the exponential: exp(beta * dl) - 1.": (
                    beta * gap.exp() - 1
                ).clamp_min(0),
                "the - 1 is missing: at equal losses rho should be 0.": (beta * gap).exp(),
                "rho should be 0, not large, where the teacher does worse; no absolute "
                "value.": torch.expm1(beta * gap.abs()),
                "beta has no influence on your rho.": torch.expm1(positive),
            },
            "where the teacher does better, rho should be exp(beta * dl) - 1, elsewhere 0.",
        )
        need(
            not found.requires_grad,
            "a gradient goes through rho: the learner could lower its objective by changing how "
            "much it listens. Detach rho.",
        )
    return "zero for a worse teacher, growing with the gap, and no gradient."


@check
def who_listens(answer: Callable[[dict[str, float]], object]) -> str:
    """04: the pairs (learner, teacher) with rho above 0."""
    cases = (
        {"rgb": 0.9, "depth": 0.2},
        {"rgb": 0.4, "depth": 0.4},
        {"rgb": 1.2, "depth": 0.3, "flow": 0.7},
        {"rgb": 0.5, "depth": 0.8, "flow": 0.5, "ir": 0.1},
    )
    for losses in cases:
        right = {(m, n) for m, n in itertools.permutations(losses, 2) if losses[m] > losses[n]}
        found = set(answer(dict(losses)))
        case = f"with the losses {losses}"
        need(
            not found or found != {(n, m) for m, n in right},
            f"{case} the pairs are the wrong way round: the learner, with the larger loss, "
            "comes first.",
        )
        need(
            not any(len(set(pair)) < 2 for pair in found),
            f"{case} a network learns from itself in your answer; its dl is 0.",
        )
        ties = {pair for pair in found - right if _tied(losses, pair)}
        need(not ties, f"{case} two networks are equally good: dl = 0 gives rho = 0, no transfer.")
        need(
            not found - right,
            f"{case} you have {sorted(found - right)}, where the teacher is the worse one.",
        )
        need(
            found == right,
            f"{case} {sorted(right - found)} is missing: a learner listens to every network that "
            "does better, not to the best one only.",
        )
    return "of every two networks with different losses exactly one listens."


@check
def learner_objective(answer: Callable[[Tensor, Tensor, Tensor, float, float], Tensor]) -> str:
    """04: the objective of one learner with one teacher, rho per clip."""
    for seed, weight in zip(SEEDS, (0.05, 1.0, 4.0), strict=True):
        loss_m, loss_n, distance = (_losses(seed + i).requires_grad_() for i in (0, 10, 20))
        found = scalar(answer(loss_m, loss_n, distance, weight, 2.0), "the objective")
        own, apart = loss_m.detach(), distance.detach()
        rho = focal_regularization(own, loss_n, 2.0)
        of_batch = focal_regularization(own.mean(), loss_n.mean(), 2.0)
        explain(
            found.detach(),
            own.mean() + weight * (rho * apart).mean(),
            {
                "the classification loss is missing.": weight * (rho * apart).mean(),
                "the weight is missing.": own.mean() + (rho * apart).mean(),
                "rho was taken from the mean losses of the batch; here each clip has its own.": (
                    own.mean() + weight * of_batch * apart.mean()
                ),
                "average the products rho * distance of the clips; you multiplied the averages.": (
                    own.mean() + weight * rho.mean() * apart.mean()
                ),
                "take means over the clips, not sums.": (own + weight * rho * apart).sum(),
                "rho is missing: the learner listens to every clip alike.": (
                    own.mean() + weight * apart.mean()
                ),
            },
            "expected mean(loss_m) + weight * mean(rho * distance).",
        )
        grads = torch.autograd.grad(found, (loss_m, loss_n, distance), allow_unused=True)
        to_loss_m, to_loss_n, to_distance = (
            torch.zeros(len(rho)) if grad is None else grad for grad in grads
        )
        need(
            not bool(to_loss_n.any()),
            "the teacher's loss gets a gradient: the learner's objective would make it worse. "
            "Detach rho.",
        )
        need(
            close(to_loss_m, torch.full_like(to_loss_m, 1 / len(rho))),
            "the learner's loss gets a gradient through rho as well; only the classification term "
            "may give it one. Detach rho.",
        )
        need(
            close(to_distance, weight * rho / len(rho)),
            "the distance gets no gradient or a wrong one: detach rho, not rho * distance.",
        )
    return "classification, and alignment where the teacher does better, clip by clip."


HINTS: dict[str, tuple[str, str, str]] = {
    "position_correlation": (
        "A row of the matrix is one position with its C channels. Features are (N, C, T, H, W): "
        "first make the last three axes one.",
        "features.flatten(2) is (N, C, d). torch.nn.functional.normalize(..., dim=1) makes the C "
        "channels of each position one long, and leaves zeros zero.",
        "With unit of shape (N, C, d): return unit.mT @ unit.",
    ),
    "alignment_loss": (
        "You have correlation_map and ssa_distance from the library: one of them does nearly all.",
        "ssa_distance returns one number per clip, and lets the gradient go to both arguments. "
        "Which of the two must not move?",
        "return ssa_distance(learner, teacher.detach()).mean()",
    ),
    "equivalent_sum_weight": (
        "The loss is weight * reduction. Both ways of reducing must give the same loss.",
        "weight_mean * (sum / entries) = weight_sum * sum. How many entries has a map?",
        "d = T * H * W positions, d * d entries: return weight / d**2.",
    ),
    "focal_rho": (
        "Start from dl = loss_m - loss_n, one number per clip. What should happen where it is "
        "below 0?",
        "torch.exp(beta * dl) - 1 is negative for dl < 0; .clamp(min=0) is the max(0, ...) of the "
        "equation.",
        "return (torch.exp(beta * (loss_m - loss_n)) - 1).clamp(min=0).detach()",
    ),
    "who_listens": (
        "Go through all ordered pairs of different networks: (learner, teacher).",
        "rho is above 0 exactly where dl is: the learner's loss is the larger one. Equal losses "
        "give none.",
        "A set comprehension: {(m, n) for m in losses for n in losses if losses[m] > losses[n]}.",
    ),
    "learner_objective": (
        "Two terms: the mean classification loss of the learner, and weight times the mean of "
        "rho * distance over the clips.",
        "rho = focal_regularization(loss_m, loss_n, beta) is per clip and has no gradient already.",
        "return loss_m.mean() + weight * (rho * distance).mean()",
    ),
}
"""Exercise -> three hints, from a nudge to nearly the answer."""


def _features(seed: int, channels: int) -> Tensor:
    """Return features ``(2, channels, 2, 3, 2)`` of both signs."""
    return torch.randn(2, channels, 2, 3, 2, generator=torch.Generator().manual_seed(seed))


def _losses(seed: int) -> Tensor:
    """Return one loss per clip, ``(6,)``, between 0.1 and 1.6."""
    return 0.1 + 1.5 * torch.rand(6, generator=torch.Generator().manual_seed(seed))


def _tied(losses: Mapping[str, float], pair: tuple[str, str]) -> bool:
    return losses[pair[0]] == losses[pair[1]]
