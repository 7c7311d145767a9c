"""Answers to the exercises of the notebooks: ``checks.NAME(answer)`` and ``hint("NAME", 1)``.

Source of the exercises: ``notebooks/src``; `basics` belongs to 00-02, `transfer` to 03 and 04,
`real_sets` to 05, `rivals` to 06, `harm` to 07, `seeing` to 08 and 09, `meaning` to 10,
`asking` to 11, `own_data` to 12.
"""

from __future__ import annotations

from types import SimpleNamespace

from mmtlib.core.errors import ConfigError, unknown_name
from mmtlib.exercises import (
    asking,
    basics,
    harm,
    meaning,
    own_data,
    real_sets,
    rivals,
    seeing,
    transfer,
)
from mmtlib.exercises.feedback import Feedback

__all__ = ["HINTS", "Feedback", "checks", "hint"]

HINTS: dict[str, tuple[str, str, str]] = {
    **basics.HINTS,
    **transfer.HINTS,
    **real_sets.HINTS,
    **rivals.HINTS,
    **harm.HINTS,
    **seeing.HINTS,
    **meaning.HINTS,
    **asking.HINTS,
    **own_data.HINTS,
}
"""Exercise -> three hints, from a nudge to nearly the answer."""

_ROOMS = (basics, transfer, real_sets, rivals, harm, seeing, meaning, asking, own_data)

checks = SimpleNamespace(**{name: getattr(room, name) for room in _ROOMS for name in room.HINTS})
"""One check per exercise: called with the student's function, it returns a `Feedback`."""


def hint(name: str, level: int = 1) -> None:
    """Print a hint for an exercise.

    Args:
        name: the exercise, as in ``checks.NAME``.
        level: 1 for a nudge, 2 for the way, 3 for nearly the answer.

    Raises:
        ConfigError: if there is no such exercise or level.
    """
    if name not in HINTS:
        raise unknown_name("exercise", name, HINTS)
    if level not in (1, 2, 3):
        raise ConfigError(f"Hints have the levels 1, 2 and 3, got {level!r}.")
    print(f"Hint {level} of 3: {HINTS[name][level - 1]}")
