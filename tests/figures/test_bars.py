import numpy as np
import pandas as pd
import pytest

from mmtlib.core.errors import DataError
from mmtlib.core.modalities import MODALITIES
from mmtlib.figures import TWO_COLUMN, accuracy_bars, difference_bars, gain_bars

GESTURES = ("move hand left", "click", "rotate two fingers counter-clockwise")


def bars(axes):
    """Return the bars, each under its place."""
    return {round(bar.get_y() + bar.get_height() / 2): bar for bar in axes.patches}


def intervals(axes, along=0):
    """Return the ends of every interval: lines of an axes with several parts."""
    lines = [np.asarray(line.get_xydata())[:, along] for line in axes.lines]
    known = [values[np.isfinite(values)] for values in lines if len(values) > 2]
    return [(values.min(), values.max()) for values in known if len(values)]


def test_bars_have_the_heights_and_intervals_given(check_figure):
    table = pd.DataFrame(
        [
            ("rgb", "alone", 0.68, 0.64, 0.72),
            ("rgb", "together", 0.75, None, None),
            ("fused", "alone", 0.98, 0.97, 0.99),
            ("fused", "together", 1.0, np.nan, np.nan),
        ],
        columns=["modality", "variant", "accuracy", "low", "high"],
    )
    figure = accuracy_bars(table, chance=1 / 12)
    check_figure(figure)
    (axes,) = figure.axes
    found = sorted((bar.get_x(), bar.get_height()) for bar in axes.patches)
    np.testing.assert_allclose([height for _, height in found], table["accuracy"])
    assert sorted(float(text.get_text()) for text in axes.texts) == [68, 75, 98, 100]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["RGB", "Late fusion"]
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["alone", "together", "guessing"]
    np.testing.assert_allclose(intervals(axes, 1), [(0.64, 0.72), (0.97, 0.99)])


def test_bars_of_one_variant_need_no_legend(check_figure):
    names = [*MODALITIES, "fused"]
    figure = accuracy_bars(pd.DataFrame({"modality": names, "accuracy": 0.7}))
    check_figure(figure)
    assert figure.legends == []
    colors = [bar.get_facecolor() for bar in figure.axes[0].patches]
    assert len(set(colors)) == 5
    check_figure(accuracy_bars(pd.DataFrame({"modality": ["rgb"], "accuracy": [0.0]})))


def test_bars_are_refused_twice():
    with pytest.raises(DataError, match="twice"):
        accuracy_bars(pd.DataFrame({"modality": ["rgb", "rgb"], "accuracy": [0.1, 0.2]}))


def effects():
    rows = [
        ("Methods", "first", 0.05, 0.02, 0.08),
        ("Methods", "second", -0.03, -0.05, -0.01),
        ("Controls", "first", 0.01, -0.01, 0.03),
    ]
    return pd.DataFrame(rows, columns=["group", "name", "difference", "low", "high"])


@pytest.mark.parametrize("width", [3.5, 7.16])
def test_each_row_is_a_bar_with_its_interval(check_figure, width):
    figure = difference_bars(effects(), width=width)
    check_figure(figure)
    (axes,) = figure.axes
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert labels == ["Methods", "first", "second", "Controls", "first"]
    weights = [text.get_fontweight() for text in axes.get_yticklabels()]
    assert weights == ["bold", "normal", "normal", "bold", "normal"]
    assert {y: round(bar.get_width()) for y, bar in bars(axes).items()} == {1: 5, 2: -3, 4: 1}
    np.testing.assert_allclose(intervals(axes), [[2, 8], [-5, -1], [-1, 3]])
    assert [text.get_text() for text in axes.texts] == ["+5.0", "-3.0", "+1.0"]
    assert figure.get_figwidth() == width


def test_colour_and_hatch_say_what_was_shown():
    figure = difference_bars(effects(), interval="90% interval")
    found = bars(figure.axes[0])
    assert [found[y].get_hatch() for y in (1, 2, 4)] == [None, "xxxx", "////"]
    assert len({found[y].get_facecolor() for y in (1, 2, 4)}) == 3
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == [
        "gains: interval above 0", "loses: interval below 0", "interval holds 0", "90% interval",
    ]  # fmt: skip
    assert "1 gains, 1 loses, 1 not shown. Largest: first, +5.0 points" in figure.alt_text


def test_forty_bars_can_be_read(check_figure):
    table = pd.concat(
        [effects().assign(group=f"Question {i}", name=["one", "two", "three"]) for i in range(13)]
    )
    check_figure(difference_bars(table))


def test_bars_without_an_interval(check_figure):
    table = effects()[:1].assign(low=np.nan, high=np.nan)
    figure = difference_bars(table)
    check_figure(figure)
    assert bars(figure.axes[0])[1].get_hatch() is None
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["no interval"]


def test_differences_that_cannot_be_drawn_are_refused():
    with pytest.raises(DataError, match="lacks the columns high"):
        difference_bars(effects().drop(columns="high"))
    with pytest.raises(DataError, match="group and name twice"):
        difference_bars(pd.concat([effects(), effects()]))
    with pytest.raises(DataError, match="no rows"):
        difference_bars(effects()[:0])


def gains(learners=("rgb", "depth"), names=GESTURES):
    values = {name: (0.1 - 0.1 * i, 0.05) for i, name in enumerate(names)}
    rows = [(m, c, g, g - half, g + half) for m in learners for c, (g, half) in values.items()]
    return pd.DataFrame(rows, columns=["learner", "class", "gain", "low", "high"])


def test_gains_are_bars_in_points_with_their_intervals(check_figure):
    figure = gain_bars(gains())
    check_figure(figure)
    rgb, depth = figure.axes
    assert [axes.get_title() for axes in figure.axes] == ["Learner: RGB", "Learner: Depth"]
    assert [label.get_text() for label in rgb.get_yticklabels()] == list(GESTURES)
    np.testing.assert_allclose([bar.get_width() for bar in bars(rgb).values()], [10, 0, -10])
    np.testing.assert_allclose(intervals(rgb), [[5, 15], [-5, 5], [-15, -5]], atol=1e-9)
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


def test_a_class_called_as_the_row_on_top_is_another(check_figure):
    overall = gains(names=("any",)).drop(columns="class")
    names = ("all classes", "_b", "$a$")
    figure = gain_bars(gains(names=names), overall=overall)
    check_figure(figure)
    ticks = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert ticks == ["(all classes)", "all classes", " _b", r"\$a\$"]


@pytest.mark.parametrize("learners", [("ir",), ("rgb", "rgb-2"), ("rgb", "depth", "flow")])
def test_many_classes_and_learners_can_be_read(check_figure, learners):
    names = [f"{name} {i}" for i in range(9) for name in GESTURES][:25]
    figure = gain_bars(gains(learners, names).assign(low=np.nan, high=np.nan))
    check_figure(figure)
    assert figure.get_figwidth() <= TWO_COLUMN
    assert not any(intervals(axes) for axes in figure.axes)


def test_gains_that_are_none_are_refused():
    with pytest.raises(DataError, match="table of gains by class lacks the columns class"):
        gain_bars(gains().drop(columns="class"))
    with pytest.raises(DataError, match="twice"):
        gain_bars(pd.concat([gains(), gains()]))
    with pytest.raises(DataError, match="no rows"):
        gain_bars(gains()[:0])


def test_a_narrow_figure_has_its_panels_above_each_other(check_figure):
    figure = gain_bars(gains(), width=3.5)
    check_figure(figure)
    first, second = figure.axes
    assert first.get_position().y0 > second.get_position().y1
    assert [text.get_text() for text in second.get_yticklabels()] == list(GESTURES)
    assert figure.get_figwidth() == 3.5
