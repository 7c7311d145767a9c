"""Right answers pass; every known-wrong answer is refused with the message meant for it."""

import re

import numpy as np
import pytest
import torch

from mmtlib.exercises import checks, harm


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


@pytest.mark.parametrize(("name", "answer"), [(k, a) for k, v in RIGHT.items() for a in v])
def test_right_answers_pass(name, answer):
    feedback = getattr(checks, name)(answer)
    assert feedback.passed, feedback.message


@pytest.mark.parametrize(("name", "answer", "message"), WRONG)
def test_known_wrong_answers_are_refused_with_their_reason(name, answer, message):
    feedback = getattr(harm, name)(answer)
    assert not feedback.passed
    assert re.search(message, feedback.message), feedback.message


@pytest.mark.parametrize("name", RIGHT)
def test_a_stub_stays_a_stub(name):
    def stub(*args):
        raise NotImplementedError

    with pytest.raises(NotImplementedError):
        getattr(harm, name)(stub)


def test_every_exercise_has_three_growing_hints():
    assert set(harm.HINTS) == set(RIGHT)
    for hints in harm.HINTS.values():
        assert len(set(hints)) == len(hints) == 3
