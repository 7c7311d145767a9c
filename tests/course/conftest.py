import pytest
from support.small_course import SOURCE

import mmtlib.course.project


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project of one notebook."""
    folder = tmp_path / "project"
    (folder / "notebooks" / "src").mkdir(parents=True)
    (folder / "notebooks" / "src" / "00_first.py").write_text(SOURCE)
    (folder / "notebooks" / "src" / "no_notebook.py").write_text("")
    monkeypatch.setattr(mmtlib.course.project, "project_folder", lambda: folder)
    return folder
