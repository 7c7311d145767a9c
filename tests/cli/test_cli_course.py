from pathlib import Path

import pandas as pd
import pytest

from mmtlib.course import Timed, notebook_sources


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


@pytest.mark.parametrize(("alone_s", "complaints"), [(20.4, []), (61.0, []), (20.4, ["00_x: odd"])])
def test_time(mmt, monkeypatch, tmp_path, alone_s, complaints):
    row = ("00_x", 60.0, 12.0, 15.0, alone_s, 22.0, alone_s <= 60)
    times = ["limit_s", "in_order_s", "in_order_cpu_s", "alone_s", "alone_cpu_s"]
    found = Timed(pd.DataFrame([row], columns=["notebook", *times, "within"]), complaints)
    asked = []

    def time_notebooks(out, *, only, report):
        asked.append((out, only))
        report("00_x in order: 12 s")
        return found

    monkeypatch.setattr("mmtlib.course.time_notebooks", time_notebooks)
    monkeypatch.setenv("MMTLIB_FAST", "1")
    said = mmt("course", "time", "--out", tmp_path, "--only", "00")
    assert asked == [(tmp_path, "00")]
    assert said.code == (0 if alone_s < 60 and not complaints else 1)
    assert "tells nothing of the limits" in said.out
    assert said.rows == [
        ["00_x", "60", "12", "15", f"{alone_s:.0f}", "22", str(bool(alone_s <= 60))]
    ]
    assert all(line in said.out.splitlines() for line in complaints)
    monkeypatch.delenv("MMTLIB_FAST")
    assert "Seconds in full mode" in mmt("course", "time").out


def test_site(mmt, monkeypatch, tmp_path):
    asked = []

    def build_site(out, *, executed, report):
        asked.append((out, executed))
        report("[1/1] 00_x: up to date")
        return out / "index.html"

    monkeypatch.setattr("mmtlib.course.build_site", build_site)
    said = mmt("course", "site", "--out", tmp_path / "pages", "--executed", tmp_path / "done")
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines() == [
        "[1/1] 00_x: up to date", f"open {tmp_path / 'pages' / 'index.html'}",
    ]  # fmt: skip
    assert asked == [(tmp_path / "pages", tmp_path / "done")]


def test_bundle(mmt, monkeypatch, tmp_path):
    def build_bundle(out):
        out.write_bytes(b"0" * 3 * 2**20)
        return out

    monkeypatch.setattr("mmtlib.course.build_bundle", build_bundle)
    path = tmp_path / "class.zip"
    assert mmt("course", "build", "--bundle", "--out", path).out == f"{path}: 3 MiB\n"
    for wrong in ([], ["--bundle", "--for", "students"]):
        assert mmt("course", "build", *wrong).failed_with("one of --for students, --for teachers")
