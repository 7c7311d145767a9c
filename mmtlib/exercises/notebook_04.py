"""Exercises of notebook 04: focal regularization, clip by clip."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import torch
from torch import Tensor

from mmtlib.exercises.exercise import Answer, Claims, Rng, exercise
from mmtlib.exercises.properties import close, mistaken, scalar, tensor, unexpected
from mmtlib.losses import focal_regularization


def _losses(rng: Rng, count: int) -> Tensor:
    """Return losses of one clip each, ``(count, 6)``, between 0.1 and 1.6."""
    return torch.from_numpy(rng.uniform(0.1, 1.6, (count, 6))).float()


@exercise(
    "Start from dl = loss_m - loss_n, one number per clip. What should happen where it is below 0?",
    "torch.exp(beta * dl) - 1 is negative for dl < 0; .clamp(min=0) is the max(0, ...) of the "
    "equation.",
    "return (torch.exp(beta * (loss_m - loss_n)) - 1).clamp(min=0).detach()",
    praise="zero for a worse teacher, growing with the gap, and no gradient.",
    cases=[(2.0,), (1.0,), (3.0,)],
)
def focal_rho(answer: Answer, rng: Rng, beta: float) -> Claims:
    """The focal regularization parameter."""
    loss_m, loss_n = _losses(rng, 2)
    shape = "expected one rho per clip, shape (6,); got {}."
    found = tensor(answer(loss_m.clone().requires_grad_(), loss_n, beta), "rho", (6,), shape)
    yield {
        "rho is negative where the teacher does worse: the learner would be pushed away from "
        "it. Take max(0, ...).": not bool((found < 0).any())
    }
    gap = (loss_m - loss_n).double()
    positive = gap.clamp_min(0)
    known = {
        "rho is above 0 where the teacher does worse: dl is the learner's loss minus the "
        "teacher's, in this order.": torch.expm1(beta * (-gap).clamp_min(0)),
        "beta belongs inside the exponential: exp(beta * dl) - 1.": (
            (beta * gap.exp() - 1).clamp_min(0)
        ),
        "the - 1 is missing: at equal losses rho should be 0.": (beta * gap).exp(),
        "rho should be 0, not large, where the teacher does worse; no absolute value.": (
            torch.expm1(beta * gap.abs())
        ),
        "beta has no influence on your rho.": torch.expm1(positive),
        "where the teacher does better, rho should be exp(beta * dl) - 1, elsewhere 0.": (
            torch.expm1(beta * positive)
        ),
    }
    yield mistaken(found, known)
    yield {
        "a gradient goes through rho: the learner could lower its objective by changing how "
        "much it listens. Detach rho.": not found.requires_grad
    }


@exercise(
    "Go through all ordered pairs of different networks: (learner, teacher).",
    "rho is above 0 exactly where dl is: the learner's loss is the larger one. Equal losses "
    "give none.",
    "A set comprehension: {(m, n) for m in losses for n in losses if losses[m] > losses[n]}.",
    praise="of every two networks with different losses exactly one listens.",
    cases=[
        ({"rgb": 0.9, "depth": 0.2},),
        ({"rgb": 0.4, "depth": 0.4},),
        ({"rgb": 1.2, "depth": 0.3, "flow": 0.7},),
        ({"rgb": 0.5, "depth": 0.8, "flow": 0.5, "ir": 0.1},),
    ],
)
def who_listens(answer: Answer, rng: Rng, loss: dict[str, float]) -> Claims:
    """The pairs (learner, teacher) with rho above 0."""
    right = {(m, n) for m, n in itertools.permutations(loss, 2) if loss[m] > loss[n]}
    given = answer(dict(loss))
    if not isinstance(given, Iterable):
        raise unexpected("pairs (learner, teacher)", given)
    found = set(given)
    ties = {(m, n) for m, n in itertools.permutations(loss, 2) if loss[m] == loss[n]}
    case = f"with the losses {loss}"
    yield {
        f"{case} the pairs are the wrong way round: the learner, with the larger loss, "
        "comes first.": not found or found != {(n, m) for m, n in right},
        f"{case} a network learns from itself in your answer; its dl is 0.": (
            not any(len(set(pair)) < 2 for pair in found)
        ),
        f"{case} two networks are equally good: dl = 0 gives rho = 0, no transfer.": (
            not ties & found
        ),
        f"{case} you have {sorted(found - right)}, where the teacher is the worse one.": (
            not found - right
        ),
        f"{case} {sorted(right - found)} is missing: a learner listens to every network that "
        "does better, not to the best one only.": found == right,
    }


@exercise(
    "Two terms: the mean classification loss of the learner, and weight times the mean of "
    "rho * distance over the clips.",
    "rho = focal_regularization(loss_m, loss_n, beta) is per clip and has no gradient already.",
    "return loss_m.mean() + weight * (rho * distance).mean()",
    praise="classification, and alignment where the teacher does better, clip by clip.",
    cases=[(0.05,), (1.0,), (4.0,)],
)
def learner_objective(answer: Answer, rng: Rng, weight: float) -> Claims:
    """The objective of one learner with one teacher, rho per clip."""
    own, others, apart = _losses(rng, 3)
    given = [value.clone().requires_grad_() for value in (own, others, apart)]
    found = scalar(answer(*given, weight, 2.0), "the objective")
    rho = focal_regularization(own, others, 2.0)
    of_batch = focal_regularization(own.mean(), others.mean(), 2.0)
    known = {
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
        "expected mean(loss_m) + weight * mean(rho * distance).": (
            own.mean() + weight * (rho * apart).mean()
        ),
    }
    yield mistaken(found, known)
    gradients = torch.autograd.grad(found, given, materialize_grads=True)
    to_loss_m, to_loss_n, to_distance = gradients
    yield {
        "the teacher's loss gets a gradient: the learner's objective would make it worse. "
        "Detach rho.": not bool(to_loss_n.any()),
        "the learner's loss gets a gradient through rho as well; only the classification term "
        "may give it one. Detach rho.": close(to_loss_m, torch.full((6,), 1 / 6)),
        "the distance gets no gradient or a wrong one: detach rho, not rho * distance.": (
            close(to_distance, weight * rho / 6)
        ),
    }
