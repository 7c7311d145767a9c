"""Exercises of notebook 12: from seconds to frames, and people who are on two sides."""

from __future__ import annotations

import numpy as np

from mmtlib.exercises.exercise import Answer, Claims, Rng, exercise
from mmtlib.exercises.properties import unexpected, whole_numbers


@exercise(
    "How many frames have passed after `start` seconds? It is seldom a whole number: why?",
    "Multiply by the rate and round to the nearest whole number, both ends. And what if both "
    "round to the same frame?",
    "first = round(start * rate); return first, max(first + 1, round(end * rate))",
    praise="the nearest frames, the end excluded, and never an empty clip.",
    cases=[(15.0,), (24.0,), (25.0,), (29.97,), (30.0,)],
)
def frames_of(answer: Answer, rng: Rng, rate: float) -> Claims:
    """From start and end in seconds and frames per second to (first, last) frames."""
    frames = rng.integers(0, 900, (5, 1)) + np.stack([np.zeros(5), rng.integers(2, 90, 5)], axis=1)
    # As people write it: rounded to hundredths of a second, now a little early, now late.
    for start, end in [(2.0, 5.0), *np.round(frames / rate, 2).tolist(), (2.0, 2.001)]:
        first = round(start * rate)
        last = max(first + 1, round(end * rate))
        asked = f"{start:g} s to {end:g} s at {rate:g} frames a second"
        answered = answer(start, end, rate)
        found = whole_numbers(answered, 2, "two numbers (first, last)", "round(...) makes one")
        cut = [int(start * rate), max(int(start * rate) + 1, int(end * rate))]
        of, nearest = (start, first) if found[0] != first else (end, last)
        yield {
            f"{asked} gave frames {found[0]} to {found[1]}: nothing to see. A mark so short is "
            "one frame.": found[1] > found[0],
            f"{asked}: {of:g} * {rate:g} = {of * rate:.3f}, which is nearly "
            f"frame {nearest}, and int(...) cuts it to {int(of * rate)}. Round "
            "to the nearest frame.": found == [first, last] or found != cut,
            f"{asked} is frames {first} to {last - 1}: `last` is the frame *after* the last "
            "one, as in Python's ranges, so one more than yours.": found != [first, last - 1],
            f"{asked}: expected {(first, last)}, got {tuple(found)}.": found == [first, last],
        }


@exercise(
    "For each person: how many *different* splits are among the person's clips?",
    "Collect a set of splits for every person (a dict of sets, or a set of pairs), then keep "
    "the people whose set has more than one element.",
    "pairs = set(zip(subjects, splits)); people = [person for person, _ in pairs]; "
    "return {person for person in people if people.count(person) > 1}",
    praise="all people who are in more than one split, and nobody else.",
)
def in_two_splits(answer: Answer, rng: Rng) -> Claims:
    """From the subject and the split of every clip to the set of people in several splits."""
    names = [f"p{i}" for i in rng.permutation(9)]
    of = dict(zip(names, ["train"] * 5 + ["validation"] * 2 + ["test"] * 2, strict=True))
    rows = [(name, part) for name, part in of.items() for _ in range(int(rng.integers(2, 5)))]
    extra = [(names[0], "test"), (names[1], "validation"), (names[5], "test")]
    added = [extra[i] for i in rng.permutation(3)[: int(rng.integers(1, 4))]]
    rows = [(rows + added)[i] for i in rng.permutation(len(rows + added))]
    subjects, splits = ([row[i] for row in rows] for i in (0, 1))
    found = answer(list(subjects), list(splits))
    if not isinstance(found, (set, frozenset)):
        raise unexpected("a set of people", found)
    right = {name for name, _ in added}
    trained, tested = ({n for n, p in rows if p == part} for part in ("train", "test"))
    yield {
        "everybody is in it. Who has several *clips* is no matter; several *splits* are.": (
            found != set(names)
        ),
        f"{sorted(right - found)} are missing: validation is a split as "
        "well, and choosing on people who are trained with or tested "
        "is no better.": found == right or found != trained & tested,
        f"expected {sorted(right)}, got {sorted(map(str, found))}.": found == right,
        "nobody is in two here.": answer(["a", "a", "b"], ["train", "train", "test"]) == set(),
    }
