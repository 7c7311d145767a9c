"""A JupyterLab for tests, started as `mmt lab` does, and how to wait for what a page does."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager

TOKEN = "for-this-test-only"


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


@contextmanager
def running_lab(folder):
    """Give a `Lab` that answers; it is ended afterwards, whatever happens."""
    lab = Lab(folder)
    try:
        wait_for("JupyterLab", lambda: lab.ask("api/status"))
        yield lab
    finally:
        lab.end()


class Lab:
    """A JupyterLab on ``folder/notebooks`` that `mmt lab` has started, with settings of its own.

    Args:
        folder: gets the settings, and the cache in fast mode.
    """

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

    def run_all(self, page, name):
        """Open a notebook in a page as a user does, and press "Run All Cells"."""
        page.goto(self.address(f"lab/tree/{name}"))
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=120_000)
        wait_in(page, "a kernel at rest", lambda: self.kernel() == "idle")
        page.click(".jp-Notebook .jp-Cell >> nth=0")
        page.click("text=Run >> nth=0")
        page.click("text=Run All Cells")

    def end(self):
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
