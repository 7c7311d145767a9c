import base64
import json
import os

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from support.small_course import DOT, SOURCE

from mmtlib.core.errors import DataError, MmtlibError
from mmtlib.course import complaints, execute, notebook_sources, read_source, run_tutorial, running

WRONG = """\
# %% [markdown]
# # 01 Wrong

# %%
import time
from pathlib import Path

while not Path(".00_first.json").exists():  # the other is not done
    time.sleep(0.05)
wrong = 3
wrong / 0
"""


def test_tutorial_writes_results_and_skips_what_is_done(project, tmp_path, monkeypatch):
    out, said = tmp_path / "out", []
    monkeypatch.setattr(
        running, "library_hash", lambda source: source.read_text() + os.environ["MMTLIB_CACHE"]
    )
    (first,) = run_tutorial(out, report=said.append)
    assert (first.name, first.title, first.skipped) == (
        "00_first", "00 A & B: what is one & one?", False,
    )  # fmt: skip
    assert said[0].startswith("[1/1] 00_first: ")
    executed = nbformat.read(out / "00_first.ipynb", as_version=4)
    assert executed.cells[1].outputs[0].text == "2\n"
    assert (out / "figures" / "00_first-1.png").read_bytes() == base64.b64decode(DOT)
    index = (out / "index.html").read_text()
    assert '<a href="00_first.html">00 A &amp; B: what is one &amp; one?</a>' in index
    assert "one &amp; one" in (out / "00_first.html").read_text()
    assert not (project / "notebooks" / "00_first.ipynb").exists()

    monkeypatch.setattr(running, "execute", lambda *_, **__: pytest.fail("run again"))
    (again,) = run_tutorial(out, report=said.append)
    assert again.skipped
    assert again.seconds == first.seconds
    assert said[1] == "[1/1] 00_first: up to date"

    ran = []
    monkeypatch.setattr(running, "execute", lambda _, name, **__: ran.append(name))
    monkeypatch.setenv("MMTLIB_CACHE", str(tmp_path / "other"))  # its runs may be missing
    run_tutorial(out, report=said.append)
    assert ran == ["00_first"]
    source = project / "notebooks" / "src" / "00_first.py"
    source.write_text(SOURCE.replace("1 + 1", "1 + 2"))
    run_tutorial(out, report=said.append)
    assert len(ran) == 2
    assert not (out / "figures" / "00_first-1.png").exists()  # nothing was drawn this time
    (out / "00_first.html").unlink()
    run_tutorial(out, report=said.append)
    assert len(ran) == 3
    monkeypatch.setattr(running, "library_hash", lambda _: "another library")
    run_tutorial(out, report=said.append)
    assert len(ran) == 4


def test_two_side_by_side(project, tmp_path):
    """One of them fails: it is named, and what was done before it is kept."""
    (project / "notebooks" / "src" / "01_wrong.py").write_text(WRONG)
    out = tmp_path / "out"
    with pytest.raises(MmtlibError, match="Notebook 01_wrong failed: ZeroDivisionError") as error:
        run_tutorial(out, workers=2, report=str)
    assert "wrong / 0" in str(error.value)
    executed = nbformat.read(out / "00_first.ipynb", as_version=4)
    assert executed.cells[1].outputs[0].text == "2\n"
    assert not (out / ".01_wrong.json").exists()


def test_only_some(project, tmp_path, monkeypatch):
    (project / "notebooks" / "src" / "01_second.py").write_text(SOURCE.replace("00", "01"))
    ran = []
    monkeypatch.setattr(running, "execute", lambda _, name, **__: ran.append(name))
    assert [d.name for d in run_tutorial(tmp_path, only="sec", report=str)] == ["01_second"]
    assert ran == ["01_second"]
    with pytest.raises(DataError, match="No notebook's name contains 'third'"):
        run_tutorial(tmp_path, only="third")


def test_a_stamp_is_written_last(project, tmp_path, monkeypatch):
    monkeypatch.setattr(running, "execute", lambda *_, **__: None)
    monkeypatch.setattr(running, "notebook_page", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run_tutorial(tmp_path / "out", report=str)
    assert not list((tmp_path / "out").glob(".*.json"))
    monkeypatch.undo()


def test_the_key_depends_on_where_runs_are(monkeypatch):
    before = running.library_hash()
    for name in ("MMTLIB_CACHE", "MMTLIB_FAST", "MMTLIB_NVGESTURE_ROOT"):
        with monkeypatch.context() as patch:
            patch.setenv(name, "/elsewhere")
            assert running.library_hash() != before
    assert running.library_hash() == before


@pytest.mark.parametrize("error", [CellTimeoutError("too slow"), DeadKernelError("Kernel died")])
def test_slow_and_dead_kernels(project, tmp_path, monkeypatch, error):
    def fail(self):
        raise error

    monkeypatch.setattr(NotebookClient, "execute", fail)
    with pytest.raises(MmtlibError, match=r"Notebook x failed: (too slow|Kernel died)"):
        execute(read_source(notebook_sources()[0]), "x", folder=tmp_path)


def test_the_stamp_is_readable(project, tmp_path, monkeypatch):
    monkeypatch.setattr(running, "execute", lambda *_, **__: None)
    run_tutorial(tmp_path, report=str)
    stamp = json.loads((tmp_path / ".00_first.json").read_text())
    assert set(stamp) == {"key", "title", "seconds", "seal"}
    assert os.listdir(tmp_path / "figures") == []  # noqa: PTH208


def test_complaints():
    code = nbformat.v4.new_code_cell
    out = nbformat.v4.new_output
    shown = {"text/plain": "Feedback(passed=False, message='sign')"}
    good = {"text/plain": "Feedback(passed=True, message='fine')"}
    cells = [
        nbformat.v4.new_markdown_cell("# A title"),
        code("1", outputs=[out("stream", name="stdout", text="Warning signs\n")]),
        code("2", outputs=[out("stream", name="stderr", text="UserWarning: slow\n")]),
        code("3", outputs=[out("error", ename="KeyError", evalue="'a'", traceback=[])]),
        code("4", outputs=[out("execute_result", good), out("execute_result", shown)]),
    ]
    assert complaints(nbformat.v4.new_notebook(cells=cells)) == [
        "cell 2: UserWarning: slow",
        "cell 3: KeyError: 'a'",
        f"cell 4: {shown['text/plain']}",
    ]
    assert complaints(nbformat.v4.new_notebook(cells=cells[:2])) == []


@pytest.mark.parametrize("name", ["index.html", "table.csv"])
def test_pages_of_something_else_are_kept(project, tmp_path, monkeypatch, name):
    (tmp_path / name).write_text("mine")
    monkeypatch.setattr(running, "execute", None)
    with pytest.raises(DataError, match=rf"holds {name} of something else than a tutorial"):
        run_tutorial(tmp_path)
    assert (tmp_path / name).read_text() == "mine"
