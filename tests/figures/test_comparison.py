import numpy as np
import pandas as pd
import pytest

from mmtlib.core.errors import DataError
from mmtlib.core.modalities import MODALITIES
from mmtlib.evaluation import mean_interval
from mmtlib.figures import TWO_COLUMN, accuracy_bars, paired_seeds

ALONE, TOGETHER = [0.60, 0.64, 0.70], [0.70, 0.66, 0.75]


def paired_table(modalities=("rgb",), seeds=3):
    rows = [(m, s, ALONE[s], TOGETHER[s]) for m in modalities for s in range(seeds)]
    return pd.DataFrame(rows, columns=["modality", "seed", "alone", "together"])


def test_every_seed_is_a_line_and_a_dot(check_figure):
    figure = paired_seeds(paired_table(("rgb", "depth")))
    check_figure(figure)
    rgb, depth, difference = figure.axes
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["RGB", "Depth", "Paired difference"]
    pairs = [tuple(line.get_ydata()) for line in depth.lines if len(line.get_ydata()) == 2]
    assert pairs[:3] == list(zip(ALONE, TOGETHER, strict=True))
    assert rgb.lines[0].get_color() == MODALITIES["rgb"].color
    assert rgb.get_ylim() == depth.get_ylim()
    dots = next(line for line in difference.lines if len(line.get_ydata()) == 3)
    np.testing.assert_allclose(dots.get_ydata(), [10, 2, 5])
    assert "RGB +5.7 points over 3 seeds" in figure.alt_text


def test_means_and_intervals_are_those_of_the_evaluation():
    difference = paired_seeds(paired_table()).axes[-1]
    expected = mean_interval(np.subtract(TOGETHER, ALONE))
    bar = difference.containers[0]
    np.testing.assert_allclose(bar.lines[0].get_ydata(orig=False), [100 * expected.mean])
    ends = bar.lines[2][0].get_segments()[0][:, 1]
    np.testing.assert_allclose(ends, [100 * expected.low, 100 * expected.high])


def test_intervals_are_never_cut_off():
    figure = paired_seeds(paired_table(tuple(MODALITIES), seeds=2))
    for axes in figure.axes:
        low, high = axes.get_ylim()
        for bar in axes.containers:
            ends = bar.lines[2][0].get_segments()[0][:, 1]
            assert low < ends.min()
            assert ends.max() < high


@pytest.mark.parametrize("modalities", [("ir",), tuple(MODALITIES)])
def test_one_seed_has_no_interval(check_figure, modalities):
    figure = paired_seeds(paired_table(modalities, seeds=1))
    check_figure(figure)
    assert figure.get_figwidth() <= TWO_COLUMN
    assert not any(bar.has_yerr for axes in figure.axes for bar in axes.containers)
    assert figure.legends[0].get_texts()[-1].get_text() == "mean"


def test_tables_that_are_no_pairs_are_refused():
    table = paired_table()
    with pytest.raises(DataError, match="lacks the columns together"):
        paired_seeds(table.drop(columns="together"))
    with pytest.raises(DataError, match="NaN"):
        paired_seeds(table.assign(alone=[0.1, np.nan, 0.2]))
    with pytest.raises(DataError, match="twice"):
        paired_seeds(table.assign(seed=0))


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
    np.testing.assert_allclose([bar.get_height() for bar in axes.patches], table["accuracy"])
    assert [text.get_text() for text in axes.texts] == ["68.0", "75.0", "98.0", "100.0"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["RGB", "Fused"]
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["alone", "together", "guessing"]
    assert sum(c.has_yerr for c in axes.containers if hasattr(c, "has_yerr")) == 2


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
