import pytest

pytest.importorskip("ipywidgets")
import ipywidgets as widgets
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from mmtlib.core.errors import ConfigError
from mmtlib.exercises.self_tests import load_questions
from mmtlib.widgets import self_test

NAME = "00_quickstart"


@pytest.fixture
def test_of_00():
    return self_test(NAME)


def answer(box, choice):
    box.radio.index = choice
    box.button.click()


def test_at_first_nothing_is_chosen_or_said(test_of_00):
    assert [box.radio.index for box in test_of_00.boxes] == [None] * 5
    assert not any(box.said.value for box in test_of_00.boxes)
    assert "0 of 5 answered, 0 right." in test_of_00.score.value


def test_choosing_alone_says_nothing(test_of_00):
    box = test_of_00.boxes[0]
    box.radio.index = box.question.right
    assert not box.said.value
    assert "0 of 5 answered" in test_of_00.score.value


def test_right_and_wrong_are_said_in_words_and_counted(test_of_00):
    box = test_of_00.boxes[0]
    wrong = (box.question.right + 1) % len(box.question.choices)
    answer(box, wrong)
    assert "Not yet." in box.said.value
    assert 'role="status"' in box.said.value
    assert "1 of 5 answered, 0 right." in test_of_00.score.value
    answer(box, box.question.right)
    assert "Right." in box.said.value
    assert "1 of 5 answered, 1 right." in test_of_00.score.value


def test_checking_without_a_choice_is_no_answer(test_of_00):
    test_of_00.boxes[2].button.click()
    assert "choose one of the answers first" in test_of_00.boxes[2].said.value
    assert "0 of 5 answered" in test_of_00.score.value


def test_all_right(test_of_00):
    for box in test_of_00.boxes:
        answer(box, box.question.right)
    assert "5 of 5 right." in test_of_00.score.value


def test_everything_is_a_control_that_the_keyboard_reaches(test_of_00):
    for i, box in enumerate(test_of_00.boxes, 1):
        assert isinstance(box.radio, widgets.RadioButtons)
        assert isinstance(box.button, widgets.Button)
        assert box.button.description == f"Check answer {i}"
        assert [text for text, _ in box.radio.options] == list(box.question.choices)


def test_shown_as_a_widget_and_as_text(test_of_00):
    InteractiveShell.instance()
    with capture_output() as captured:
        test_of_00._ipython_display_()
    live, text = (output.data for output in captured.outputs)
    assert "application/vnd.jupyter.widget-view+json" in live
    assert set(text) == {"text/html", "text/plain"}
    assert text["text/html"].startswith("<details><summary>The questions as text")
    for question in load_questions(NAME):
        assert question.text in text["text/plain"]
        assert question.why[question.right] in text["text/plain"]
    assert str(test_of_00) == text["text/plain"]


def test_an_unknown_notebook():
    with pytest.raises(ConfigError, match="Unknown self-test"):
        self_test("quickstart")
