import itertools
import math

import numpy as np
import pytest

from mmtlib.core.errors import ConfigError

pytest.importorskip("plotly")
from mmtlib.widgets.focal_playground import (
    BETAS,
    LOSSES,
    both_rho,
    focal_figure,
    focal_playground,
    focal_sentence,
)


def marks_of(figure):
    return {trace.name: (trace.x[0], trace.y[0]) for trace in figure.data[1:]}


def test_the_marks_are_at_rho_of_each_direction():
    marks = marks_of(focal_figure(1.0, 0.4, beta=2.0))
    assert marks["m learns from n"] == pytest.approx((0.6, math.exp(1.2) - 1))
    assert marks["n learns from m"] == pytest.approx((-0.6, 0.0))


def test_the_marks_lie_on_the_curve_and_inside_the_axes():
    for losses in ((3.0, 0.0), (0.0, 3.0), (0.3, 0.3)):
        figure = focal_figure(*losses, beta=1.5)
        curve = figure.data[0]
        for x, y in marks_of(figure).values():
            assert np.interp(x, curve.x, curve.y) == pytest.approx(y, rel=2e-3, abs=1e-3)
            assert figure.layout.xaxis.range[0] <= x <= figure.layout.xaxis.range[1]
            assert figure.layout.yaxis.range[0] <= y <= figure.layout.yaxis.range[1]


def test_at_most_one_of_two_listens():
    generator = np.random.default_rng(0)
    for loss_m, loss_n, beta in generator.uniform(0, 3, (30, 3)):
        assert min(both_rho(loss_m, loss_n, beta)) == 0.0


@pytest.mark.parametrize("numbers", [(-1.0, 0.0, 2.0), (0.0, math.nan, 2.0), (0.0, 0.0, -1.0)])
def test_numbers_that_are_no_losses(numbers):
    with pytest.raises(ConfigError, match="at least 0"):
        focal_figure(*numbers)


def test_the_sentence_says_who_listens():
    assert focal_sentence(1.0, 0.5, 2.0) == (
        "dl of m = 1.00 - 0.50 = +0.50: m learns from n with rho = 1.72; n does not listen to m."
    )
    assert "m does not listen to n; n learns from m with rho = 1.72" in focal_sentence(0.5, 1.0, 2)
    assert "the losses are equal, nobody listens" in focal_sentence(0.5, 0.5, 2.0)
    assert "beta is 0, nobody listens" in focal_sentence(1.0, 0.5, 0.0)


def test_sliders_move_the_marks_and_the_sentence():
    live = focal_playground(1.0, 0.5)
    live.controls["loss_n"].value = 2.0
    live.controls["beta"].value = 1.0
    assert marks_of(live.figure)["n learns from m"] == pytest.approx((1.0, math.e - 1))
    assert "n learns from m with rho = 1.72" in live.sentence.value


def test_every_corner_of_the_sliders_can_be_drawn():
    for numbers in itertools.product(LOSSES, LOSSES, BETAS):
        shown = marks_of(focal_figure(*numbers))["m learns from n"][1]
        assert np.isfinite(shown)
        assert shown == pytest.approx(both_rho(*numbers)[0])
