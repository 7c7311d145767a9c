"""Notebook 12: right answers pass, each known mistake is named."""

import math

from support.exercise_tests import ExerciseTests


def right_frames(start, end, rate):
    first = round(start * rate)
    return first, max(first + 1, round(end * rate))


def cut_off(start, end, rate):
    first = int(start * rate)
    return first, max(first + 1, int(end * rate))


def right_people(subjects, splits):
    pairs = set(zip(subjects, splits, strict=True))
    people = [person for person, _ in pairs]
    return {person for person in people if people.count(person) > 1}


def train_against_test(subjects, splits):
    pairs = set(zip(subjects, splits, strict=True))
    trained, tested = ({n for n, p in pairs if p == part} for part in ("train", "test"))
    return trained & tested


def several_clips(subjects, splits):
    return {person for person in subjects if subjects.count(person) > 1}


RIGHT = {
    "frames_of": [right_frames],
    "in_two_splits": [right_people],
}

WRONG = [
    ("frames_of", cut_off, "int(...) cuts it"),
    ("frames_of", lambda s, e, r: (round(s * r), round(e * r)), "A mark so short is one frame"),
    ("frames_of", lambda s, e, r: (round(s * r), round(e * r) - 1), "the frame *after* the"),
    ("frames_of", lambda s, e, r: (s * r, e * r), "expected whole numbers"),
    ("frames_of", lambda s, e, r: None, "expected two numbers (first, last), got None"),
    ("frames_of", lambda s, e, r: (math.ceil(s * r), math.ceil(e * r) + 1), "expected ("),
    ("in_two_splits", train_against_test, "validation is a split as well"),
    ("in_two_splits", several_clips, "everybody is in it"),
    ("in_two_splits", lambda a, b: sorted(right_people(a, b)), "expected a set of people"),
    ("in_two_splits", lambda a, b: None, "got NoneType. Is the return missing?"),
    ("in_two_splits", lambda a, b: set(b), "expected ['p"),
    (
        "in_two_splits",
        lambda a, b: right_people(a, b) or {"nobody"},
        "nobody is in two here",
    ),
]


class TestNotebook12(ExerciseTests):
    notebook, right, wrong = "12", RIGHT, WRONG
