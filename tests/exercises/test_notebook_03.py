"""Notebook 03: right answers pass, each known mistake is named."""

from functools import partial

import torch.nn.functional as F
from support.exercise_tests import ExerciseTests

from mmtlib.losses import correlation_map, ssa_distance

summed = partial(ssa_distance, reduction="sum")


def d_squared(grid):
    return (grid[0] * grid[1] * grid[2]) ** 2


def unit_columns(features):
    return F.normalize(features.flatten(2), dim=1)


def gram(rows):
    return rows @ rows.mT


RIGHT = {
    "position_correlation": [
        lambda f: unit_columns(f).mT @ unit_columns(f),
        correlation_map,
    ],
    "alignment_loss": [
        lambda m, n: summed(m, n.detach()).mean(),
        lambda m, n: (correlation_map(m) - correlation_map(n.detach())).square().sum((1, 2)).mean(),
    ],
    "equivalent_sum_weight": [lambda w, grid: w / d_squared(grid)],
}

WRONG = [
    ("position_correlation", lambda f: F.normalize(f.flatten(2), dim=2), "should be"),
    ("position_correlation", lambda f: gram(F.normalize(f.flatten(2), dim=2)), "channels were"),
    (
        "position_correlation",
        lambda f: gram((f.flatten(2) / f.flatten(2).norm(dim=1, keepdim=True)).mT),
        "gives NaN",
    ),
    ("position_correlation", lambda f: gram(f.flatten(2).mT), "correlate with itself by 1"),
    (
        "position_correlation",
        lambda f: gram(F.normalize(f.flatten(2), dim=2).mT),  # each channel over the positions
        "not each channel over the positions",
    ),
    ("position_correlation", lambda f: correlation_map(f, "centred"), "mean was taken off"),
    (
        "position_correlation",
        lambda f: gram(F.normalize(f.reshape(len(f), -1, f.shape[1]), dim=2)),
        "positions and channels were mixed",
    ),
    ("position_correlation", lambda f: None, "return missing"),
    ("position_correlation", lambda f: f @ f, "your code stopped with RuntimeError"),
    ("alignment_loss", lambda m, n: summed(m, n).mean(), "teacher gets a gradient"),
    ("alignment_loss", lambda m, n: summed(m.detach(), n).mean(), "reaches the learner"),
    (
        "alignment_loss",
        lambda m, n: summed(m.detach(), n.detach()).mean(),
        "reaches the learner",
    ),
    ("alignment_loss", lambda m, n: summed(m, n.detach()).sum(), "sum over the clips"),
    ("alignment_loss", lambda m, n: summed(m, n.detach()).sqrt().mean(), "not its square"),
    (
        "alignment_loss",
        lambda m, n: ssa_distance(m, n.detach(), reduction="mean").mean(),
        "d x d entries",
    ),
    ("alignment_loss", lambda m, n: summed(m, n.detach()), "take the mean over clips"),
    ("alignment_loss", lambda m, n: m.mean() - n.detach().mean(), "entry by entry"),
    ("equivalent_sum_weight", lambda w, grid: w / d_squared(grid) ** 0.5, "d * d entries"),
    ("equivalent_sum_weight", lambda w, grid: w * d_squared(grid), "you multiplied"),
    ("equivalent_sum_weight", lambda w, grid: w / (grid[1] * grid[2]) ** 2, "one time step"),
    ("equivalent_sum_weight", lambda w, grid: w, "d * d times their mean"),
    ("equivalent_sum_weight", lambda w, grid: str(w), "as a number"),
]


class TestNotebook03(ExerciseTests):
    notebook, right, wrong = "03", RIGHT, WRONG
