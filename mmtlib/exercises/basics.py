"""Checks and hints of the first three notebooks: clips, scores, and what a baseline is worth.

Every check tries the answer on inputs of several seeds. The first property that fails is named,
with the mistake that most often lies behind it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from mmtlib.core.seeding import numpy_generator, torch_generator
from mmtlib.exercises.feedback import check
from mmtlib.exercises.properties import close, explain, need, number, tensor
from mmtlib.synthetic import depth_to_8bit

SEEDS = range(5)


@check
def softmax(answer: Callable) -> str:
    """00: from logits ``(N, K)`` to scores ``(N, K)``."""
    for seed in SEEDS:
        rng = numpy_generator("softmax", seed)
        logits = rng.normal(0, 2, (int(rng.integers(2, 6)), int(rng.integers(3, 9))))
        given = logits.copy()
        with np.errstate(all="ignore"):
            found = _array(answer(given), logits.shape, "the scores")
            large = _array(answer(logits + 1000.0), logits.shape, "the scores")
        _unchanged(logits, given, "logits")
        need(
            found.min() >= 0,
            "a score is negative, and no probability is. Was a logarithm left in?",
        )
        need(
            np.allclose(found.sum(axis=1), 1),
            "the scores of one clip do not add up to 1. Divide by the sum over the last axis (the "
            "classes), not by the sum over everything or over the clips.",
        )
        need(
            np.allclose(found, _soft(logits)),
            "the rows add up to 1, but they are not exp(logit) over the row's sum.",
        )
        need(
            np.allclose(large, found),
            "adding 1000 to every logit should change nothing, but exp(1000) is infinite. Take "
            "the largest logit of each row off first.",
        )
    return "positive, every row adds up to 1, and large logits do no harm."


@check
def most_confused(answer: Callable) -> str:
    """00: the pair (true class, predicted class) in a confusion matrix ``(K, K)``."""
    for seed in SEEDS:
        rng = numpy_generator("most_confused", seed)
        k = int(rng.integers(3, 8))
        matrix = rng.integers(0, 9, (k, k))
        true, predicted = (int(x) for x in rng.choice(k, 2, replace=False))
        matrix[true, predicted] = 12
        np.fill_diagonal(matrix, rng.integers(20, 30, k))
        given = matrix.copy()
        pair = answer(given)
        _unchanged(matrix, given, "matrix")
        found = tuple(_array(pair, (2,), "a pair (true, predicted)").astype(int).tolist())
        need(
            found[0] != found[1],
            "that is on the diagonal, where the clips stand that were recognised.",
        )
        need(
            found != (predicted, true),
            "the right pair in the wrong order: rows are the true class, columns the prediction.",
        )
        need(
            found == (true, predicted),
            f"row {true}, column {predicted} holds 12 clips, more than your {found}.",
        )
    return "the largest number beside the diagonal, as (true class, predicted class)."


@check
def to_metres(answer: Callable) -> str:
    """01: from depth levels in [0, 1] (0 = no reading, any shape) to metres."""
    for seed in SEEDS:
        metres = torch.rand(1, 2, 4, 5, generator=torch_generator("to_metres", seed)) * 1.2 + 0.35
        metres[0, 0, 0, :2] = 0.0
        level = depth_to_8bit(metres)
        answered = tensor(answer(level.clone()), "the distances")
        found = _array(answered, tuple(level.shape), "the distances")
        holes = (level == 0).numpy()
        seen, wanted = found[~holes], metres.numpy()[~holes]
        need(
            not np.isnan(seen).any(),
            "a pixel with a reading became NaN; only level 0 means 'no reading'.",
        )
        need(
            np.abs(seen - (1.9 - wanted)).max() > 0.01,
            "near and far have changed places: bright (level 1) is near, 0.3 m.",
        )
        need(
            np.abs(seen - wanted).max() < 0.01,
            f"a point {wanted[0]:.2f} m away became {seen[0]:.2f} m. The line goes through "
            "(level 1, 0.3 m) and (level 0, 1.6 m); the level is already divided by 255.",
        )
        need(
            np.isnan(found[holes]).all(),
            "pixels without a reading got a distance: a surface that was never there. Make them "
            "NaN, so that no mean can swallow them.",
        )
    return "metres within half a level, and NaN where the sensor saw nothing."


@check
def mirror_flow(answer: Callable) -> str:
    """01: the flow ``(2, T, H, W)`` of the mirrored clip."""
    for seed in SEEDS:
        flow = torch.randn(2, 3, 4, 5, generator=torch_generator("mirror_flow", seed))
        given = flow.clone()
        found = tensor(answer(given), "the flow")
        _array(found, tuple(flow.shape), "the flow")
        _unchanged(flow.numpy(), given.numpy(), "flow")
        u, v = flow.flip(-1)
        explain(
            found,
            torch.stack([-u, v]),
            {
                "the pixels moved, but the arrows still point the old way: a hand that moves left "
                "would have flow to the right. Change the sign of u.": torch.stack([u, v]),
                "v changed its sign too; a mirror left to right keeps up and down.": torch.stack(
                    [-u, -v]
                ),
                "you changed the sign of v (down); the mirror turns u (right) around.": torch.stack(
                    [u, -v]
                ),
                "the arrows turned, but the pixels stayed: flip the last axis too.": torch.stack(
                    [-flow[0], flow[1]]
                ),
            },
            "expected the last axis (columns) reversed and u with the other sign.",
        )
        need(close(answer(found.clone()), flow), "mirrored twice, a clip should be what it was.")
    return "pixels and arrows agree, and mirroring twice changes nothing."


@check
def hold_out_subjects(answer: Callable) -> str:
    """01: from subjects ``(N,)``, a share and a seed to bool ``(N,)``, true = held out."""
    choices = set()
    for seed in SEEDS:
        rng = numpy_generator("hold_out_subjects", seed)
        people = np.sort(rng.choice(90, 12, replace=False))
        subjects = rng.permutation(np.repeat(people, rng.integers(1, 9, 12)))
        held = np.asarray(answer(subjects.copy(), 0.25, seed))
        need(
            held.shape == subjects.shape and held.dtype == bool,
            "expected one true or false per clip (np.isin makes that), got "
            f"{held.dtype} of shape {held.shape}.",
        )
        both = sorted(set(subjects[held].tolist()) & set(subjects[~held].tolist()))
        need(
            not both,
            f"subjects {both} are on both sides, so the network would be measured on people it "
            "has seen. Draw people, then take all clips of each.",
        )
        count = len(np.unique(subjects[held]))
        need(count == 3, f"a share of 0.25 of 12 people is 3 people; you hold out {count}.")
        need(
            np.array_equal(held, answer(subjects.copy(), 0.25, seed)),
            "the same seed gave two different splits: make the generator from the seed.",
        )
        choices.add(tuple(np.flatnonzero(np.isin(people, subjects[held])).tolist()))
    need(len(choices) > 1, "every seed holds out the same people, e.g. the first ones: draw them.")
    return "whole people are held out, as many as asked for, and the seed tells which."


@check
def fuse_scores(answer: Callable) -> str:
    """02: from scores ``(M, N, K)`` of M networks to the predicted classes ``(N,)``."""
    for seed in SEEDS:
        scores = _soft(numpy_generator("fuse_scores", seed).normal(0, 2, (3, 60, 4)))
        scores[:, 0] = [[0.6, 0.4, 0, 0], [0.6, 0.4, 0, 0], [0, 0.95, 0.05, 0]]
        answered = answer(scores.copy())
        need(
            np.shape(answered) != (60, 4),
            "these are the fused scores; the answer is the class of each clip.",
        )
        found = _array(answered, (60,), "one class per clip")
        right = scores.mean(axis=0).argmax(axis=1)
        need(
            found[0] != 0,
            "the networks voted, and two lukewarm votes beat one that was sure. Take the mean of "
            "the scores first, then decide.",
        )
        need(
            np.array_equal(found, right),
            "expected the class with the highest mean score over the networks (axis 0).",
        )
    return "the mean of the scores decides, as in the paper."


@check
def clustered_error(answer: Callable) -> str:
    """02: the standard error of an accuracy from ``correct (N,)`` and ``subjects (N,)``."""
    for seed in SEEDS:
        rng = numpy_generator("clustered_error", seed)
        subjects = np.repeat(np.arange(8), 20)
        correct = rng.random(160) < rng.uniform(0.2, 0.95, 8)[subjects]
        per_person = correct.reshape(8, 20).mean(axis=1)
        right = per_person.std(ddof=1) / np.sqrt(8)
        order = rng.permutation(160)
        found = number(answer(correct[order], subjects[order]), "the standard error")
        need(
            not np.isclose(found, correct.std() / np.sqrt(160), rtol=0.02),
            "that takes the 160 clips as independent. Record every clip twice and your error "
            "shrinks, though no new person was asked.",
        )
        need(
            not np.isclose(found, per_person.std(ddof=1)),
            "that is how much people differ; divide it by the root of their number.",
        )
        need(
            not np.isclose(found, per_person.std() / np.sqrt(8)),
            "nearly: the standard deviation of a sample divides by n - 1 (ddof=1).",
        )
        need(np.isclose(found, right), f"expected {right:.4f} for 8 people, got {found:.4f}.")
        twice = answer(np.tile(correct, 2), np.tile(subjects, 2))
        need(np.isclose(twice, right), "every clip recorded twice should change nothing.")
    return "people are what is counted; more clips of the same people change nothing."


@check
def converged(answer: Callable) -> str:
    """02: from accuracies per seed after E and 2 E epochs, and a tolerance, to a bool."""
    noise = np.array([0.020, -0.012, -0.008])
    cases = (
        (0.004, 0.1, 0.01, "the mean over seeds changed by 0.4 points only."),
        (0.030, 0.1, 0.01, "all three seeds gained over 2 points."),
        (-0.030, 0.1, 0.01, "all three lost over 2 points: a change downwards is a change too."),
        (0.002, 1.0, 0.01, "single seeds went up and down, but their mean by 0.2 points only."),
        (0.040, 0.1, 0.05, "4 points are within a tolerance of 5: use the argument."),
    )
    for seed in SEEDS:
        once = numpy_generator("converged", seed).uniform(0.5, 0.9, 3)
        for change, spread, tolerance, why in cases:
            twice = once + change + spread * noise
            found = answer(once.copy(), twice.copy(), tolerance)
            need(
                isinstance(found, (bool, np.bool_)),
                f"expected True or False, got {type(found).__name__}. Is the return missing?",
            )
            right = abs(change) < tolerance
            need(found == right, f"from {once.round(3)} to {twice.round(3)}: {why}")
    return "the mean over seeds moves by less than the tolerance, in either direction."


HINTS: dict[str, tuple[str, str, str]] = {
    "softmax": (
        "Which step makes every number positive, and which one makes a row add up to 1?",
        "Take the exponential, then divide by the sum over the last axis (keepdims=True). And "
        "exp(1000) is infinite: what can you take off a row without changing the result?",
        "e = np.exp(logits - logits.max(axis=-1, keepdims=True)); then divide e by its row sums.",
    ),
    "most_confused": (
        "The diagonal counts the clips that were recognised. Look beside it.",
        "Work on a copy whose diagonal is -1 (np.fill_diagonal), then find its maximum.",
        "np.unravel_index(copy.argmax(), copy.shape) is (row, column) = (true, predicted).",
    ),
    "to_metres": (
        "Which level stands for 0.3 m, which for 1.6 m, and which for 'no reading'?",
        "Level 1 is 0.3 m and level 0 would be 1.6 m, with a straight line between them. Then "
        "take care of the pixels that are exactly 0.",
        "torch.where(level > 0, 1.6 - level * (1.6 - 0.3), torch.nan)",
    ),
    "mirror_flow": (
        "A mirror moves each pixel to the other side. What becomes of an arrow to the right?",
        "Reverse the last axis, and change the sign of u = flow[0], not of v = flow[1]. Leave the "
        "tensor that you were given as it is.",
        "flow.flip(-1) * torch.tensor([-1.0, 1.0]).view(2, 1, 1, 1)",
    ),
    "hold_out_subjects": (
        "Draw people, not clips. What is the list of the people in `subjects`?",
        "np.unique gives the people, np.random.default_rng(seed).choice(..., replace=False) draws "
        "some of them, np.isin says which clips are theirs.",
        "people = np.unique(subjects); chosen = np.random.default_rng(seed).choice(people, "
        "round(share * len(people)), replace=False); return np.isin(subjects, chosen)",
    ),
    "fuse_scores": (
        "Each network has a row of scores for a clip. Bring the rows together before any decides.",
        "The mean over axis 0 (networks) leaves one row per clip; take its highest class.",
        "np.mean(scores, axis=0).argmax(axis=1)",
    ),
    "clustered_error": (
        "How many independent witnesses are there: clips, or people?",
        "Take the accuracy of each person, then the standard error of the mean of these numbers: "
        "their standard deviation (ddof=1) over the root of how many there are.",
        "each = [correct[subjects == s].mean() for s in np.unique(subjects)]; "
        "return np.std(each, ddof=1) / np.sqrt(len(each))",
    ),
    "converged": (
        "The definition speaks of a change, up or down, of the mean over seeds.",
        "Take the mean of twice - once, its absolute value, and compare with the tolerance. All "
        "of them are shares of clips: one point is 0.01.",
        "return bool(abs(np.mean(twice) - np.mean(once)) < tolerance)",
    ),
}
"""Exercise -> three hints, from a nudge to nearly the answer."""


def _array(found: object, shape: tuple[int, ...], what: str) -> np.ndarray:
    """Return an answer as float64 if it has that shape."""
    array = np.asarray(found, dtype=float)
    need(array.shape == shape, f"expected {what} of shape {shape}, got {array.shape}.")
    return array


def _unchanged(before: np.ndarray, after: np.ndarray, name: str) -> None:
    need(np.array_equal(before, after), f"your code changed its input {name}; work on a copy.")


def _soft(logits: np.ndarray) -> np.ndarray:
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)
