import numpy as np
import pandas as pd
import pytest

from mmtlib.core.errors import DataError
from mmtlib.core.modalities import MODALITIES
from mmtlib.figures import TWO_COLUMN, corruption_curves, gain_bars

GESTURES = ("move hand left", "click", "rotate two fingers counter-clockwise")


def gains(learners=("rgb", "depth"), names=GESTURES):
    values = {name: (0.1 - 0.1 * i, 0.05) for i, name in enumerate(names)}
    rows = [(m, c, g, g - half, g + half) for m in learners for c, (g, half) in values.items()]
    return pd.DataFrame(rows, columns=["learner", "class", "gain", "low", "high"])


def bars(axes):
    return {round(bar.get_y() + bar.get_height() / 2): bar for bar in axes.patches}


def test_gains_are_bars_in_points_with_their_intervals(check_figure):
    figure = gain_bars(gains())
    check_figure(figure)
    rgb, depth = figure.axes
    assert [axes.get_title() for axes in figure.axes] == ["Learner: RGB", "Learner: Depth"]
    assert [label.get_text() for label in rgb.get_yticklabels()] == list(GESTURES)
    np.testing.assert_allclose([bar.get_width() for bar in bars(rgb).values()], [10, 0, -10])
    ends = [c.lines[2][0].get_segments()[0][:, 0] for c in rgb.containers if hasattr(c, "has_xerr")]
    np.testing.assert_allclose(ends, [[5, 15], [-5, 5], [-15, -5]], atol=1e-9)
    assert rgb.get_ylim()[0] > rgb.get_ylim()[1]  # the first class on top
    assert rgb.get_xlim() == depth.get_xlim()
    assert "from -10.0 points (rotate two fingers counter-clockwise)" in figure.alt_text


def test_classes_that_lose_are_hatched_and_explained():
    figure = gain_bars(gains(), confidence=0.9)
    hatches = [bar.get_hatch() is not None for bar in bars(figure.axes[0]).values()]
    assert hatches == [False, False, True]
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["90% interval over people and seeds", "loses: interval below 0"]
    table = gains(names=GESTURES[:1])
    assert len(gain_bars(table).legends[0].get_texts()) == 1


def test_all_classes_have_a_row_on_top(check_figure):
    overall = gains(names=("any",)).drop(columns="class")
    figure = gain_bars(gains(), overall=overall)
    check_figure(figure)
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == ["all classes", *GESTURES]
    assert len(bars(figure.axes[0])) == 4


@pytest.mark.parametrize("learners", [("ir",), ("rgb", "rgb-2"), ("rgb", "depth", "flow")])
def test_many_classes_and_learners_can_be_read(check_figure, learners):
    names = [f"{name} {i}" for i in range(9) for name in GESTURES][:25]
    figure = gain_bars(gains(learners, names).assign(low=np.nan, high=np.nan))
    check_figure(figure)
    assert figure.get_figwidth() <= TWO_COLUMN
    assert not any(hasattr(c, "has_xerr") for axes in figure.axes for c in axes.containers)


def test_gains_that_are_none_are_refused():
    with pytest.raises(DataError, match="table of gains by class lacks the columns class"):
        gain_bars(gains().drop(columns="class"))
    with pytest.raises(DataError, match="twice"):
        gain_bars(pd.concat([gains(), gains()]))
    with pytest.raises(DataError, match="no rows"):
        gain_bars(gains()[:0])


def accuracies(methods=("ssa",), targets=("rgb",), focals=(True, False)):
    rows = [
        (m, f, t, s, 0.7 - 0.2 * s * (f is not True))
        for m in methods
        for f in focals
        for t in targets
        for s in (0.0, 0.5, 1.0)
    ]
    columns = ["method", "focal", "target", "corruption_strength", "accuracy"]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(low=table["accuracy"] - 0.1, high=table["accuracy"] + 0.05)


def curves(axes):
    """Return what is drawn at each strength, without caps and lines of reference."""
    return [c.lines[0] for c in axes.containers]


def legend_of(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_accuracy_falls_along_its_curve(check_figure):
    table = accuracies().sample(frac=1, random_state=0)
    figure = corruption_curves(table, alone={"rgb": 0.66, "flow": 0.1})
    check_figure(figure)
    (axes,) = figure.axes
    with_rho, without = curves(axes)
    np.testing.assert_allclose(with_rho.get_ydata(orig=False), [0.7, 0.7, 0.7])
    np.testing.assert_allclose(without.get_ydata(orig=False), [0.7, 0.6, 0.5])
    np.testing.assert_allclose(without.get_xdata(orig=False), [0, 0.5, 1], atol=0.02)
    assert with_rho.get_linestyle() != without.get_linestyle()
    assert with_rho.get_color() == without.get_color()
    assert [line.get_ydata()[0] for line in axes.lines if len(line.get_ydata()) == 2][-1:] == [0.66]
    assert legend_of(figure) == ["ssa", "with rho", "without rho", "trained alone"]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["0", "0.5", "1"]
    assert figure.alt_text.endswith(
        "From 0 to 1: RGB: ssa with rho 70.0% to 70.0%, ssa without rho 70.0% to 50.0%, "
        "alone 66.0%."
    )


def test_methods_differ_in_colour_and_mark_and_some_have_no_rho(check_figure):
    table = pd.concat(
        [accuracies(targets=tuple(MODALITIES)[:3]),
         accuracies(("dml", "kd"), tuple(MODALITIES)[:3], (None,))]
    )  # fmt: skip
    figure = corruption_curves(table, alone=dict.fromkeys(MODALITIES, 0.6))
    check_figure(figure)
    assert [axes.get_title() for axes in figure.axes] == ["RGB", "Depth", "Optical flow"]
    assert [len(curves(axes)) for axes in figure.axes] == [4] * 3
    drawn = {(line.get_color(), line.get_marker()) for line in curves(figure.axes[0])}
    assert len(drawn) == len({mark for _, mark in drawn}) == 3
    assert legend_of(figure) == [
        "ssa", "dml", "kd", "with rho", "without rho", "method without rho", "trained alone",
    ]  # fmt: skip


def test_curves_of_one_kind_need_no_key_for_it(check_figure):
    figure = corruption_curves(accuracies(("dml",), focals=(None,)))
    check_figure(figure)
    assert legend_of(figure) == ["dml"]
    check_figure(corruption_curves(accuracies().assign(low=np.nan, high=np.nan)))


def test_accuracies_that_cannot_be_drawn_are_refused():
    with pytest.raises(DataError, match="lacks the columns low"):
        corruption_curves(accuracies().drop(columns="low"))
    with pytest.raises(DataError, match="twice"):
        corruption_curves(pd.concat([accuracies(), accuracies()]))


def test_a_narrow_figure_has_its_panels_above_each_other(check_figure):
    figure = gain_bars(gains(), width=3.5)
    check_figure(figure)
    first, second = figure.axes
    assert first.get_position().y0 > second.get_position().y1
    assert [text.get_text() for text in second.get_yticklabels()] == list(GESTURES)
    assert figure.get_figwidth() == 3.5
    check_figure(corruption_curves(accuracies(), alone={"rgb": 0.6}, width=3.5))
