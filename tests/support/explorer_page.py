"""The explorer in a browser: its controls, moved as a person does, and the numbers it draws."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import plotly.graph_objects as go

PATIENCE_S = 180
"""A bound for a busy machine; a change takes a fraction of a second."""
POLL_MS = 100
"""Between two looks at the page: a look takes milliseconds of both processes."""
LATE = "[anywidget] Failed to initialize model."
"""What anywidget says of a widget that a busy computer loads for more than two seconds; figures
hear every change all the same, see `mmtlib.widgets.figure_view`."""
DRAWN = """() => {
  const plain = (a) =>
    ArrayBuffer.isView(a) ? Array.from(a) : Array.isArray(a) ? a.map(plain) : a;
  const shown = [...document.querySelectorAll(".js-plotly-plot")].filter((g) => g.offsetWidth);
  if (shown.length !== 1 || !shown[0]._fullData) return null;
  return shown[0]._fullData.map((t) => ({
    type: t.type, x: plain(t.x), y: plain(t.y), z: plain(t.z), q1: plain(t.q1) }));
}"""
PLACE = """([trace, at]) => {
  const [shown] = [...document.querySelectorAll(".js-plotly-plot")].filter((g) => g.offsetWidth);
  const { xaxis, yaxis } = shown._fullData[trace];
  const find = (name) => shown._fullLayout[name.replace(/^(.)/, "$1axis")];
  const [x, y] = [find(xaxis), find(yaxis)];
  const corner = shown.getBoundingClientRect();
  const { l, t } = shown._fullLayout._size;
  const inside = (axis, value) => axis._offset + axis.d2p(value);
  return [corner.x + inside(x, at[0]), corner.y + inside(y, at[1])];
}"""


def numbers(values: Any) -> np.ndarray | None:
    """Return what a trace holds as numbers; None for nothing or a picture's colours."""
    if values is None or len(values) == 0:
        return None
    return np.array([numbers(v) if isinstance(v, list | tuple | np.ndarray) else
                     (np.nan if v is None else v) for v in values], dtype=float)  # fmt: skip


def same_data(drawn: list[dict[str, Any]] | None, figure: go.Figure) -> bool:
    """Return whether a page has drawn the numbers of a figure."""
    if drawn is None or len(drawn) != len(figure.data):
        return False
    for found, wanted in zip(drawn, figure.data, strict=True):
        if found["type"] != wanted.type:
            return False
        for name in ("x", "y", "z", "q1"):
            value = getattr(wanted, name, None)
            if wanted.type == "image" or value is None:
                continue
            a, b = numbers(found[name]), numbers(value)
            if (a is None) != (b is None):
                return False
            if a is not None and not (
                a.shape == b.shape and np.allclose(a, b, atol=1e-4, equal_nan=True)
            ):
                return False
    return True


class ExplorerPage:
    """An explorer that a browser shows.

    Args:
        page: of Playwright.
        arrows_open: whether lists must be opened before the arrow keys reach them (JupyterLab
            takes those keys otherwise).
    """

    def __init__(self, page: Any, *, arrows_open: bool = False) -> None:
        self.page, self._arrows_open = page, arrows_open

    def wait(self, what: str, condition: Any, seconds: float = PATIENCE_S) -> Any:
        """Return what a condition gives as soon as that is true."""
        end = time.monotonic() + seconds
        while not (found := condition()):
            assert time.monotonic() < end, f"{what}: not within {seconds} s; {self.said()}"
            self.page.wait_for_timeout(POLL_MS)
        return found

    def drawn(self) -> list[dict[str, Any]] | None:
        """Return type and numbers of every trace of the figure that can be seen."""
        return self.page.evaluate(DRAWN)

    def shows(self, figure: go.Figure, what: str = "the figure") -> None:
        """Wait until the page has drawn the numbers of a figure."""
        self.wait(what, lambda: same_data(self.drawn(), figure))

    def said(self) -> str:
        """Return the sentences that can be seen beside the figure."""
        return " ".join(self.page.locator("[role=status]:visible").all_inner_texts())

    def says(self, text: str) -> None:
        """Wait until a sentence holds a text."""
        self.wait(text, lambda: text in self.said())

    def control(self, label: str) -> Any:
        """Return the box of a labelled control that can be seen."""
        return self.page.get_by_label(label, exact=True).locator("visible=true")

    def button(self, text: str) -> Any:
        """Return a button that can be seen by the beginning of its text."""
        return self.page.locator("button:visible", has_text=text)

    def open_tab(self, title: str, by: str = "mouse") -> None:
        """Open a tab."""
        tab = self.page.get_by_role("tab", name=title, exact=True)
        if by == "mouse":
            tab.click()
        else:
            tab.focus()
            self.page.keyboard.press("Enter")
        self.wait(title, lambda: tab.get_attribute("aria-selected") == "true")

    def choose(self, label: str, value: str, by: str = "mouse") -> None:
        """Choose from a list: with the mouse, or with the arrow keys."""
        box = self.control(label)
        if by == "mouse":
            # The list itself is drawn by the system, not by the page; this is what a click does.
            box.select_option(label=value)
            return
        names = [text.replace("\xa0", " ") for text in box.locator("option").all_inner_texts()]
        steps = names.index(value) - box.evaluate("box => box.selectedIndex")
        box.focus()
        before, after = (["Space"], ["Enter"]) if self._arrows_open else ([], [])
        arrows = ["ArrowDown" if steps > 0 else "ArrowUp"] * abs(steps)
        for key in (*before, *arrows, *after):
            self.page.keyboard.press(key)

    def type_into(self, label: str, value: str, by: str = "mouse") -> None:
        """Write into a box, and leave it: by a click elsewhere, or with Enter."""
        box = self.control(label)
        box.click() if by == "mouse" else box.focus()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(value) if value else self.page.keyboard.press("Delete")
        if by == "mouse":
            self.page.locator(".mmtlib-explorer").click(position={"x": 600, "y": 2})
        else:
            self.page.keyboard.press("Enter")

    def slide(self, label: str, steps: int, by: str = "mouse") -> None:
        """Move a slider by steps of the arrow keys, or drag its handle by so many pixels."""
        row = self.page.locator(".widget-hslider:visible", has_text=label)
        handle = row.locator(".noUi-handle")
        if by == "keyboard":
            handle.focus()
            for _ in range(abs(steps)):
                self.page.keyboard.press("ArrowRight" if steps > 0 else "ArrowLeft")
            return
        handle.scroll_into_view_if_needed()
        box = handle.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + steps, y, steps=4)
        self.page.mouse.up()

    def read_slider(self, label: str) -> str:
        """Return what stands beside a slider."""
        row = self.page.locator(".widget-hslider:visible", has_text=label)
        return row.locator(".widget-readout").inner_text()

    def press(self, text: str, by: str = "mouse") -> None:
        """Press a button, as soon as it can be pressed."""
        self.wait(text, lambda: self.button(text).is_enabled())
        if by == "mouse":
            self.button(text).click()
        else:
            self.button(text).focus()
            self.page.keyboard.press("Enter")

    def click_point(self, trace: int, x: float, y: float) -> None:
        """Click a point of the figure, or a cell, by its coordinates."""
        self.page.mouse.click(*self.page.evaluate(PLACE, [trace, [x, y]]))
