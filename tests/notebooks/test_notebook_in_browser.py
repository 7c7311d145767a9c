"""As a new user does it: JupyterLab opens, a notebook runs from top to bottom, pictures show."""

import os
import shutil

import nbformat
import pytest
from support.browser import browser_page, needs_browser
from support.lab import running_lab, wait_in

from mmtlib.course import complaints, notebook_sources, paired_notebook

pytestmark = needs_browser


@pytest.fixture
def lab(tmp_path):
    source = notebook_sources()[0]
    (tmp_path / "notebooks").mkdir()
    # The committed notebook with its stubs solved, as only then all of it runs.
    notebook = nbformat.read(paired_notebook(source), as_version=4)
    notebook.cells = [c for c in notebook.cells if "exercise" not in c.metadata.get("tags", [])]
    nbformat.write(notebook, tmp_path / "notebooks" / "00_quickstart.ipynb")
    with running_lab(tmp_path) as lab:
        yield lab
    shutil.rmtree(tmp_path / "cache", ignore_errors=True)


def test_a_notebook_from_top_to_bottom(lab, tmp_path):
    path = tmp_path / "notebooks" / "00_quickstart.ipynb"

    def saved():
        page.keyboard.press("Control+s")
        notebook = nbformat.read(path, as_version=4)
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        return notebook if all(cell.execution_count for cell in code) else None

    with browser_page() as page:
        lab.run_all(page, "00_quickstart.ipynb")
        wait_in(page, "work", lambda: lab.kernel() == "busy", 60)
        wait_in(page, "the end of the work", lambda: lab.kernel() == "idle")
        notebook = wait_in(page, "the saved notebook", saved, 60)
        assert complaints(notebook) == []
        check_pictures(page, notebook)
        check_self_test(page)
        if shots := os.environ.get("MMTLIB_SCREENSHOTS"):
            page.screenshot(path=f"{shots}/notebook.png")
        assert page.outside == []
        assert page.errors == []


def check_pictures(page, notebook):
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    pictures = page.locator(".jp-OutputArea-output img")
    assert pictures.count() >= 2
    for i in range(pictures.count()):
        pictures.nth(i).scroll_into_view_if_needed()
        assert pictures.nth(i).evaluate("p => p.complete && p.naturalWidth > 0")


def check_self_test(page):
    """Answer the first question by keyboard alone; something is said to it."""
    quiz = page.locator(".jp-OutputArea-output", has_text="Check answer 1").first

    def said():
        return [text for text in quiz.locator("[role=status]").all_inner_texts() if text]

    quiz.locator("input[type=radio]").first.scroll_into_view_if_needed()
    before = said()
    quiz.locator("input[type=radio]").first.focus()
    page.keyboard.press("Space")
    for _ in range(5):  # over the other choices to the button
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Check answer 1":
            break
    page.keyboard.press("Space")
    wait_in(page, "feedback", lambda: len(said()) == len(before) + 1, 60)
    assert said()[0].startswith(("\u2713 Right", "\u2717 Not yet"))
