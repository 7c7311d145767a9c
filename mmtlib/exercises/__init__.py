"""Answers to the exercises of the notebooks: ``checks.NAME(answer)`` and ``hint("NAME", 1)``.

The exercises of ``notebooks/src/NN_name.py`` are declared in ``notebook_NN.py``.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from types import SimpleNamespace

from mmtlib.core.errors import ConfigError, unknown_name
from mmtlib.exercises.exercise import EXERCISES, Feedback

__all__ = ["HINTS", "Feedback", "checks", "hint"]

for _module in pkgutil.iter_modules(__path__, f"{__name__}."):
    import_module(_module.name)

HINTS = {name: made.hints for name, made in EXERCISES.items()}
"""Exercise -> three hints, from a nudge to nearly the answer."""

checks = SimpleNamespace(**EXERCISES)
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
