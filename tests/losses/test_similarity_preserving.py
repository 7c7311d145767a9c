import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtlib.core.errors import DataError
from mmtlib.losses import batch_similarity, similarity_preserving_loss


def random_features(seed, channels=3, grid=(1, 2, 2), n=4, **named):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, channels, *grid, generator=generator, dtype=torch.float64, **named)


def clips(*rows):
    """Clips with one position each and the given channels."""
    return torch.tensor(rows, dtype=torch.float64)[:, :, None, None, None]


def test_similarities_by_hand():
    # Products of (2, 0), (1, 1), (0, 3): rows (4, 2, 0), (2, 2, 3), (0, 3, 9).
    products = torch.tensor([[4, 2, 0], [2, 2, 3], [0, 3, 9]], dtype=torch.float64)
    lengths = torch.tensor([20, 17, 90], dtype=torch.float64).sqrt()[:, None]
    torch.testing.assert_close(batch_similarity(clips((2, 0), (1, 1), (0, 3))), products / lengths)


def test_loss_by_hand():
    alike, apart = clips((1, 0), (1, 0)), clips((1, 0), (0, 1))
    # Rows (1, 1) / sqrt(2) against (1, 0) and (0, 1): squared distance 2 - sqrt(2) each.
    each = (2 - math.sqrt(2)) / 2
    torch.testing.assert_close(
        similarity_preserving_loss(alike, apart), torch.full((2,), each, dtype=torch.float64)
    )


@pytest.mark.parametrize("n", [1, 2, 5])
def test_mean_is_the_published_loss(n):
    m, n_ = random_features(0, n=n), random_features(1, channels=2, grid=(2, 1, 3), n=n)
    squared = (batch_similarity(m) - batch_similarity(n_)).square().sum()
    torch.testing.assert_close(similarity_preserving_loss(m, n_).mean(), squared / n**2)


@settings(max_examples=40)
@given(st.floats(1e-3, 1e3), st.integers(0, 99))
def test_scale_and_order_of_channels_do_not_count(scale, seed):
    m, n = random_features(seed), random_features(seed + 1000)
    found = similarity_preserving_loss(m, n)
    torch.testing.assert_close(similarity_preserving_loss(-scale * m.flip(1), n), found)
    order = torch.tensor([2, 0, 3, 1])
    torch.testing.assert_close(similarity_preserving_loss(m[order], n[order]), found[order])


def test_gradient_is_right_and_the_learners_alone():
    m, n = random_features(0, requires_grad=True), random_features(1, requires_grad=True)
    assert torch.autograd.gradcheck(lambda m: similarity_preserving_loss(m, n), (m,))
    similarity_preserving_loss(m, n).sum().backward()
    assert n.grad is None
    assert m.grad.abs().sum() > 0


@pytest.mark.parametrize("scale", [0.0, 1e-42, 1e-30, 1e-10, 1e30, 3e38])
def test_extreme_features_are_finite(scale):
    unit = random_features(0).float()
    m = (unit / unit.abs().max() * scale).requires_grad_()
    loss = similarity_preserving_loss(m, random_features(1).float())
    loss.sum().backward()
    assert loss.isfinite().all()
    assert m.grad.isfinite().all()


def test_a_clip_without_activity_has_a_row_of_zeros():
    m = clips((1, 0), (0, 0)).requires_grad_()
    assert torch.equal(batch_similarity(m)[1], torch.zeros(2).double())
    similarity_preserving_loss(m, clips((1, 0), (0, 1))).sum().backward()
    assert m.grad.isfinite().all()


def test_low_precision_is_widened():
    low = random_features(0).bfloat16()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = batch_similarity(low)
    assert found.dtype == torch.float32
    assert torch.equal(found, batch_similarity(low.float()))


@pytest.mark.parametrize(
    ("features", "teacher", "message"),
    [
        (random_features(0), random_features(0, n=2), "expected 4 clips as in features, got 2"),
        (random_features(0), torch.zeros(4, 3), "teacher_features: expected a feature map"),
        (torch.zeros(4, 3), random_features(0), "^features: expected a feature map"),
        (random_features(0).long(), random_features(0), "got torch.int64"),
    ],
)
def test_wrong_arguments(features, teacher, message):
    with pytest.raises(DataError, match=message):
        similarity_preserving_loss(features, teacher)
