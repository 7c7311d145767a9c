"""How an exercise answers: right, or which property fails and why that usually happens."""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass


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
    """Raised inside a check by the first property that fails; its text is shown to the student."""


def check(function: Callable[..., str]) -> Callable[..., Feedback]:
    """Turn a function that raises `Wrong`, or returns a sentence of praise, into a check.

    An answer that is still a stub keeps raising ``NotImplementedError``; any other exception that
    the answer raises is shown to the student as a failed property.
    """

    def answer(*args: object) -> Feedback:
        try:
            return Feedback(True, function(*args))
        except Wrong as wrong:
            return Feedback(False, str(wrong))
        except NotImplementedError:
            raise
        except Exception as error:
            return Feedback(False, f"your code stopped with {type(error).__name__}: {error}")

    answer.__name__, answer.__doc__ = function.__name__, function.__doc__
    answer.__module__ = function.__module__
    return answer
