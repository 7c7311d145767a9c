import json

import numpy as np
import plotly.graph_objects as go
import pytest

pytest.importorskip("anywidget")
from support.clicks import click

from mmtlib.widgets import figure_view
from mmtlib.widgets.figure_view import FigureView, plotly_library


def bars(*heights):
    return go.Figure(go.Bar(y=list(heights), name="bars"))


def test_a_page_gets_the_figure_that_is_shown_and_plotly_once():
    view, other = FigureView(bars(1, 2)), FigureView(bars(3))
    view.show(go.Figure(go.Heatmap(z=[[4]])))
    state = view.source.get_state()
    assert json.loads(state["figure"])["data"] == [{"type": "heatmap", "z": [[4]]}]
    assert view.shown.data[0].z[0][0] == 4
    assert state["library"] == other.source.get_state()["library"]
    assert len(view.get_state()["_esm"]) < 10_000
    assert len(plotly_library().get_state()["code"]) > 1_000_000


def test_arrays_travel_as_numbers():
    sent = json.loads(FigureView(go.Figure(go.Scatter(y=np.array([0.5, np.nan])))).source.figure)
    assert sent["data"][0]["y"] == {"dtype": "f8", "bdata": "AAAAAAAA4D8AAAAAAAD4fw=="}


def test_a_click_is_told_with_its_trace():
    told = []
    view = FigureView(bars(1, 2), lambda trace, point: told.append((trace.name, point)))
    click(view, 0, 1)
    click(FigureView(bars(1)), 0, 0)  # nobody asked for clicks
    assert told == [("bars", 1)]


def test_a_library_that_was_closed_is_made_anew():
    plotly_library().close()
    assert plotly_library().comm is not None
    assert [plotly_library()] == figure_view._LIBRARY
