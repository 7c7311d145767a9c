import numpy as np
import pytest

from mmtlib.core.errors import DataError
from mmtlib.figures import confusion_change, confusion_matrix

NAMES = ["move hand left", "move hand right", "rotate two fingers counter-clockwise"]


def test_counts_are_drawn_and_printed(check_figure):
    matrix = np.array([[12, 3, 0], [0, 15, 0], [1, 0, 14]])
    figure = confusion_matrix(matrix, NAMES)
    check_figure(figure)
    axes, bar = figure.axes
    np.testing.assert_array_equal(axes.images[0].get_array(), matrix)
    assert [text.get_text() for text in axes.texts] == ["12", "3", "15", "1", "14"]
    assert [text.get_position() for text in axes.texts][1] == (1, 0)  # column, row
    assert [label.get_text() for label in axes.get_yticklabels()] == NAMES
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Predicted class", "True class")
    assert bar.get_ylabel() == "Clips"
    assert "move hand left is taken for move hand right" in figure.alt_text


def test_shares_are_printed_in_percent():
    figure = confusion_matrix([[0.75, 0.25], [0.0, 0.0]], NAMES[:2])
    assert [text.get_text() for text in figure.axes[0].texts] == ["75", "25"]
    assert figure.axes[1].get_ylabel() == "Share of the true class (%)"
    assert figure.axes[0].images[0].get_clim() == (0, 100)


@pytest.mark.parametrize("k", [1, 4, 6, 12, 25])
def test_any_number_of_classes_is_readable(check_figure, k):
    names = [f"move two fingers {i}" for i in range(k)]
    matrix = 100 * np.eye(k, dtype=int)
    matrix[0] = matrix[:, k // 2] = 100
    check_figure(confusion_matrix(matrix, names))


def test_no_clips_at_all(check_figure):
    figure = confusion_matrix(np.zeros((2, 2), int), NAMES[:2])
    check_figure(figure)
    assert len(figure.axes[0].texts) == 0


@pytest.mark.parametrize(
    ("matrix", "words"),
    [
        (np.zeros((2, 3)), r"shape \(3, 3\)"),
        (np.zeros((2, 2)), r"shape \(3, 3\)"),
        (-np.eye(3), ">= 0"),
        (np.full((3, 3), np.nan), ">= 0"),
        (np.full((3, 3), 2.0), "whole numbers"),
    ],
)
def test_what_is_no_confusion_matrix(matrix, words):
    with pytest.raises(DataError, match=words):
        confusion_matrix(matrix, NAMES)


TWELVE = [f"gesture {i}" for i in range(12)]


@pytest.mark.parametrize("width", [3.5, 7.16])
def test_the_change_is_the_second_minus_the_first(check_figure, width):
    first, second = np.full((12, 12), 1 / 12), np.eye(12)
    figure = confusion_change(first, second, TWELVE, width=width)
    check_figure(figure)
    shown = [np.asarray(axes.images[0].get_array()) for axes in figure.axes[:3]]
    np.testing.assert_allclose(shown[2], shown[1] - shown[0])
    np.testing.assert_allclose(shown[2], 100 * (second - first))
    low, high = figure.axes[2].images[0].get_clim()
    assert low == -high  # white is no difference
    key = [text.get_text() for text in figure.legends[0].get_texts()]
    assert key[:2] == ["1  gesture 0", "2  gesture 1"]
    # Numbers of two digits would touch beside each other, but not below each other.
    across, down = figure.axes[2].get_xticklabels(), figure.axes[2].get_yticklabels()
    assert [text.get_text() for text in across] == ["1", "3", "5", "7", "9", "11"]
    assert len(down) == 12
    assert "from +91.7 points" in figure.alt_text


def test_many_classes_and_no_change(check_figure):
    names = [f"{i}" for i in range(25)]
    figure = confusion_change(np.eye(25), np.eye(25), names, titles=("before", "after"))
    check_figure(figure)
    assert figure.axes[2].get_title() == "after minus before"
    assert "mistake" not in figure.alt_text


def test_a_change_of_counts_is_refused():
    with pytest.raises(DataError, match=r"shares in \[0, 1\] of shape \(2, 2\)"):
        confusion_change(2 * np.eye(2), np.eye(2), ["a", "b"])
    with pytest.raises(DataError, match=r"got shape \(3, 3\)"):
        confusion_change(np.eye(2), np.eye(3), ["a", "b"])
