import numpy as np
import pandas as pd
import pytest

from mmtlib.core.errors import DataError
from mmtlib.figures import score_timeline


def windows_of(classes=("click", "thumb up", "OK"), n=6):
    rng = np.random.default_rng(0)
    scores = rng.dirichlet(np.ones(len(classes)), n)
    table = pd.DataFrame(scores, columns=[f"score of {name}" for name in classes])
    places = {"first": range(n), "last": range(9, 9 + n), "start_s": np.arange(n) / 2}
    best = [classes[i] for i in scores.argmax(1)]
    return table.assign(**places, end_s=np.arange(n) / 2 + 2.5, score=1.0, **{"class": best})


def labels(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_scores_stand_at_the_middle_of_their_windows(check_figure):
    windows = windows_of()
    figure = score_timeline(windows)
    check_figure(figure)
    (axes,) = figure.axes
    assert labels(figure) == ["click", "thumb up", "OK"]
    assert axes.get_xlim() == (0, 5)
    assert axes.get_xlabel() == "Time (s), middle of each window of 2.5 s"
    for line, name in zip(axes.lines, ("click", "thumb up", "OK"), strict=True):
        np.testing.assert_allclose(line.get_xdata(), np.arange(6) / 2 + 1.25)
        np.testing.assert_allclose(line.get_ydata(), windows[f"score of {name}"])


def test_the_classes_with_the_highest_scores_are_named(check_figure):
    names = [f"a gesture with a long name, number {i}" for i in range(25)]
    windows = windows_of(names)
    figure = score_timeline(windows, top=2)
    check_figure(figure)
    best = windows[[f"score of {name}" for name in names]].max().nlargest(2).index
    assert labels(figure) == [*[n for n in names if f"score of {n}" in best], "other classes"]
    assert len(figure.axes[0].lines) == 25
    assert len({line.get_color() for line in figure.axes[0].lines}) == 3
    check_figure(score_timeline(windows))
    assert len(labels(score_timeline(windows, top=25))) == 8


def test_any_word_may_be_a_class(check_figure):
    names = ("score", "first", "_hidden", "5 $ or 6 $", "other classes", "start_s", "3", "a", "b")
    figure = score_timeline(windows_of(names), top=7)
    check_figure(figure)
    assert len(labels(figure)) == 8
    assert len(figure.axes[0].lines) == 9
    for text in figure.legends[0].get_texts():
        assert not text._preprocess_math(text.get_text())[1]


def test_one_window_is_a_row_of_points(check_figure):
    figure = score_timeline(windows_of(n=1))
    check_figure(figure)
    assert {line.get_marker() for line in figure.axes[0].lines} == {"o"}


def test_what_is_missing_is_named():
    with pytest.raises(DataError, match="lacks the columns end_s"):
        score_timeline(windows_of().drop(columns="end_s"))
    with pytest.raises(DataError, match="has no rows"):
        score_timeline(windows_of()[:0])
