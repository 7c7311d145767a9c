import numpy as np
import pandas as pd
import pytest

from mmtlib.core.errors import ConfigError, DataError

pytest.importorskip("plotly")
from mmtlib.widgets.embedding_explorer import (
    embedding_explorer,
    embedding_figure,
    embedding_sentence,
)

NAMES = ("wave", "point")


def plane(x):
    """Two clips as RGB and depth see them: RGB at 0 and 1, depth at the given places."""
    return pd.DataFrame(
        {
            "modality": ["rgb", "rgb", "depth", "depth"],
            "clip": [0, 1, 0, 1],
            "label": [0, 1, 0, 1],
            "x": [0.0, 1.0, *x],
            "y": 0.0,
        }
    )


PLANES = {"alone": plane([1.1, 0.3]), "together": plane([0.1, 1.2])}


def test_the_chosen_class_is_in_the_colours_of_the_modalities():
    figure = embedding_figure(PLANES, NAMES, shown="wave")
    assert len(figure.data) == 2 * 2 * 2
    grey_rgb, grey_depth, rgb, depth = figure.data[:4]
    assert list(rgb.x) == [0.0]
    assert list(depth.x) == [1.1]
    assert list(grey_rgb.x) == [1.0]
    assert grey_rgb.marker.color == grey_depth.marker.color
    assert len({grey_rgb.marker.color, rgb.marker.color, depth.marker.color}) == 3
    assert rgb.marker.symbol != depth.marker.symbol
    assert list(rgb.text) == ["RGB, clip 0: wave"]
    assert [trace.name for trace in figure.data if trace.showlegend] == ["RGB", "Depth"]


def test_the_sentence_counts_nearest_neighbours():
    said = embedding_sentence(PLANES, NAMES, shown="wave")
    assert said == (
        "Wave. alone: of 2 points 0% have one of the same class nearest, 100% one of another "
        "modality; together: of 2 points 100% have one of the same class nearest, 100% one of "
        "another modality."
    )


def test_choosing_a_class_redraws():
    live = embedding_explorer(PLANES, NAMES)
    assert live.controls["shown"].value == "wave"
    live.controls["shown"].value = "point"
    fresh = embedding_figure(PLANES, NAMES, shown="point")
    for trace, wanted in zip(live.figure.data, fresh.data, strict=True):
        np.testing.assert_array_equal(trace.x, wanted.x)
        assert trace.marker.color == wanted.marker.color
    assert "Point." in live.sentence.value


def test_a_class_without_a_clip_can_be_chosen():
    live = embedding_explorer(PLANES, (*NAMES, "click"), shown="click")
    assert "of 0 points" in live.sentence.value


def test_what_cannot_be_explored_is_refused():
    with pytest.raises(DataError, match="No embeddings"):
        embedding_explorer({}, NAMES)
    with pytest.raises(DataError, match="lacks the columns x"):
        embedding_explorer({"alone": plane([0, 1]).drop(columns="x")}, NAMES)
    with pytest.raises(DataError, match="Label 1 of 'alone' has no name"):
        embedding_explorer({"alone": plane([0, 1])}, NAMES[:1])
    with pytest.raises(ConfigError, match="no class 'click'; known: wave, point"):
        embedding_explorer(PLANES, NAMES, shown="click")
