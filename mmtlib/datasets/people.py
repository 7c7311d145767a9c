"""People (or folds) of a list: their numbers, and which of them train, validate and test."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from mmtlib.core.errors import DataError
from mmtlib.core.seeding import derive_seed
from mmtlib.core.words import word_key

HELD_OUT = 0.2
"""Share of the people for validation, and for testing, where the list does not say."""
_WHOLE = re.compile(r"[0-9]{1,8}", re.ASCII)


def people_numbers(names: Iterable[str]) -> dict[str, int]:
    """Return subject -> number: its own where all are numbers, else 1, 2, ... in order of names."""
    every = sorted(set(names))
    if all(_WHOLE.fullmatch(name) for name in every) and len({int(n) for n in every}) == len(every):
        return {name: int(name) for name in every}
    return {name: number for number, name in enumerate(every, 1)}


def split_people(names: Iterable[str]) -> dict[str, str]:
    """Return subject -> split, where the list has no such column.

    A fifth of the people (at least one) is for testing, a fifth for validation, the others are
    trained with. Who is where depends on the names alone: not on their order, nor on the clips.

    Raises:
        DataError: if there are fewer than three people.
    """
    every = sorted(set(names), key=lambda name: (derive_seed("video folder", name), name))
    if len(every) < 3:
        raise DataError(
            f"found {len(every)} people; to train, validate and test with different ones takes at "
            "least three. Film more people, or add a column 'split' and know what you measure"
        )
    held_out = max(1, math.floor(HELD_OUT * len(every) + 0.5))
    return {
        name: "test" if i < held_out else "validation" if i < 2 * held_out else "train"
        for i, name in enumerate(every)
    }


def leave_out(names: Iterable[str], left: str | None) -> dict[str, str]:
    """Return person (or fold) -> split: one tests, the next one validates, the others train.

    The order is that of `people_numbers`; after the last one comes the first.

    Args:
        names: all of them.
        left: the one that tests, in any spelling (`word_key`); None = the first one.

    Raises:
        DataError: if there is no such one, or there are fewer than three.
    """
    numbers = people_numbers(names)
    every = sorted(numbers, key=numbers.__getitem__)
    left = every[0] if left is None else left
    places = [i for i, name in enumerate(every) if word_key(name) == word_key(left)]
    if not places:
        raise DataError(f"leave_out={left!r} is none of {', '.join(every)}")
    if len(every) < 3:
        raise DataError(
            f"found {', '.join(every)}; to train, validate and test with different ones takes at "
            "least three"
        )
    tests, validates = every[places[0]], every[(places[0] + 1) % len(every)]
    own = {tests: "test", validates: "validation"}
    return {name: own.get(name, "train") for name in every}
