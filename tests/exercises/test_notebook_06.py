"""Notebook 06: right answers pass, each known mistake is named."""

import torch.nn.functional as F
from scipy import stats
from support.exercise_tests import ExerciseTests

from mmtlib.evaluation import holm
from mmtlib.losses import distillation_loss


def soft(logits, temperature):
    return (logits / temperature).log_softmax(1)


def by_kl_div(m, n, t):
    return t**2 * F.kl_div(soft(m, t), soft(n.detach(), t), reduction="none", log_target=True)


def paired(first, second):
    steps = second - first
    return steps.mean(), steps.mean() / (steps.std(ddof=1) / len(steps) ** 0.5)


def by_steps(p):
    order = sorted(range(len(p)), key=lambda i: p[i])
    found, highest = [0.0] * len(p), 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, p[i] * (len(p) - rank)))
        found[i] = highest
    return found


RIGHT = {
    "distillation": [distillation_loss, lambda m, n, t: by_kl_div(m, n, t).sum(1)],
    "head_to_head": [
        paired,
        lambda a, b: [float((b - a).mean()), float(stats.ttest_rel(b, a).statistic)],
    ],
    "holm_adjusted": [holm, by_steps],
}

WRONG = [
    ("distillation", lambda m, n, t: distillation_loss(m, n, t) / t**2, "T^2 is missing"),
    ("distillation", lambda m, n, t: distillation_loss(m, n, t) / t, "T squared"),
    ("distillation", lambda m, n, t: distillation_loss(n, m, t), "wrong way round"),
    (
        "distillation",
        lambda m, n, t: -(t**2) * (soft(n, t).exp().detach() * soft(m, t)).sum(1),
        "cross-entropy with the teacher",
    ),
    (
        "distillation",
        lambda m, n, t: t**2 * distillation_loss(m, n, 1.0),
        "divide the logits by T before",
    ),
    (
        "distillation",
        lambda m, n, t: t**4 * distillation_loss(m, n, 1 / t),
        "do not multiply",
    ),
    ("distillation", lambda m, n, t: by_kl_div(m, n, t).mean(1), "not averaged"),
    ("distillation", lambda m, n, t: by_kl_div(m, n, t).mean(), "one loss for each clip"),
    (
        "distillation",
        lambda m, n, t: t**2 * (soft(n, t).exp() * (soft(n, t) - soft(m, t))).sum(1),
        "teacher gets a gradient",
    ),
    (
        "distillation",
        lambda m, n, t: distillation_loss(m.detach(), n, t),
        "no gradient reaches the learner",
    ),
    ("distillation", lambda m, n, t: m.square().sum(1), "expected T^2 times"),
    ("distillation", lambda m, n, t: None, "return missing"),
    ("head_to_head", lambda a, b: paired(b, a), "sign is wrong"),
    (
        "head_to_head",
        lambda a, b: ((b - a).mean(), stats.ttest_ind(b, a).statistic),
        "not paired",
    ),
    (
        "head_to_head",
        lambda a, b: ((b - a).mean(), (b - a).mean() / ((b - a).std() / len(a) ** 0.5)),
        "ddof=1",
    ),
    (
        "head_to_head",
        lambda a, b: ((b - a).mean(), (b - a).mean() / (b - a).std(ddof=1)),
        "root of the number of seeds",
    ),
    (
        "head_to_head",
        lambda a, b: ((b - a).mean(), (b - a).std(ddof=1) / len(a) ** 0.5),
        "not the standard error itself",
    ),
    ("head_to_head", lambda a, b: (0.0, 1.0), "expected the mean of second - first"),
    ("head_to_head", lambda a, b: b - a, "two numbers"),
    ("head_to_head", lambda a, b: (b - a, b), "as a number, got"),
    ("holm_adjusted", lambda p: [min(1, len(p) * x) for x in p], "Bonferroni"),
    (
        "holm_adjusted",
        lambda p: [min(1, x * (len(p) - sorted(p).index(x))) for x in p],
        "never fall below",
    ),
    ("holm_adjusted", lambda p: sorted(holm(p)), "sorted"),
    (
        "holm_adjusted",
        lambda p: [min(1, x * (len(p) - sorted(p)[::-1].index(x))) for x in p],
        "begin with the smallest",
    ),
    (
        "holm_adjusted",
        lambda p: holm([x / 10 for x in p]) * 10,
        "above 1 is 1",
    ),
    ("holm_adjusted", lambda p: p, "expected ["),
    ("holm_adjusted", lambda p: p[:1], "expected 3 adjusted"),
    ("holm_adjusted", lambda p: None, "return missing"),
]


class TestNotebook06(ExerciseTests):
    notebook, right, wrong = "06", RIGHT, WRONG
