"""What every exercise owes, whatever it asks: stubs, stops, hints, names."""

import numpy as np
import pytest

import mmtlib.exercises
from mmtlib.core.errors import ConfigError
from mmtlib.exercises import HINTS, checks, hint
from mmtlib.exercises.exercise import EXERCISES, Exercise

LAST_HINTS = {
    "read_row": "row", "nearest_frames": "there, wanted", "covered": "depth, colour",
    "frames_of": "start, end, rate", "in_two_splits": "subjects, splits",
}  # fmt: skip
"""Exercises whose last hint is the whole answer -> its arguments."""


def unfinished(*args):
    raise NotImplementedError


@pytest.mark.parametrize("name", EXERCISES)
def test_a_stub_stays_a_stub_and_an_answer_that_stops_is_told_so(name):
    check = getattr(checks, name)
    with pytest.raises(NotImplementedError):
        check(unfinished)
    feedback = check(lambda *args: 1 / 0)
    assert "your code stopped with ZeroDivisionError" in str(feedback)
    assert "Not yet" in feedback._repr_html_()


@pytest.mark.parametrize("name", EXERCISES)
def test_three_growing_hints_and_a_word_on_what_is_asked(name):
    assert len(set(HINTS[name])) == 3
    assert getattr(checks, name).__doc__


@pytest.mark.parametrize("name", LAST_HINTS)
def test_the_last_hint_is_an_answer(name):
    names = {"np": np}
    exec(f"def answer({LAST_HINTS[name]}): {HINTS[name][2]}", names)
    assert getattr(checks, name)(names["answer"]).passed


def test_every_exercise_has_a_name_of_its_own():
    rooms = [getattr(mmtlib.exercises, f"notebook_{number:02d}") for number in range(13)]
    declared = [made for room in rooms for made in vars(room).values() if type(made) is Exercise]
    assert declared == list(EXERCISES.values()) == list(vars(checks).values())


def test_hint_prints_one_level(capsys):
    hint("softmax")
    hint("softmax", 3)
    first, third = capsys.readouterr().out.splitlines()
    assert first == f"Hint 1 of 3: {HINTS['softmax'][0]}"
    assert third == f"Hint 3 of 3: {HINTS['softmax'][2]}"


@pytest.mark.parametrize(("name", "level"), [("softmx", 1), ("softmax", 0), ("softmax", 4)])
def test_unknown_hint_is_a_clear_error(name, level):
    with pytest.raises(ConfigError, match=r"softmax|levels 1, 2 and 3"):
        hint(name, level)
