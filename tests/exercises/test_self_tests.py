"""Reading and grading the self-tests, and the questions of the course themselves."""

import pytest

from mmtlib.core.errors import ConfigError, DataError
from mmtlib.exercises.self_tests import (
    HOW_MANY,
    Question,
    grade,
    load_questions,
    parse_questions,
    question_folder,
    questions_as_html,
    questions_as_text,
    score_sentence,
)

NAMES = sorted(f.name.removesuffix(".toml") for f in question_folder().iterdir())
each_file = pytest.mark.parametrize("name", NAMES)
ONE = '[[question]]\ntext = "2 + 2?"\nright = "b"\na = ["3", "too few"]\nb = ["4", "so it is"]\n'
FIVE = tuple(
    Question(f"{i} & 1?", ("<yes>", "no"), ("it is", "it is not"), i % 2) for i in range(5)
)


def file_of(fifth: str) -> str:
    return ONE * (HOW_MANY - 1) + fifth


def test_a_file_is_read():
    questions = parse_questions(file_of(ONE), "x.toml")
    assert questions == (Question("2 + 2?", ("3", "4"), ("too few", "so it is"), 1),) * 5


def test_line_breaks_in_a_text_do_not_matter():
    text = file_of(ONE.replace('"2 + 2?"', '"""\n2 +\n  2?"""'))
    assert parse_questions(text, "x.toml")[4].text == "2 + 2?"


@pytest.mark.parametrize(
    ("fifth", "said"),
    [
        ("[[question]\n", r"x\.toml is not valid TOML: .*line 21"),
        ("", r"x\.toml: expected 5 tables .* found 4 of them"),
        (ONE + ONE, "found 6 of them"),
        (ONE + '[notes]\nby = "me"', r"the keys \['notes', 'question'\]"),
        (
            ONE.replace('right = "b"', 'right = "c"'),
            "question 5: right should be one of a, b, found",
        ),
        (ONE.replace('right = "b"', ""), "question 5: right should be one of a, b, found None"),
        (
            ONE.replace("\na = ", "\nc = "),
            "question 5: expected text, right and two to five choices",
        ),
        (ONE.replace('a = ["3", "too few"]', ""), "question 5: expected text, right and two to"),
        (ONE + 'hint = "count"', "found text, right, a, b, hint"),
        (ONE.replace('["3", "too few"]', '"3"'), "question 5, choice a: expected .what is offered"),
        (ONE.replace('["3", "too few"]', '["3"]'), "choice a: expected .what is offered"),
        (ONE.replace('"too few"', '" "'), "choice a: expected some text, found ' '"),
        (ONE.replace('"3"', "3"), "choice a: expected some text, found 3"),
        (ONE.replace('"3"', '"4"'), "question 5: two choices are the same"),
        (ONE.replace('text = "2 + 2?"', ""), "question 5, text: expected some text, found None"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(fifth, said):
    with pytest.raises(DataError, match=said):
        parse_questions(file_of(fifth), "x.toml")


def test_questions_must_be_tables():
    with pytest.raises(DataError, match="question 1: expected a table, found 1"):
        parse_questions("question = [1, 2, 3, 4, 5]", "x.toml")


def test_an_unknown_notebook():
    with pytest.raises(ConfigError, match=r"Unknown self-test '00_quickstar'.*Did you mean"):
        load_questions("00_quickstar")


def test_grading():
    assert not grade(FIVE[0], 1).passed
    assert str(grade(FIVE[0], 0)) == "Right: it is"
    assert str(grade(FIVE[1], 0)) == "Not yet: it is"
    assert str(grade(FIVE[0], None)) == "Not yet: choose one of the answers first."


def test_the_score():
    assert score_sentence(FIVE, [None] * 5) == "0 of 5 answered, 0 right."
    assert score_sentence(FIVE, [0, 0, None, None, None]) == "2 of 5 answered, 1 right."
    assert score_sentence(FIVE, [0, 1, 0, 1, 1]) == "4 of 5 right."


def test_as_text():
    lines = questions_as_text(FIVE).splitlines()
    assert lines[:3] == ["1. 0 & 1?", "   a) <yes>", "   b) no"]
    assert lines[lines.index("Answers") + 2] == "2: b) it is not"


def test_as_html():
    page = questions_as_html(FIVE)
    assert page.count("<details>") == 5
    assert "0 &amp; 1?" in page
    assert "&lt;yes&gt;" in page
    assert "<yes>" not in page
    assert page.count("<b>Right.</b>") == 5  # said in a word, not by a colour


@each_file
def test_the_questions_of_a_notebook(name):
    questions = load_questions(name)
    assert len({q.text for q in questions}) == HOW_MANY
    for q in questions:
        assert len(set(q.why)) == len(q.why), q.text


@each_file
def test_nobody_passes_by_form_alone(name):
    """Neither one letter nor the longest choice is right every time."""
    questions = load_questions(name)
    places = [q.right for q in questions]
    assert max(places.count(place) for place in places) <= 2
    longest = [
        q.right == max(range(len(q.choices)), key=lambda i: len(q.choices[i])) for q in questions
    ]
    assert sum(longest) <= 3
