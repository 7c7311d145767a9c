import doctest
import importlib
import math
from itertools import permutations

import pytest
import torch
import torch.nn.functional as F

from mmtlib.core.errors import ConfigError, DataError
from mmtlib.core.outputs import StreamOutput
from mmtlib.losses import (
    MtutObjective,
    correlation_map,
    focal_regularization,
    mtut_objective,
    ssa_distance,
    ssa_loss,
)

NAMES = ("rgb", "depth", "flow", "ir")
LABELS = torch.tensor([0, 3, 1])


def make_outputs(count, *, channels=(3, 4, 2, 3), grid=(1, 2, 3), dtype=torch.float64, seed=0):
    generator = torch.Generator().manual_seed(seed)

    def leaf(*shape):
        return (
            torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype).requires_grad_()
        )

    return {
        name: StreamOutput(leaf(3, 4), leaf(3, c, *grid))
        for name, c in zip(NAMES[:count], channels, strict=False)
    }


def leaves(outputs):
    return [t for output in outputs.values() for t in (output.logits, output.features)]


def own_objective(outputs, m, *, weight, reduction, beta, rho_per, normalize="position"):
    """The objective of network m, written as in the paper, with plain autograd."""
    cross_entropy = {
        k: F.cross_entropy(o.logits, LABELS, reduction="none") for k, o in outputs.items()
    }
    total = cross_entropy[m].mean()
    for n in outputs.keys() - {m}:
        pair = cross_entropy[m].detach(), cross_entropy[n].detach()
        if rho_per == "batch":
            pair = tuple(loss.mean() for loss in pair)
        rho = (torch.exp(beta * (pair[0] - pair[1])) - 1).clamp(min=0)
        teacher = correlation_map(outputs[n].features.detach(), normalize)
        squares = (correlation_map(outputs[m].features, normalize) - teacher).square()
        distance = squares.sum((1, 2)) if reduction == "sum" else squares.mean((1, 2))
        total = total + weight * (rho * distance).mean()
    return total


@pytest.mark.parametrize("count", [2, 3, 4])
@pytest.mark.parametrize("rho_per", ["clip", "batch"])
@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize("grid", [(1, 2, 3), (2, 3, 3)], ids=["direct", "gram"])
def test_total_and_every_gradient_equal_the_networks_own_objectives(
    count, rho_per, reduction, grid
):
    outputs = make_outputs(count, grid=grid)
    loss = mtut_objective(
        outputs, LABELS, ssa_weight=0.3, ssa_reduction=reduction, beta=1.5, rho_per=rho_per
    )
    own = {
        m: own_objective(outputs, m, weight=0.3, reduction=reduction, beta=1.5, rho_per=rho_per)
        for m in outputs
    }
    torch.testing.assert_close(loss.total, sum(own.values()))
    found = torch.autograd.grad(loss.total, leaves(outputs))
    expected = [
        torch.autograd.grad(own[m], tensor, retain_graph=True)[0]
        for m in outputs
        for tensor in (outputs[m].logits, outputs[m].features)
    ]
    torch.testing.assert_close(list(found), expected)


@pytest.mark.parametrize("rho_per", ["clip", "batch"])
def test_parts_are_reported_by_pair_and_detached(rho_per):
    outputs = make_outputs(3)
    loss = mtut_objective(
        outputs, LABELS, ssa_weight=0.3, ssa_reduction="mean", normalize="centred", rho_per=rho_per
    )
    assert set(loss.rho) == set(loss.ssa) == set(permutations(outputs, 2))
    each = {k: F.cross_entropy(o.logits, LABELS, reduction="none") for k, o in outputs.items()}
    assembled = sum(loss.classification.values())
    for m, n in loss.rho:
        pair = (each[m], each[n]) if rho_per == "clip" else (each[m].mean(), each[n].mean())
        torch.testing.assert_close(loss.rho[m, n], focal_regularization(*pair))
        distance = ssa_distance(outputs[m].features, outputs[n].features, "centred", "mean")
        torch.testing.assert_close(loss.ssa[m, n], distance.detach().mean())
        assert not loss.rho[m, n].requires_grad
        assert not loss.ssa[m, n].requires_grad
        assembled = assembled + 0.3 * (loss.rho[m, n] * distance).mean()
    torch.testing.assert_close(loss.total, assembled)
    for m in outputs:
        torch.testing.assert_close(loss.classification[m], each[m].mean())


def test_two_modalities_equal_two_ssa_losses():
    outputs = make_outputs(2)
    rgb, depth = outputs["rgb"], outputs["depth"]
    each = [F.cross_entropy(o.logits, LABELS, reduction="none") for o in (rgb, depth)]
    alignment = ssa_loss(rgb.features, depth.features, *each) + ssa_loss(
        depth.features, rgb.features, *each[::-1]
    )
    loss = mtut_objective(outputs, LABELS, ssa_weight=0.05)
    torch.testing.assert_close(loss.total, each[0].mean() + each[1].mean() + 0.05 * alignment)


@pytest.mark.parametrize("rho_per", ["clip", "batch"])
def test_without_focal_regularization_rho_is_the_constant(rho_per):
    outputs = make_outputs(2)
    loss = mtut_objective(
        outputs, LABELS, ssa_weight=0.5, ssa_reduction="sum", focal=False, rho_constant=0.25,
        rho_per=rho_per,
    )  # fmt: skip
    shape = (3,) if rho_per == "clip" else ()
    assert torch.equal(loss.rho["rgb", "depth"], torch.full(shape, 0.25, dtype=torch.float64))
    expected = sum(loss.classification.values()) + 0.5 * 0.25 * sum(loss.ssa.values())
    torch.testing.assert_close(loss.total, expected)


@pytest.mark.parametrize(("count", "weight"), [(1, 0.05), (3, 0.0)])
def test_classification_only_computes_no_maps(count, weight, monkeypatch):
    monkeypatch.setattr("mmtlib.losses.pair_distances.correlation_distances", None)
    outputs = make_outputs(count)
    loss = mtut_objective(outputs, LABELS, ssa_weight=weight, ssa_reduction="sum")
    assert loss.ssa == loss.rho == {}
    torch.testing.assert_close(loss.total, sum(loss.classification.values()))


@pytest.mark.parametrize("scale", [0.0, 1e-30, 1e30])
def test_extreme_features_and_gaps_are_finite(scale):
    outputs = make_outputs(3, dtype=torch.float32)
    features = [(o.features.detach() * scale).requires_grad_() for o in outputs.values()]
    logits = [torch.eye(4)[LABELS] * gap for gap in (100.0, -100.0, 0.0)]
    streams = map(StreamOutput, logits, features)
    outputs = dict(zip(outputs, streams, strict=True))
    loss = mtut_objective(outputs, LABELS, ssa_weight=0.05, ssa_reduction="sum")
    loss.total.backward()
    assert loss.total.isfinite()
    assert all(map_.grad.isfinite().all() for map_ in features)


def test_bf16_under_autocast_equals_float32():
    low = make_outputs(3, dtype=torch.bfloat16)
    wide = {k: StreamOutput(o.logits.float(), o.features.float()) for k, o in low.items()}
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = mtut_objective(low, LABELS, ssa_weight=0.05, ssa_reduction="sum")
    expected = mtut_objective(wide, LABELS, ssa_weight=0.05, ssa_reduction="sum")
    assert loss.total.dtype == torch.float32
    assert torch.equal(loss.total, expected.total)
    loss.total.backward()
    assert low["rgb"].features.grad.dtype == torch.bfloat16


def test_not_a_number_in_a_loss_is_seen():
    outputs = make_outputs(2)
    outputs["rgb"].logits.data[0, 0] = math.nan
    loss = mtut_objective(outputs, LABELS, ssa_weight=0.05, ssa_reduction="sum")
    assert loss.total.isnan()


def test_different_grids_are_an_error_or_pooled():
    outputs = make_outputs(2)
    wider = make_outputs(2, grid=(2, 2, 3))["depth"]
    outputs["depth"] = wider
    settings = {"ssa_weight": 0.05, "ssa_reduction": "sum"}
    with pytest.raises(ConfigError, match="features of 'rgb' 1x2x3, features of 'depth' 2x2x3"):
        mtut_objective(outputs, LABELS, **settings)
    pooled = StreamOutput(wider.logits, wider.features.mean(2, keepdim=True))
    expected = mtut_objective(outputs | {"depth": pooled}, LABELS, **settings)
    found = mtut_objective(outputs, LABELS, match_grid=True, **settings)
    torch.testing.assert_close(found.total, expected.total)


def test_module_is_the_function():
    outputs = make_outputs(3)
    settings = {"ssa_weight": 10.0, "ssa_reduction": "mean", "rho_per": "batch", "beta": 1.0}
    module = MtutObjective(**settings)
    assert torch.equal(
        module(outputs, LABELS).total, mtut_objective(outputs, LABELS, **settings).total
    )
    assert "ssa_weight=10.0, ssa_reduction='mean'" in repr(module)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ssa_reduction": "avg"}, "Unknown ssa_reduction 'avg'"),
        ({"rho_per": "epoch"}, "Unknown rho_per 'epoch'; known: batch, clip"),
        ({"normalize": "centre"}, "Unknown normalize 'centre'"),
        ({"ssa_weight": -0.1}, "ssa_weight must be at least 0, got -0.1"),
        ({"ssa_weight": math.inf}, "ssa_weight"),
        ({"rho_constant": math.nan}, "rho_constant"),
        ({"beta": -1.0}, "beta"),
    ],
)
def test_bad_settings(changes, message):
    settings = {"ssa_weight": 0.05, "ssa_reduction": "sum"} | changes
    with pytest.raises(ConfigError, match=message):
        mtut_objective(make_outputs(2), LABELS, **settings)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 3, 4], "from 0 to 3 .*4 classes.*got values from 0 to 4"),
        ([-1, 3, 2], "got values from -1 to 3"),
        ([0, 1], r"logits of 'rgb': expected shape \(N, K\) with N = 2 .*got \(3, 4\)"),
        ([0.0, 1.0, 2.0], r"integers of shape \(N,\), got torch\.float32"),
        ([[0, 1, 2]], r"got torch\.int64 of shape \(1, 3\)"),
    ],
)
def test_bad_labels(labels, message):
    with pytest.raises(DataError, match=message):
        mtut_objective(make_outputs(2), torch.tensor(labels), ssa_weight=0.05, ssa_reduction="sum")


def test_no_outputs():
    with pytest.raises(DataError, match="at least one modality"):
        mtut_objective({}, LABELS, ssa_weight=0.05, ssa_reduction="sum")


@pytest.mark.parametrize("file", ["correlation", "ssa", "focal_regularization", "mtut"])
def test_examples_in_docstrings(file):
    result = doctest.testmod(importlib.import_module(f"mmtlib.losses.{file}"))
    assert result.attempted > 0
    assert result.failed == 0
