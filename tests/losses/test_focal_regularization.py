import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtlib.core.errors import ConfigError, DataError
from mmtlib.losses import RHO_MAX, focal_regularization


def test_values_by_hand():
    rho = focal_regularization(torch.tensor([1.0, 1.0, 1.0]), torch.tensor([0.5, 1.0, 2.0]))
    torch.testing.assert_close(rho, torch.tensor([math.e - 1, 0.0, 0.0]))
    assert focal_regularization(torch.tensor(2.0), torch.tensor(1.0), beta=0.5).item() == (
        pytest.approx(math.exp(0.5) - 1)
    )


@settings(max_examples=50)
@given(st.floats(-200, 200), st.floats(-200, 200), st.floats(0, 5))
def test_equals_the_formula_within_bounds(loss_m, loss_n, beta):
    m, n = (torch.tensor(loss, dtype=torch.float64) for loss in (loss_m, loss_n))
    rho = focal_regularization(m, n, beta).item()
    expected = min(RHO_MAX, max(0.0, math.expm1(min(beta * (loss_m - loss_n), 700.0))))
    assert rho == pytest.approx(expected, rel=1e-9)
    assert 0 <= rho <= RHO_MAX


def test_no_gradient():
    m, n = torch.tensor([1.0], requires_grad=True), torch.tensor([0.5], requires_grad=True)
    rho = focal_regularization(m, n)
    assert not rho.requires_grad
    assert m.grad is n.grad is None


@pytest.mark.parametrize("gap", [100.0, 1e30, math.inf])
@pytest.mark.parametrize("ceiling", [2.0, RHO_MAX])
def test_large_gaps_are_held_at_the_ceiling(gap, ceiling):
    losses = torch.tensor([gap, 0.0]), torch.tensor([0.0, gap])
    rho = focal_regularization(*losses, ceiling=ceiling)
    torch.testing.assert_close(rho, torch.tensor([ceiling, 0.0]))
    assert rho.max() <= ceiling


def test_ceiling_is_documented_as_a_gap_of_6_9():
    m, n = torch.tensor([6.90]), torch.zeros(1)
    assert focal_regularization(m, n).item() == pytest.approx(math.expm1(13.8), rel=1e-4)
    assert focal_regularization(m + 0.02, n).item() == pytest.approx(RHO_MAX)


def test_not_a_number_is_seen():
    rho = focal_regularization(torch.tensor([math.nan, 1.0]), torch.tensor([0.0, 0.5]))
    assert rho[0].isnan()
    assert rho[1].isfinite()


def test_low_precision_losses_are_widened():
    rho = focal_regularization(torch.tensor([5.0]).bfloat16(), torch.tensor([0.0]).bfloat16())
    assert rho.dtype == torch.float32
    assert rho.item() == pytest.approx(math.expm1(10.0), rel=1e-5)


@pytest.mark.parametrize("beta", [-1.0, math.nan, math.inf])
def test_beta_out_of_range(beta):
    with pytest.raises(ConfigError, match="beta: expected a finite number of at least 0"):
        focal_regularization(torch.zeros(1), torch.zeros(1), beta)


@pytest.mark.parametrize("ceiling", [0.0, math.inf, math.nan])
def test_ceiling_out_of_range(ceiling):
    with pytest.raises(ConfigError, match="ceiling: expected a positive finite number"):
        focal_regularization(torch.zeros(1), torch.zeros(1), ceiling=ceiling)


def test_shapes_must_agree():
    with pytest.raises(DataError, match=r"one shape, got \(2,\) and \(\)"):
        focal_regularization(torch.zeros(2), torch.tensor(0.0))
