import numpy as np
import pandas as pd
import pytest

from mmtlib.core.modalities import MODALITIES
from mmtlib.figures.results import result_matrix, result_points

NAMES = [f"study / way of training number {i}" for i in range(8)]


def points():
    rows = [(i + shift, target, 0.6 + 0.02 * i + shift)
            for target, shift in (("rgb", -0.1), ("fused", 0.1)) for i in range(8)]  # fmt: skip
    table = pd.DataFrame(rows, columns=["at", "target", "mean"])
    return table.assign(low=table["mean"] - 0.05, high=table["mean"] + 0.05)


def test_points_stand_at_their_places_in_percent(check_figure):
    table = points()
    table.loc[0, ["low", "high"]] = np.nan  # one seed
    figure = result_points(table, NAMES, xlabel="", ylabel="Accuracy (%)")
    check_figure(figure)
    (axes,) = figure.axes
    rgb, fused = (line for line in axes.lines if line.get_marker() in {*"o^"})
    np.testing.assert_allclose(rgb.get_xdata(orig=False), np.arange(8) - 0.1)
    np.testing.assert_allclose(fused.get_ydata(orig=False), 70 + 2 * np.arange(8))
    assert rgb.get_color() == MODALITIES["rgb"].color
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["RGB", "Late fusion"]
    assert [text.get_text() for text in axes.get_xticklabels()] == NAMES


def test_differences_mark_0_and_many_runs_are_boxes(check_figure):
    gains = points().assign(mean=0.1, low=-0.1, high=0.2)
    figure = result_points(gains, NAMES[:8], xlabel="weight", ylabel="Points", gain=True)
    assert any(set(line.get_ydata()) == {0} for line in figure.axes[0].lines)
    table = points().assign(at=0.0)
    boxes = result_points(table, ["all"], xlabel="weight", ylabel="Accuracy (%)", boxes=True)
    check_figure(boxes)
    ends = [y for line in boxes.axes[0].lines for y in line.get_ydata()]
    assert (min(ends), max(ends)) == pytest.approx((50, 84))


@pytest.mark.parametrize("gain", [True, False])
def test_cells_have_their_numbers_and_gaps_none(check_figure, gain):
    cells = pd.DataFrame([[0.1, np.nan], [-0.05, 0.0]], ["a", "b"], ["x", "y"])
    cells = cells.rename_axis(index="method", columns="weight")
    figure = result_matrix(cells, label="Difference (points)", gain=gain)
    check_figure(figure)
    axes = figure.axes[0]
    texts = {text.get_text() for text in axes.texts}
    assert texts - {""} == ({"+10.0", "-5.0", "+0.0"} if gain else {"10.0", "-5.0", "0.0"})
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("weight", "method")
    low, high = axes.collections[0].get_clim()
    assert (low == -high) == gain
