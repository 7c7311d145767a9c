"""Exercises of notebook 02: fused scores, and what a baseline is worth."""

from __future__ import annotations

import numpy as np
from scipy import special

from mmtlib.exercises.exercise import Answer, Claims, Rng, Wrong, exercise
from mmtlib.exercises.properties import array, mistaken, number, unexpected


@exercise(
    "Each network has a row of scores for a clip. Bring the rows together before any decides.",
    "The mean over axis 0 (networks) leaves one row per clip; take its highest class.",
    "np.mean(scores, axis=0).argmax(axis=1)",
    praise="the mean of the scores decides, as in the paper.",
)
def fuse_scores(answer: Answer, rng: Rng) -> Claims:
    """From scores ``(M, N, K)`` of M networks to the predicted classes ``(N,)``."""
    logits = rng.normal(0, 2, (3, 60, 4))
    scores = special.softmax(logits, axis=-1)
    scores[:, 0] = [[0.6, 0.4, 0, 0], [0.6, 0.4, 0, 0], [0, 0.95, 0.05, 0]]
    answered = np.asarray(answer(scores.copy()))
    if answered.shape == (60, 4):
        raise Wrong("these are the fused scores; the answer is the class of each clip.")
    found = array(answered, "one class per clip", (60,))
    yield {
        "the networks voted, and two lukewarm votes beat one that was sure. Take the mean of "
        "the scores first, then decide.": found[0] != 0,
        "expected the class with the highest mean score over the networks (axis 0).": (
            np.array_equal(found, scores.mean(axis=0).argmax(axis=1))
        ),
    }


@exercise(
    "How many independent witnesses are there: clips, or people?",
    "Take the accuracy of each person, then the standard error of the mean of these numbers: "
    "their standard deviation (ddof=1) over the root of how many there are.",
    "each = [correct[subjects == s].mean() for s in np.unique(subjects)]; "
    "return np.std(each, ddof=1) / np.sqrt(len(each))",
    praise="people are what is counted; more clips of the same people change nothing.",
)
def clustered_error(answer: Answer, rng: Rng) -> Claims:
    """The standard error of an accuracy from ``correct (N,)`` and ``subjects (N,)``."""
    subjects = np.repeat(np.arange(8), 20)
    correct = rng.random(160) < rng.uniform(0.2, 0.95, 8)[subjects]
    per_person = correct.reshape(8, 20).mean(axis=1)
    right = per_person.std(ddof=1) / np.sqrt(8)
    order = rng.permutation(160)
    found = number(answer(correct[order], subjects[order]), "the standard error")
    yield {
        "that takes the 160 clips as independent. Record every clip "
        "twice and your error shrinks, though no new person was "
        "asked.": not np.isclose(found, correct.std() / np.sqrt(160), rtol=0.02)
    }
    known = {
        "that is how much people differ; divide it by the root of their number.": (
            per_person.std(ddof=1)
        ),
        "nearly: the standard deviation of a sample divides by n - 1 (ddof=1).": (
            per_person.std() / np.sqrt(8)
        ),
        f"expected {right:.4f} for 8 people, got {found:.4f}.": right,
    }
    yield mistaken(found, known)
    twice = number(answer(np.tile(correct, 2), np.tile(subjects, 2)), "the standard error")
    yield {"every clip recorded twice should change nothing.": np.isclose(twice, right)}


CHANGES = (
    (0.004, 0.1, 0.01, "the mean over seeds changed by 0.4 points only."),
    (0.030, 0.1, 0.01, "all three seeds gained over 2 points."),
    (-0.030, 0.1, 0.01, "all three lost over 2 points: a change downwards is a change too."),
    (0.002, 1.0, 0.01, "single seeds went up and down, but their mean by 0.2 points only."),
    (0.040, 0.1, 0.05, "4 points are within a tolerance of 5: use the argument."),
)
"""Change, spread of the seeds, tolerance, and what to say."""


@exercise(
    "The definition speaks of a change, up or down, of the mean over seeds.",
    "Take the mean of twice - once, its absolute value, and compare with the tolerance. All "
    "of them are shares of clips: one point is 0.01.",
    "return bool(abs(np.mean(twice) - np.mean(once)) < tolerance)",
    praise="the mean over seeds moves by less than the tolerance, in either direction.",
)
def converged(answer: Answer, rng: Rng) -> Claims:
    """From accuracies per seed after E and 2 E epochs, and a tolerance, to a bool."""
    once = rng.uniform(0.5, 0.9, 3)
    for change, spread, tolerance, why in CHANGES:
        twice = once + change + spread * np.array([0.020, -0.012, -0.008])
        found = answer(once.copy(), twice.copy(), tolerance)
        if not isinstance(found, (bool, np.bool_)):
            raise unexpected("True or False", found)
        said = f"from {once.round(3)} to {twice.round(3)}: {why}"
        yield {said: found == (abs(change) < tolerance)}
