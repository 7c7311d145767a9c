"""What an exercise is: three hints, and a check that tells what is wrong with an answer."""

from __future__ import annotations

import functools
import html
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from mmtlib.core.seeding import numpy_generator

Answer = Callable[..., object]
"""What a student has written."""
Claims = Iterator[Mapping[str, bool | np.bool_]]
"""What a check yields: a sentence -> what must hold, or the sentence is said. In their order."""
Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class Feedback:
    """The answer to an answer; shows itself when it is the last line of a notebook cell.

    Attributes:
        passed: whether every property held.
        message: one or two sentences for the student.
    """

    passed: bool
    message: str

    def __str__(self) -> str:
        return f"{'Right' if self.passed else 'Not yet'}: {self.message}"

    def _repr_html_(self) -> str:
        sign = "&#10003;" if self.passed else "&#10007;"
        color = "#009E73" if self.passed else "#D55E00"
        return (
            f'<div role="status" style="border-left:4px solid {color};padding:.3em .8em">'
            f"<b>{sign} {'Right' if self.passed else 'Not yet'}.</b> "
            f"{html.escape(self.message)}</div>"
        )


class Wrong(Exception):
    """Raised inside a check where it cannot go on; its text is shown to the student."""


@dataclass
class Exercise:
    """An exercise: called with an answer, it returns a `Feedback`.

    Attributes:
        check: takes an answer, a generator and the values of one case; yields `Claims`, or raises
            `Wrong`.
        hints: from a nudge to nearly the answer.
        praise: what is said to a right answer.
        cases: the values of each case that the answer is tried on.
    """

    check: Callable[..., Claims]
    hints: tuple[str, str, str]
    praise: str
    cases: tuple[tuple[object, ...], ...]

    def __post_init__(self) -> None:
        functools.update_wrapper(self, self.check)

    def __call__(self, answer: Answer) -> Feedback:
        """Say whether an answer is right, or the first property that does not hold.

        An answer that is still a stub keeps raising ``NotImplementedError``; any other exception
        that the answer raises is shown to the student as a failed property.
        """
        try:
            for number, case in enumerate(self.cases):
                rng = numpy_generator(self.check.__name__, number)
                for claims in self.check(answer, rng, *case):
                    for sentence, holds in claims.items():
                        if not holds:
                            return Feedback(False, sentence)
        except Wrong as wrong:
            return Feedback(False, str(wrong))
        except NotImplementedError:
            raise
        except Exception as error:
            return Feedback(False, f"your code stopped with {type(error).__name__}: {error}")
        return Feedback(True, self.praise)


EXERCISES: dict[str, Exercise] = {}
"""Name -> exercise, as they are declared in ``notebook_NN.py``."""


def exercise(
    *hints: str, praise: str, cases: Iterable[tuple[object, ...]] = [()] * 5
) -> Callable[[Callable[..., Claims]], Exercise]:
    """Declare the exercise that is named as the function below, which checks one case.

    Args:
        hints: three, from a nudge to nearly the answer.
        praise: what is said to a right answer.
        cases: what the function takes after an answer and a generator, case by case.
    """

    def declare(check: Callable[..., Claims]) -> Exercise:
        first, second, third = hints
        made = Exercise(check, (first, second, third), praise, tuple(cases))
        EXERCISES[check.__name__] = made
        return made

    return declare
