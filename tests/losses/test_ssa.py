import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtlib.core.errors import ConfigError, DataError
from mmtlib.losses import (
    SSALoss,
    correlation_map,
    equivalent_weight,
    focal_regularization,
    ssa_distance,
    ssa_loss,
)


def noise(*shape, seed=0, dtype=torch.float32):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def test_distance_by_hand():
    # Maps [[1, 0], [0, 1]] and [[1, 0.6], [0.6, 1]]: two entries differ by 0.6.
    right = torch.eye(2).view(1, 2, 1, 2, 1)
    slanted = torch.tensor([[1.0, 0.6], [0.0, 0.8]]).view(1, 2, 1, 2, 1)
    torch.testing.assert_close(ssa_distance(right, slanted), torch.tensor([0.18]))
    torch.testing.assert_close(ssa_distance(right, slanted, reduction="sum"), torch.tensor([0.72]))


@pytest.mark.parametrize("normalize", ["position", "centred"])
@pytest.mark.parametrize("channels", [(3, 3), (2, 7), (1, 1)])
def test_distance_equals_the_difference_of_the_maps(channels, normalize):
    m, n = noise(3, channels[0], 2, 3, 3), noise(3, channels[1], 2, 3, 3, seed=1)
    difference = correlation_map(m, normalize) - correlation_map(n, normalize)
    expected = torch.linalg.matrix_norm(difference).square()
    torch.testing.assert_close(ssa_distance(m, n, normalize, "sum"), expected)
    torch.testing.assert_close(ssa_distance(m, n, normalize), expected / 18**2)


@pytest.mark.parametrize("normalize", ["position", "centred"])
@pytest.mark.parametrize(
    ("channels", "grid"), [((3, 4), (2, 2, 1)), ((1, 2), (2, 3, 2))], ids=["direct", "gram"]
)
def test_distance_gradcheck(channels, grid, normalize):
    m, n = (noise(2, c, *grid, seed=c, dtype=torch.float64).requires_grad_() for c in channels)
    assert torch.autograd.gradcheck(lambda a, b: ssa_distance(a, b, normalize), (m, n))
    assert torch.autograd.gradcheck(lambda a: ssa_distance(a, a.flip(4) ** 2, normalize), m)


def test_distance_lets_the_gradient_go_to_both_but_the_loss_to_the_learner_only():
    m, n = noise(2, 3, 1, 2, 2).requires_grad_(), noise(2, 3, 1, 2, 2, seed=1).requires_grad_()
    ssa_distance(m, n).sum().backward()
    assert m.grad.abs().sum() > 0
    assert n.grad.abs().sum() > 0
    both, m.grad, n.grad = m.grad, None, None
    losses = torch.tensor([1.0, 2.0], requires_grad=True)
    ssa_loss(m, n, losses, losses - 1.0).backward()
    assert n.grad is None
    assert losses.grad is None
    torch.testing.assert_close(m.grad, both * math.expm1(2.0) / 2)


@pytest.mark.parametrize("grid", [(1, 2, 2), (4, 4, 4)], ids=["direct", "gram"])
def test_equal_maps_have_zero_distance_and_gradient(grid):
    m = noise(2, 3, *grid).requires_grad_()
    n = (m.detach() * 3.0).requires_grad_()
    ssa_distance(m, n).sum().backward()
    torch.testing.assert_close(ssa_distance(m, n), torch.zeros(2), atol=1e-7, rtol=0)
    for features in (m, n):
        torch.testing.assert_close(features.grad, torch.zeros_like(m), atol=1e-4, rtol=0)
    same = m.detach().requires_grad_()
    distance = ssa_distance(same, same)
    distance.sum().backward()
    assert distance.tolist() == [0.0, 0.0]
    torch.testing.assert_close(same.grad, torch.zeros_like(m), atol=1e-4, rtol=0)


@pytest.mark.parametrize("grid", [(1, 2, 2), (4, 4, 4)], ids=["direct", "gram"])
@pytest.mark.parametrize("scale_m", [0.0, 1e-30, 1.0, 1e20, 1e30])
@pytest.mark.parametrize("scale_n", [0.0, 1e-30, 1e30])
def test_extreme_features_and_gaps_are_finite(scale_m, scale_n, grid):
    m = (noise(2, 3, *grid) * scale_m).requires_grad_()
    n = noise(2, 3, *grid, seed=1) * scale_n
    loss = ssa_loss(m, n, torch.tensor([100.0, 0.0]), torch.tensor([0.0, 100.0]))
    loss.backward()
    assert loss.isfinite()
    assert m.grad.isfinite().all()
    if scale_m < 1e-20:
        assert not m.grad.any()


def test_bf16_under_autocast_equals_float32():
    m, n = (noise(2, 16, 2, 4, 4, seed=s).bfloat16() for s in (0, 1))
    for grid_m, grid_n in ((m, n), (m[:, :4], n[:, :4])):  # direct form, Gram form
        with torch.autocast("cpu", dtype=torch.bfloat16):
            distance = ssa_distance(grid_m, grid_n)
        assert distance.dtype == torch.float32
        assert torch.equal(distance, ssa_distance(grid_m.float(), grid_n.float()))


def test_mixed_precision_is_taken_in_the_wider():
    m, n = noise(1, 3, 1, 2, 2), noise(1, 3, 1, 2, 2, seed=1, dtype=torch.float64)
    assert ssa_distance(m, n).dtype == torch.float64
    assert ssa_distance(m.half(), n.float()).dtype == torch.float32


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(1, 4), st.integers(1, 4), st.integers(1, 12))
def test_distance_is_symmetric_and_bounded(seed, channels_m, channels_n, d):
    m, n = noise(2, channels_m, 1, 1, d, seed=seed), noise(2, channels_n, 1, 1, d, seed=seed + 1)
    distance = ssa_distance(m, n)
    torch.testing.assert_close(distance, ssa_distance(n, m), atol=1e-5, rtol=1e-5)
    assert (distance >= 0).all()
    # The diagonals agree; the other d^2 - d entries lie in [-1, 1] and so differ by at most 2.
    assert (distance <= 4 * (d**2 - d) + 1e-4).all()


def test_different_grids_are_an_error_or_pooled():
    m, n = noise(2, 3, 2, 4, 4), noise(2, 5, 4, 2, 4, seed=1)
    with pytest.raises(ConfigError, match=r"features_m 2x4x4, features_n 4x2x4.*match_grid=True"):
        ssa_distance(m, n)
    with pytest.raises(ConfigError, match="different grids"):
        ssa_loss(m, n, torch.tensor(1.0), torch.tensor(0.5))
    pooled = m.unflatten(3, (2, 2)).mean(4), n.unflatten(2, (2, 2)).mean(3)
    expected = ssa_distance(*pooled)
    torch.testing.assert_close(ssa_distance(m, n, match_grid=True), expected)
    mixed = ssa_distance(m.double(), n.half(), match_grid=True)
    torch.testing.assert_close(mixed, expected.double(), atol=0.05, rtol=0.01)


@pytest.mark.parametrize("losses", [(1.5, 1.0), ([1.5, 0.5], [1.0, 1.0])], ids=["batch", "clip"])
def test_loss_is_the_mean_of_rho_times_distance(losses):
    m, n = noise(2, 3, 1, 2, 2), noise(2, 3, 1, 2, 2, seed=1)
    loss_m, loss_n = (torch.tensor(loss) for loss in losses)
    distance = ssa_distance(m, n, "centred", "mean")
    rho = focal_regularization(loss_m, loss_n, beta=1.0)
    loss = ssa_loss(m, n, loss_m, loss_n, beta=1.0, reduction="mean", normalize="centred")
    torch.testing.assert_close(loss, (rho * distance).mean())
    plain = ssa_loss(m, n, loss_m, loss_n, focal=False, reduction="mean", normalize="centred")
    torch.testing.assert_close(plain, distance.mean())


def test_module_is_the_function():
    m, n = noise(2, 3, 1, 2, 2), noise(2, 3, 2, 2, 2, seed=1)
    losses = torch.tensor([1.0, 2.0]), torch.tensor([0.5, 1.0])
    settings_ = {"beta": 1.0, "reduction": "mean", "normalize": "centred", "match_grid": True}
    module = SSALoss(**settings_)
    assert torch.equal(module(m, n, *losses), ssa_loss(m, n, *losses, **settings_))
    assert "reduction='mean'" in repr(module)


def test_errors_are_clear():
    m = noise(2, 3, 1, 2, 2)
    with pytest.raises(ConfigError, match="Unknown reduction 'max'; known: mean, sum"):
        ssa_distance(m, m, reduction="max")
    with pytest.raises(ConfigError, match="Unknown normalize"):
        ssa_distance(m, m, "channel")
    with pytest.raises(DataError, match="features_n: expected 2 clips as in features_m, got 1"):
        ssa_distance(m, m[:1])
    with pytest.raises(DataError, match="features_n: expected a feature map"):
        ssa_distance(m, m[0, 0, 0])
    with pytest.raises(
        DataError, match=r"loss_n: expected a scalar or one loss .* 2 clips.*\(3,\)"
    ):
        ssa_loss(m, m, torch.zeros(2), torch.zeros(3))
    with pytest.raises(ConfigError, match="beta"):
        ssa_loss(m, m, torch.zeros(2), torch.zeros(2), beta=-1.0)


def test_weight_with_mean_equals_weight_over_d_squared_with_sum():
    m, n = noise(2, 3, 2, 8, 8), noise(2, 5, 2, 8, 8, seed=1)
    sum_weight, mean_weight = equivalent_weight(10.0, "mean", 128)
    assert mean_weight == 10.0
    assert sum_weight == pytest.approx(6.1e-4, rel=0.01)
    torch.testing.assert_close(
        sum_weight * ssa_distance(m, n, reduction="sum"), mean_weight * ssa_distance(m, n)
    )
    assert equivalent_weight(0.05, "sum", 392) == (0.05, pytest.approx(7683.2))
    with pytest.raises(ConfigError, match="Unknown reduction"):
        equivalent_weight(1.0, "none", 8)
    with pytest.raises(ConfigError, match="d: expected"):
        equivalent_weight(1.0, "sum", 0)
