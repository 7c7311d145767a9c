"""A real browser for tests: Chromium of this computer, driven by Playwright, without a network."""

import importlib.util
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
HERE = ("", "127.0.0.1", "localhost")

needs_browser = pytest.mark.skipif(
    CHROMIUM is None or importlib.util.find_spec("playwright") is None,
    reason="needs Chromium (apt-get install chromium) and playwright (the extra `browser`)",
)


@contextmanager
def browser_page(width: int = 1280, height: int = 900) -> Iterator:
    """Give a page of Playwright; it finds no other computer, and notes whom it asks in `outside`.

    What goes wrong in it, and what it writes as an error to its console, is noted in `errors`.

    Wait by `page.wait_for_timeout`, not by `time.sleep`, which stops Playwright too.

    Args:
        width: of the window, in pixels.
        height: likewise.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": width, "height": height})
        page.outside, page.errors = [], []

        def note(request):
            if (urlsplit(request.url).hostname or "") not in HERE:
                page.outside.append(request.url)

        def note_message(message):
            if message.type == "error":
                page.errors.append(f"{message.text} ({message.location.get('url', '')})")

        page.on("request", note)
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on("console", note_message)
        try:
            yield page
        finally:
            browser.close()
