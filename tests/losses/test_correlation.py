import math
import operator

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtlib.core.errors import ConfigError, DataError
from mmtlib.losses import ROW_EPS, correlation_map, normalize_positions
from mmtlib.losses.correlation import full_precision


def noise(*shape, seed=0, dtype=torch.float32):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def naive_map(features, centred=False):
    """The definition, one entry at a time, in plain Python."""
    maps = []
    for clip in features.double().flatten(2).tolist():
        rows = list(zip(*clip, strict=True))
        if centred:
            means = [sum(channel) / len(channel) for channel in clip]
            rows = [[x - mean for x, mean in zip(row, means, strict=True)] for row in rows]
        unit = [[x / math.hypot(*row) for x in row] for row in rows]
        maps.append([[sum(map(operator.mul, p, q)) for q in unit] for p in unit])
    return torch.tensor(maps, dtype=torch.float64)


def test_two_by_two_by_one_map_by_hand():
    # Positions in row-major (T, H, W): (1, 0), (0, 2), (3, 3), (-5, 0).
    features = torch.tensor([[1.0, 0.0, 3.0, -5.0], [0.0, 2.0, 3.0, 0.0]]).view(1, 2, 2, 2, 1)
    r = math.sqrt(0.5)
    expected = torch.tensor([[1, 0, r, -1], [0, 1, r, 0], [r, r, 1, -r], [-1, 0, -r, 1]])
    torch.testing.assert_close(correlation_map(features)[0], expected)
    rows = torch.tensor([[1, 0], [0, 1], [r, r], [-1, 0]])
    torch.testing.assert_close(normalize_positions(features)[0], rows)


def test_centred_map_by_hand():
    features = torch.tensor([4.0, 2.0]).view(1, 1, 1, 1, 2)  # 3 + 1 and 3 - 1
    assert correlation_map(features, "centred").tolist() == [[[1.0, -1.0], [-1.0, 1.0]]]


@pytest.mark.parametrize("normalize", ["position", "centred"])
@pytest.mark.parametrize("shape", [(1, 1, 1, 1, 2), (2, 3, 2, 3, 2), (3, 8, 1, 2, 2)])
def test_equals_the_definition(shape, normalize):
    features = noise(*shape)
    expected = naive_map(features, centred=normalize == "centred")
    torch.testing.assert_close(
        correlation_map(features, normalize).double(), expected, atol=1e-5, rtol=0
    )


@pytest.mark.parametrize("normalize", ["position", "centred"])
def test_gradcheck(normalize):
    features = noise(2, 3, 2, 2, 1, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(lambda f: correlation_map(f, normalize), features)
    assert torch.autograd.gradcheck(lambda f: normalize_positions(f, normalize), features)


def test_gradcheck_of_large_features():
    features = noise(1, 2, 1, 2, 2, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(lambda f: correlation_map(f * 1e200), features)


def test_channels_last_features_give_the_same_map():
    features = noise(2, 4, 2, 3, 3)
    turned = features.to(memory_format=torch.channels_last_3d)
    torch.testing.assert_close(correlation_map(turned), correlation_map(features))


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from(["position", "centred"]))
def test_permuting_or_rotating_channels_leaves_the_map(seed, normalize):
    features = noise(2, 5, 1, 2, 3, seed=seed, dtype=torch.float64)
    order = torch.randperm(5, generator=torch.Generator().manual_seed(seed))
    rotation, _ = torch.linalg.qr(noise(5, 5, seed=seed + 1, dtype=torch.float64))
    rotated = torch.einsum("dc,ncthw->ndthw", rotation, features)
    expected = correlation_map(features, normalize)
    torch.testing.assert_close(correlation_map(features[:, order], normalize), expected)
    torch.testing.assert_close(correlation_map(rotated, normalize), expected)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.floats(-7.0, 30.0))
def test_map_is_symmetric_bounded_and_free_of_scale(seed, exponent):
    features = noise(2, 4, 2, 2, 1, seed=seed)
    map_ = correlation_map(features * 10.0**exponent)
    torch.testing.assert_close(map_, map_.mT)
    assert map_.abs().max() <= 1 + 1e-6
    long_enough = features.flatten(2).norm(dim=1).min() * 10.0**exponent > ROW_EPS
    if long_enough:
        torch.testing.assert_close(map_, correlation_map(features), atol=1e-5, rtol=0)


@pytest.mark.parametrize("normalize", ["position", "centred"])
@pytest.mark.parametrize("scale", [0.0, 1e-44, 1e-30, 1e20, 1e30, 3e38])
def test_extreme_features_are_finite_in_value_and_gradient(scale, normalize):
    features = (noise(2, 16, 2, 2, 2).clamp(-1, 1) * scale).requires_grad_()
    map_ = correlation_map(features, normalize)
    (map_ * noise(8, 8)).sum().backward()
    assert map_.isfinite().all()
    assert features.grad.isfinite().all()
    if scale < 1e-20:
        assert not map_.any()
        assert not features.grad.any()
    else:
        torch.testing.assert_close(map_.diagonal(dim1=1, dim2=2), torch.ones(2, 8))


def test_a_short_row_counts_as_zero_and_gets_zero_gradient():
    features = noise(1, 3, 1, 1, 4)
    features[..., 1] *= 0.1 * ROW_EPS / features[..., 1].norm()
    features[..., 2] *= 10 * ROW_EPS / features[..., 2].norm()
    features.requires_grad_()
    map_ = correlation_map(features)
    (map_ * noise(4, 4)).sum().backward()
    assert not map_[0, 1].any()
    assert not map_[0, :, 1].any()
    torch.testing.assert_close(map_[0].diagonal(), torch.tensor([1.0, 0.0, 1.0, 1.0]))
    assert not features.grad[..., 1].any()
    assert features.grad[..., 2].abs().max() > 1  # 10 eps long: kept, its gradient is large


def test_eps_is_an_argument():
    features = torch.tensor([[3.0, 0.3], [4.0, 0.4]]).view(1, 2, 1, 1, 2)
    rows = normalize_positions(features, eps=1.0)
    torch.testing.assert_close(rows, torch.tensor([[[0.6, 0.8], [0.0, 0.0]]]))


@pytest.mark.parametrize("value", [0.1, 1234.567, 1e30])
def test_constant_features_have_no_centred_rows(value):
    features = torch.full((2, 64, 3, 7, 7), value)
    assert not correlation_map(features, "centred").any()


@pytest.mark.parametrize("value", [1.0, 3e38])
@pytest.mark.parametrize("eps", [0.0, 1e-50, ROW_EPS])
def test_a_row_equal_to_the_mean_is_zero_at_any_scale(value, eps):
    features = torch.tensor([value, -value, 0.0]).view(1, 1, 1, 1, 3).requires_grad_()
    rows = normalize_positions(features, "centred", eps)
    (rows * torch.tensor([[1.0], [2.0], [3.0]])).sum().backward()
    assert rows.flatten().tolist() == [1.0, -1.0, 0.0]
    assert features.grad.isfinite().all()
    assert normalize_positions(features, eps=eps).flatten().tolist() == [1.0, -1.0, 0.0]


def test_not_a_number_is_seen():
    features = noise(1, 2, 1, 1, 3)
    features[0, 0, 0, 0, 1] = math.nan
    map_ = correlation_map(features)[0]
    assert map_[1].isnan().all()
    assert map_[0, 2].isfinite()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_low_precision_features_under_autocast_are_computed_in_float32(dtype):
    features = noise(2, 8, 2, 3, 3).to(dtype).requires_grad_()
    wide = features.detach().float().requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        map_ = correlation_map(features)
        rows = normalize_positions(features)
    assert map_.dtype == rows.dtype == torch.float32
    assert torch.equal(map_, correlation_map(wide))
    assert torch.equal(rows, normalize_positions(wide))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        map_[:, 0].sum().backward()
    correlation_map(wide)[:, 0].sum().backward()
    assert torch.equal(features.grad, wide.grad.to(dtype))


@pytest.fixture
def precision():
    yield
    torch.set_float32_matmul_precision("highest")


@pytest.mark.usefixtures("precision")
@pytest.mark.parametrize("overall", ["highest", "high", "medium"])
def test_reduced_precision_products_are_off_inside_and_restored(overall):
    torch.set_float32_matmul_precision(overall)
    products = (torch.backends.cuda.matmul, torch.backends.mkldnn.matmul)
    before = [product.fp32_precision for product in products]

    def fail_inside():
        with full_precision("cpu"):
            assert torch.get_float32_matmul_precision() == "highest"
            assert {product.fp32_precision for product in products} <= {"ieee", "none"}
            raise KeyError

    with pytest.raises(KeyError):
        fail_inside()
    assert torch.get_float32_matmul_precision() == overall
    assert [product.fp32_precision for product in products] == before


@pytest.mark.usefixtures("precision")
def test_precision_set_for_one_device_only_is_restored():
    torch.backends.cuda.matmul.fp32_precision = "tf32"
    with full_precision("cpu"):
        assert torch.backends.cuda.matmul.fp32_precision == "ieee"
    assert torch.backends.cuda.matmul.fp32_precision == "tf32"
    assert torch.backends.mkldnn.matmul.fp32_precision != "tf32"


@pytest.mark.usefixtures("precision")
@pytest.mark.parametrize("function", [correlation_map, normalize_positions])
def test_products_run_in_full_precision_both_ways(monkeypatch, function):
    seen = []
    bmm = torch.bmm

    def watched(*args):
        seen.append((torch.get_float32_matmul_precision(), torch.is_autocast_enabled("cpu")))
        return bmm(*args)

    monkeypatch.setattr(torch, "bmm", watched)
    torch.set_float32_matmul_precision("medium")
    features = noise(1, 2, 1, 2, 2).requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        function(features).sum().backward()
    assert seen == ([("highest", False)] * 2 if function is correlation_map else [])


def test_errors_are_clear():
    with pytest.raises(ConfigError, match=r"Unknown normalize 'centered'.*Did you mean 'centred'"):
        correlation_map(noise(1, 2, 1, 1, 2), "centered")
    with pytest.raises(DataError, match=r"with no empty axis, got \(2, 3\)"):
        correlation_map(noise(2, 3))
    with pytest.raises(DataError, match="no empty axis"):
        normalize_positions(torch.zeros(1, 2, 0, 4, 4))
    with pytest.raises(DataError, match=r"floating-point numbers, got torch\.int64"):
        correlation_map(torch.ones(1, 2, 1, 1, 2, dtype=torch.long))
