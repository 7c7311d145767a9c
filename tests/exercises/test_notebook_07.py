"""Notebook 07: right answers pass, each known mistake is named."""

import numpy as np
import torch
from support.exercise_tests import ExerciseTests


def both(alone, together):
    return (together & ~alone).mean(), (alone & ~together).mean()


def chance(n, confidence):
    return 1 - (1 - (1 - confidence) / 2) ** n


RIGHT = {
    "repaired_and_broken": [
        both,
        lambda a, t: [float(np.mean(t > a)), float(np.mean(a > t))],
        lambda a, t: tuple(torch.tensor([(t & ~a).mean(), (a & ~t).mean()])),
    ],
    "false_alarms": [
        chance,
        lambda n, c: float(-np.expm1(n * np.log1p(-(1 - c) / 2))),
    ],
}

WRONG = [
    ("repaired_and_broken", lambda a, t: both(t, a), "wrong way round"),
    ("repaired_and_broken", lambda a, t: [x * len(a) for x in both(a, t)], "numbers of clips"),
    ("repaired_and_broken", lambda a, t: (t.mean(), a.mean()), "two accuracies"),
    (
        "repaired_and_broken",
        lambda a, t: ((t & ~a).sum() / (~a).sum(), (a & ~t).sum() / a.sum()),
        "all clips below the line",
    ),
    (
        "repaired_and_broken",
        lambda a, t: (max(t.mean() - a.mean(), 0.0), max(a.mean() - t.mean(), 0.0)),
        "not their difference",
    ),
    ("repaired_and_broken", lambda a, t: (0.1, 0.1), "right together and wrong alone"),
    ("repaired_and_broken", lambda a, t: t.mean() - a.mean(), "two numbers"),
    ("repaired_and_broken", lambda a, t: None, "return missing"),
    ("repaired_and_broken", lambda a, t: (t & ~a, a & ~t), "as a number, got"),
    ("false_alarms", lambda n, c: 1 - c**n, "both sides"),
    ("false_alarms", lambda n, c: 1 - chance(n, c), "none of them"),
    ("false_alarms", lambda n, c: ((1 - c) / 2) ** n, "all of them"),
    ("false_alarms", lambda n, c: n * (1 - c) / 2, "expected number"),
    ("false_alarms", lambda n, c: (1 - c) / 2, "single interval"),
    ("false_alarms", lambda n, c: n * 0.5, "between 0 and 1"),
    ("false_alarms", lambda n, c: 0.5, "one minus"),
    ("false_alarms", lambda n, c: None, "return missing"),
]


class TestNotebook07(ExerciseTests):
    notebook, right, wrong = "07", RIGHT, WRONG
