import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtlib.analysis import cka_over_clips, cka_over_positions, linear_cka
from mmtlib.core.errors import ConfigError, DataError


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_what_is_no_number_is_refused(bad):
    x, y = torch.randn(6, 3), torch.randn(6, 3)
    y[2, 1] = bad
    with pytest.raises(DataError, match="second features hold NaN or infinity"):
        linear_cka(x, y)


def normal(*shape, seed=0):
    return torch.tensor(np.random.default_rng(seed).standard_normal(shape))


def rotation(p, seed=0):
    return torch.linalg.qr(normal(p, p, seed=seed))[0]


def biased(x, y):
    """The plain estimator of Kornblith et al.: centred Gram matrices and their cosine."""
    k, l_ = ((z - z.mean(0)) @ (z - z.mean(0)).T for z in (x, y))
    return (k * l_).sum() / (k.norm() * l_.norm())


def unbiased_hsic(k, l_):
    """Equation 5 of Song et al. 2012, as it is printed there."""
    n = len(k)
    k, l_ = k - torch.diag(k.diag()), l_ - torch.diag(l_.diag())
    one = torch.ones(n, dtype=k.dtype)
    first = torch.trace(k @ l_)
    second = (one @ k @ one) * (one @ l_ @ one) / ((n - 1) * (n - 2))
    third = 2 / (n - 2) * (one @ k @ l_ @ one)
    return (first + second - third) / (n * (n - 3))


@settings(max_examples=25)
@given(n=st.integers(4, 12), p=st.integers(1, 6), q=st.integers(1, 6), seed=st.integers(0, 99))
def test_it_is_the_published_estimator(n, p, q, seed):
    x, y = normal(n, p, seed=seed), normal(n, q, seed=seed + 100)
    k, l_ = x @ x.T, y @ y.T
    expected = unbiased_hsic(k, l_) / (unbiased_hsic(k, k) * unbiased_hsic(l_, l_)).sqrt()
    torch.testing.assert_close(linear_cka(x, y), expected, rtol=1e-7, atol=1e-7)


@settings(max_examples=25)
@given(scale=st.floats(1e-3, 1e3), shift=st.floats(-100, 100), seed=st.integers(0, 99))
def test_rotated_shifted_and_scaled_features_are_the_same(scale, shift, seed):
    x = normal(20, 5, seed=seed)
    other = scale * (x @ rotation(5, seed)) + shift
    assert float(linear_cka(x, other)) == pytest.approx(1, abs=1e-8)
    assert float(linear_cka(x, torch.cat([other, 0 * other], 1))) == pytest.approx(1, abs=1e-8)


def test_independent_features_are_near_0_where_the_plain_estimator_is_near_1():
    found = [float(linear_cka(normal(30, 200, seed=s), normal(30, 90, seed=s + 50))) for s in
             range(20)]  # fmt: skip
    assert abs(np.mean(found)) < 0.02
    assert np.abs(found).max() < 0.15
    plain = float(biased(normal(30, 200), normal(30, 90, seed=50)))
    assert plain == pytest.approx(1 / np.sqrt((1 + 30 / 200) * (1 + 30 / 90)), abs=0.03)
    assert plain > 0.75


def test_partly_shared_features_lie_between():
    shared = normal(300, 4)
    x = torch.cat([shared, normal(300, 4, seed=1)], 1)
    y = torch.cat([shared, normal(300, 4, seed=2)], 1)
    # Half of either covariance is shared: sum of squares 4 of 8.
    assert float(linear_cka(x, y)) == pytest.approx(0.5, abs=0.05)


def test_it_is_symmetric_and_takes_many_at_once():
    x, y = normal(3, 9, 4), normal(3, 9, 6, seed=1)
    both = linear_cka(x, y)
    assert both.shape == (3,)
    torch.testing.assert_close(both, linear_cka(y, x))
    torch.testing.assert_close(both[1], linear_cka(x[1], y[1]))


@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_features_that_say_nothing_are_nan(kind):
    constant = torch.full((7, 3), 0.1, dtype=kind)
    assert torch.isnan(linear_cka(constant, normal(7, 3).to(kind)))
    assert torch.isnan(linear_cka(torch.zeros(7, 3, dtype=kind), normal(7, 3).to(kind)))
    assert torch.isnan(linear_cka(0.3 * torch.eye(7, dtype=kind), normal(7, 3).to(kind)))


def test_over_clips_compares_whole_maps():
    features = normal(8, 3, 1, 2, 2)
    mixed = torch.einsum("nathw,ab->nbthw", features, rotation(3))
    assert cka_over_clips(features, 2 * mixed) == pytest.approx(1)
    assert cka_over_clips(features, features.flip(0)) < 0.9
    expected = linear_cka(features.flatten(1), features.flip(0).flatten(1))
    assert cka_over_clips(features, features.flip(0)) == pytest.approx(float(expected))


def test_over_positions_compares_clip_by_clip():
    first = normal(2, 3, 2, 3, 2)
    second = torch.einsum("nathw,ab->nbthw", first, rotation(3))
    second[1] = normal(3, 2, 3, 2, seed=5)
    found = cka_over_positions(first, second)
    assert float(found[0]) == pytest.approx(1)
    rows = first[1].flatten(1).T, second[1].flatten(1).T
    assert float(found[1]) == pytest.approx(float(linear_cka(*rows)))


def test_grids_must_match_or_be_matched():
    first, second = normal(2, 3, 2, 4, 2), normal(2, 3, 2, 2, 2, seed=1)
    with pytest.raises(ConfigError, match="different grids"):
        cka_over_positions(first, second)
    pooled = first.unflatten(3, (2, 2)).mean(4)
    torch.testing.assert_close(
        cka_over_positions(first, second, match_grid=True), cka_over_positions(pooled, second)
    )


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(DataError, match=r"n >= 4 examples, got \(3, 2\) and \(3, 2\)"):
        linear_cka(normal(3, 2), normal(3, 2))
    with pytest.raises(DataError, match=r"got \(5, 2\) and \(4, 2\)"):
        linear_cka(normal(5, 2), normal(4, 2))
    with pytest.raises(DataError, match="expected 2 clips"):
        cka_over_positions(normal(2, 3, 2, 2, 2), normal(3, 3, 2, 2, 2))
