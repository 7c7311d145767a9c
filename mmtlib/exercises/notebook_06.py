"""Exercises of notebook 06: a rival's loss, and fair comparisons."""

from __future__ import annotations

import math

import numpy as np

from mmtlib.evaluation import holm
from mmtlib.exercises.exercise import Answer, Claims, Rng, exercise
from mmtlib.exercises.properties import mistaken, normal, tensor, two_numbers
from mmtlib.losses import distillation_loss


@exercise(
    "Divide both logits by T, then softmax. Which of the two must not move?",
    "KL(q || p) is the sum over classes of q * (log q - log p), with q the teacher's. "
    "log_softmax gives the logarithms without overflow.",
    "log_p, log_q = ((x / T).log_softmax(1) for x in (logits, teacher.detach())), then "
    "return T**2 * (log_q.exp() * (log_q - log_p)).sum(1)",
    praise="soft targets of a teacher that stands still, at any temperature.",
    cases=[(2.0,), (4.0,), (0.5,)],
)
def distillation(answer: Answer, rng: Rng, t: float) -> Claims:
    """T^2 KL(teacher || learner) of each clip, at temperature T."""
    learner, teacher = 2 * normal(rng, 2, 5, 6)
    right = distillation_loss(learner, teacher, t)
    p, q = ((x / t).softmax(1) for x in (learner, teacher))
    given = [logits.clone().requires_grad_() for logits in (learner, teacher)]
    shape = (
        "expected one loss for each clip, shape (5,), got {}: add up over the classes (dim 1) only."
    )
    found = tensor(answer(*given, t), "the loss of each clip", (5,), shape)
    known = {
        "T^2 is missing: without it the gradient shrinks as T grows, and the weight would "
        "have to be tuned anew for every T.": right / t**2,
        "one factor T is missing: it is T squared.": right / t,
        "the two are the wrong way round: KL(q || p) weighs each class by the "
        "*teacher's* probability q.": t**2 * (p * (p / q).log()).sum(1),
        "this is the cross-entropy with the teacher; take off what the teacher's own uncertainty "
        "costs, so that a perfect learner has the loss 0.": right - t**2 * (q * q.log()).sum(1),
        "the temperature has no influence on the probabilities: divide the logits by T "
        "before the softmax.": t**2 * distillation_loss(learner, teacher, 1.0),
        "divide the logits by T, do not multiply them.": (
            t**4 * distillation_loss(learner, teacher, 1 / t)
        ),
        "the classes are added up, not averaged (torch's kl_div averages by default).": right / 6,
        "expected T^2 times the sum over classes of q (log q - log p), with q and p the "
        "softmax of logits / T of teacher and learner.": right,
    }
    yield mistaken(found, known)
    yield {"no gradient reaches the learner, so it cannot learn.": found.requires_grad}
    found.sum().backward()
    yield {
        "the teacher gets a gradient too and would be made easier to imitate. Use "
        "teacher.detach().": given[1].grad is None or not bool(given[1].grad.any())
    }


@exercise(
    "Begin with the differences within each seed: six numbers.",
    "The standard error of their mean is their standard deviation with n - 1 "
    "(std(ddof=1)), over the root of n.",
    "steps = second - first, then "
    "return steps.mean(), steps.mean() / (steps.std(ddof=1) / len(steps) ** 0.5)",
    praise="paired: what the two share cancels, so that a small difference can be seen.",
)
def head_to_head(answer: Answer, rng: Rng) -> Claims:
    """From the accuracies of two methods, seed by seed, to mean difference and paired t."""
    first = 0.7 + 0.03 * rng.standard_normal(6)
    second = first + 0.02 + 0.01 * rng.standard_normal(6)
    found = two_numbers(answer(first.copy(), second.copy()), "(mean difference, t)")
    steps, root = second - first, math.sqrt(6)
    mean, spread = steps.mean(), steps.std(ddof=1)
    unpaired = math.sqrt((first.var(ddof=1) + second.var(ddof=1)) / 6)
    known = {
        "the sign is wrong: second minus first.": (-mean, -mean / spread * root),
        "the seeds were not paired. Take the difference within each seed first, and then "
        "its spread: what both share (the start, the batches) cancels.": (mean, mean / unpaired),
        "numpy divides by n in std; a sample of n differences takes n - 1 (ddof=1).": (
            (mean, mean / steps.std() * root)
        ),
        "t divides by the standard error, the standard deviation over the root of the "
        "number of seeds.": (mean, mean / spread),
        "the second number should be t, mean over standard error, not the standard error itself.": (
            mean,
            spread / root,
        ),
        "expected the mean of second - first, then that mean over its standard error "
        "std(ddof=1) / sqrt(n).": (mean, mean / spread * root),
    }
    yield mistaken(found, known)


@exercise(
    "Sort the p values. The smallest has n chances to be a false alarm, the next n - 1.",
    "Multiply, then go through them from the smallest: each is at least as large as the one "
    "before (np.maximum.accumulate), and at most 1. In the end undo the sorting.",
    "order = np.argsort(p), adjusted[order] = np.minimum(1, np.maximum.accumulate("
    "np.sort(p) * np.arange(n, 0, -1))), return adjusted",
    praise="the family's chance of a single false alarm stays below its level.",
    cases=zip([[0.02, 0.001, 0.03], [0.01, 0.04, 0.03, 0.005], [0.7, 0.6], [0.2]]),
)
def holm_adjusted(answer: Answer, rng: Rng, given: list[float]) -> Claims:
    """Holm's adjusted p values, in the order given."""
    p, n, said, right = np.asarray(given), len(given), f"for {given}", holm(given)
    found = np.asarray(answer(list(given)))
    yield {f"expected {n} adjusted values {said}. Is the return missing?": found.shape == (n,)}
    order = p.argsort()
    rank = order.argsort()
    stepped = p * (n - rank)
    known = {
        f"{said} every value was multiplied by n: that is Bonferroni's adjustment. Holm "
        "multiplies the smallest by n, the next by n - 1, and so on.": np.minimum(n * p, 1),
        f"{said} a larger p has a smaller adjusted value than a smaller one. Go through "
        "them in order and never fall below the one before.": np.minimum(stepped, 1),
        f"{said} the values are right, but sorted: give them back in the order in which "
        "the p values came.": np.sort(right),
        f"{said} the *largest* was multiplied by n; begin with the smallest.": (
            np.minimum(p * (rank + 1), 1)
        ),
        f"{said} an adjusted p above 1 is 1.": np.maximum.accumulate(stepped[order])[rank],
        f"{said} expected {right.round(4).tolist()}: sorted, times n, n - 1, ..., 1, never "
        "falling, at most 1, then in the old order.": right,
    }
    yield mistaken(found, known)
