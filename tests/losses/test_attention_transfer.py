import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtlib.core.errors import ConfigError, DataError
from mmtlib.losses import attention_map, attention_transfer_loss


def random_features(seed, channels=3, grid=(2, 3, 2), n=2, **named):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, channels, *grid, generator=generator, dtype=torch.float64, **named)


def row(*values):
    """One clip with one channel, positions along the last axis."""
    return torch.tensor(values, dtype=torch.float64).view(1, 1, 1, 1, -1)


def test_maps_by_hand():
    # Two channels (3, 1) and (4, 1): sums of squares (25, 2), of length sqrt(629).
    features = torch.tensor([[3.0, 1.0], [4.0, 1.0]]).view(1, 2, 1, 1, 2)
    expected = torch.tensor([[25.0, 2.0]]) / math.sqrt(629)
    torch.testing.assert_close(attention_map(features), expected)


def test_distances_by_hand():
    assert attention_transfer_loss(row(1, 0), row(0, -5)).item() == pytest.approx(math.sqrt(2))
    assert attention_transfer_loss(row(1, 0), row(3, 0)).item() == 0
    # (1, 0) against (1, 1) / sqrt(2)
    expected = math.hypot(1 - math.sqrt(0.5), math.sqrt(0.5))
    assert attention_transfer_loss(row(1, 0), row(2, -2)).item() == pytest.approx(expected)


def test_positions_are_those_of_space_and_time_in_order():
    features = random_features(0)
    squares = features.square().sum(1).reshape(2, -1)
    torch.testing.assert_close(attention_map(features), squares / squares.norm(dim=1, keepdim=True))


@settings(max_examples=40)
@given(st.floats(1e-6, 1e6), st.integers(0, 99))
def test_scale_sign_and_channels_do_not_count(scale, seed):
    m, n = random_features(seed), random_features(seed + 1000, channels=5)
    found = attention_transfer_loss(m, n)
    assert found.shape == (2,)
    assert (found >= 0).all()
    assert (found <= math.sqrt(2)).all()
    torch.testing.assert_close(attention_transfer_loss(-scale * m.flip(1), n), found)


def test_gradient_is_right_and_the_learners_alone():
    m = random_features(0, requires_grad=True)
    n = random_features(1, channels=2, requires_grad=True)
    assert torch.autograd.gradcheck(lambda m: attention_transfer_loss(m, n), (m,))
    attention_transfer_loss(m, n).sum().backward()
    assert n.grad is None
    assert m.grad.abs().sum() > 0
    # It cannot change the length of the features: that does not count.
    torch.testing.assert_close((m.grad * m).sum((1, 2, 3, 4)), torch.zeros(2).double())


def test_equal_maps_have_no_gradient():
    m = random_features(0).requires_grad_()
    attention_transfer_loss(m, m.detach().clone()).sum().backward()
    assert torch.equal(m.grad, torch.zeros_like(m))


@pytest.mark.parametrize("scale", [0.0, 1e-42, 1e-30, 1e-10, 1e30, 3e38])
def test_extreme_features_are_finite(scale):
    unit = random_features(0).float()
    m = (unit / unit.abs().max() * scale).requires_grad_()
    for teacher in (random_features(1).float(), torch.zeros(2, 3, 2, 3, 2)):
        loss = attention_transfer_loss(m, teacher)
        m.grad = None
        loss.sum().backward()
        assert loss.isfinite().all()
        assert m.grad.isfinite().all()
    if scale == 0:
        assert torch.equal(attention_map(m), torch.zeros(2, 12))


def test_low_precision_is_widened():
    low = random_features(0).bfloat16()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = attention_map(low)
    assert found.dtype == torch.float32
    assert torch.equal(found, attention_map(low.float()))


def test_other_grids():
    m, n = random_features(0), random_features(1, grid=(4, 3, 2))
    with pytest.raises(ConfigError, match="features 2x3x2, teacher_features 4x3x2"):
        attention_transfer_loss(m, n)
    pooled = n.unflatten(2, (2, 2)).mean(3)
    torch.testing.assert_close(
        attention_transfer_loss(m, n, match_grid=True), attention_transfer_loss(m, pooled)
    )


@pytest.mark.parametrize(
    ("teacher", "message"),
    [
        (torch.zeros(2, 3), r"teacher_features: expected a feature map \(N, C, \*positions\)"),
        (torch.zeros(1, 3, 2, 3, 2), "teacher_features: expected 2 clips as in features, got 1"),
        (torch.zeros(2, 3, 2, 3, 2, dtype=torch.long), "floating-point numbers, got torch.int64"),
    ],
)
def test_wrong_arguments(teacher, message):
    with pytest.raises(DataError, match=message):
        attention_transfer_loss(random_features(0), teacher)
    with pytest.raises(DataError, match="features: expected a feature map"):
        attention_map(torch.zeros(2, 3))
