"""Checks and hints of notebook 12: from seconds to frames, and people who are on two sides.

Every check tries the answer on inputs of several seeds. The first property that fails is named,
with the mistake that most often lies behind it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mmtlib.core.seeding import numpy_generator
from mmtlib.exercises.feedback import check
from mmtlib.exercises.properties import need

SEEDS = range(5)
RATES = (15.0, 24.0, 25.0, 29.97, 30.0)


@check
def frames_of(answer: Callable[[float, float, float], object]) -> str:
    """12: from start and end in seconds and frames per second to (first, last) frames."""
    for rate in RATES:
        for seed in SEEDS:
            rng = numpy_generator("frames_of", seed, round(100 * rate))
            first = int(rng.integers(0, 900))
            last = first + int(rng.integers(2, 90))
            # As people write it: rounded to hundredths of a second, now a little early, now late.
            start, end = round(first / rate, 2), round(last / rate, 2)
            _one_span(answer, (start, end, rate), (first, last))
    _one_span(answer, (2.0, 2.001, 30.0), (60, 61))
    return "the nearest frames, the end excluded, and never an empty clip."


def _one_span(
    answer: Callable[[float, float, float], object],
    given: tuple[float, float, float],
    right: tuple[int, int],
) -> None:
    start, end, rate = given
    asked = f"{start:g} s to {end:g} s at {rate:g} frames a second"
    found = answer(*given)
    need(
        isinstance(found, (tuple, list)) and len(found) == 2,
        f"expected two numbers (first, last), got {found!r}.",
    )
    need(
        all(isinstance(x, (int, np.integer)) and not isinstance(x, bool) for x in found),
        f"expected whole numbers, got {found!r}; round(...) makes one.",
    )
    first, last = (int(x) for x in found)
    need(
        last > first,
        f"{asked} gave frames {first} to {last}: nothing to see. A mark so short is one frame.",
    )
    cut = (int(start * rate), max(int(start * rate) + 1, int(end * rate)))
    of, nearest = (start, right[0]) if first != right[0] else (end, right[1])
    need(
        (first, last) == right or (first, last) != cut,
        f"{asked}: {of:g} * {rate:g} = {of * rate:.3f}, which is nearly frame {nearest}, and "
        f"int(...) cuts it to {int(of * rate)}. Round to the nearest frame.",
    )
    need(
        (first, last) != (right[0], right[1] - 1),
        f"{asked} is frames {right[0]} to {right[1] - 1}: `last` is the frame *after* the last "
        "one, as in Python's ranges, so one more than yours.",
    )
    need((first, last) == right, f"{asked}: expected {right}, got {(first, last)}.")


@check
def in_two_splits(answer: Callable[[list, list], object]) -> str:
    """12: from the subject and the split of every clip to the set of people in several splits."""
    for seed in SEEDS:
        rng = numpy_generator("in_two_splits", seed)
        names = [f"p{i}" for i in rng.permutation(9)]
        of = dict(zip(names, ["train"] * 5 + ["validation"] * 2 + ["test"] * 2, strict=True))
        rows = [(name, part) for name, part in of.items() for _ in range(int(rng.integers(2, 5)))]
        extra = [(names[0], "test"), (names[1], "validation"), (names[5], "test")]
        rows += [extra[i] for i in rng.permutation(3)[: int(rng.integers(1, 4))]]
        rows = [rows[i] for i in rng.permutation(len(rows))]
        subjects, splits = ([row[i] for row in rows] for i in (0, 1))
        right = {name for name in names if len({p for n, p in rows if n == name}) > 1}
        found = answer(list(subjects), list(splits))
        need(
            isinstance(found, (set, frozenset)),
            f"expected a set of people, got {type(found).__name__}. Is the return missing?",
        )
        need(
            found != set(names),
            "everybody is in it. Who has several *clips* is no matter; several *splits* are.",
        )
        pairs = set(zip(subjects, splits, strict=True))
        trained = {n for n, p in pairs if p == "train"}
        only_test = trained & {n for n, p in pairs if p == "test"}
        need(
            found == right or found != only_test,
            f"{sorted(right - found)} are missing: validation is a split as well, and choosing on "
            "people who are trained with or tested is no better.",
        )
        need(found == right, f"expected {sorted(right)}, got {sorted(map(str, found))}.")
    need(answer(["a", "a", "b"], ["train", "train", "test"]) == set(), "nobody is in two here.")
    return "all people who are in more than one split, and nobody else."


HINTS: dict[str, tuple[str, str, str]] = {
    "frames_of": (
        "How many frames have passed after `start` seconds? It is seldom a whole number: why?",
        "Multiply by the rate and round to the nearest whole number, both ends. And what if both "
        "round to the same frame?",
        "first = round(start * rate); return first, max(first + 1, round(end * rate))",
    ),
    "in_two_splits": (
        "For each person: how many *different* splits are among the person's clips?",
        "Collect a set of splits for every person (a dict of sets, or a set of pairs), then keep "
        "the people whose set has more than one element.",
        "pairs = set(zip(subjects, splits)); people = [person for person, _ in pairs]; "
        "return {person for person in people if people.count(person) > 1}",
    ),
}
"""Exercise -> three hints, from a nudge to nearly the answer."""
