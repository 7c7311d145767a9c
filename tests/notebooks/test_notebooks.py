"""The course: every notebook keeps to the template, equals its pair, and runs in fast mode."""

import ast
import html
import os
import re

import nbformat
import pytest
from jupytext.compare import compare_notebooks
from support.alternatives import pictures_without_text
from support.rehearsal import exercises, rehearsal, tags
from support.tiny_runs import use_fresh_cache

from mmtlib.course import (
    complaints,
    execute,
    for_audience,
    notebook_sources,
    paired_notebook,
    read_source,
    time_limit_s,
)
from mmtlib.course.page import equations_to_mathml
from mmtlib.exercises import HINTS, checks
from mmtlib.exercises.self_tests import load_questions, question_folder

SOURCES = notebook_sources()
each_notebook = pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)

CELLS, WORDS, CODE_LINES, CELL_LINES, SETUP_LINES, FIGURES = (25, 40), (1200, 2000), 120, 15, 8, 5
FORBIDDEN = ("class ", "sys.path", "urllib", "requests", "wget", "curl ", "http://", "https://")


def lines(cell):
    return [line for line in cell.source.splitlines() if line.strip()]


def parts(source):
    """Return all cells, the markdown cells and the code cells of a notebook."""
    cells = read_source(source).cells
    kinds = [[c for c in cells if c.cell_type == kind] for kind in ("markdown", "code")]
    return cells, *kinds


def makes_figure(cell):
    return cell.cell_type == "code" and bool(re.search(r"\bfigures\.\w+\(", cell.source))


def test_there_is_a_course():
    assert [s.stem[:2] for s in SOURCES] == [f"{i:02d}" for i in range(13)]


@each_notebook
def test_first_cell_says_what_to_expect(source):
    title, *rest = parts(source)[0][0].source.splitlines()
    text = " ".join(rest).lower()
    assert re.match(rf"# {source.stem[:2]} \S", title)
    assert "?" in title + text
    for part in ("question", "prerequisites", "able to|you can", "minute", "2-core"):
        assert re.search(part, text), part


@each_notebook
def test_header_states_a_limit_of_time(source):
    longest_s = 180 if source.stem < "05" else 90
    assert 0 < time_limit_s(read_source(source)) <= longest_s


@each_notebook
def test_equation_and_closing_parts_are_there(source):
    text = "\n".join(cell.source for cell in parts(source)[1])
    assert "$$" in text
    for part in ("predict before you", "pitfalls", "summary", "sources", "next"):
        assert part in text.lower()


@each_notebook
def test_equations_are_known_to_the_pages_of_the_site(source):
    for cell in parts(source)[1]:
        for equation in re.findall(r"<math.*?</math>", equations_to_mathml(cell.source), re.DOTALL):
            left = re.findall(r"\\\w+", re.sub(r"<[^>]*>", "", html.unescape(equation)))
            assert not left, f"{left} in {cell.source}"


@each_notebook
def test_is_thin(source):
    cells, markdown, code = parts(source)
    words = sum(len(cell.source.split()) for cell in markdown)
    assert CELLS[0] <= len(cells) <= CELLS[1]
    assert WORDS[0] <= words <= WORDS[1]
    assert sum(len(lines(cell)) for cell in code) <= CODE_LINES
    assert max(len(lines(cell)) for cell in code) <= CELL_LINES
    assert len(lines(code[0])) <= SETUP_LINES
    assert "import mmtlib" in code[0].source or "from mmtlib" in code[0].source


@each_notebook
def test_holds_no_logic_of_its_own(source):
    for cell in parts(source)[2]:
        found = [word for word in FORBIDDEN if word in cell.source]
        assert not found, cell.source
        if not {"exercise", "solution"} & set(tags(cell)):
            assert not re.search(r"^\s*(async )?def ", cell.source, re.MULTILINE), cell.source


@each_notebook
def test_figures_are_few_and_explained(source):
    cells = parts(source)[0]
    drawn = [i for i, cell in enumerate(cells) if makes_figure(cell)]
    assert len(drawn) <= FIGURES
    for i in drawn:
        assert cells[i + 1].cell_type == "markdown", cells[i].source
        assert "what to see" in cells[i + 1].source.lower(), cells[i].source


@each_notebook
def test_exercises_have_stub_hint_solution_and_check(source):
    cells = parts(source)[0]
    found = exercises(cells)
    assert 2 <= len(found) <= 3
    for stub, text, solution, check in found:
        name = re.fullmatch(r"checks\.(\w+)\(\1\)", lines(check)[-1])[1]
        assert callable(getattr(checks, name))
        assert "raise NotImplementedError" in stub.source
        assert f'hint("{name}", 1)' in text
        assert name in HINTS
        assert tags(solution) == ["solution"]
        assert tags(check) == ["check"]
        assert f"def {name}(" in stub.source
        assert f"def {name}(" in solution.source
    marked = {"exercise", "solution", "check"}
    assert sum(bool(marked & set(tags(cell))) for cell in cells) == 3 * len(found)


@each_notebook
def test_ends_with_its_own_self_test(source):
    last = parts(source)[0][-1]
    assert lines(last) == [
        "from mmtlib.widgets import self_test",
        f'self_test("{source.stem}")',
    ]
    assert load_questions(source.stem)


def test_every_self_test_has_its_notebook():
    named = {f.name.removesuffix(".toml") for f in question_folder().iterdir()}
    assert named == {source.stem for source in SOURCES}


@each_notebook
def test_solution_defines_what_its_stub_does_and_no_more(source):
    for stub, _, solution, _ in exercises(parts(source)[0]):
        for cell in (stub, solution):
            (function,) = ast.parse(cell.source).body
            assert isinstance(function, ast.FunctionDef)
        assert f"def {function.name}(" in stub.source


@each_notebook
def test_pair_is_equal_and_without_outputs(source):
    pair = paired_notebook(source)
    assert pair.exists(), f"{pair.name} is missing: run `mmt notebooks`"
    notebook = nbformat.read(pair, as_version=4)
    compare_notebooks(
        notebook,
        read_source(source),
        fmt="py:percent",
        compare_outputs=False,
        compare_ids=False,
    )
    for cell in notebook.cells:
        assert not cell.get("outputs"), f"{pair.name} was saved with outputs: run `mmt notebooks`"
        assert cell.get("execution_count") is None


def test_no_notebook_without_a_source():
    folder = paired_notebook(SOURCES[0]).parent
    assert {p.stem for p in folder.glob("*.ipynb")} == {s.stem for s in SOURCES}


@each_notebook
def test_student_copy_is_the_course_without_solutions(source):
    notebook = read_source(source)
    wanted = [cell.source for cell in notebook.cells if "solution" not in tags(cell)]
    assert [cell.source for cell in for_audience(notebook, "students").cells] == wanted
    tried = [cell.source for cell in rehearsal(notebook).cells if "rehearsal" not in tags(cell)]
    assert tried == wanted


@each_notebook
def test_runs_alone_from_an_empty_cache(source, full, own_cache, tmp_path, monkeypatch, request):
    """One execution tells of both builds; see `rehearsal`.

    The first one makes its clips, as all do with `--full`; else they find those of other tests.
    Of the real clips, where there are some, six do but for `--full`.
    """
    monkeypatch.setenv("MMTLIB_FAST", "1")
    if not full and os.environ.get("MMTLIB_NVGESTURE_ROOT"):
        monkeypatch.setenv("MMTLIB_NVGESTURE_ROOT", str(request.getfixturevalue("few_real")))
    if full or source == SOURCES[0]:
        monkeypatch.setenv("MMTLIB_CACHE", str(tmp_path / "cache"))
    else:
        use_fresh_cache(own_cache, tmp_path, monkeypatch)
    notebook = rehearsal(read_source(source))
    execute(notebook, source.stem, folder=tmp_path)
    stubs = [stub for stub, *_ in exercises(read_source(source).cells)]
    stopped = [cell for cell in notebook.cells if "raises-exception" in tags(cell)]
    for cell, stub in zip(stopped, stubs, strict=True):
        (error,) = (o for o in cell.outputs if o.output_type == "error")
        assert error.ename == "NotImplementedError", error.evalue
        assert error.evalue in stub.source
    solved = [cell for cell in notebook.cells if {"check", "rehearsal"} <= set(tags(cell))]
    assert len(solved) == len(stubs)
    for cell in solved:
        assert "passed=True" in cell.outputs[-1].data["text/plain"]
    notebook.cells = [cell for cell in notebook.cells if cell not in stopped]
    assert complaints(notebook) == []
    assert pictures_without_text(notebook) == []
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert sum("image/png" in output.get("data", {}) for output in outputs) <= FIGURES


def test_a_picture_without_text_is_found():
    text = "Two bars side by side, the left one higher, 70 and 62 percent."
    with_text, without = {"image/png": {"alt": text}}, {}
    outputs = [
        nbformat.v4.new_output("display_data", {"image/png": "", **page}, metadata=metadata)
        for page, metadata in (
            ({"text/html": f'<img src="" alt="{text}">'}, with_text),
            ({"text/html": f'<img src="" alt="{text}">'}, without),
            ({"text/html": '<img src="">'}, with_text),
            ({"text/html": '<img src="" alt="A figure">'}, with_text),
            ({}, with_text),
        )
    ]
    cells = [nbformat.v4.new_code_cell(outputs=[output]) for output in outputs]
    found = pictures_without_text(nbformat.v4.new_notebook(cells=cells))
    assert [line.split(":")[0] for line in found] == [f"cell {i}" for i in (1, 2, 3, 4)]


def test_real_sets_run_on_the_twin_where_there_are_real_clips_too(tmp_path, monkeypatch):
    if not os.environ.get("MMTLIB_NVGESTURE_ROOT"):
        pytest.skip("no real clips here, so the test above ran on the twin")
    monkeypatch.delenv("MMTLIB_NVGESTURE_ROOT")
    monkeypatch.setenv("MMTLIB_FAST", "1")
    monkeypatch.setenv("MMTLIB_CACHE", str(tmp_path / "cache"))
    (source,) = (s for s in SOURCES if s.stem.startswith("05_"))
    notebook = read_source(source)
    execute(notebook, source.stem, folder=tmp_path)
    said = "".join(o.get("text", "") for c in notebook.cells for o in c.get("outputs", []))
    assert "the synthetic twin" in said
    assert "real clips" not in said
