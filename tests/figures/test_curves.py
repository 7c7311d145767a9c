import numpy as np
import pandas as pd
import pytest

from mmtlib.core.errors import DataError
from mmtlib.core.modalities import MODALITIES
from mmtlib.figures import rho_curves, training_curves


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
    alphas = [line.get_alpha() for line in figure.axes[0].lines]
    assert alphas == [None, None, 0.45, 0.45]
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
