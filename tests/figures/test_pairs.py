import numpy as np
import pandas as pd
import pytest

from mmtlib.core.errors import DataError
from mmtlib.core.modalities import MODALITIES
from mmtlib.evaluation import mean_interval
from mmtlib.figures import TWO_COLUMN, paired_seeds, pointing_by_person

ALONE, TOGETHER = [0.60, 0.64, 0.70], [0.70, 0.66, 0.75]


def paired_table(modalities=("rgb",), seeds=3):
    rows = [(m, s, ALONE[s], TOGETHER[s]) for m in modalities for s in range(seeds)]
    return pd.DataFrame(rows, columns=["modality", "seed", "alone", "together"])


def intervals(axes):
    """Return the ends of every interval: lines of an axes with several parts."""
    lines = [np.asarray(line.get_ydata()) for line in axes.lines]
    known = [values[np.isfinite(values)] for values in lines if len(values) > 2]
    return [(values.min(), values.max()) for values in known if len(values)]


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
    dots = difference.collections[0].get_offsets()
    np.testing.assert_allclose(sorted(dots[:, 1]), [2, 5, 10])
    assert "RGB +5.7 points over 3 seeds" in figure.alt_text


def test_means_and_intervals_are_those_of_the_evaluation():
    difference = paired_seeds(paired_table()).axes[-1]
    expected = mean_interval(np.subtract(TOGETHER, ALONE))
    (ends,) = intervals(difference)
    np.testing.assert_allclose(ends, [100 * expected.low, 100 * expected.high])
    means = [line.get_ydata() for line in difference.lines if line.get_marker() == "s"]
    np.testing.assert_allclose(means, [[100 * expected.mean]])


def test_intervals_are_never_cut_off():
    figure = paired_seeds(paired_table(tuple(MODALITIES), seeds=2))
    for axes in figure.axes:
        low, high = axes.get_ylim()
        for ends in intervals(axes):
            assert low < min(ends)
            assert max(ends) < high


@pytest.mark.parametrize("modalities", [("ir",), tuple(MODALITIES)])
def test_one_seed_has_no_interval(check_figure, modalities):
    figure = paired_seeds(paired_table(modalities, seeds=1))
    check_figure(figure)
    assert figure.get_figwidth() <= TWO_COLUMN
    assert not any(intervals(axes) for axes in figure.axes)
    assert figure.legends[0].get_texts()[-1].get_text() == "mean"


def test_tables_that_are_no_pairs_are_refused():
    table = paired_table()
    with pytest.raises(DataError, match="lacks the columns together"):
        paired_seeds(table.drop(columns="together"))
    with pytest.raises(DataError, match="NaN"):
        paired_seeds(table.assign(alone=[0.1, np.nan, 0.2]))
    with pytest.raises(DataError, match="twice"):
        paired_seeds(table.assign(seed=0))


def table(people, energy, other=0.1):
    """Two clips of each person, one a little above and one a little below `energy`."""
    subjects = np.repeat(np.arange(people), 2)
    return pd.DataFrame(
        {
            "subject": subjects,
            "energy": energy + 0.01 * subjects + np.tile([-0.02, 0.02], people),
            "chance": 0.05,
            "other": other,
        }
    )


def test_a_line_for_each_person_and_the_means(check_figure):
    pair = {"alone": table(3, 0.2), "together": table(3, 0.3, other=0.15)}
    figure = pointing_by_person({"rgb": pair, "depth": pair})
    check_figure(figure)
    rgb, depth = figure.axes
    assert (rgb.get_title(), depth.get_title()) == ("RGB", "Depth")
    *people, mean, chance, other = (line.get_ydata() for line in rgb.lines)
    np.testing.assert_allclose(people, [[0.2, 0.3], [0.21, 0.31], [0.22, 0.32]])
    np.testing.assert_allclose(mean, [0.21, 0.31])
    np.testing.assert_allclose(chance, [0.05, 0.05])
    np.testing.assert_allclose(other, [0.1, 0.15])
    assert "RGB alone 21.0%, on another clip's hand 10.0%" in figure.alt_text


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({}, "two tables"),
        ({"rgb": {"alone": table(2, 0.1)}}, "two tables"),
        ({"rgb": {"alone": table(2, 0.1), "together": table(2, 0.1)[["energy"]]}}, "subject"),
    ],
)
def test_tables_that_do_not_fit_are_named(tables, message):
    with pytest.raises(DataError, match=message):
        pointing_by_person(tables)
