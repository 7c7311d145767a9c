"""Exercises of notebook 11 (the explorer): to compare like with like."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mmtlib.exercises.exercise import Answer, Claims, Rng, exercise
from mmtlib.exercises.properties import mistaken, number


@exercise(
    "Both arguments are pandas Series of accuracies; their index is the seed. Which seeds can "
    "be compared?",
    "arm - reference puts values with the same index together, and gives NaN where one of "
    "them is missing. The mean of a Series leaves NaN out.",
    "return (arm - reference).mean()",
    praise="pairs share their start and their clips, so what they share cancels.",
)
def paired_gain(answer: Answer, rng: Rng) -> Claims:
    """The mean difference between two arms over the seeds that both have."""
    names = rng.permutation(np.arange(400, 412))
    arm = pd.Series(rng.uniform(0.6, 0.8, 7), index=names[:7], name="accuracy")
    reference = pd.Series(rng.uniform(0.5, 0.7, 8), index=names[[4, 9, 1, 0, 8, 6, 3, 10]])
    found = number(answer(arm.copy(), reference.copy()), "the mean difference")
    steps = (arm - reference).dropna()
    known = {
        "the sign is the other way round: the arm minus the reference.": -steps.mean(),
        "these are points; accuracies here are shares from 0 to 1.": 100 * steps.mean(),
        "this is the difference of the two means. Some seeds are in one arm only, and "
        "their luck is in your number; leave them out.": arm.mean() - reference.mean(),
        "the values were subtracted in the order in which they stand. "
        "The seed is in the index, and the two are not in the same "
        "order.": (arm.to_numpy() - reference.to_numpy()[: len(arm)]).mean(),
        "a seed that one arm does not have was taken for an accuracy of 0; leave it out.": (
            arm.sub(reference, fill_value=0).mean()
        ),
        "this is a sum over the seeds that both have; take the mean.": steps.sum(),
        "divide by the number of seeds that both have, not by that of one arm.": (
            steps.sum() / len(arm)
        ),
        "differences in the other direction count against it: no absolute values.": (
            steps.abs().mean()
        ),
        "expected the mean, over the seeds that both arms have, of the arm minus the "
        "reference.": steps.mean(),
    }
    yield mistaken(found, known)


@exercise(
    "The table has the columns weight, clutter and accuracy, a row a run. Between which rows "
    "does nothing but the weight differ?",
    'cells = table.pivot_table("accuracy", "clutter", "weight") is the heat map: a row per '
    "clutter, a column per weight, NaN where nothing was run.",
    "return (cells[10.0] - cells[0.0]).mean()",
    praise="within one clutter nothing but the weight differs, and that is what was asked.",
)
def like_with_like(answer: Answer, rng: Rng) -> Claims:
    """What a weight of 10 adds to one of 0, compared at the same clutter."""
    table = _unbalanced(rng)
    found = number(answer(table.copy()), "the difference")
    cells = table.pivot_table("accuracy", "clutter", "weight")
    steps = (cells[10.0] - cells[0.0]).dropna()
    means = table.groupby("weight")["accuracy"].mean()
    runs = table.groupby("clutter").size()[steps.index]
    known = {
        "the sign is the other way round: weight 10 minus weight 0.": -steps.mean(),
        "this is the difference of the two means over all runs. The runs with weight 10 "
        "had more clutter, and that is in your number.": means[10.0] - means[0.0],
        "clutters at which only one weight was tried say nothing about the difference; "
        "you took the mean over all rows of each column.": (cells[10.0].mean() - cells[0.0].mean()),
        "you took the clutter with most runs more seriously; here every clutter counts "
        "once.": np.average(steps, weights=runs),
        "this is one clutter only; take the mean over all that have both weights.": (steps.iloc[0]),
        "expected, for every clutter that has both weights, the mean accuracy at weight 10 "
        "minus that at weight 0, and of these the mean.": steps.mean(),
    }
    yield mistaken(found, known)


def _unbalanced(rng: Rng) -> pd.DataFrame:
    """Return runs in which the higher weight was tried mostly where the task is harder."""
    rows = []
    counts = {0.1: (6, 2), 0.3: (4, 4), 0.5: (2, 5), 0.7: (0, 3), 0.0: (3, 0)}
    for clutter, of in counts.items():
        for weight, count in zip((0.0, 10.0), of, strict=True):
            level = 0.9 - 0.5 * clutter + 0.004 * weight * (1 + clutter)
            rows += [(weight, clutter, level + rng.normal(0, 0.01)) for _ in range(count)]
    table = pd.DataFrame(rows, columns=["weight", "clutter", "accuracy"])
    return table.sample(frac=1, random_state=int(rng.integers(1000)), ignore_index=True)
