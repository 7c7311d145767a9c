"""A plotly figure on the page that becomes another one, and whose points can be clicked.

Plotly's own `FigureWidget` loads all 5 MB of plotly.js anew for every figure. And anywidget, on
which it stands, gives a widget two seconds to load: one that is later hears no change any more
("Failed to initialize model" in the browser's console), so that on a busy computer figures stood
still. Here a page loads plotly.js once, and what is drawn is kept by a plain widget, which hears
every change however late the view is.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets as widgets
import plotly.graph_objects as go
import traitlets
from plotly.offline import get_plotlyjs, get_plotlyjs_version

Pick = Callable[[Any, Any], None]


class PlotlyLibrary(widgets.Widget):
    """plotly.js, for all figures of a page."""

    version = traitlets.Unicode().tag(sync=True)
    code = traitlets.Unicode().tag(sync=True)


_LIBRARY: list[PlotlyLibrary] = []


def plotly_library() -> PlotlyLibrary:
    """Return the one `PlotlyLibrary` of this kernel."""
    if not _LIBRARY or _LIBRARY[0].comm is None:  # closed by someone
        _LIBRARY[:] = [PlotlyLibrary(version=get_plotlyjs_version(), code=get_plotlyjs())]
    return _LIBRARY[0]


class FigureSource(widgets.Widget):
    """What a `FigureView` draws: the figure as JSON, and with which plotly.js."""

    figure = traitlets.Unicode().tag(sync=True)
    library = traitlets.Instance(PlotlyLibrary).tag(sync=True, **widgets.widget_serialization)


class FigureView(anywidget.AnyWidget):
    """A place for one figure after the other.

    Args:
        shown: the first figure.
        on_pick: called with the trace and the number of a point that was clicked (row and column
            of a cell).

    Attributes:
        shown: the present figure, a `plotly.graph_objects.Figure`. `show` another one instead of
            changing it: the page would not hear of that.
    """

    _esm = Path(__file__).with_suffix(".js")
    source = traitlets.Instance(FigureSource).tag(sync=True, **widgets.widget_serialization)

    def __init__(self, shown: go.Figure, on_pick: Pick | None = None) -> None:
        super().__init__(source=FigureSource(library=plotly_library()))
        self._on_pick = on_pick
        self.on_msg(self._told)
        self.show(shown)

    def show(self, figure: go.Figure) -> None:
        """Show another figure."""
        self.shown, self.source.figure = figure, figure.to_json()

    def _told(self, _view: object, message: dict[str, Any], _buffers: object) -> None:
        if self._on_pick is not None:
            self._on_pick(self.shown.data[message["trace"]], message["point"])
