"""A plotly figure on the page that can be drawn anew, and whose points can be chosen."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import ipywidgets as widgets
import plotly.graph_objects as go

from mmtlib.interactive.live_figure import CurrentFigure, changes

Pick = Callable[[Any, Any], None]


KEPT = 4
"""Figures that are kept after they were replaced."""


class Plot(widgets.Box):
    """A place for one figure after the other.

    A figure of the same build as the one before (the same kinds of traces and parts of the layout)
    changes it in place, which is quick; another one takes its place, as plotly would leave parts of
    the old one behind.

    Attributes:
        figure: what is shown, a `plotly.graph_objects.FigureWidget`.
    """

    def __init__(self, figure: go.Figure, on_pick: Pick | None = None) -> None:
        super().__init__(layout={"width": "100%", "overflow": "hidden"})
        self._on_pick, self._old = on_pick, deque()
        self._shown = figure
        self.figure = self._new(figure)
        self.children = (self.figure,)

    def show(self, figure: go.Figure) -> None:
        """Show another figure."""
        before, self._shown = self._shown, figure
        if _build(before) != _build(figure):
            old, self.figure = self.figure, self._new(figure)
            self.children = (self.figure,)
            # The page may still be busy with it: it is closed a few figures later.
            self._old.append(old)
            if len(self._old) > KEPT:
                self._old.popleft().close()
            return
        with self.figure.batch_update():
            for trace, old, new in zip(self.figure.data, before.data, figure.data, strict=True):
                trace.update(changes(old, new))
            self.figure.layout.update(changes(before.layout, figure.layout))

    def _new(self, figure: go.Figure) -> CurrentFigure:
        made = CurrentFigure(figure)
        made._config = {"displayModeBar": False}
        for trace in made.data:
            trace.on_click(self._clicked)
        return made

    def _clicked(self, trace: Any, points: Any, _device: object) -> None:
        """Tell of the point: its number, or row and column of a cell."""
        if points.point_inds and self._on_pick is not None:
            self._on_pick(trace, points.point_inds[0])

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any] | None:
        self.figure._repr_mimebundle_()  # see LiveFigure
        return super()._repr_mimebundle_(**kwargs)


def _build(figure: go.Figure) -> tuple[Any, ...]:
    """Return what two figures must have in common for one to become the other in place."""
    layout = figure.layout.to_plotly_json()
    return (
        tuple((trace.type, trace.mode if trace.type == "scatter" else None, trace.name)
              for trace in figure.data),
        tuple(sorted(name for name in layout if name not in ("title",))),
        tuple(sorted(layout.get("xaxis", {}))),
        len(layout.get("shapes", ())), len(layout.get("annotations", ())),
        "title" in layout, layout.get("paper_bgcolor"),
    )  # fmt: skip
