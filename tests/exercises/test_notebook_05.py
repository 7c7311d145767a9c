"""Notebook 05: right answers pass, each known mistake is named."""

import numpy as np
from support.exercise_tests import ExerciseTests


def parts_of(row):
    return dict(part.split(":", 1) for part in row.split())


def right_row(row, sensor="depth"):
    parts = parts_of(row)
    first, last = map(int, parts[sensor].split(":")[1:])
    subject = int(parts["path"].split("subject")[1].split("_r")[0])
    return subject, int(parts["label"]) - 1, first, last


def row_by_folder(row):
    subject, _, first, last = right_row(row)
    return subject, int(parts_of(row)["path"].split("class_")[1][:2]) - 1, first, last


def changed_row(place, change):
    def answer(row):
        found = list(right_row(row))
        found[place] = change(found[place], row)
        return found

    return answer


def right_nearest(there, wanted):
    return ((np.arange(wanted) + 0.5) * there / wanted).astype(int)


def right_covered(depth, colour):
    hand, seen = depth > 16, colour.max(axis=-1) > 16
    return (hand & seen).sum() / hand.sum()


def covered_in_place(depth, colour):
    depth[depth <= 16] = 0
    return right_covered(depth, colour)


def masks(depth, colour):
    return depth > 16, colour.max(axis=-1) > 16


RIGHT = {
    "read_row": [right_row],
    "nearest_frames": [right_nearest],
    "covered": [right_covered],
}

WRONG = [
    ("read_row", lambda row: None, "expected four numbers"),
    ("read_row", lambda row: right_row(row)[:3], "expected four numbers"),
    ("read_row", lambda row: tuple(map(str, right_row(row))), "expected whole numbers"),
    ("read_row", row_by_folder, "comes from the folder's name"),
    ("read_row", changed_row(1, lambda x, row: x + 1), "counted from 1"),
    ("read_row", changed_row(1, lambda x, row: -1), "expected the label"),
    ("read_row", changed_row(0, lambda x, row: int(row.split("_r")[1].split()[0])), "recording"),
    ("read_row", changed_row(0, lambda x, row: 99), "the subject is"),
    ("read_row", lambda row: right_row(row, "duo_left"), "infrared camera"),
    ("read_row", changed_row(3, lambda x, row: x - 1), "the frame after the last one"),
    ("read_row", changed_row(2, lambda x, row: x + 1), "expected the frames"),
    ("nearest_frames", lambda there, wanted: None, "frame numbers"),
    ("nearest_frames", lambda there, wanted: np.arange(there), "expected 80 frame numbers"),
    ("nearest_frames", lambda there, wanted: np.arange(wanted) * there / wanted, "whole number"),
    ("nearest_frames", lambda there, wanted: np.arange(wanted), "the end of the gesture"),
    ("nearest_frames", lambda there, wanted: np.arange(wanted) + there, "does not exist"),
    (
        "nearest_frames",
        lambda there, wanted: np.linspace(0, there - 1, wanted).astype(int),
        "compare middles",
    ),
    (
        "nearest_frames",
        lambda there, wanted: (np.arange(wanted) * there / wanted).astype(int),
        "is off by",
    ),
    (
        "nearest_frames",
        lambda there, wanted: right_nearest(there, wanted) if wanted < there else np.zeros(80, int),
        "a nearer frame exists",
    ),
    ("covered", covered_in_place, "changed its input"),
    ("covered", lambda d, c: 1 - right_covered(d, c), "NOT on colour"),
    ("covered", lambda d, c: (masks(d, c)[0] & masks(d, c)[1]).mean(), "by all pixels"),
    (
        "covered",
        lambda d, c: (masks(d, c)[0] & masks(d, c)[1]).sum() / masks(d, c)[1].sum(),
        "by the coloured pixels",
    ),
    (
        "covered",
        lambda d, c: ((d > 16) & (c > 16).all(axis=-1)).sum() / (d > 16).sum(),
        "not only if all three",
    ),
    ("covered", lambda d, c: right_covered(d.astype(int) + 16 * (d > 0), c), "left by the coding"),
    (
        "covered",
        lambda d, c: np.mean([right_covered(x, y) for x, y in zip(d, c, strict=True)]),
        "count all frames together",
    ),
    ("covered", lambda d, c: 0.5, "silhouette pixels"),
    ("covered", lambda d, c: None, "as a number"),
]


class TestNotebook05(ExerciseTests):
    notebook, right, wrong = "05", RIGHT, WRONG
