"""Notebook 02: right answers pass, each known mistake is named."""

import numpy as np
from support.exercise_tests import ExerciseTests


def right_fuse(scores):
    return np.mean(scores, axis=0).argmax(axis=1)


def vote(scores):
    votes = np.eye(scores.shape[2])[scores.argmax(axis=2)]
    return votes.sum(axis=0).argmax(axis=1)


def per_person(correct, subjects):
    return np.array([correct[subjects == s].mean() for s in np.unique(subjects)])


def right_error(correct, subjects):
    each = per_person(correct, subjects)
    return each.std(ddof=1) / np.sqrt(len(each))


def right_converged(once, twice, tolerance):
    return bool(abs(np.mean(twice) - np.mean(once)) < tolerance)


RIGHT = {
    "fuse_scores": [right_fuse],
    "clustered_error": [right_error],
    "converged": [right_converged],
}

WRONG = [
    ("fuse_scores", vote, "the networks voted"),
    ("fuse_scores", lambda x: x.mean(axis=0), "these are the fused scores"),
    ("fuse_scores", lambda x: x.max(axis=0).argmin(axis=1), "highest mean score"),
    ("fuse_scores", lambda x: x.argmax(axis=2), "one class per clip"),
    ("clustered_error", lambda c, s: np.std(c) / np.sqrt(len(c)), "160 clips as independent"),
    ("clustered_error", lambda c, s: np.std(per_person(c, s), ddof=1), "how much people differ"),
    ("clustered_error", lambda c, s: np.std(per_person(c, s)) / np.sqrt(8), "ddof=1"),
    ("clustered_error", lambda c, s: 1.0, "for 8 people"),
    (
        "clustered_error",
        lambda c, s: np.std(per_person(c, s), ddof=1) / np.sqrt(len(c) / 20),
        "recorded twice",
    ),
    ("clustered_error", lambda c, s: per_person(c, s), "as a number"),
    ("converged", lambda a, b, t: bool(np.mean(b) - np.mean(a) < t), "a change downwards"),
    ("converged", lambda a, b, t: bool(np.all(abs(b - a) < t)), "single seeds"),
    ("converged", lambda a, b, t: right_converged(a, b, 0.01), "within a tolerance of 5"),
    ("converged", lambda a, b, t: right_converged(a, b, 1.0), "gained over 2 points"),
    ("converged", lambda a, b, t: not right_converged(a, b, t), "0.4 points only"),
    ("converged", lambda a, b, t: None, "True or False"),
]


class TestNotebook02(ExerciseTests):
    notebook, right, wrong = "02", RIGHT, WRONG
