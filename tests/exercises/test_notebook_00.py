"""Notebook 00: right answers pass, each known mistake is named."""

import numpy as np
from support.exercise_tests import ExerciseTests


def right_softmax(logits):
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def naive_softmax(logits):
    return np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)


def softmax_in_place(logits):
    logits -= logits.max(axis=-1, keepdims=True)
    return naive_softmax(logits)


def right_most_confused(matrix):
    off = matrix.copy()
    np.fill_diagonal(off, -1)
    return np.unravel_index(off.argmax(), off.shape)


def most_confused_in_place(matrix):
    np.fill_diagonal(matrix, -1)
    return np.unravel_index(matrix.argmax(), matrix.shape)


RIGHT = {
    "softmax": [right_softmax],
    "most_confused": [right_most_confused],
}

WRONG = [
    ("softmax", naive_softmax, "exp(1000) is infinite"),
    ("softmax", softmax_in_place, "changed its input logits"),
    ("softmax", lambda x: np.exp(x) / np.exp(x).sum(), "do not add up to 1"),
    ("softmax", lambda x: np.exp(x) / np.exp(x).sum(axis=0), "do not add up to 1"),
    ("softmax", lambda x: np.log(naive_softmax(x)), "a score is negative"),
    ("softmax", lambda x: abs(x) / abs(x).sum(axis=1, keepdims=True), "not exp(logit)"),
    ("softmax", lambda x: x.sum(), "of shape"),
    ("most_confused", most_confused_in_place, "changed its input matrix"),
    (
        "most_confused",
        lambda x: np.unravel_index(x.argmax(), x.shape),
        "on the diagonal",
    ),
    ("most_confused", lambda x: right_most_confused(x)[::-1], "wrong order"),
    ("most_confused", lambda x: (0, 1) if x[0, 1] < 12 else (1, 2), "holds 12 clips"),
    ("most_confused", lambda x: x.argmax(), "a pair (true, predicted)"),
]


class TestNotebook00(ExerciseTests):
    notebook, right, wrong = "00", RIGHT, WRONG
