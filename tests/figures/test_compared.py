import numpy as np
import pandas as pd
import pytest

from mmtlib.core.errors import DataError
from mmtlib.figures import compared_curves


def curves(epochs=12, methods=("alone", "with"), measures=("Loss", "Accuracy of RGB")):
    rows = [
        (measure, method, x, 0.1 * (i + 1) + 0.01 * x)
        for measure in measures
        for i, method in enumerate(methods)
        for x in range(epochs)
    ]
    table = pd.DataFrame(rows, columns=["measure", "method", "x", "value"])
    return table.assign(low=table["value"] - 0.05, high=table["value"] + 0.02)


@pytest.mark.parametrize("width", [3.5, 7.16])
def test_a_panel_for_each_measure(check_figure, width):
    figure = compared_curves(curves().sample(frac=1, random_state=1), width=width)
    check_figure(figure)
    assert sorted(axes.get_ylabel() for axes in figure.axes) == ["Accuracy of RGB", "Loss"]
    for axes in figure.axes:
        assert len(axes.lines) == len(axes.collections) == 2
        for line in axes.lines:
            np.testing.assert_array_equal(line.get_xdata(), range(12))
    places = [axes.get_position() for axes in figure.axes]
    assert (places[0].y0 > places[1].y1) == (width < 5)


def test_curves_differ_in_more_than_colour():
    (axes, _) = compared_curves(curves(methods=("a", "b", "c", "d"))).axes
    assert len({str(line._dash_pattern) for line in axes.lines}) == 4


def test_few_levels_have_marks_and_bars(check_figure):
    figure = compared_curves(curves(3, measures=("Accuracy",)), xlabel="Clips", width=3.5)
    check_figure(figure)
    (axes,) = figure.axes
    assert axes.get_xlabel() == "Clips"
    assert [text.get_text() for text in axes.get_xticklabels()] == ["0", "1", "2"]
    ends = axes.containers[0].lines[2][0].get_segments()[2][:, 1]
    np.testing.assert_allclose(ends, [0.07, 0.14])
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["alone", "with", "95% interval over seeds"]
    assert "Curves over clips. Accuracy at the highest x: alone 0.12, with 0.22." in figure.alt_text


def test_without_intervals_none_is_explained(check_figure):
    table = curves().drop(columns=["low", "high"])
    figure = compared_curves(table)
    check_figure(figure)
    assert not any(axes.collections for axes in figure.axes)
    assert len(figure.legends[0].get_texts()) == 2
    check_figure(compared_curves(curves(3).drop(columns=["low", "high"])))


def test_a_method_may_lack_a_measure(check_figure):
    table = curves()
    table = table[(table["method"] == "with") | (table["measure"] == "Loss")]
    check_figure(compared_curves(table))


def test_curves_that_cannot_be_drawn_are_refused():
    with pytest.raises(DataError, match="lacks the columns method"):
        compared_curves(curves().drop(columns="method"))
    with pytest.raises(DataError, match="twice"):
        compared_curves(pd.concat([curves(), curves()]))
    with pytest.raises(DataError, match=r"at most 4 methods .* got 5"):
        compared_curves(curves(methods=tuple("abcde")))
