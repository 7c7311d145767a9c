"""Exercises of notebook 00: scores, and what a confusion matrix says."""

from __future__ import annotations

import numpy as np
from scipy import special

from mmtlib.exercises.exercise import Answer, Claims, Rng, exercise
from mmtlib.exercises.properties import array, unchanged


@exercise(
    "Which step makes every number positive, and which one makes a row add up to 1?",
    "Take the exponential, then divide by the sum over the last axis (keepdims=True). And "
    "exp(1000) is infinite: what can you take off a row without changing the result?",
    "e = np.exp(logits - logits.max(axis=-1, keepdims=True)); then divide e by its row sums.",
    praise="positive, every row adds up to 1, and large logits do no harm.",
)
def softmax(answer: Answer, rng: Rng) -> Claims:
    """From logits ``(N, K)`` to scores ``(N, K)``."""
    logits = rng.normal(0, 2, (int(rng.integers(2, 6)), int(rng.integers(3, 9))))
    given = logits.copy()
    with np.errstate(all="ignore"):
        found = array(answer(given), "the scores", logits.shape)
        large = array(answer(logits + 1000.0), "the scores", logits.shape)
    unchanged(logits, given, "logits")
    yield {
        "a score is negative, and no probability is. Was a logarithm left in?": found.min() >= 0,
        "the scores of one clip do not add up to 1. Divide by the "
        "sum over the last axis (the classes), not by the sum over "
        "everything or over the clips.": np.allclose(found.sum(axis=1), 1),
        "the rows add up to 1, but they are not exp(logit) over the row's sum.": (
            np.allclose(found, special.softmax(logits, axis=-1))
        ),
        "adding 1000 to every logit should change nothing, but exp(1000) is infinite. Take "
        "the largest logit of each row off first.": np.allclose(large, found),
    }


@exercise(
    "The diagonal counts the clips that were recognised. Look beside it.",
    "Work on a copy whose diagonal is -1 (np.fill_diagonal), then find its maximum.",
    "np.unravel_index(copy.argmax(), copy.shape) is (row, column) = (true, predicted).",
    praise="the largest number beside the diagonal, as (true class, predicted class).",
)
def most_confused(answer: Answer, rng: Rng) -> Claims:
    """The pair (true class, predicted class) in a confusion matrix ``(K, K)``."""
    k = int(rng.integers(3, 8))
    matrix = rng.integers(0, 9, (k, k))
    true, predicted = (int(x) for x in rng.choice(k, 2, replace=False))
    matrix[true, predicted] = 12
    np.fill_diagonal(matrix, rng.integers(20, 30, k))
    given = matrix.copy()
    pair = answer(given)
    unchanged(matrix, given, "matrix")
    row, column = array(pair, "a pair (true, predicted)", (2,)).astype(int).tolist()
    yield {
        "that is on the diagonal, where the clips stand that were recognised.": row != column,
        "the right pair in the wrong order: rows are the true class, columns the prediction.": (
            (row, column) != (predicted, true)
        ),
        f"row {true}, column {predicted} holds 12 clips, more than your {row, column}.": (
            (row, column) == (true, predicted)
        ),
    }
