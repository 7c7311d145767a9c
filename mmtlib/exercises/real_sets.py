"""Checks and hints of notebook 05: rows of a list, two cameras' clocks, views that fit roughly.

Every check tries the answer on inputs of several seeds. The first property that fails is named,
with the mistake that most often lies behind it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mmtlib.core.seeding import numpy_generator
from mmtlib.exercises.feedback import check
from mmtlib.exercises.properties import need, number

SEEDS = range(5)
BLACK = 16


@check
def read_row(answer: Callable[[str], object]) -> str:
    """05: from a row of NVGesture's list to (subject, label, first, last) of the depth camera."""
    for seed in SEEDS:
        rng = numpy_generator("read_row", seed)
        filed, label = (int(x) for x in rng.choice(np.arange(1, 26), 2, replace=False))
        subject, take = (int(x) for x in rng.choice(np.arange(1, 21), 2, replace=False))
        first = int(rng.integers(30, 200))
        ends, infrared = f"{first}:{first + 80}", f"{first + 20}:{first + 113}"
        row = (
            f"path:./Video_data/class_{filed:02d}/subject{subject}_r{take} depth:sk_depth:{ends} "
            f"color:sk_color:{ends} duo_left:duo_left:{infrared} label:{label} "
        )
        found = answer(row)
        need(
            isinstance(found, (tuple, list)) and len(found) == 4,
            f"expected four numbers (subject, label, first, last), got {found!r}.",
        )
        need(
            all(isinstance(x, (int, np.integer)) for x in found),
            f"expected whole numbers, got {found!r}; int(...) makes one of text.",
        )
        who, what, start, stop = (int(x) for x in found)
        need(
            who != take,
            f"{take} says which recording of the subject it is (r); the person is {subject}.",
        )
        need(who == subject, f"the subject is {subject} in {row[:50]!r}, got {who}.")
        need(
            what not in (filed, filed - 1),
            f"{what} comes from the folder's name, class_{filed:02d}. The row's own label says "
            f"{label}, and the row is right.",
        )
        need(
            what != label,
            f"the row says label:{label}, counted from 1; classes are counted from 0 here.",
        )
        need(what == label - 1, f"expected the label {label - 1} for label:{label}, got {what}.")
        need(
            start != first + 20,
            "that is the span of the infrared camera (duo_left); depth has its own.",
        )
        need(
            stop != first + 79,
            "take the last number as it is: it is the frame after the last one, as in range().",
        )
        need(
            (start, stop) == (first, first + 80),
            f"expected the frames {first} and {first + 80} of depth:sk_depth:{ends}, got {start} "
            f"and {stop}.",
        )
    return "the row's own label, from 0, and 80 frames."


@check
def nearest_frames(answer: Callable[[int, int], object]) -> str:
    """05: which of `there` frames is nearest to each of `wanted` moments of the same span."""
    for there, wanted in ((93, 80), (80, 80), (94, 80), (35, 30), (80, 16), (16, 80)):
        case = f"for {there} frames and {wanted} moments"
        found = np.asarray(answer(there, wanted))
        need(
            found.shape == (wanted,),
            f"{case}: expected {wanted} frame numbers, got an array of shape {found.shape}.",
        )
        need(
            np.issubdtype(found.dtype, np.integer),
            f"{case}: a frame has a whole number, got {found.dtype}. Cut the fraction off.",
        )
        need(
            found.min() >= 0 and found.max() < there,
            f"{case}: frame {found.max() if found.max() >= there else found.min()} does not exist.",
        )
        late = (found + 0.5) / there - (np.arange(wanted) + 0.5) / wanted
        need(
            wanted >= there or late[-1] > -0.05,
            f"{case}: the end of the gesture is cut off. You took neighbouring frames at the "
            "other camera's rate; spread them over the whole span.",
        )
        need(
            np.abs(late).max() <= 0.5 / there + 1e-9,
            f"{case}: moment {int(np.abs(late).argmax())} is off by "
            f"{np.abs(late).max() * there:.2f} frames, and a nearer frame exists. Frame j lasts "
            "from j to j + 1, so compare middles: (i + 1/2) / wanted with (j + 1/2) / there.",
        )
    return "no moment is off by more than half a frame, at either end."


@check
def covered(answer: Callable[[np.ndarray, np.ndarray], float]) -> str:
    """05: how much of the hand's silhouette ``(T, H, W)`` falls on colour ``(T, H, W, 3)``."""
    for seed in SEEDS:
        rng = numpy_generator("covered", seed)
        hand = rng.random((4, 6, 7)) < rng.uniform(0.15, 0.35)
        hand[0] = hand[0] | (rng.random((6, 7)) < 0.5)
        seen = rng.random((4, 6, 7)) < rng.uniform(0.4, 0.9)
        depth = np.where(hand, rng.integers(60, 250, hand.shape), rng.integers(0, 17, hand.shape))
        colour = rng.integers(0, 17, (*hand.shape, 3))
        colour[seen, rng.integers(0, 3, seen.sum())] = rng.integers(30, 250, seen.sum())
        depth, colour = depth.astype(np.uint8), colour.astype(np.uint8)
        given = depth.copy(), colour.copy()
        found = number(_plain(answer(*given)), "the share")
        need(
            np.array_equal(given[0], depth) and np.array_equal(given[1], colour),
            "your code changed its input; work on a copy.",
        )
        right = (hand & seen).sum() / hand.sum()
        each = (hand & seen).sum(axis=(1, 2)) / hand.sum(axis=(1, 2))
        speckled, all_three = depth > 0, (colour > BLACK).all(axis=-1)
        known = {
            "that divides by the coloured pixels: what share of them is hand. Divide by the "
            "pixels of the silhouette.": (hand & seen).sum() / seen.sum(),
            "that divides by all pixels of the clip; divide by those of the silhouette.": (
                (hand & seen).mean()
            ),
            "a pixel has colour if red, green or blue is above 16, not only if all three are.": (
                hand & all_three
            ).sum()
            / hand.sum(),
            "levels of 1 to 16 are left by the coding around edges and are no hand.": (
                (speckled & seen).sum() / speckled.sum()
            ),
            "that is the mean of the frames' shares; count all frames together, so that a frame "
            "with little hand counts little.": each.mean(),
            "that is the share which is NOT on colour.": 1 - right,
        }
        for message, value in known.items():
            need(not np.isclose(found, value) or np.isclose(value, right), message)
        need(
            np.isclose(found, right),
            f"of {hand.sum()} silhouette pixels {(hand & seen).sum()} have colour: {right:.3f}, "
            f"got {found:.3f}.",
        )
    return "silhouette pixels with colour, over all silhouette pixels."


HINTS: dict[str, tuple[str, str, str]] = {
    "read_row": (
        "row.split() gives the parts; each has a name before its first colon.",
        "dict(part.split(':', 1) for part in row.split()) gives 'path', 'depth' and 'label'. The "
        "subject stands between 'subject' and '_r' in the path; label - 1 counts from 0.",
        "parts = dict(part.split(':', 1) for part in row.split()); first, last = "
        "map(int, parts['depth'].split(':')[1:]); subject = int(parts['path'].split('subject')[1]"
        ".split('_r')[0]); return subject, int(parts['label']) - 1, first, last",
    ),
    "nearest_frames": (
        "Both cameras film the same span. Where in it, from 0 to 1, is the middle of moment i?",
        "The middle of moment i is at (i + 1/2) / wanted. Times `there`, that is a place among the "
        "frames; the frame that lasts from j to j + 1 covers it.",
        "return ((np.arange(wanted) + 0.5) * there / wanted).astype(int)",
    ),
    "covered": (
        "Make two pictures of true and false: where is hand, and where is colour?",
        "hand = depth > 16 and seen = colour.max(axis=-1) > 16. Which share of the true pixels of "
        "the first is true in the second?",
        "hand = depth > 16; seen = colour.max(axis=-1) > 16; "
        "return (hand & seen).sum() / hand.sum()",
    ),
}
"""Exercise -> three hints, from a nudge to nearly the answer."""


def _plain(found: object) -> object:
    """Return a numpy number as Python's."""
    return found.item() if isinstance(found, np.generic) else found
