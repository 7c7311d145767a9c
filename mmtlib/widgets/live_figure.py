"""Controls above a plotly figure: the part that all widgets of the course share."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as widgets
import plotly.graph_objects as go

from mmtlib.widgets.figure_view import FigureView, Pick

Draw = Callable[..., tuple[go.Figure, str]]


class LiveFigure(widgets.VBox):
    """Controls, a figure drawn from their values, and a sentence that says what it shows.

    The values of the controls are the whole state: a change of one redraws.

    Args:
        controls: name -> a widget with a ``value``.
        draw: called with the values by name; returns a figure and a sentence on it. A pure
            function.
        on_pick: called with the trace and the number of a point that was clicked (row and column
            of a cell).

    Attributes:
        controls: as given.
        view: the `FigureView`.
        sentence: the text under the figure, also for readers who cannot see it.
    """

    def __init__(
        self, controls: Mapping[str, Any], draw: Draw, on_pick: Pick | None = None
    ) -> None:
        self.controls = dict(controls)
        self._draw = draw
        figure, text = draw(**self.state)
        self.view = FigureView(figure, on_pick)
        self.sentence = widgets.HTML()
        self._tell(text)
        for control in self.controls.values():
            control.observe(self._redraw, "value")
        super().__init__([*self.controls.values(), self.view, self.sentence])

    @property
    def figure(self) -> go.Figure:
        """The present figure."""
        return self.view.shown

    @property
    def state(self) -> dict[str, Any]:
        """The values of the controls, by name."""
        return {name: control.value for name, control in self.controls.items()}

    def _redraw(self, _change: object = None) -> None:
        figure, text = self._draw(**self.state)
        self.view.show(figure)
        self._tell(text)

    def _tell(self, text: str) -> None:
        self.sentence.value = f'<div role="status">{html.escape(text)}</div>'


def without_ticks(figure: go.Figure) -> go.Figure:
    """Take ticks and lines from panels of pictures, whose pixels become squares; return it."""
    bare = {"showticklabels": False, "showgrid": False, "zeroline": False, "constrain": "domain"}
    figure.update_xaxes(**bare)
    figure.update_yaxes(**bare)
    return figure.for_each_yaxis(lambda axis: axis.update(scaleanchor=axis.anchor))


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
