import numpy as np
import pandas as pd
import pytest

from mmtlib.core.errors import DataError
from mmtlib.figures import confusion_change, confusion_matrix, probe_matrices

NAMES = ["move hand left", "move hand right", "rotate two fingers counter-clockwise"]


def cells(axes):
    """Return what is written into the cells: (column, row) -> number."""
    found = {text.get_position(): text.get_text() for text in axes.texts if text.get_text()}
    return {(int(x), int(y)): number for (x, y), number in found.items()}


def test_counts_are_drawn_and_printed(check_figure):
    matrix = np.array([[12, 3, 0], [0, 15, 0], [1, 0, 14]])
    figure = confusion_matrix(matrix, NAMES)
    check_figure(figure)
    axes, bar = figure.axes
    np.testing.assert_array_equal(axes.collections[0].get_array(), matrix)
    assert cells(axes) == {(0, 0): "12", (1, 0): "3", (1, 1): "15", (0, 2): "1", (2, 2): "14"}
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == [*NAMES[:2], "rotate two fingers\ncounter-clockwise"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Predicted class", "True class")
    assert bar.get_ylabel() == "Clips"
    assert "move hand left is taken for move hand right" in figure.alt_text


def test_shares_are_printed_in_percent():
    figure = confusion_matrix([[0.75, 0.25], [0.0, 0.0]], NAMES[:2])
    assert [*cells(figure.axes[0]).values()] == ["75", "25"]
    assert figure.axes[1].get_ylabel() == "Share of the true class (%)"
    assert figure.axes[0].collections[0].get_clim() == (0, 100)


@pytest.mark.parametrize("k", [1, 4, 6, 12, 25])
def test_any_number_of_classes_is_readable(check_figure, k):
    names = [f"move two fingers {i}" for i in range(k)]
    matrix = 100 * np.eye(k, dtype=int)
    matrix[0] = matrix[:, k // 2] = 100
    check_figure(confusion_matrix(matrix, names))


def test_no_clips_at_all(check_figure):
    figure = confusion_matrix(np.zeros((2, 2), int), NAMES[:2])
    check_figure(figure)
    assert not cells(figure.axes[0])


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
    shown = [np.asarray(axes.collections[0].get_array()) for axes in figure.axes[:3]]
    np.testing.assert_allclose(shown[2], shown[1] - shown[0])
    np.testing.assert_allclose(shown[2], 100 * (second - first))
    low, high = figure.axes[2].collections[0].get_clim()
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


def matrix(names=("rgb", "depth"), within=0.8, across=0.2):
    values = np.full((len(names), len(names)), across)
    np.fill_diagonal(values, within)
    return pd.DataFrame(values, index=list(names), columns=list(names))


def test_accuracies_are_written_into_their_cells(check_figure):
    table = matrix()
    table.loc["rgb", "depth"] = 0.123
    figure = probe_matrices({"alone": table, "together": matrix(across=0.6)}, chance=1 / 12)
    check_figure(figure)
    alone, together, bar = figure.axes
    assert cells(alone) == {(0, 0): "80.0", (1, 0): "12.3", (0, 1): "20.0", (1, 1): "80.0"}
    assert [label.get_text() for label in alone.get_yticklabels()] == ["RGB", "Depth"]
    assert alone.collections[0].get_clim() == together.collections[0].get_clim() == (0, 100)
    assert bar.get_ylabel() == "Accuracy (%),\nguessing 8.3"
    assert "together: 80% within a modality, 60% across" in figure.alt_text


def test_matrices_of_one_and_of_four_modalities(check_figure):
    check_figure(probe_matrices({"alone": matrix(("ir",))}))
    four = matrix(("rgb", "depth", "flow", "ir"))
    check_figure(probe_matrices(dict.fromkeys(("alone", "together", "control"), four)))


def test_four_matrices_are_two_pairs(check_figure):
    figure = probe_matrices(dict.fromkeys(("a", "b", "a, turned", "b, turned"), matrix()))
    check_figure(figure)
    places = [axes.get_subplotspec().get_geometry() for axes in figure.axes[:4]]
    assert [place[:2] for place in places] == [(2, 2)] * 4
    assert [axes.get_ylabel() for axes in figure.axes[:4]] == ["Trained on", ""] * 2


def test_matrices_that_are_none_are_refused():
    with pytest.raises(DataError, match="No matrices"):
        probe_matrices({})
    with pytest.raises(DataError, match="'a': expected accuracies from 0 to 1"):
        probe_matrices({"a": matrix(within=80.0)})
    with pytest.raises(DataError, match="a row and a column per modality"):
        probe_matrices({"a": matrix().rename(columns={"rgb": "ir"})})
