import numpy as np
import pytest

from mmtlib.errors import DataError
from mmtlib.figures import correlation_maps


def random_map(d, seed=0, positive=False):
    x = np.random.default_rng(seed).standard_normal((d, 5))
    x = np.abs(x) if positive else x
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    return x @ x.T


def test_maps_are_drawn_on_one_scale(check_figure):
    maps = {f"map {i}": random_map(12, seed=i) for i in range(5)}
    figure = correlation_maps(maps, grid=(3, 2, 2))
    check_figure(figure)
    assert [axes.get_title() for axes in figure.axes] == [*maps, ""]  # the last is the colour bar
    for axes, values in zip(figure.axes, maps.values(), strict=False):
        np.testing.assert_array_equal(axes.images[0].get_array(), values)
        assert axes.images[0].get_clim() == (-1, 1)
        assert [line.get_ydata()[0] for line in axes.lines[::2]] == [3.5, 7.5]
        assert [text.get_text() for text in axes.get_xticklabels()] == ["1", "2", "3"]


def test_maps_without_negative_entries_get_the_whole_scale():
    figure = correlation_maps({"a": random_map(4, positive=True)}, grid=(1, 2, 2))
    assert figure.axes[0].images[0].get_clim() == (0, 1)


def test_one_position_and_many_time_steps(check_figure):
    check_figure(correlation_maps({"one": np.ones((1, 1))}, grid=(1, 1, 1)))
    figure = correlation_maps({"long": random_map(20)}, grid=(20, 1, 1))
    check_figure(figure)
    assert len(figure.axes[0].get_xticks()) <= 8


def test_maps_that_do_not_fit_the_grid():
    with pytest.raises(DataError, match=r"'a' .* shape \(8, 8\) for the grid 2 x 2 x 2"):
        correlation_maps({"a": random_map(9)}, grid=(2, 2, 2))
    with pytest.raises(DataError, match="finite"):
        correlation_maps({"a": np.full((1, 1), np.nan)}, grid=(1, 1, 1))
    with pytest.raises(DataError, match="No correlation maps"):
        correlation_maps({}, grid=(1, 1, 1))
