import json
import os
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from support.small_course import SOURCE

from mmtlib.core.cache import cache_dir
from mmtlib.core.errors import DataError, MmtlibError
from mmtlib.core.sealed import write_json
from mmtlib.course import time_limit_s, time_notebooks, timing

HEADER = "# {number} A & B: what is one & one?\n# Time. 5 minutes to read, at most {time} to run.\n"


def header(text):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)])


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("at most 2 minutes to run on a 2-core CPU", 120),
        ("10 minutes to read; at most 1 minute to run", 60),
        ("at most\n90 seconds to run, at most 3 minutes to read", 90),
    ],
)
def test_limit(text, seconds):
    assert time_limit_s(header(f"# Title\n\n{text}")) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "about 2 minutes to run",
        "at most two minutes to run",
        "at most 2 minutes to run; at most 3 minutes to run",
    ],
)
def test_no_limit(text):
    with pytest.raises(DataError, match=r"The header of '# Title.*should say once 'at most N min"):
        time_limit_s(header(f"# Title\n\n{text}"))


@pytest.fixture
def two(project):
    """A project of two notebooks with limits."""
    for number, limit in (("00", "1 minute"), ("01", "30 seconds")):
        first = "# # 00 A & B: what is one & one?\n"
        text = HEADER.format(number=number, time=limit).replace("\n#", "\n# #")
        source = project / "notebooks" / "src" / f"{number}_first.py"
        source.write_text(SOURCE.replace(first, f"# {text}"))
    return project


@pytest.fixture
def runs(monkeypatch):
    """Record executions instead of making them: (name, cache, notebooks run there before)."""
    calls = []

    def record(notebook, name, *, folder):
        marks = cache_dir("marks")
        marks.mkdir(parents=True, exist_ok=True)
        calls.append((name, os.environ["MMTLIB_CACHE"], len(list(marks.iterdir()))))
        (marks / name).touch()

    monkeypatch.setattr(timing, "execute", record)
    return calls


def test_in_order_shares_a_cache_and_alone_does_not(two, runs, tmp_path, own_cache):
    said = []
    found = time_notebooks(tmp_path / "out", report=said.append)
    assert found.good
    assert [(name, before) for name, _, before in runs] == [
        ("00_first", 0), ("01_first", 1), ("00_first", 0), ("01_first", 0),
    ]  # fmt: skip
    assert len({cache for _, cache, _ in runs} - {str(own_cache)}) == 3
    assert os.environ["MMTLIB_CACHE"] == str(own_cache)
    assert not any(Path(cache).exists() for _, cache, _ in runs)
    assert found.table.notebook.tolist() == ["00_first", "01_first"]
    assert found.table.limit_s.tolist() == [60, 30]
    assert said[0] == "00_first in order: 0 s, 0 s of the processor"
    assert said[3] == "01_first alone: 0 s, 0 s of the processor"
    stored = pd.read_csv(tmp_path / "out" / "times.csv")
    assert stored.columns.tolist() == found.table.columns.tolist()
    assert sorted(p.name for p in (tmp_path / "out").glob("*.ipynb")) == [
        "00_first.ipynb", "01_first.ipynb",
    ]  # fmt: skip


@pytest.mark.parametrize("slow", ["in order", "alone"])
def test_too_slow_in_one_of_both(two, runs, tmp_path, monkeypatch, slow):
    times = {"in order": [31, 31], "alone": [5, 31]}
    if slow == "in order":
        times = {"in order": [31, 31], "alone": [5, 5]}
    taken = iter(times["in order"] + times["alone"])
    monkeypatch.setattr(timing, "_timed", lambda *_: (next(taken), 1.0, []))
    found = time_notebooks(tmp_path, report=str)
    assert found.table.within.tolist() == [True, False]
    assert not found.good


def test_a_failing_notebook_is_complained_of_and_the_next_runs(two, tmp_path, monkeypatch):
    ran = []

    def fail(notebook, name, *, folder):
        ran.append(name)
        if name == "00_first":
            raise MmtlibError(f"Notebook {name} failed: ValueError: no\ntraceback")
        warning = nbformat.v4.new_output("stream", name="stderr", text="UserWarning: odd\n")
        notebook.cells[1].outputs = [warning]

    monkeypatch.setattr(timing, "execute", fail)
    found = time_notebooks(tmp_path, report=str)
    assert ran == ["00_first", "01_first"] * 2
    assert found.complaints == [
        "00_first, in order: Notebook 00_first failed: ValueError: no",
        "01_first, in order, cell 1: UserWarning: odd",
        "00_first, alone: Notebook 00_first failed: ValueError: no",
        "01_first, alone, cell 1: UserWarning: odd",
    ]
    assert found.table.within.all()
    assert not found.good


class Stopped(Exception):
    """As if somebody pressed Ctrl+C."""


@pytest.mark.parametrize(
    ("last", "again"),
    [
        (1, ["00_first", "01_first", "00_first", "01_first"]),  # in order: anew
        (3, ["01_first"]),
    ],
)
def test_what_was_stopped_goes_on(two, runs, tmp_path, monkeypatch, last, again):
    record = timing.execute

    def stop(notebook, name, *, folder):
        if len(runs) == last:
            raise Stopped
        record(notebook, name, folder=folder)

    monkeypatch.setattr(timing, "execute", stop)
    with pytest.raises(Stopped):
        time_notebooks(tmp_path, report=str)
    assert len(json.loads((tmp_path / "unfinished.json").read_text())["done"]) == last
    monkeypatch.setattr(timing, "execute", record)
    runs.clear()
    said = []
    found = time_notebooks(tmp_path, report=said.append)
    assert [name for name, *_ in runs] == again
    assert said[0].startswith(f"going on: {last} of 4 measurements are in ")
    assert found.good
    assert found.table.notna().all(axis=None)
    assert not (tmp_path / "unfinished.json").exists()


def test_what_was_stopped_begins_anew_with_another_notebook(two, runs, tmp_path):
    kept = {"key": "of other notebooks", "done": {"00_first, alone": [1.0, 1.0, []]}}
    write_json(tmp_path / "unfinished.json", kept)
    said = []
    assert time_notebooks(tmp_path, report=said.append).good
    assert len(runs) == 4
    assert said[0].startswith("00_first in order")


@pytest.mark.parametrize("text", ["", "{", "[]", '"text"', '{"key": "of other notebooks"}'])
def test_a_damaged_record_is_named(two, runs, tmp_path, text):
    path = tmp_path / "unfinished.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"unfinished\.json is damaged .*; delete it and run"):
        time_notebooks(tmp_path, report=str)
    assert path.read_text() == text
    assert not runs


def test_only_some(two, runs, tmp_path):
    assert time_notebooks(tmp_path, only="01", report=str).table.notebook.tolist() == ["01_first"]
    with pytest.raises(DataError, match="No notebook's name contains 'third'"):
        time_notebooks(tmp_path, only="third", report=str)


def test_clock_and_processor(two, tmp_path, monkeypatch):
    source = two / "notebooks" / "src" / "00_first.py"
    seconds, processor_s, complained = timing._timed(source, tmp_path, "in order", str)
    assert processor_s > 0.1  # starting a kernel is work, and it was a process of its own
    assert seconds > 0
    assert complained == []
    executed = nbformat.read(tmp_path / "00_first.ipynb", as_version=4)
    assert executed.cells[1].execution_count == 1

    clock, busy = iter([100.0, 140.0]), iter([7.0, 9.0])
    monkeypatch.setattr(timing.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(timing, "_processor_s", lambda: next(busy))
    monkeypatch.setattr(timing, "execute", lambda *_, **__: None)
    assert timing._timed(source, tmp_path, "alone", str) == (40.0, 2.0, [])
