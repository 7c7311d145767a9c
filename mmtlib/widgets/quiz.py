"""The self-test at the end of a notebook: five questions to answer by mouse or keyboard."""

from __future__ import annotations

import html

import ipywidgets as widgets
from IPython.display import display

from mmtlib.exercises import self_tests
from mmtlib.exercises.self_tests import Question


class QuestionBox(widgets.VBox):
    """One question: its choices, a button, and what is said to the choice taken.

    Args:
        number: of the question, from 1.
        question: what to ask.

    Attributes:
        radio: the choices; none is taken at first. In JupyterLab Tab goes from one to the next and
            the space bar takes one; arrows belong to the notebook there.
        button: "Check answer"; only then the answer counts, so that a choice can be changed.
        said: the feedback, in words, announced by screen readers.
        chosen: index of the choice that was checked last, None before.
    """

    def __init__(self, number: int, question: Question) -> None:
        self.chosen: int | None = None
        self.question = question
        wide = widgets.Layout(width="auto", max_width="100%")
        text = widgets.HTML(f"<b>{number}.</b> {html.escape(question.text)}")
        self.radio = widgets.RadioButtons(
            options=[(choice, i) for i, choice in enumerate(question.choices)],
            index=None,
            layout=wide,
        )
        self.button = widgets.Button(
            description=f"Check answer {number}", layout=widgets.Layout(width="10em")
        )
        self.said = widgets.HTML()
        self.button.on_click(self._check)
        super().__init__([text, self.radio, self.button, self.said])

    def _check(self, _button: object = None) -> None:
        self.chosen = self.radio.index
        self.said.value = self_tests.grade(self.question, self.chosen)._repr_html_()


class SelfTest(widgets.VBox):
    """The questions of a notebook one below the other, and how many were right.

    Shown in a notebook, a folded text form follows it: for pages without a running kernel.

    Args:
        name: of the notebook.
        questions: what to ask.

    Attributes:
        boxes: one `QuestionBox` each.
        score: the sentence below them.
    """

    def __init__(self, name: str, questions: tuple[Question, ...]) -> None:
        self.name, self.questions = name, questions
        self.boxes = [QuestionBox(i, question) for i, question in enumerate(questions, 1)]
        self.score = widgets.HTML()
        for box in self.boxes:
            box.button.on_click(self._count)
        self._count()
        super().__init__([*self.boxes, self.score])

    def _count(self, _button: object = None) -> None:
        text = self_tests.score_sentence(self.questions, [box.chosen for box in self.boxes])
        self.score.value = f'<div role="status"><b>Self-test:</b> {html.escape(text)}</div>'

    def __str__(self) -> str:
        return self_tests.questions_as_text(self.questions)

    def _ipython_display_(self) -> None:
        # Two outputs: a page made of the notebook cannot run the first, and reads the second.
        display(self._repr_mimebundle_(), raw=True)
        folded = "<details><summary>The questions as text (no kernel needed)</summary>"
        display(
            {
                "text/html": f"{folded}{self_tests.questions_as_html(self.questions)}</details>",
                "text/plain": str(self),
            },
            raw=True,
        )


def self_test(name: str) -> SelfTest:
    """Return the self-test of a notebook, to be the last line of its last cell.

    Args:
        name: of the notebook, e.g. ``"00_quickstart"``; its questions are in
            ``mmtlib/exercises/questions/NAME.toml``.

    Raises:
        ConfigError: if no notebook of this name has questions.
        DataError: if the file of questions is not in order.
    """
    return SelfTest(name, self_tests.load_questions(name))
