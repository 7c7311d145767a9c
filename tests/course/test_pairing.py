import nbformat
import pytest
from support.small_course import SOURCE

from mmtlib.core.errors import DataError
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
    assert [cell.id for cell in notebook.cells] == ["cell-00", "cell-01", "cell-02"]
    assert notebook.cells[2].metadata.tags == ["exercise"]
    assert set(notebook.metadata) == {"kernelspec"}
    assert all(not cell.get("outputs") for cell in notebook.cells)
