from pathlib import Path

import pytest

from mmtlib.course import notebook_sources


@pytest.mark.parametrize("audience", ["students", "teachers"])
def test_build(mmt, tmp_path, monkeypatch, audience):
    monkeypatch.chdir(tmp_path)
    said = mmt("course", "build", "--for", audience)
    assert (said.code, said.err) == (0, "")
    names = [source.stem for source in notebook_sources()]
    folder = Path("build") / "course" / audience
    assert said.out == f"{len(names)} notebooks for {audience}: {folder}\n"
    assert sorted(path.stem for path in folder.glob("*.ipynb")) == names
    solved = ['"solution"' in path.read_text() for path in folder.glob("*.ipynb")]
    assert all(solved) == any(solved) == (audience == "teachers")
    mmt("course", "build", "--for", audience, "--out", tmp_path / "here")
    assert len(list((tmp_path / "here").glob("*.ipynb"))) == len(names)


def test_build_for_whom(mmt):
    said = mmt("course", "build", "--for", "parents")
    assert said.code == 2
    assert "students" in said.err
    assert "teachers" in said.err
