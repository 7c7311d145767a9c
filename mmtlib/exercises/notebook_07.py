"""Exercises of notebook 07 (negative transfer): what was lost, and how sure one can be."""

from __future__ import annotations

from mmtlib.exercises.exercise import Answer, Claims, Rng, exercise
from mmtlib.exercises.properties import mistaken, number, two_numbers


@exercise(
    "Both arguments are arrays of true and false, one value per clip. Four kinds of clips; "
    "which two of them differ between the networks?",
    "together & ~alone is true for the repaired clips. The mean of an array of true and false "
    "is the share of true.",
    "return (together & ~alone).mean(), (alone & ~together).mean()",
    praise="their difference is the gain, and only both of them tell what was lost.",
)
def repaired_and_broken(answer: Answer, rng: Rng) -> Claims:
    """What share of the clips only the one trained together recognises, and only the other."""
    alone, together = rng.random(40) < 0.6, rng.random(40) < 0.8
    found = two_numbers(answer(alone.copy(), together.copy()), "(repaired, broken)")
    repaired, broken = (together & ~alone).sum(), (alone & ~together).sum()
    gain = together.mean() - alone.mean()
    known = {
        "the two are the wrong way round: repaired is what the network recognises that was "
        "trained together, and the one trained alone does not.": (broken / 40, repaired / 40),
        "these are numbers of clips; divide by the number of all clips.": (repaired, broken),
        "these are the two accuracies. A clip that both recognise is neither repaired nor "
        "broken.": (together.mean(), alone.mean()),
        "both have all clips below the line, so that their difference is "
        "the gain; you divided by the clips that one of the networks got "
        "wrong or right.": (repaired / (~alone).sum(), broken / alone.sum()),
        "a mean gain hides what was lost: give both shares, not their difference.": (
            (max(gain, 0.0), max(-gain, 0.0))
        ),
        "expected the share of all clips that are right together and wrong alone, then the "
        "share that are wrong together and right alone.": (repaired / 40, broken / 40),
    }
    yield mistaken(found, known)


@exercise(
    "How likely is it that one interval at 95 % misses the truth? And that it misses it on "
    "this side?",
    "side = (1 - confidence) / 2. None of n independent intervals lies below 0 with the "
    "chance (1 - side) ** n.",
    "return 1 - (1 - (1 - confidence) / 2) ** n",
    praise="with enough intervals a false alarm is nearly sure, so count them before you believe.",
    cases=[(24, 0.95), (12, 0.9), (50, 0.99), (1, 0.95)],
)
def false_alarms(answer: Answer, rng: Rng, n: int, confidence: float) -> Claims:
    """How likely one of n intervals lies below 0 although nothing was lost or gained."""
    found, side = number(answer(n, confidence), "a probability"), (1 - confidence) / 2
    said = f"for {n} intervals at {confidence:.0%}"
    yield {
        f"{said} you gave {found:.3g}, and a probability is between 0 and 1. The expected "
        "number of false alarms, n times the chance of each, may be above 1.": 0 <= found <= 1
    }
    known = {
        f"{said} you counted both sides: of the intervals that miss 0, half lie above it. "
        "Only those below it say that something was lost.": 1 - confidence**n,
        f"{said} this is the chance that none of them lies below 0; the question is about "
        "at least one.": (1 - side) ** n,
        f"{said} this is the chance that all of them lie below 0.": side**n,
        f"{said} this is the expected number of false alarms; the chance of at least one "
        "is less, as several may come together.": n * side,
        f"{said} this is the chance for a single interval.": side,
        f"{said} expected one minus the chance that none of them lies below 0.": (
            1 - (1 - side) ** n
        ),
    }
    yield mistaken(found, known)
