import json
import warnings

import plotly.graph_objects as go
import pytest

pytest.importorskip("ipywidgets")
from mmtlib.widgets.live_figure import LiveFigure, counter, slider


def draw(a, b):
    figure = go.Figure()
    figure.add_scatter(x=[0, 1], y=[a, a + b])
    figure.update_layout(title={"text": f"a = {a:g}"})
    return figure, f"from {a:g} to <{a + b:g}>"


def make():
    return LiveFigure({"a": slider("a", 0.5, (0.0, 1.0)), "b": counter("b", 2, 4)}, draw)


def test_it_is_drawn_from_the_controls():
    live = make()
    assert live.state == {"a": 0.5, "b": 2}
    assert list(live.figure.data[0].y) == [0.5, 2.5]
    assert live.children == (live.controls["a"], live.controls["b"], live.view, live.sentence)


def test_a_change_redraws_figure_and_sentence():
    live = make()
    live.controls["a"].value = 1.0
    live.controls["b"].value = 4
    assert list(live.figure.data[0].y) == [1.0, 5.0]
    assert live.figure.layout.title.text == "a = 1"
    assert live.sentence.value == '<div role="status">from 1 to &lt;5&gt;</div>'


def test_a_page_gets_the_present_state():
    live = make()
    live.controls["a"].value = 0.25
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shown = live._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in shown
    sent = json.loads(live.view.source.get_state()["figure"])
    assert sent["data"][0]["y"] == [0.25, 2.25]
    assert sent["layout"]["title"]["text"] == "a = 0.25"


def test_controls_keep_to_their_span():
    assert slider("a", 7.0, (0.0, 1.0)).value == 1.0
    assert counter("b", 9, 4).value == 4
