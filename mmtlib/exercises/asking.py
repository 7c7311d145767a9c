"""Checks and hints of notebook 11 (the explorer): to compare like with like.

Every check tries the answer on several made-up tables, and compares it with known mistakes first.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import torch

from mmtlib.core.seeding import numpy_generator
from mmtlib.exercises.feedback import check
from mmtlib.exercises.properties import explain, number, plain

SEEDS = range(4)


@check
def paired_gain(answer: Callable[[pd.Series, pd.Series], float]) -> str:
    """11: the mean difference between two arms over the seeds that both have."""
    for seed in SEEDS:
        draw = numpy_generator("paired_gain", seed)
        names = draw.permutation(np.arange(400, 412))
        arm = pd.Series(draw.uniform(0.6, 0.8, 7), index=names[:7], name="accuracy")
        reference = pd.Series(draw.uniform(0.5, 0.7, 8), index=names[[4, 9, 1, 0, 8, 6, 3, 10]])
        found = number(plain(answer(arm.copy(), reference.copy())), "the mean difference")
        both = sorted(set(arm.index) & set(reference.index))
        right = float((arm[both] - reference[both]).mean())
        missing = arm.sub(reference, fill_value=0)
        explain(
            torch.tensor(found, dtype=torch.float64),
            torch.tensor(right, dtype=torch.float64),
            {
                "the sign is the other way round: the arm minus the reference.": -right,
                "these are points; accuracies here are shares from 0 to 1.": 100 * right,
                "this is the difference of the two means. Some seeds are in one arm only, and "
                "their luck is in your number; leave them out.": arm.mean() - reference.mean(),
                "the values were subtracted in the order in which they stand. The seed is in the "
                "index, and the two are not in the same order.": float(
                    (arm.to_numpy() - reference.to_numpy()[: len(arm)]).mean()
                ),
                "a seed that one arm does not have was taken for an accuracy of 0; leave it out.": (
                    float(missing.mean())
                ),
                "this is a sum over the seeds that both have; take the mean.": right * len(both),
                "divide by the number of seeds that both have, not by that of one arm.": (
                    right * len(both) / len(arm)
                ),
                "differences in the other direction count against it: no absolute values.": float(
                    (arm[both] - reference[both]).abs().mean()
                ),
            },
            "expected the mean, over the seeds that both arms have, of the arm minus the "
            "reference.",
        )
    return "pairs share their start and their clips, so what they share cancels."


@check
def like_with_like(answer: Callable[[pd.DataFrame], float]) -> str:
    """11: what a weight of 10 adds to one of 0, compared at the same clutter."""
    for seed in SEEDS:
        draw = numpy_generator("like_with_like", seed)
        table = _unbalanced(draw)
        found = number(plain(answer(table.copy())), "the difference")
        cells = table.pivot_table("accuracy", "clutter", "weight")
        steps = cells[10.0] - cells[0.0]
        means = table.groupby("weight")["accuracy"].mean()
        right = float(steps.mean())
        runs = table.groupby("clutter").size()
        explain(
            torch.tensor(found, dtype=torch.float64),
            torch.tensor(right, dtype=torch.float64),
            {
                "the sign is the other way round: weight 10 minus weight 0.": -right,
                "this is the difference of the two means over all runs. The runs with weight 10 "
                "had more clutter, and that is in your number.": float(means[10.0] - means[0.0]),
                "clutters at which only one weight was tried say nothing about the difference; "
                "you took the mean over all rows of each column.": float(
                    cells[10.0].mean() - cells[0.0].mean()
                ),
                "you took the clutter with most runs more seriously; here every clutter counts "
                "once.": float((steps * runs).sum() / runs[steps.notna()].sum()),
                "this is one clutter only; take the mean over all that have both weights.": float(
                    steps.dropna().iloc[0]
                ),
            },
            "expected, for every clutter that has both weights, the mean accuracy at weight 10 "
            "minus that at weight 0, and of these the mean.",
        )
    return "within one clutter nothing but the weight differs, and that is what was asked."


def _unbalanced(draw: np.random.Generator) -> pd.DataFrame:
    """Return runs in which the higher weight was tried mostly where the task is harder."""
    rows = []
    counts = {0.1: (6, 2), 0.3: (4, 4), 0.5: (2, 5), 0.7: (0, 3), 0.0: (3, 0)}
    for clutter, of in counts.items():
        for weight, count in zip((0.0, 10.0), of, strict=True):
            level = 0.9 - 0.5 * clutter + 0.004 * weight * (1 + clutter)
            rows += [(weight, clutter, level + draw.normal(0, 0.01)) for _ in range(count)]
    table = pd.DataFrame(rows, columns=["weight", "clutter", "accuracy"])
    return table.sample(frac=1, random_state=int(draw.integers(1000)), ignore_index=True)


HINTS: dict[str, tuple[str, str, str]] = {
    "paired_gain": (
        "Both arguments are pandas Series of accuracies; their index is the seed. Which seeds can "
        "be compared?",
        "arm - reference puts values with the same index together, and gives NaN where one of "
        "them is missing. The mean of a Series leaves NaN out.",
        "return (arm - reference).mean()",
    ),
    "like_with_like": (
        "The table has the columns weight, clutter and accuracy, a row a run. Between which rows "
        "does nothing but the weight differ?",
        'cells = table.pivot_table("accuracy", "clutter", "weight") is the heat map: a row per '
        "clutter, a column per weight, NaN where nothing was run.",
        "return (cells[10.0] - cells[0.0]).mean()",
    ),
}
"""Exercise -> three hints, from a nudge to nearly the answer."""
