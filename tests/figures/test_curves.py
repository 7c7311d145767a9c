import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba

from mmtlib.core.errors import DataError
from mmtlib.core.modalities import MODALITIES
from mmtlib.figures import compared_curves, corruption_curves, rho_curves, training_curves


def history_of(modalities=("rgb", "depth"), epochs=4):
    rows = [
        (epoch, m, split, 2.0 / epoch + i, 0.2 * epoch)
        for epoch in range(1, epochs + 1)
        for i, m in enumerate(modalities)
        for split in ("train", "validation")
    ]
    return pd.DataFrame(rows, columns=["epoch", "modality", "split", "loss", "accuracy"])


def rho_of(names=("rgb", "depth", "flow")):
    rows = [(e, m, n, 1.0 / e) for e in (1, 2, 3) for m in names for n in names if m != n]
    return pd.DataFrame(rows, columns=["epoch", "learner", "teacher", "rho"])


def legend_of(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_curves_draw_what_the_history_says(check_figure):
    history = history_of()
    figure = training_curves(history.sample(frac=1, random_state=0), ssa_from_epoch=2)
    check_figure(figure)
    loss, accuracy = figure.axes
    assert (loss.get_ylabel(), accuracy.get_ylabel()) == ("Classification loss", "Accuracy")
    assert legend_of(figure)[-3:] == ["train", "validation", "alignment begins"]
    blue = [line for line in loss.lines if line.get_color() == MODALITIES["rgb"].color]
    assert len(blue) == 2
    np.testing.assert_array_equal(blue[0].get_xdata(), [1, 2, 3, 4])
    np.testing.assert_allclose(blue[0].get_ydata(), [2, 1, 2 / 3, 0.5])
    assert [line.get_linestyle() for line in blue] == ["--", "-"]


def test_missing_values_are_left_out(check_figure):
    history = history_of(("rgb",))
    history.loc[(history["split"] == "validation") & (history["epoch"] != 4), "accuracy"] = np.nan
    figure = training_curves(history)
    check_figure(figure)
    assert [len(line.get_xdata()) for line in figure.axes[1].lines] == [4, 1]
    assert figure.axes[1].lines[1].get_marker() == "o"  # one point would be invisible as a line


def test_one_epoch_one_modality_one_split(check_figure):
    history = history_of(("ir",), epochs=1)
    figure = training_curves(history[history["split"] == "validation"])
    check_figure(figure)
    assert legend_of(figure) == ["Infrared", "validation"]


def test_rho_has_a_panel_per_learner(check_figure):
    figure = rho_curves(rho_of())
    check_figure(figure)
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["Learner: RGB", "Learner: Depth", "Learner: Optical flow"]
    assert legend_of(figure) == ["teacher: RGB", "teacher: Depth", "teacher: Optical flow"]
    colors = {line.get_color() for line in figure.axes[0].lines}
    assert colors == {MODALITIES["depth"].color, MODALITIES["flow"].color}
    np.testing.assert_allclose(figure.axes[0].lines[0].get_ydata(), [1, 1 / 2, 1 / 3])
    assert "RGB from Depth: 1.00 in the first epoch, 0.33 in the last;" in figure.alt_text


def test_rho_of_some_learners_and_of_four(check_figure):
    figure = rho_curves(rho_of(), learners=["flow"])
    check_figure(figure)
    assert [axes.get_title() for axes in figure.axes] == ["Learner: Optical flow"]
    check_figure(rho_curves(rho_of(tuple(MODALITIES))))


def test_what_is_missing_is_named():
    with pytest.raises(DataError, match="lacks the columns loss"):
        training_curves(history_of().drop(columns="loss"))
    with pytest.raises(DataError, match="no rows"):
        training_curves(history_of()[:0])
    with pytest.raises(DataError, match="for these learners has no rows"):
        rho_curves(rho_of(), learners=["ir"])


def test_second_networks_are_drawn_paler(check_figure):
    figure = training_curves(history_of(("rgb", "rgb-2")))
    check_figure(figure)
    assert legend_of(figure)[:2] == ["RGB", "RGB (second)"]
    colors = [line.get_color() for line in figure.axes[0].lines]
    assert colors[:2] == [MODALITIES["rgb"].color] * 2
    assert colors[2:] == [to_rgba(MODALITIES["rgb"].color, 0.45)] * 2
    figure = rho_curves(rho_of(("rgb", "rgb-2")))
    check_figure(figure)
    assert [axes.get_title() for axes in figure.axes] == ["Learner: RGB", "Learner: RGB (second)"]
    assert legend_of(figure) == ["teacher: RGB", "teacher: RGB (second)"]


def test_intervals_over_seeds_are_bands(check_figure):
    history = rho_of(("rgb", "depth"))
    figure = rho_curves(history.assign(low=history["rho"] - 0.1, high=history["rho"] + 0.3))
    check_figure(figure)
    assert legend_of(figure)[-1] == "interval over seeds"
    for axes in figure.axes:
        (band,) = axes.collections
        corners = band.get_paths()[0].vertices
        assert corners[:, 1].max() == pytest.approx(1.3)
        assert corners[:, 1].min() == pytest.approx(1 / 3 - 0.1)
    one_seed = rho_curves(history.assign(low=np.nan, high=np.nan))
    assert not any(axes.collections for axes in one_seed.axes)
    assert len(legend_of(one_seed)) == 2


def test_narrow_figures_have_their_panels_above_each_other(check_figure):
    rows = [(e, m, n, 0.1 * e) for e in range(4) for m, n in (("rgb", "depth"), ("depth", "rgb"))]
    figure = rho_curves(
        pd.DataFrame(rows, columns=["epoch", "learner", "teacher", "rho"]), width=3.5
    )
    check_figure(figure)
    first, second = figure.axes
    assert first.get_position().y0 > second.get_position().y1
    assert figure.get_figwidth() == 3.5
    rows = [(e, m, "train", 1.0, 0.5) for e in range(3) for m in ("rgb", "depth", "flow", "ir")]
    table = pd.DataFrame(rows, columns=["epoch", "modality", "split", "loss", "accuracy"])
    check_figure(training_curves(table, ssa_from_epoch=1, width=3.5))


def compared(epochs=12, methods=("alone", "with"), measures=("Loss", "Accuracy of RGB")):
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
    figure = compared_curves(compared().sample(frac=1, random_state=1), width=width)
    check_figure(figure)
    assert sorted(axes.get_ylabel() for axes in figure.axes) == ["Accuracy of RGB", "Loss"]
    for axes in figure.axes:
        assert len(axes.lines) == len(axes.collections) == 2
        for line in axes.lines:
            np.testing.assert_array_equal(line.get_xdata(), range(12))
    places = [axes.get_position() for axes in figure.axes]
    assert (places[0].y0 > places[1].y1) == (width < 5)


def test_curves_differ_in_more_than_colour():
    (axes, _) = compared_curves(compared(methods=tuple("abcdef"))).axes
    assert len({str(line._dash_pattern) for line in axes.lines}) == 6


def test_few_levels_have_marks_and_bars(check_figure):
    figure = compared_curves(compared(3, measures=("Accuracy",)), xlabel="Clips", width=3.5)
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
    table = compared().drop(columns=["low", "high"])
    figure = compared_curves(table)
    check_figure(figure)
    assert not any(axes.collections for axes in figure.axes)
    assert len(figure.legends[0].get_texts()) == 2
    check_figure(compared_curves(compared(3).drop(columns=["low", "high"])))


def test_a_method_may_lack_a_measure(check_figure):
    table = compared()
    table = table[(table["method"] == "with") | (table["measure"] == "Loss")]
    check_figure(compared_curves(table))


def test_curves_that_cannot_be_drawn_are_refused():
    with pytest.raises(DataError, match="lacks the columns method"):
        compared_curves(compared().drop(columns="method"))
    with pytest.raises(DataError, match="twice"):
        compared_curves(pd.concat([compared(), compared()]))
    with pytest.raises(DataError, match=r"at most 6 methods .* got 7"):
        compared_curves(compared(methods=tuple("abcdefg")))


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


def drawn_curves(axes):
    """Return what is drawn at each strength, without caps and lines of reference."""
    return [line for line in axes.lines if line.get_marker() in {*"o^s"}]


def test_accuracy_falls_along_its_curve(check_figure):
    table = accuracies().sample(frac=1, random_state=0)
    figure = corruption_curves(table, alone={"rgb": 0.66, "flow": 0.1})
    check_figure(figure)
    (axes,) = figure.axes
    with_rho, without = drawn_curves(axes)
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
    assert [len(drawn_curves(axes)) for axes in figure.axes] == [4] * 3
    drawn = {(line.get_color(), line.get_marker()) for line in drawn_curves(figure.axes[0])}
    assert len(drawn) == len({mark for _, mark in drawn}) == 3
    assert legend_of(figure) == [
        "ssa", "dml", "kd", "with rho", "without rho", "method without rho", "trained alone",
    ]  # fmt: skip


def test_curves_of_one_kind_need_no_key_for_it(check_figure):
    figure = corruption_curves(accuracies(("dml",), focals=(None,)))
    check_figure(figure)
    assert legend_of(figure) == ["dml"]
    check_figure(corruption_curves(accuracies().assign(low=np.nan, high=np.nan)))
    check_figure(corruption_curves(accuracies(), alone={"rgb": 0.6}, width=3.5))


def test_accuracies_that_cannot_be_drawn_are_refused():
    with pytest.raises(DataError, match="lacks the columns low"):
        corruption_curves(accuracies().drop(columns="low"))
    with pytest.raises(DataError, match="twice"):
        corruption_curves(pd.concat([accuracies(), accuracies()]))
