import doctest
import importlib
from itertools import permutations

import pytest
import torch
import torch.nn.functional as F

from mmtlib.config import METHODS
from mmtlib.core.errors import ConfigError, DataError
from mmtlib.core.outputs import StreamOutput
from mmtlib.losses import (
    attention_transfer_loss,
    distillation_loss,
    focal_regularization,
    mtut_objective,
    mutual_learning_loss,
    similarity_preserving_loss,
    ssa_distance,
    transfer_objective,
)

NAMES = ("rgb", "depth", "flow")
LABELS = torch.tensor([0, 3, 1])
DISTANCES = {
    "mtut": lambda m, n: ssa_distance(m.features, n.features, reduction="mean"),
    "kd": lambda m, n: distillation_loss(m.logits, n.logits, 3.0),
    "dml": lambda m, n: mutual_learning_loss(m.logits, n.logits),
    "attention": lambda m, n: attention_transfer_loss(m.features, n.features),
    "similarity": lambda m, n: similarity_preserving_loss(m.features, n.features),
}
DISTANCES["one_way"] = DISTANCES["mtut"]


def make_outputs(names=NAMES, seed=0, grid=(1, 2, 3)):
    generator = torch.Generator().manual_seed(seed)

    def leaf(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64).requires_grad_()

    channels = zip(names, (3, 4, 2), strict=False)
    return {name: StreamOutput(leaf(3, 4), leaf(3, c, *grid)) for name, c in channels}


def call(outputs, method="mtut", **settings):
    """The objective in which all pairs transfer, whatever their losses."""
    named = {"weight": 0.7, "temperature": 3.0, "focal": False, "rho_constant": 1.0}
    return transfer_objective(outputs, LABELS, method=method, **{**named, **settings})


def cross_entropies(outputs):
    return {k: F.cross_entropy(o.logits, LABELS, reduction="none") for k, o in outputs.items()}


def gradients(value, outputs):
    leaves = [t for o in outputs.values() for t in o]
    found = torch.autograd.grad(value, leaves, retain_graph=True, allow_unused=True)
    return [torch.zeros_like(t) if g is None else g for t, g in zip(leaves, found, strict=True)]


def pairs_of(names, teacher=None):
    return [pair for pair in permutations(names, 2) if teacher in (None, pair[1])]


@pytest.mark.parametrize("names", [NAMES[:2], NAMES])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("teacher", [None, "depth"])
def test_total_is_classification_and_weighted_distances(method, names, teacher):
    outputs = make_outputs(names)
    if method == "one_way" and teacher is None:
        with pytest.raises(ConfigError, match="'rgb' and 'depth' teach each other"):
            call(outputs, method)
        return
    pairs = pairs_of(names, teacher)
    loss = call(outputs, method, pairs=pairs)
    number = 1 if METHODS[method].aligning else len([m for m, _ in pairs if m == "rgb"])
    total = sum(each.mean() for each in cross_entropies(outputs).values())
    for m, n in pairs:
        distance = DISTANCES[method](outputs[m], outputs[n]).mean()
        torch.testing.assert_close(loss.ssa[m, n], distance.detach())
        total = total + 0.7 * distance / number
    torch.testing.assert_close(loss.total, total)
    assert list(loss.ssa) == list(loss.rho) == pairs
    assert all(rho.mean().item() == pytest.approx(1 / number) for rho in loss.rho.values())
    assert not any(value.requires_grad for value in (*loss.ssa.values(), *loss.rho.values()))


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("names", [NAMES[:2], NAMES])
@pytest.mark.parametrize("method", METHODS)
def test_gradient_reaches_the_learners_and_never_the_teacher(method, names, frozen, swapped):
    outputs = make_outputs(names)
    teachers = make_outputs(("depth",), seed=1) if frozen else None
    clips = torch.tensor([2, -1, 0]) if swapped else None
    pairs = pairs_of(names, "depth")
    loss = call(outputs, method, pairs=pairs, teachers=teachers, teacher_clips=clips)
    transfer = gradients(loss.total - sum(loss.classification.values()), outputs)
    for name, logits, features in zip(outputs, transfer[::2], transfer[1::2], strict=True):
        compared, rest = (logits, features) if method in ("kd", "dml") else (features, logits)
        assert (compared.abs().sum() > 0) == (name != "depth"), name
        assert rest.abs().sum() < 1e-12  # of classification, taken off again
    if frozen:
        assert all(g.abs().sum() == 0 for g in gradients(loss.total, teachers))


@pytest.mark.parametrize("method", METHODS)
def test_each_learner_gets_the_gradient_of_its_own_term(method):
    outputs = make_outputs()
    pairs = pairs_of(NAMES, "depth")
    whole = gradients(call(outputs, method, pairs=pairs).total, outputs)
    for i, name in enumerate(NAMES):
        own = cross_entropies(outputs)[name].mean()
        if name != "depth":
            teacher = StreamOutput(*(t.detach() for t in outputs["depth"]))
            own = own + 0.7 * DISTANCES[method](outputs[name], teacher).mean()
        expected = gradients(own, {name: outputs[name]})
        torch.testing.assert_close(whole[2 * i : 2 * i + 2], expected)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("settings", [{"weight": 0.0}, {"pairs": []}, {"weight": 0.0, "pairs": []}])
def test_without_weight_or_pairs_there_is_classification_alone(method, settings):
    outputs = make_outputs()
    loss = call(outputs, method, **settings)
    each = cross_entropies(outputs)
    assert torch.equal(loss.total, torch.stack([e.mean() for e in each.values()]).sum())
    assert loss.ssa == loss.rho == {}


@pytest.mark.parametrize("focal", [True, False])
@pytest.mark.parametrize("rho_per", ["clip", "batch"])
def test_mtut_is_mtut_objective_bit_for_bit(focal, rho_per):
    outputs = make_outputs()
    settings = {"ssa_reduction": "sum", "beta": 1.5, "focal": focal, "rho_per": rho_per}
    found = transfer_objective(outputs, LABELS, method="mtut", weight=0.3, **settings)
    expected = mtut_objective(outputs, LABELS, ssa_weight=0.3, **settings)
    assert torch.equal(found.total, expected.total)
    assert found.rho.keys() == expected.rho.keys()
    pairs = zip(gradients(found.total, outputs), gradients(expected.total, outputs), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("rho_per", ["clip", "batch"])
def test_one_way_listens_as_mtut_does(rho_per):
    outputs = make_outputs()
    settings = {"focal": True, "rho_per": rho_per}
    pairs = pairs_of(NAMES, "depth")
    one_way = call(outputs, "one_way", pairs=pairs, **settings)
    both = call(outputs, "mtut", **settings)
    for pair in pairs:
        assert torch.equal(one_way.rho[pair], both.rho[pair])
        assert torch.equal(one_way.ssa[pair], both.ssa[pair])


@pytest.mark.parametrize("method", METHODS)
def test_frozen_teachers_teach_under_the_names_of_live_ones(method):
    outputs, teachers = make_outputs(NAMES[:2]), make_outputs(("depth",), seed=1)
    loss = call(outputs, method, pairs=[("rgb", "depth")], teachers=teachers)
    expected = DISTANCES[method](outputs["rgb"], teachers["depth"]).mean()
    torch.testing.assert_close(loss.ssa["rgb", "depth"], expected.detach())
    assert set(loss.classification) == {"rgb", "depth"}  # of the live networks


@pytest.mark.parametrize("rho_per", ["clip", "batch"])
def test_rho_of_a_frozen_teacher_is_from_its_own_losses(rho_per):
    outputs, teachers = make_outputs(("rgb",)), make_outputs(("depth",), seed=1)
    loss = call(
        outputs, "mtut", pairs=[("rgb", "depth")], teachers=teachers, focal=True, rho_per=rho_per
    )
    pair = cross_entropies(outputs)["rgb"], cross_entropies(teachers)["depth"]
    if rho_per == "batch":
        pair = [each.mean() for each in pair]
    torch.testing.assert_close(loss.rho["rgb", "depth"], focal_regularization(*pair))


@pytest.mark.parametrize("method", METHODS)
def test_another_clips_teacher_by_hand(method):
    outputs = make_outputs(NAMES[:2])
    clips = torch.tensor([2, -1, 0])
    pairs = [("rgb", "depth")]
    loss = call(outputs, method, pairs=pairs, teacher_clips=clips)
    # The clip without another one keeps its place in the batch and counts nothing.
    teacher = StreamOutput(*(t[torch.tensor([2, 1, 0])] for t in outputs["depth"]))
    distance = DISTANCES[method](outputs["rgb"], teacher)
    total = sum(loss.classification.values()) + 0.7 * (distance[0] + distance[2]) / 3
    torch.testing.assert_close(loss.total, total)
    assert torch.equal(loss.rho["rgb", "depth"], torch.tensor([1.0, 0.0, 1.0]).double())
    torch.testing.assert_close(loss.ssa["rgb", "depth"], distance.detach().mean())


@pytest.mark.parametrize("method", METHODS)
def test_the_clips_own_teacher_is_no_change(method):
    outputs = make_outputs(NAMES[:2])
    pairs = [("rgb", "depth")]
    own = call(outputs, method, pairs=pairs, teacher_clips=torch.arange(3))
    plain = call(outputs, method, pairs=pairs)
    torch.testing.assert_close(own.total, plain.total)
    torch.testing.assert_close(gradients(own.total, outputs), gradients(plain.total, outputs))


@pytest.mark.parametrize("rho_per", ["clip", "batch"])
def test_rho_stays_that_of_the_clip_where_its_teacher_has_seen_another(rho_per):
    outputs = make_outputs(NAMES[:2])
    settings = {"focal": True, "rho_per": rho_per, "pairs": [("rgb", "depth"), ("depth", "rgb")]}
    plain = call(outputs, **settings)
    swapped = call(outputs, teacher_clips=torch.tensor([1, -1, 0]), **settings)
    for pair, rho in plain.rho.items():
        torch.testing.assert_close(swapped.rho[pair], rho.expand(3) * torch.tensor([1, 0, 1]))


def test_a_second_network_of_a_modality_is_a_network_like_any_other():
    outputs = make_outputs(("rgb", "rgb-2"))
    loss = call(outputs, "dml", pairs=[("rgb", "rgb-2"), ("rgb-2", "rgb")])
    assert set(loss.classification) == {"rgb", "rgb-2"}
    assert loss.ssa.keys() == {("rgb", "rgb-2"), ("rgb-2", "rgb")}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("scale", [0.0, 1e-30, 1e30])
def test_extreme_features_and_logits_are_finite(method, scale):
    outputs = {
        name: StreamOutput(
            (torch.eye(4)[LABELS] * gap * scale).requires_grad_(),
            (o.features.detach().float() * scale).requires_grad_(),
        )
        for gap, (name, o) in zip((1.0, -1.0), make_outputs(NAMES[:2]).items(), strict=True)
    }
    loss = call(outputs, method, pairs=[("rgb", "depth")])
    loss.total.backward()
    assert loss.total.isfinite()
    assert all(t.grad is None or t.grad.isfinite().all() for o in outputs.values() for t in o)


@pytest.mark.parametrize("method", METHODS)
def test_bf16_under_autocast_equals_float32(method):
    low = {k: StreamOutput(*(t.detach().bfloat16() for t in o)) for k, o in make_outputs().items()}
    wide = {k: StreamOutput(*(t.float() for t in o)) for k, o in low.items()}
    pairs = pairs_of(NAMES, "depth")
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = call(low, method, pairs=pairs)
    assert loss.total.dtype == torch.float32
    assert torch.equal(loss.total, call(wide, method, pairs=pairs).total)


@pytest.mark.parametrize("method", ["mtut", "attention"])
def test_other_grids_are_an_error_or_pooled(method):
    outputs = make_outputs(NAMES[:2])
    outputs["depth"] = make_outputs(NAMES[:2], grid=(2, 2, 3))["depth"]
    with pytest.raises(ConfigError, match="different grids"):
        call(outputs, method)
    assert call(outputs, method, match_grid=True).total.isfinite()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "mtuts"}, "Unknown method 'mtuts'.*Did you mean 'mtut'"),
        ({"weight": -1.0}, "weight: expected a finite number of at least 0, got -1"),
        ({"weight": float("nan")}, "weight: expected"),
        ({"temperature": 0.0}, "temperature must be above 0"),
        ({"pairs": [("rbg", "depth")]}, "Unknown learner 'rbg'.*Did you mean 'rgb'"),
        ({"pairs": [("rgb", "flow")]}, "Unknown teacher 'flow'; known: depth, rgb"),
        ({"pairs": [("rgb", "rgb")]}, "'rgb' cannot be its own teacher"),
        ({"method": "one_way"}, "'rgb' and 'depth' teach each other: give `pairs`"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(ConfigError, match=message):
        call(make_outputs(NAMES[:2]), **settings)


@pytest.mark.parametrize(
    ("clips", "message"),
    [
        ([0, 1], r"expected 3 whole numbers from -1 to 2.*got torch.int64 of shape \(2,\)"),
        ([0.0, 1.0, 2.0], "got torch.float32"),
        ([0, 1, 3], "from 0 to 3"),
        ([-2, 1, 0], "from -2 to 1"),
    ],
)
def test_bad_clips_of_teachers(clips, message):
    with pytest.raises(DataError, match=message):
        call(make_outputs(NAMES[:2]), teacher_clips=torch.tensor(clips))


def test_teachers_of_other_clips():
    few = {"depth": StreamOutput(*(t[:2] for t in make_outputs()["depth"]))}
    with pytest.raises(DataError, match=r"logits of 'depth': expected shape \(N, K\) with N = 3"):
        call(make_outputs(("rgb",)), "kd", pairs=[("rgb", "depth")], teachers=few)


@pytest.mark.parametrize(
    "file",
    ["objective", "distillation", "mutual_learning", "attention_transfer", "similarity_preserving"],
)
def test_examples_in_docstrings(file):
    result = doctest.testmod(importlib.import_module(f"mmtlib.losses.{file}"))
    assert result.attempted > 0
    assert result.failed == 0
