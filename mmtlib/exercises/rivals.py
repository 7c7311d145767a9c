"""Checks and hints of notebook 06 (rivals and controls): a rival's loss, and fair comparisons.

Every check tries the answer on several inputs, and compares it with known mistakes first.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from mmtlib.core.seeding import numpy_generator, torch_generator
from mmtlib.evaluation import holm
from mmtlib.exercises.feedback import check
from mmtlib.exercises.properties import explain, need, plain, tensor, two_numbers
from mmtlib.losses import distillation_loss

SEEDS = (0, 1, 2)


@check
def distillation(answer: Callable[[Tensor, Tensor, float], Tensor]) -> str:
    """06: T^2 KL(teacher || learner) of each clip, at temperature T."""
    for seed, temperature in zip(SEEDS, (2.0, 4.0, 0.5), strict=True):
        draw = torch_generator("distillation", seed)
        learner, teacher = (2 * torch.randn(5, 6, generator=draw) for _ in range(2))
        learner.requires_grad_()
        teacher.requires_grad_()
        found = tensor(answer(learner, teacher, temperature), "the loss of each clip")
        need(
            found.shape == (5,),
            f"expected one loss for each clip, shape (5,), got {tuple(found.shape)}: add up over "
            "the classes (dim 1) only.",
        )
        right = distillation_loss(learner.detach(), teacher.detach(), temperature)
        p, q = ((x.detach() / temperature).softmax(1) for x in (learner, teacher))
        of_teacher = temperature**2 * (q * q.log()).sum(1)
        explain(
            found.detach(),
            right,
            {
                "T^2 is missing: without it the gradient shrinks as T grows, and the weight would "
                "have to be tuned anew for every T.": right / temperature**2,
                "one factor T is missing: it is T squared.": right / temperature,
                "the two are the wrong way round: KL(q || p) weighs each class by the "
                "*teacher's* probability q.": temperature**2 * (p * (p / q).log()).sum(1),
                "this is the cross-entropy with the teacher; take off what the teacher's own "
                "uncertainty costs, so that a perfect learner has the loss 0.": right - of_teacher,
                "the temperature has no influence on the probabilities: divide the logits by T "
                "before the softmax.": temperature**2
                * distillation_loss(learner.detach(), teacher.detach(), 1.0),
                "divide the logits by T, do not multiply them.": temperature**2
                * distillation_loss(learner.detach(), teacher.detach(), 1 / temperature)
                * temperature**2,
                "the classes are added up, not averaged (torch's kl_div averages by default).": (
                    right / 6
                ),
            },
            "expected T^2 times the sum over classes of q (log q - log p), with q and p the "
            "softmax of logits / T of teacher and learner.",
        )
        need(found.requires_grad, "no gradient reaches the learner, so it cannot learn.")
        found.sum().backward()
        need(
            teacher.grad is None or not bool(teacher.grad.any()),
            "the teacher gets a gradient too and would be made easier to imitate. Use "
            "teacher.detach().",
        )
    return "soft targets of a teacher that stands still, at any temperature."


@check
def head_to_head(answer: Callable[[np.ndarray, np.ndarray], tuple[float, float]]) -> str:
    """06: from the accuracies of two methods, seed by seed, to mean difference and paired t."""
    for seed in SEEDS:
        draw = numpy_generator("head_to_head", seed)
        first = 0.7 + 0.03 * draw.standard_normal(6)
        second = first + 0.02 + 0.01 * draw.standard_normal(6)
        steps = second - first
        mean, spread = steps.mean(), steps.std(ddof=1) / math.sqrt(6)
        unpaired = math.sqrt((first.var(ddof=1) + second.var(ddof=1)) / 6)
        found = two_numbers(answer(first.copy(), second.copy()), "(mean difference, t)")
        explain(
            torch.tensor(found, dtype=torch.float64),
            torch.tensor([mean, mean / spread], dtype=torch.float64),
            {
                "the sign is wrong: second minus first.": torch.tensor([-mean, -mean / spread]),
                "the seeds were not paired. Take the difference within each seed first, and then "
                "its spread: what both share (the start, the batches) cancels.": torch.tensor(
                    [mean, mean / unpaired]
                ),
                "numpy divides by n in std; a sample of n differences takes n - 1 (ddof=1).": (
                    torch.tensor([mean, mean / (steps.std() / math.sqrt(6))])
                ),
                "t divides by the standard error, the standard deviation over the root of the "
                "number of seeds.": torch.tensor([mean, mean / steps.std(ddof=1)]),
                "the second number should be t, mean over standard error, not the standard error "
                "itself.": torch.tensor([mean, spread]),
            },
            "expected the mean of second - first, then that mean over its standard error "
            "std(ddof=1) / sqrt(n).",
        )
    return "paired: what the two share cancels, so that a small difference can be seen."


@check
def holm_adjusted(answer: Callable[[list[float]], object]) -> str:
    """06: Holm's adjusted p values, in the order given."""
    for given in ([0.02, 0.001, 0.03], [0.01, 0.04, 0.03, 0.005], [0.7, 0.6], [0.2]):
        values = answer(list(given))
        need(
            values is not None and np.ndim(plain(values)) == 1 and len(values) == len(given),
            f"expected {len(given)} adjusted values for {given}. Is the return missing?",
        )
        found = torch.tensor([float(plain(value)) for value in values], dtype=torch.float64)
        p, n = np.asarray(given), len(given)
        order = np.argsort(p, kind="stable")
        stepped = np.empty(n)
        stepped[order] = p[order] * np.arange(n, 0, -1)
        right = holm(given)
        said = f"for {given}"
        explain(
            found,
            torch.from_numpy(right),
            {
                f"{said} every value was multiplied by n: that is Bonferroni's adjustment. Holm "
                "multiplies the smallest by n, the next by n - 1, and so on.": torch.from_numpy(
                    np.minimum(n * p, 1)
                ),
                f"{said} a larger p has a smaller adjusted value than a smaller one. Go through "
                "them in order and never fall below the one before.": torch.from_numpy(
                    np.minimum(stepped, 1)
                ),
                f"{said} the values are right, but sorted: give them back in the order in which "
                "the p values came.": torch.from_numpy(np.sort(right)),
                f"{said} the *largest* was multiplied by n; begin with the smallest.": (
                    _from_the_largest(p)
                ),
                f"{said} an adjusted p above 1 is 1.": torch.from_numpy(
                    _placed(np.maximum.accumulate(stepped[order]), order)
                ),
            },
            f"{said} expected {right.round(4).tolist()}: sorted, times n, n - 1, ..., 1, never "
            "falling, at most 1, then in the old order.",
        )
    return "the family's chance of a single false alarm stays below its level."


HINTS: dict[str, tuple[str, str, str]] = {
    "distillation": (
        "Divide both logits by T, then softmax. Which of the two must not move?",
        "KL(q || p) is the sum over classes of q * (log q - log p), with q the teacher's. "
        "log_softmax gives the logarithms without overflow.",
        "log_p, log_q = ((x / T).log_softmax(1) for x in (logits, teacher.detach())), then "
        "return T**2 * (log_q.exp() * (log_q - log_p)).sum(1)",
    ),
    "head_to_head": (
        "Begin with the differences within each seed: six numbers.",
        "The standard error of their mean is their standard deviation with n - 1 "
        "(std(ddof=1)), over the root of n.",
        "steps = second - first, then "
        "return steps.mean(), steps.mean() / (steps.std(ddof=1) / len(steps) ** 0.5)",
    ),
    "holm_adjusted": (
        "Sort the p values. The smallest has n chances to be a false alarm, the next n - 1.",
        "Multiply, then go through them from the smallest: each is at least as large as the one "
        "before (np.maximum.accumulate), and at most 1. In the end undo the sorting.",
        "order = np.argsort(p), adjusted[order] = np.minimum(1, np.maximum.accumulate("
        "np.sort(p) * np.arange(n, 0, -1))), return adjusted",
    ),
}
"""Exercise -> three hints, from a nudge to nearly the answer."""


def _placed(values: np.ndarray, order: np.ndarray) -> np.ndarray:
    placed = np.empty(len(values))
    placed[order] = values
    return placed


def _from_the_largest(p: np.ndarray) -> Tensor:
    order = np.argsort(-p, kind="stable")
    return torch.from_numpy(np.minimum(_placed(p[order] * np.arange(len(p), 0, -1), order), 1))
