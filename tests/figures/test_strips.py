import numpy as np
import pytest

from mmtlib.figures.strips import axes_at, even_times, outline_hand
from mmtlib.figures.style import new_figure


@pytest.mark.parametrize(
    ("length", "frames", "times"),
    [(16, 4, [0, 5, 10, 15]), (3, 6, [0, 1, 2]), (5, 1, [0]), (1, 1, [0])],
)
def test_times_are_even_from_the_first_to_the_last(length, frames, times):
    assert even_times(length, frames).tolist() == times


def test_places_are_inches_from_the_upper_left_corner():
    axes = axes_at(new_figure(4.0, 2.0, "Nothing but a frame."), (1.0, 0.5, 2.0, 1.0))
    np.testing.assert_allclose(axes.get_position().bounds, (0.25, 0.25, 0.5, 0.5))


@pytest.mark.parametrize(("filled", "drawn"), [(0, 0), (4, 1), (16, 0)])
def test_nothing_and_everything_have_no_outline(filled, drawn):
    axes = new_figure(1.0, 1.0, "The outline of a mask.").subplots()
    outline_hand(axes, (np.arange(16) < filled).reshape(4, 4))
    assert len(axes.collections) == drawn
