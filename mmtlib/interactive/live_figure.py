"""Controls above a plotly figure: the part that all widgets of the course share."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as widgets
import numpy as np
import plotly.graph_objects as go

Draw = Callable[..., tuple[go.Figure, str]]


class CurrentFigure(go.FigureWidget):
    """A FigureWidget that a reloaded page gets as it is, not as it was when it was made."""

    _made = False

    def __init__(self, figure: go.Figure) -> None:
        super().__init__(figure)
        self.update_layout(dragmode=False)  # a click chooses, a drag does not zoom by accident
        self._config = {"displayModeBar": False}
        self._made = True

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:
        """Return what the page gets; see `ipywidgets.Widget.get_state`."""
        state = super().get_state(key, drop_defaults)
        if key is None and self._made:
            now = self.to_plotly_json()
            for name in ("data", "layout"):
                to_json = self.trait_metadata(f"_widget_{name}", "to_json")
                state[f"_widget_{name}"] = to_json(now[name], self)
        return state


class LiveFigure(widgets.VBox):
    """Controls, a figure drawn from their values, and a sentence that says what it shows.

    The values of the controls are the whole state: a change of one redraws, and so does showing the
    widget (again), in another cell or after a reload of the page.

    Args:
        controls: name -> a widget with a ``value``.
        draw: called with the values by name; returns a figure, always with the same number of
            traces, and a sentence on it. A pure function.

    Attributes:
        controls: as given.
        figure: the `plotly.graph_objects.FigureWidget`.
        sentence: the text under the figure, also for readers who cannot see it.
    """

    def __init__(self, controls: Mapping[str, Any], draw: Draw) -> None:
        self.controls = dict(controls)
        self._draw = draw
        self._shown, text = draw(**self.state)
        self.figure = CurrentFigure(self._shown)
        self.sentence = widgets.HTML()
        self._tell(text)
        for control in self.controls.values():
            control.observe(self._redraw, "value")
        super().__init__([*self.controls.values(), self.figure, self.sentence])

    @property
    def state(self) -> dict[str, Any]:
        """The values of the controls, by name."""
        return {name: control.value for name, control in self.controls.items()}

    def _redraw(self, _change: object = None) -> None:
        fresh, text = self._draw(**self.state)
        with self.figure.batch_update():
            for trace, old, new in zip(self.figure.data, self._shown.data, fresh.data, strict=True):
                trace.update(changes(old, new))
            self.figure.layout.update(changes(self._shown.layout, fresh.layout))
        self._shown = fresh
        self._tell(text)

    def _tell(self, text: str) -> None:
        self.sentence.value = f'<div role="status">{html.escape(text)}</div>'

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any] | None:
        # A FigureWidget sends its state when it is made and when it is shown itself; inside a box
        # it would start from the state it was made with.
        self.figure._repr_mimebundle_()
        return super()._repr_mimebundle_(**kwargs)


def changes(old: Any, new: Any) -> dict[str, Any]:
    """Return the settings of a trace or layout that differ: the rest is slow to set again.

    Settings that the new one lacks are None.
    """
    before, after = old.to_plotly_json(), new.to_plotly_json()
    gone = {name: None for name in before if name not in after}
    return {k: v for k, v in after.items() if not _same(before.get(k), v)} | gone


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return np.array_equal(a, b)
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same(a[name], b[name]) for name in a)
    return a == b


def slider(
    description: str, value: float, span: tuple[float, float], *, step: float = 0.05
) -> widgets.FloatSlider:
    """Return a slider whose name is read in full, kept in its span.

    Args:
        description: its name.
        value: where it starts.
        span: lowest and highest value.
        step: between two values.
    """
    return widgets.FloatSlider(
        value=value, min=span[0], max=span[1], step=step, **_look(description)
    )


def counter(description: str, value: int, highest: int) -> widgets.IntSlider:
    """Return a slider from 1 to `highest`."""
    return widgets.IntSlider(value=value, min=1, max=highest, **_look(description))


def _look(description: str) -> dict[str, Any]:
    return {
        "description": description,
        "style": {"description_width": "12em"},
        "layout": {"width": "32em", "max_width": "100%"},
    }
