import numpy as np
import pytest

from mmtlib.core.errors import ConfigError
from mmtlib.figures import ONE_COLUMN, focal_curve


def test_curves_follow_the_formula(check_figure):
    figure = focal_curve((1.0, 2.0))
    check_figure(figure)
    assert figure.get_figwidth() == ONE_COLUMN
    (axes,) = figure.axes
    for line, beta in zip(axes.lines, (1.0, 2.0), strict=True):
        gap = line.get_xdata()
        assert (gap[0], gap[-1]) == (-1, 1)
        np.testing.assert_allclose(
            line.get_ydata(), np.maximum(0, np.exp(beta * gap) - 1), rtol=1e-5, atol=1e-7
        )


@pytest.mark.parametrize("gap", [(0.0, 2.0), (-2.0, -1.0)])
def test_other_ranges(check_figure, gap):
    figure = focal_curve((2.0,), loss_gap=gap)
    check_figure(figure)
    assert figure.axes[0].get_xlim() == gap


def test_nothing_to_draw():
    with pytest.raises(ConfigError, match="beta"):
        focal_curve(())
    with pytest.raises(ConfigError, match="range"):
        focal_curve(loss_gap=(1.0, 1.0))
