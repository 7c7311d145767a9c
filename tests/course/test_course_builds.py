import nbformat
import pytest
from support.small_course import EXERCISE, SOURCE

from mmtlib.core.errors import ConfigError, DataError
from mmtlib.course import AUDIENCES, build_notebooks, for_audience, notebook_sources, read_source


@pytest.fixture
def with_exercise(project):
    (project / "notebooks" / "src" / "00_first.py").write_text(SOURCE + EXERCISE)
    return project


def cells(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return notebook.cells


def test_students_get_no_solution_and_teachers_a_collapsed_one(with_exercise, tmp_path):
    (students,) = build_notebooks("students", tmp_path / "s")
    (teachers,) = build_notebooks("teachers", tmp_path / "t")
    assert students == tmp_path / "s" / "00_first.ipynb"
    (solution,) = (c for c in cells(teachers) if c.metadata.get("tags") == ["solution"])
    assert "return 2 * x" in solution.source
    assert solution.metadata.jupyter.source_hidden
    assert [c for c in cells(teachers) if c is not solution and "jupyter" in c.metadata] == [
        solution
    ]
    assert "2 * x" not in students.read_text()
    kept = [c.source for c in cells(teachers) if c.metadata.get("tags") != ["solution"]]
    assert [c.source for c in cells(students)] == kept
    assert "raise NotImplementedError" in students.read_text()


def test_the_given_notebook_is_not_changed(with_exercise):
    notebook = read_source(notebook_sources()[0])
    before = nbformat.writes(notebook)
    for audience in AUDIENCES:
        for_audience(notebook, audience)
    assert nbformat.writes(notebook) == before


def test_built_again(with_exercise, tmp_path):
    (path,) = build_notebooks("students", tmp_path)
    first, made = path.read_bytes(), path.stat().st_mtime_ns
    (tmp_path / "07_gone.ipynb").write_bytes(first)  # of an earlier course
    (tmp_path / "08_mine.ipynb").write_text("of the teacher")
    (tmp_path / "notes.ipynb").write_text("of the teacher")
    build_notebooks("students", tmp_path)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (first, made)
    assert sorted(p.name for p in tmp_path.glob("*.ipynb")) == [
        "00_first.ipynb", "08_mine.ipynb", "notes.ipynb",
    ]  # fmt: skip
    path.write_bytes(first.replace(b"1 + 1", b"1 + 41"))
    with pytest.raises(DataError, match=r"00_first\.ipynb \(1 cells of your own\)"):
        build_notebooks("students", tmp_path)
    assert b"1 + 41" in path.read_bytes()


def test_refused(with_exercise, tmp_path):
    with pytest.raises(ConfigError, match=r"Unknown audience 'student'.*mean 'students'"):
        build_notebooks("student", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    for folder in ("notebooks", "notebooks/src"):
        with pytest.raises(ConfigError, match="the notebooks of the course itself"):
            build_notebooks("students", with_exercise / folder)
