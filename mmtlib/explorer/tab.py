"""What the tabs of the explorer share: controls that tell of changes, and words under a figure."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import ipywidgets as widgets

Change = Callable[..., None]
WIDE = {"width": "100%", "min_width": "0"}


class Tab:
    """The part of a tab that is no widget.

    Attributes:
        sentence: the words beside the figure, also for readers who cannot see it.
    """

    sentence: widgets.HTML
    _change: Change
    _following = False

    def tell(self, control: Any, told: Callable[[Any], None]) -> None:
        """Call `told` with the new value of a control, unless it only follows a state."""

        def hear(event: Any) -> None:
            if not self._following:
                told(event["new"])

        control.observe(hear, "value")

    def tell_state(self, control: Any, name: str) -> None:
        """Let a control's new value be that part of the state."""
        self.tell(control, lambda new: self._change(**{name: "" if new is None else new}))

    @contextmanager
    def following(self) -> Iterator[None]:
        """Hold back what controls tell while they follow a state."""
        before, self._following = self._following, True
        try:
            yield
        finally:
            self._following = before

    def say(self, text: str) -> None:
        """Show words beside the figure."""
        self.sentence.value = status(text)


def status(text: str) -> str:
    """Return words as HTML that a screen reader tells when they change."""
    return f'<div role="status">{html.escape(text)}</div>'


def offer(control: Any, options: Sequence[Any], value: Any) -> None:
    """Set what may be chosen, only where it changed (a thousand arms take time), and what is."""
    if tuple(control.options) != tuple(options):
        control.options = options
    if control.value != value:
        control.value = value


def columns(width: int, left: Sequence[Any], right: Sequence[Any]) -> list[widgets.VBox]:
    """Return controls in a column of that many pixels, and what they show in the room beside it."""
    narrow = {"width": f"{width}px", "flex": f"0 0 {width}px", "padding": "0 8px 0 0"}
    wide = {"flex": "1 1 auto", "min_width": "0"}
    return [widgets.VBox(left, layout=narrow), widgets.VBox(right, layout=wide)]
