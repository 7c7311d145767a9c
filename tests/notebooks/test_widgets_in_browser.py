"""Each kind of widget of the course in JupyterLab moves, by mouse and by keyboard."""

import os

import nbformat
import pytest
from support.browser import browser_page, needs_browser
from support.lab import running_lab, wait_in
from support.widget_notebook import WIDGETS, widget_notebook

pytestmark = needs_browser
SLOW = "[anywidget] Failed to initialize model."
"""Said after two seconds, on a busy computer too; a widget that stays blank fails its own test."""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Give a page that shows the notebook with all widgets, executed by one JupyterLab."""
    folder = tmp_path_factory.mktemp("lab")
    (folder / "notebooks").mkdir()
    nbformat.write(widget_notebook(), folder / "notebooks" / "widgets.ipynb")
    with running_lab(folder) as lab, browser_page() as page:
        lab.run_all(page, "widgets.ipynb")
        last = page.locator(".jp-CodeCell").last
        wait_in(page, "the last widget", last.locator("[role=status]").count)
        yield page
        assert page.outside == []
        assert [error for error in page.errors if SLOW not in error] == []


def shown(page, name):
    """Return the cell of a widget, in view, after a picture of it where one is asked for."""
    cell = page.locator(".jp-CodeCell").nth(1 + list(WIDGETS).index(name))
    cell.scroll_into_view_if_needed()
    if shots := os.environ.get("MMTLIB_SCREENSHOTS"):
        cell.screenshot(path=f"{shots}/{name.replace(' ', '-')}.png")
    return cell


def said(cell):
    """Return the sentence under a live figure."""
    return cell.locator("[role=status]").last.inner_text()


def says(page, cell, words):
    """Wait until the sentence holds `words`."""
    wait_in(page, f"{words!r} after {said(cell)!r}", lambda: words in said(cell), 30)


def drag(page, handle, pixels):
    """Move a handle to the right with the mouse."""
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + pixels, y, steps=4)
    page.mouse.up()


def drawn(cell):
    """Return the figure as the browser has drawn it."""
    return cell.locator(".js-plotly-plot .main-svg").first.inner_html()


@pytest.mark.parametrize("name", ["clip player", "saliency player"])
def test_a_clip_plays_and_stands_still_where_that_is_wished(page, name):
    picture = shown(page, name).locator("img")

    def moves():
        before = picture.screenshot()
        page.wait_for_timeout(400)
        return picture.screenshot() != before

    assert picture.evaluate("p => p.complete && p.naturalWidth > 0")
    wait_in(page, "a moving picture", moves, 30)
    page.emulate_media(reduced_motion="reduce")
    wait_in(page, "a standing picture", lambda: not any(moves() for _ in range(4)), 30)
    page.emulate_media(reduced_motion="no-preference")


def test_a_picture_shows_with_its_text(page):
    picture = shown(page, "correlation picture").locator("img")
    assert picture.evaluate("p => p.complete && p.naturalWidth > 0")
    assert "most alike is" in picture.get_attribute("alt")


def test_focal_playground(page):
    cell = shown(page, "focal playground")
    handles, first = cell.get_by_role("slider"), drawn(cell)
    says(page, cell, "dl of m = 1.00 - 0.50")
    handles.nth(0).focus()
    page.keyboard.press("ArrowRight")
    says(page, cell, "dl of m = 1.05 - 0.50")
    wait_in(page, "another figure", lambda: drawn(cell) != first, 30)
    drag(page, handles.nth(1), 120)
    says(page, cell, "m does not listen to n")
    handles.nth(2).focus()
    page.keyboard.press("Home")
    says(page, cell, "beta is 0")


def test_correlation_explorer(page):
    cell = shown(page, "correlation explorer")
    handles = cell.get_by_role("slider")
    says(page, cell, "Time step 1, row 1, column 1 against")
    handles.nth(2).focus()
    page.keyboard.press("ArrowRight")
    says(page, cell, "Time step 1, row 1, column 2 against")
    drag(page, handles.nth(1), 200)
    says(page, cell, "Time step 1, row 3, column 2 against")
    # A click on the map of the second time step: the middle of row 2, column 3.
    box = cell.locator(".heatmaplayer image").nth(1).bounding_box()
    x, y = box["x"] + box["width"] * 2.5 / 4, box["y"] + box["height"] / 2
    page.mouse.move(x - 3, y)
    page.mouse.move(x, y)
    page.mouse.click(x, y)
    says(page, cell, "Time step 2, row 2, column 3 against")
    assert [h.get_attribute("aria-valuenow") for h in handles.all()] == ["2.0", "2.0", "3.0"]


def test_embedding_explorer(page):
    cell = shown(page, "embedding explorer")
    choice, first = cell.get_by_role("combobox"), drawn(cell)
    says(page, cell, "Wave.")
    choice.focus()
    for key in ("Space", "ArrowDown", "Enter"):  # closed, arrows belong to the notebook
        page.keyboard.press(key)
    says(page, cell, "Point.")
    wait_in(page, "another figure", lambda: drawn(cell) != first, 30)
    choice.select_option("wave")  # an open list is no part of the page, where a test can click
    says(page, cell, "Wave.")


def test_live_figure(page):
    cell = shown(page, "live figure")
    handle, first = cell.get_by_role("slider"), drawn(cell)
    handle.focus()
    page.keyboard.press("End")
    says(page, cell, "The first bar is 4 high.")
    wait_in(page, "another figure", lambda: drawn(cell) != first, 30)
    drag(page, handle, -400)
    says(page, cell, "The first bar is 1 high.")
    cell.locator(".widget-readout").click()  # the number can be typed as well
    page.keyboard.press("Control+a")
    page.keyboard.type("3")
    page.keyboard.press("Enter")
    says(page, cell, "The first bar is 3 high.")


def test_self_test(page):
    cell = shown(page, "self-test")
    says(page, cell, "0 of 5 answered")
    choices = cell.locator("input[type=radio]")
    choices.nth(0).click()
    cell.get_by_role("button", name="Check answer 1").click()
    says(page, cell, "1 of 5 answered, 0 right")
    choices.nth(2).focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    says(page, cell, "1 of 5 answered, 1 right")
    assert cell.locator("[role=status]").first.inner_text().startswith("\u2713 Right")
