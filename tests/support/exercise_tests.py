"""What every check of an exercise owes: a file of tests lists right and known-wrong answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import ModuleType

import pytest

from mmtlib.exercises import checks

Answer = Callable[..., object]


class ExerciseTests:
    """Tests of all exercises of a room; a subclass whose name begins with Test runs them.

    Attributes:
        room: a module of `mmtlib.exercises`.
        right: exercise -> answers that must pass; the exercises of the room, all of them.
        wrong: (exercise, a known-wrong answer, words that its message must hold).
    """

    room: ModuleType
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
        elif "name" in names:
            metafunc.parametrize("name", self.right)

    def test_right_answers_pass(self, name: str, answer: Answer) -> None:
        feedback = getattr(checks, name)(answer)
        assert feedback.passed, feedback.message

    def test_known_wrong_answers_are_refused_with_their_reason(
        self, name: str, answer: Answer, message: str
    ) -> None:
        feedback = getattr(checks, name)(answer)
        assert not feedback.passed
        assert message in feedback.message

    def test_a_stub_stays_a_stub(self, name: str) -> None:
        def stub(*args: object) -> None:
            raise NotImplementedError

        with pytest.raises(NotImplementedError):
            getattr(checks, name)(stub)

    def test_an_answer_that_stops_is_told_so(self, name: str) -> None:
        feedback = getattr(checks, name)(lambda *args: 1 / 0)
        assert "your code stopped with ZeroDivisionError" in str(feedback)
        assert "Not yet" in feedback._repr_html_()

    def test_every_exercise_has_three_growing_hints(self) -> None:
        assert set(self.room.HINTS) == set(self.right)
        for hints in self.room.HINTS.values():
            assert len(set(hints)) == len(hints) == 3
