"""As a new user does it: JupyterLab opens, a notebook runs from top to bottom, pictures show."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import nbformat
import pytest
from support.browser import browser_page, needs_browser

from mmtlib.course import complaints, notebook_sources, paired_notebook

TOKEN = "for-this-test-only"
pytestmark = needs_browser


def wait_for(what, condition, seconds=300, pause=time.sleep):
    """Return what `condition` gives as soon as that is true; `pause` takes seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        pause(0.5)
    raise AssertionError(f"{what}: not within {seconds} s")


def wait_in(page, what, condition, seconds=300):
    """Like `wait_for` while a page is open, whose events must go on."""
    return wait_for(what, condition, seconds, lambda s: page.wait_for_timeout(1000 * s))


class Lab:
    """A JupyterLab that `mmt lab` has started."""

    def __init__(self, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        own = {
            f"JUPYTER{name}_DIR": str(folder / f"settings{name}")
            for name in ("_CONFIG", "_DATA", "_RUNTIME", "LAB_SETTINGS", "LAB_WORKSPACES")
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mmtlib", "lab", str(folder / "notebooks"), "--no-browser",
             "--allow-root", f"--ServerApp.port={self.port}", f"--IdentityProvider.token={TOKEN}"],
            env={**os.environ, **own, "MMTLIB_FAST": "1", "MMTLIB_CACHE": str(folder / "cache")},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip

    def address(self, path):
        return f"http://127.0.0.1:{self.port}/{path}?token={TOKEN}"

    def ask(self, path):
        """Return what the server says, None while it does not answer."""
        try:
            with urllib.request.urlopen(self.address(path), timeout=10) as answer:
                return json.load(answer)
        except (urllib.error.URLError, ConnectionError):
            return None

    def kernel(self):
        """Return the kernel's state once the page is connected to it, e.g. "idle"."""
        sessions = self.ask("api/sessions") or []
        connected = [s["kernel"] for s in sessions if s["kernel"]["connections"]]
        return connected[0]["execution_state"] if connected else None

    def end(self):
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@pytest.fixture
def lab(tmp_path):
    source = notebook_sources()[0]
    (tmp_path / "notebooks").mkdir()
    # The committed notebook with its stubs solved, as only then all of it runs.
    notebook = nbformat.read(paired_notebook(source), as_version=4)
    notebook.cells = [c for c in notebook.cells if "exercise" not in c.metadata.get("tags", [])]
    nbformat.write(notebook, tmp_path / "notebooks" / "00_quickstart.ipynb")
    started = Lab(tmp_path)
    try:
        wait_for("JupyterLab", lambda: started.ask("api/status"))
        yield started
    finally:
        started.end()
    shutil.rmtree(tmp_path / "cache", ignore_errors=True)


def run_all(page, lab):
    page.goto(lab.address("lab/tree/00_quickstart.ipynb"))
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=120_000)
    wait_in(page, "a kernel at rest", lambda: lab.kernel() == "idle")
    page.click(".jp-Notebook .jp-Cell >> nth=0")
    page.click("text=Run >> nth=0")
    page.click("text=Run All Cells")


def test_a_notebook_from_top_to_bottom(lab, tmp_path):
    path = tmp_path / "notebooks" / "00_quickstart.ipynb"

    def saved():
        page.keyboard.press("Control+s")
        notebook = nbformat.read(path, as_version=4)
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        return notebook if all(cell.execution_count for cell in code) else None

    with browser_page() as page:
        run_all(page, lab)
        wait_in(page, "work", lambda: lab.kernel() == "busy", 60)
        wait_in(page, "the end of the work", lambda: lab.kernel() == "idle")
        notebook = wait_in(page, "the saved notebook", saved, 60)
        assert complaints(notebook) == []
        check_pictures(page, notebook)
        check_self_test(page)
        if shots := os.environ.get("MMTLIB_SCREENSHOTS"):
            page.screenshot(path=f"{shots}/notebook.png")
        assert page.outside == []


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
