"""What every check of an exercise owes: a file of tests lists right and known-wrong answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pytest

from mmtlib.exercises import checks
from mmtlib.exercises.exercise import EXERCISES

Answer = Callable[..., object]


class ExerciseTests:
    """Tests of all exercises of a notebook; a subclass whose name begins with Test runs them.

    Attributes:
        notebook: its number, two digits.
        right: exercise -> answers that must pass; the exercises of the notebook, all of them.
        wrong: (exercise, a known-wrong answer, words that its message must hold).
    """

    notebook: str
    right: Mapping[str, Sequence[Answer]]
    wrong: Sequence[tuple[str, Answer, str]]

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Give every test its exercises and answers."""
        names = metafunc.fixturenames
        if "message" in names:
            metafunc.parametrize(("name", "answer", "message"), self.wrong)
        elif "answer" in names:
            pairs = [(name, answer) for name, found in self.right.items() for answer in found]
            metafunc.parametrize(("name", "answer"), pairs)

    def test_right_answers_pass(self, name: str, answer: Answer) -> None:
        feedback = getattr(checks, name)(answer)
        assert feedback.passed, feedback.message

    def test_known_wrong_answers_are_refused_with_their_reason(
        self, name: str, answer: Answer, message: str
    ) -> None:
        feedback = getattr(checks, name)(answer)
        assert not feedback.passed
        assert message in feedback.message

    def test_every_exercise_is_tried(self) -> None:
        module = f"mmtlib.exercises.notebook_{self.notebook}"
        assert {n for n, made in EXERCISES.items() if made.__module__ == module} == set(self.right)
