import numpy as np
import pytest

from mmtlib.core.errors import DataError
from mmtlib.figures import TWO_COLUMN, correlation_maps, correlation_pairs


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


def pair(seed=0, positive=False):
    return {m: random_map(12, seed + i, positive) for i, m in enumerate(("RGB", "Depth"))}


def test_pairs_are_drawn_beside_their_difference(check_figure):
    pairs = {"alone": pair(), "together": pair(seed=5)}
    figure = correlation_pairs(pairs, grid=(3, 2, 2))
    check_figure(figure)
    assert figure.get_figwidth() == TWO_COLUMN
    panels, bars = figure.axes[:6], figure.axes[6:]
    apart = {row: maps["RGB"] - maps["Depth"] for row, maps in pairs.items()}
    assert [axes.get_title() for axes in panels] == [
        "RGB alone",
        "Depth alone",
        f"Difference, mean sq. {(apart['alone'] ** 2).mean():.3g}",
        "RGB together",
        "Depth together",
        f"Difference, mean sq. {(apart['together'] ** 2).mean():.3g}",
    ]
    np.testing.assert_array_equal(panels[3].images[0].get_array(), pairs["together"]["RGB"])
    np.testing.assert_allclose(panels[5].images[0].get_array(), abs(apart["together"]))
    assert {panels[i].images[0].get_clim() for i in (0, 1, 3, 4)} == {(-1, 1)}
    assert panels[2].images[0].get_clim() == panels[5].images[0].get_clim()
    assert [bar.get_ylabel() for bar in bars] == ["Correlation (cosine)", "Size of the difference"]


def test_one_pair_of_equal_maps_has_no_difference(check_figure):
    same = random_map(4, positive=True)
    figure = correlation_pairs({"alone": {"RGB": same, "Depth": same}}, grid=(1, 2, 2))
    check_figure(figure)
    assert figure.axes[2].get_title() == "Difference, mean sq. 0"
    assert (figure.axes[2].images[0].get_array() == 0).all()
    assert figure.axes[0].images[0].get_clim() == (0, 1)


def test_pairs_that_are_none_are_refused():
    with pytest.raises(DataError, match="No pairs"):
        correlation_pairs({}, grid=(3, 2, 2))
    with pytest.raises(DataError, match="'alone': expected two maps, the same in every row"):
        correlation_pairs({"alone": {"RGB": random_map(12)}}, grid=(3, 2, 2))
    other = {"RGB": random_map(12), "Flow": random_map(12)}
    with pytest.raises(DataError, match=r"'together': expected two maps.*got RGB, Flow"):
        correlation_pairs({"alone": pair(), "together": other}, grid=(3, 2, 2))
    with pytest.raises(DataError, match="for the grid 2 x 2 x 2"):
        correlation_pairs({"alone": pair()}, grid=(2, 2, 2))


def test_in_a_narrow_figure_rows_become_columns(check_figure):
    pairs = {how: {"RGB": np.eye(8), "Depth": np.zeros((8, 8))} for how in ("alone", "together")}
    figure = correlation_pairs(pairs, grid=(2, 2, 2), width=3.5)
    check_figure(figure)
    titles = [axes.get_title() for axes in figure.axes]
    alone = figure.axes[titles.index("RGB alone")].get_position()
    together = figure.axes[titles.index("RGB together")].get_position()
    assert alone.x1 < together.x0
    assert alone.y0 == pytest.approx(together.y0)
