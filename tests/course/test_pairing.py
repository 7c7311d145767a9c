import tomllib

import nbformat
import pytest
from support.small_course import SOURCE

from mmtlib.core.errors import DataError
from mmtlib.core.kept import overwriting
from mmtlib.course import notebook_sources, paired_notebook, project, project_folder, sync_notebooks


def test_this_projects_notebooks():
    assert (project_folder() / "pyproject.toml").exists()
    names = [source.stem for source in notebook_sources()]
    assert names == sorted(names)
    assert names[0].startswith("00_")


def test_installed_without_notebooks(tmp_path, monkeypatch):
    monkeypatch.setattr(project, "__file__", str(tmp_path / "mmtlib" / "course" / "project.py"))
    with pytest.raises(DataError, match=r"no notebooks beside .*come with a clone"):
        project_folder()


def test_pairs_are_written_when_their_source_changed(project):
    source = project / "notebooks" / "src" / "00_first.py"
    pair = project / "notebooks" / "00_first.ipynb"
    assert notebook_sources() == [source]
    assert paired_notebook(source) == pair
    assert sync_notebooks() == [pair]
    first = pair.read_bytes()
    assert sync_notebooks() == []
    source.write_text(SOURCE.replace("1 + 1", "1 + 2"))
    assert sync_notebooks() == [pair]
    source.write_text(SOURCE)
    sync_notebooks()
    assert pair.read_bytes() == first
    notebook = nbformat.read(pair, as_version=4)
    nbformat.validate(notebook)
    assert [cell.cell_type for cell in notebook.cells] == ["markdown", "code", "code"]
    assert [cell.id[:7] for cell in notebook.cells] == ["cell-00", "cell-01", "cell-02"]
    assert notebook.cells[2].metadata.tags == ["exercise"]
    assert set(notebook.metadata) == {"kernelspec"}
    assert all(not cell.get("outputs") for cell in notebook.cells)


def of_a_student(change):
    """Return a notebook of the course after a change, as JupyterLab saves it."""
    (pair,) = sync_notebooks()
    notebook = nbformat.read(pair, as_version=4)
    change(notebook)
    notebook.metadata["language_info"] = {"name": "python"}
    nbformat.write(notebook, pair)
    return pair


def add(notebook):
    notebook.cells.append(nbformat.v4.new_code_cell("my_answer = 42"))


def edit(notebook):
    notebook.cells[1].source += "\nmy_answer = 42"


def paste(notebook):
    notebook.cells[0]["attachments"] = {"a.png": {"image/png": "AAAA"}}


@pytest.mark.parametrize("change", [add, edit, paste])
@pytest.mark.parametrize("newer_source", [False, True])
def test_cells_of_a_student_are_kept(project, change, newer_source):
    pair = of_a_student(change)
    theirs = pair.read_bytes()
    if newer_source:
        (project / "notebooks" / "src" / "00_first.py").write_text(SOURCE + "\n# %%\n7\n")
    with pytest.raises(DataError, match=r"00_first\.ipynb \(1 cells of your own\): left as it is"):
        sync_notebooks()
    assert pair.read_bytes() == theirs
    with overwriting():
        assert sync_notebooks() == [pair]
    assert b"my_answer" not in pair.read_bytes()
    assert sync_notebooks() == []


def run(notebook):
    notebook.cells[1].execution_count = 1
    notebook.cells[1].outputs = [nbformat.v4.new_output("stream", text="2")]


def drop(notebook):
    del notebook.cells[1]


@pytest.mark.parametrize("change", [run, drop])
def test_what_can_be_made_again_is_replaced(project, change):
    pair = of_a_student(change)
    assert sync_notebooks() == [pair]


def test_what_is_no_notebook_is_kept_and_the_others_are_written(project):
    sources = project / "notebooks" / "src"
    (sources / "01_second.py").write_text(SOURCE)
    (project / "notebooks" / "00_first.ipynb").write_text("half a notebook")
    with pytest.raises(DataError, match=r"00_first\.ipynb \(no notebook\): left as it is"):
        sync_notebooks()
    assert (project / "notebooks" / "00_first.ipynb").read_text() == "half a notebook"
    assert (project / "notebooks" / "01_second.ipynb").exists()


def test_jupytext_pairs_nothing_wherever_jupyterlab_is_started():
    """With a pairing, saving a notebook from the project's root wrote into notebooks/src."""
    settings = tomllib.loads((project_folder() / "pyproject.toml").read_text())
    assert "formats" not in settings["tool"]["jupytext"]
