"""The self-tests at the end of the notebooks: five questions each, read from a file and graded.

The questions of notebook ``NN_name`` are in ``questions/NN_name.toml``, five tables like this one::

    [[question]]
    text = "What is chance for 25 balanced classes?"
    right = "b"
    a = ["25 %", "One in 25 is another number."]
    b = ["4 %", "Any class is right for one clip in 25."]

The letters are the choices, two to five of them from ``a`` on; each has what is offered and the
sentence that is said to whoever takes it: why it is right, or what it mixes up. Plain text.
"""

from __future__ import annotations

import html
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

from mmtlib.core.errors import DataError, unknown_name
from mmtlib.exercises.exercise import Feedback

LETTERS = "abcde"
HOW_MANY = 5
"""Questions of a self-test."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a self-test.

    Attributes:
        text: what is asked.
        choices: what is offered.
        why: per choice, what is said to whoever takes it.
        right: index of the right choice.
    """

    text: str
    choices: tuple[str, ...]
    why: tuple[str, ...]
    right: int


def question_folder() -> Traversable:
    """Return the folder of the package that holds the questions of every notebook."""
    return files("mmtlib.exercises") / "questions"


def load_questions(name: str) -> tuple[Question, ...]:
    """Return the questions of a notebook.

    Args:
        name: of the notebook, without ending, e.g. ``"00_quickstart"``.

    Raises:
        ConfigError: if no notebook of this name has questions.
        DataError: if its file is not as described above; names the file and the question.
    """
    known = [f.name.removesuffix(".toml") for f in question_folder().iterdir()]
    if name not in known:
        raise unknown_name("self-test", name, known)
    file = question_folder() / f"{name}.toml"
    return parse_questions(file.read_text(encoding="utf-8"), file.name)


def parse_questions(text: str, source: str) -> tuple[Question, ...]:
    """Return the questions in the text of a question file.

    Args:
        text: TOML, as described above.
        source: name of the file, for errors.

    Raises:
        DataError: if something is missing, empty, unknown or of the wrong kind.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{source} is not valid TOML: {error}.") from None
    tables = content.get("question")
    if set(content) != {"question"} or not isinstance(tables, list) or len(tables) != HOW_MANY:
        raise DataError(
            f"{source}: expected {HOW_MANY} tables [[question]] and nothing else, found "
            f"{len(tables) if isinstance(tables, list) else 0} of them and the keys "
            f"{sorted(content)}."
        )
    return tuple(_question(table, f"{source}, question {i}") for i, table in enumerate(tables, 1))


def _question(table: object, where: str) -> Question:
    if not isinstance(table, dict):
        raise DataError(f"{where}: expected a table, found {table!r}.")
    letters = [key for key in table if key not in ("text", "right")]
    if letters != list(LETTERS[: len(letters)]) or len(letters) < 2:
        raise DataError(
            f"{where}: expected text, right and two to five choices a, b, c, ... in that order, "
            f"found {', '.join(table)}."
        )
    if table.get("right") not in letters:
        raise DataError(
            f"{where}: right should be one of {', '.join(letters)}, found {table.get('right')!r}."
        )
    pairs = [_pair(table[letter], f"{where}, choice {letter}") for letter in letters]
    choices, why = zip(*pairs, strict=True)
    if len(set(choices)) < len(choices):
        raise DataError(f"{where}: two choices are the same.")
    text = _sentence(table.get("text"), f"{where}, text")
    return Question(text, choices, why, letters.index(table["right"]))


def _pair(value: object, where: str) -> tuple[str, str]:
    if not isinstance(value, list) or len(value) != 2:
        raise DataError(
            f"{where}: expected [what is offered, what is said to it], found {value!r}."
        )
    offered, said = value
    return _sentence(offered, where), _sentence(said, where)


def _sentence(value: object, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise DataError(f"{where}: expected some text, found {value!r}.")
    return " ".join(value.split())


def grade(question: Question, chosen: int | None) -> Feedback:
    """Return the answer to one answer.

    Args:
        question: the question.
        chosen: index of the choice taken, None for none.
    """
    if chosen is None:
        return Feedback(False, "choose one of the answers first.")
    return Feedback(chosen == question.right, question.why[chosen])


def score_sentence(questions: Sequence[Question], chosen: Sequence[int | None]) -> str:
    """Return how many questions were answered, and how many of them rightly.

    Args:
        questions: the questions of a self-test.
        chosen: per question the index of the choice taken, None for none yet.
    """
    right = sum(c == q.right for q, c in zip(questions, chosen, strict=True))
    answered = sum(c is not None for c in chosen)
    if answered < len(questions):
        return f"{answered} of {len(questions)} answered, {right} right."
    return f"{right} of {len(questions)} right."


def questions_as_text(questions: Sequence[Question]) -> str:
    """Return the questions as plain text, the answers with their reasons after all of them."""
    asked, answers = [], []
    for number, question in enumerate(questions, 1):
        asked.append(f"{number}. {question.text}")
        asked += [f"   {x}) {c}" for x, c in zip(LETTERS, question.choices, strict=False)]
        answers.append(f"{number}: {LETTERS[question.right]}) {question.why[question.right]}")
    return "\n".join([*asked, "", "Answers", *answers])


def questions_as_html(questions: Sequence[Question]) -> str:
    """Return the questions as HTML that works without a kernel: each answer unfolds by itself."""
    items = ""
    for number, question in enumerate(questions, 1):
        choices = "".join(f"<li>{html.escape(choice)}</li>" for choice in question.choices)
        said = "".join(
            f"<li>{'<b>Right.</b>' if i == question.right else 'Not this one.'} "
            f"{html.escape(why)}</li>"
            for i, why in enumerate(question.why)
        )
        items += (
            f'<li style="margin-bottom:.8em">{html.escape(question.text)}<ol type="a">{choices}'
            f'</ol><details><summary>Answer {number}</summary><ol type="a">{said}</ol>'
            "</details></li>"
        )
    return f"<ol>{items}</ol>"
