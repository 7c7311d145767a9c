"""Exercises of notebook 05: rows of a list, two cameras' clocks, views that fit roughly."""

from __future__ import annotations

import numpy as np

from mmtlib.exercises.exercise import Answer, Claims, Rng, exercise
from mmtlib.exercises.properties import mistaken, number, unchanged, whole_numbers


@exercise(
    "row.split() gives the parts; each has a name before its first colon.",
    "dict(part.split(':', 1) for part in row.split()) gives 'path', 'depth' and 'label'. The "
    "subject stands between 'subject' and '_r' in the path; label - 1 counts from 0.",
    "parts = dict(part.split(':', 1) for part in row.split()); first, last = "
    "map(int, parts['depth'].split(':')[1:]); subject = int(parts['path'].split('subject')[1]"
    ".split('_r')[0]); return subject, int(parts['label']) - 1, first, last",
    praise="the row's own label, from 0, and 80 frames.",
)
def read_row(answer: Answer, rng: Rng) -> Claims:
    """From a row of NVGesture's list to (subject, label, first, last) of the depth camera."""
    filed, label = (int(x) for x in rng.choice(np.arange(1, 26), 2, replace=False))
    subject, take = (int(x) for x in rng.choice(np.arange(1, 21), 2, replace=False))
    first = int(rng.integers(30, 200))
    ends, infrared = f"{first}:{first + 80}", f"{first + 20}:{first + 113}"
    row = (
        f"path:./Video_data/class_{filed:02d}/subject{subject}_r{take} depth:sk_depth:{ends} "
        f"color:sk_color:{ends} duo_left:duo_left:{infrared} label:{label} "
    )
    wanted = "four numbers (subject, label, first, last)"
    who, what, start, stop = whole_numbers(answer(row), 4, wanted, "int(...) makes one of text")
    yield {
        f"{take} says which recording of the subject it is (r); the person is {subject}.": (
            who != take
        ),
        f"the subject is {subject} in {row[:50]!r}, got {who}.": who == subject,
        f"{what} comes from the folder's name, class_{filed:02d}. The row's own label says "
        f"{label}, and the row is right.": what not in (filed, filed - 1),
        f"the row says label:{label}, counted from 1; classes are counted from 0 here.": (
            what != label
        ),
        f"expected the label {label - 1} for label:{label}, got {what}.": what == label - 1,
        "that is the span of the infrared camera (duo_left); depth has its own.": (
            start != first + 20
        ),
        "take the last number as it is: it is the frame after the last one, as in range().": (
            stop != first + 79
        ),
        f"expected the frames {first} and {first + 80} of depth:sk_depth:{ends}, got {start} "
        f"and {stop}.": (start, stop) == (first, first + 80),
    }


@exercise(
    "Both cameras film the same span. Where in it, from 0 to 1, is the middle of moment i?",
    "The middle of moment i is at (i + 1/2) / wanted. Times `there`, that is a place among the "
    "frames; the frame that lasts from j to j + 1 covers it.",
    "return ((np.arange(wanted) + 0.5) * there / wanted).astype(int)",
    praise="no moment is off by more than half a frame, at either end.",
    cases=[(93, 80), (80, 80), (94, 80), (35, 30), (80, 16), (16, 80)],
)
def nearest_frames(answer: Answer, rng: Rng, there: int, wanted: int) -> Claims:
    """Which of `there` frames is nearest to each of `wanted` moments of the same span."""
    case = f"for {there} frames and {wanted} moments"
    found = np.asarray(answer(there, wanted))
    yield {
        f"{case}: expected {wanted} frame numbers, got an array of shape {found.shape}.": (
            found.shape == (wanted,)
        ),
        f"{case}: a frame has a whole number, got {found.dtype}. Cut the fraction off.": (
            np.issubdtype(found.dtype, np.integer)
        ),
    }
    beyond = found.max() if found.max() >= there else found.min()
    late = (found + 0.5) / there - (np.arange(wanted) + 0.5) / wanted
    yield {
        f"{case}: frame {beyond} does not exist.": found.min() >= 0 and found.max() < there,
        f"{case}: the end of the gesture is cut off. You took neighbouring frames at the other "
        "camera's rate; spread them over the whole span.": wanted >= there or late[-1] > -0.05,
        f"{case}: moment {int(np.abs(late).argmax())} is off by {np.abs(late).max() * there:.2f} "
        "frames, and a nearer frame exists. Frame j lasts from j to j + 1, so compare middles: "
        "(i + 1/2) / wanted with (j + 1/2) / there.": np.abs(late).max() <= 0.5 / there + 1e-9,
    }


@exercise(
    "Make two pictures of true and false: where is hand, and where is colour?",
    "hand = depth > 16 and seen = colour.max(axis=-1) > 16. Which share of the true pixels of "
    "the first is true in the second?",
    "hand = depth > 16; seen = colour.max(axis=-1) > 16; return (hand & seen).sum() / hand.sum()",
    praise="silhouette pixels with colour, over all silhouette pixels.",
)
def covered(answer: Answer, rng: Rng) -> Claims:
    """How much of the hand's silhouette ``(T, H, W)`` falls on colour ``(T, H, W, 3)``."""
    hand = rng.random((4, 6, 7)) < rng.uniform(0.15, 0.35)
    hand[0] = hand[0] | (rng.random((6, 7)) < 0.5)
    seen = rng.random((4, 6, 7)) < rng.uniform(0.4, 0.9)
    depth = np.where(hand, rng.integers(60, 250, hand.shape), rng.integers(0, 17, hand.shape))
    colour = rng.integers(0, 17, (*hand.shape, 3))
    colour[seen, rng.integers(0, 3, seen.sum())] = rng.integers(30, 250, seen.sum())
    depth, colour = depth.astype(np.uint8), colour.astype(np.uint8)
    given = depth.copy(), colour.copy()
    found = number(answer(*given), "the share")
    unchanged(depth, given[0], "depth")
    unchanged(colour, given[1], "colour")
    both, size = hand & seen, hand.sum()
    right = both.sum() / size
    known = {
        "that divides by the coloured pixels: what share of them is hand. Divide by the "
        "pixels of the silhouette.": both.sum() / seen.sum(),
        "that divides by all pixels of the clip; divide by those of the silhouette.": both.mean(),
        "a pixel has colour if red, green or blue is above 16, not only if all three are.": (
            (hand & (colour > 16).all(axis=-1)).sum() / size
        ),
        "levels of 1 to 16 are left by the coding around edges and are no hand.": (
            seen[depth > 0].mean()
        ),
        "that is the mean of the frames' shares; count all frames together, so that a frame "
        "with little hand counts little.": (both.sum(axis=(1, 2)) / hand.sum(axis=(1, 2))).mean(),
        "that is the share which is NOT on colour.": 1 - right,
        f"of {size} silhouette pixels {both.sum()} have colour: {right:.3f}, got {found:.3f}.": (
            right
        ),
    }
    yield mistaken(found, known)
