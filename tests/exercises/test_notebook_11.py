"""Notebook 11: right answers pass, each known mistake is named."""

import numpy as np
from support.exercise_tests import ExerciseTests

from mmtlib.core.seeding import numpy_generator
from mmtlib.exercises import notebook_11


def paired(arm, reference):
    return (arm - reference).mean()


def cells_of(table):
    return table.pivot_table("accuracy", "clutter", "weight")


def within(table):
    cells = cells_of(table)
    return (cells[10.0] - cells[0.0]).mean()


def raw(table):
    means = table.groupby("weight")["accuracy"].mean()
    return means[10.0] - means[0.0]


def by_runs(table):
    cells, runs = cells_of(table), table.groupby("clutter").size()
    steps = (cells[10.0] - cells[0.0]).dropna()
    return np.average(steps, weights=runs[steps.index])


RIGHT = {
    "paired_gain": [
        paired,
        lambda a, r: float(np.mean([a[s] - r[s] for s in a.index if s in r.index])),
        lambda a, r: a.to_frame("a").join(r.to_frame("r"), how="inner").eval("a - r").mean(),
    ],
    "like_with_like": [
        within,
        lambda t: cells_of(t).dropna().diff(axis=1)[10.0].mean(),
    ],
}

WRONG = [
    ("paired_gain", lambda a, r: paired(r, a), "sign is the other way round"),
    ("paired_gain", lambda a, r: 100 * paired(a, r), "these are points"),
    ("paired_gain", lambda a, r: a.mean() - r.mean(), "difference of the two means"),
    (
        "paired_gain",
        lambda a, r: np.mean([x - y for x, y in zip(a, r, strict=False)]),
        "in the order in which",
    ),
    ("paired_gain", lambda a, r: a.sub(r, fill_value=0).mean(), "accuracy of 0"),
    ("paired_gain", lambda a, r: (a - r).sum(), "this is a sum"),
    ("paired_gain", lambda a, r: (a - r).sum() / len(a), "not by that of one arm"),
    ("paired_gain", lambda a, r: (a - r).abs().mean(), "no absolute values"),
    ("paired_gain", lambda a, r: 0.5, "expected the mean"),
    ("paired_gain", lambda a, r: a - r, "as a number, got"),
    ("paired_gain", lambda a, r: None, "return missing"),
    ("like_with_like", lambda t: -within(t), "sign is the other way round"),
    ("like_with_like", raw, "over all runs"),
    (
        "like_with_like",
        lambda t: cells_of(t)[10.0].mean() - cells_of(t)[0.0].mean(),
        "only one weight was tried",
    ),
    ("like_with_like", by_runs, "every clutter counts once"),
    (
        "like_with_like",
        lambda t: (cells_of(t)[10.0] - cells_of(t)[0.0]).dropna().iloc[0],
        "one clutter only",
    ),
    ("like_with_like", lambda t: 0.5, "for every clutter that has both"),
    ("like_with_like", lambda t: None, "return missing"),
]


class TestNotebook11(ExerciseTests):
    notebook, right, wrong = "11", RIGHT, WRONG


def test_the_two_ways_to_compare_disagree_in_sign():
    table = notebook_11._unbalanced(numpy_generator("test", 0))
    assert raw(table) < 0 < within(table)
