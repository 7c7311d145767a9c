import numpy as np
import pytest

from mmtlib.errors import DataError
from mmtlib.figures import confusion_matrix

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
