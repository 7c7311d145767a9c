from itertools import permutations

import pytest
import torch

from mmtlib.losses import correlation_map
from mmtlib.losses.pair_distances import GRAM_RATIO, correlation_distances


def noise(*shape, seed=0, dtype=torch.float32):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def rotated(features, angle_seed=5):
    rotation, _ = torch.linalg.qr(
        noise(features.shape[1], features.shape[1], seed=angle_seed).double()
    )
    return torch.einsum("dc,ncthw->ndthw", rotation.to(features.dtype), features)


def distances(features, form, pairs=((0, 1),), learner_only=False):
    return correlation_distances(
        features, pairs=pairs, names="mnop"[: len(features)], form=form, learner_only=learner_only
    )


@pytest.mark.parametrize("form", ["direct", "gram"])
@pytest.mark.parametrize("learner_only", [False, True])
def test_forms_equal_plain_autograd_for_many_pairs(form, learner_only):
    features = [
        noise(2, c, 1, 3, 3, seed=c, dtype=torch.float64).requires_grad_() for c in (2, 3, 5)
    ]
    pairs = [*permutations(range(3), 2), (0, 1)]  # a pair may come twice
    weights = noise(len(pairs), 2, seed=9, dtype=torch.float64)
    found = distances(features, form, pairs, learner_only)
    found_grads = torch.autograd.grad((weights * found).sum(), features)

    maps = [correlation_map(map_) for map_ in features]
    expected = torch.stack([
        (maps[m] - (maps[n].detach() if learner_only else maps[n])).square().sum((1, 2))
        for m, n in pairs
    ])  # fmt: skip
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(
        found_grads, torch.autograd.grad((weights * expected).sum(), features)
    )


@pytest.mark.parametrize("form", ["direct", "gram"])
def test_gradcheck(form):
    features = [
        noise(2, c, 1, 2, 2, seed=c, dtype=torch.float64).requires_grad_() for c in (2, 3, 2)
    ]
    pairs = [(0, 1), (2, 0), (1, 2)]
    assert torch.autograd.gradcheck(lambda *f: distances(f, form, pairs), features)


@pytest.mark.parametrize("form", ["direct", "gram"])
def test_only_learners_that_ask_get_a_gradient(form):
    m, n, o = (noise(2, 3, 1, 2, 2, seed=s) for s in range(3))
    n.requires_grad_()
    o.requires_grad_()
    distances([m, n, o], form, [(0, 1), (1, 2)], learner_only=True).sum().backward()
    assert m.grad is None
    assert o.grad is None or not o.grad.any()
    alone = n.detach().requires_grad_()
    distances([alone, o.detach()], form, learner_only=True).sum().backward()
    torch.testing.assert_close(n.grad, alone.grad)


@pytest.mark.parametrize("step", [1e-1, 1e-2, 1e-3, 1e-4])
def test_gram_form_equals_the_direct_form_near_equality(step):
    """The maps differ by less and less although the features differ by a rotation throughout."""
    features = noise(2, 8, 4, 8, 8)
    learners = [features.clone().requires_grad_() for _ in range(2)]
    teacher = rotated(features + step * noise(*features.shape, seed=1))
    direct = distances([learners[0], teacher], "direct")
    gram = distances([learners[1], teacher], "gram")
    torch.testing.assert_close(gram, direct, rtol=1e-3, atol=0)
    direct.sum().backward()
    gram.sum().backward()
    size = learners[0].grad.norm()
    assert (learners[1].grad - learners[0].grad).norm() < 1e-2 * size
    exact = distances([features.double(), teacher.double()], "direct")
    torch.testing.assert_close(gram.double(), exact, rtol=1e-3, atol=0)


def test_gram_form_of_equal_maps_is_zero_to_rounding():
    features = noise(2, 4, 4, 8, 8)
    distance = distances([features, rotated(features)], "gram")
    assert (distance >= 0).all()
    assert (distance < 1e-6).all()


def test_form_is_chosen_by_shape():
    def name(channels, d):
        features = [noise(1, c, 1, 1, d).requires_grad_() for c in channels]
        chosen = distances(features, "auto")
        return chosen.grad_fn.next_functions and type(chosen.grad_fn).__name__

    assert name((3, 2), 3 * GRAM_RATIO) == "_GramDistancesBackward"
    assert name((3, 2), 3 * GRAM_RATIO - 1) == "_DirectDistancesBackward"


def test_map_of_each_modality_is_computed_once(monkeypatch):
    products = []
    bmm = torch.bmm
    monkeypatch.setattr(torch, "bmm", lambda a, b: products.append(1) or bmm(a, b))
    features = [noise(2, 4, 1, 2, 2, seed=s).requires_grad_() for s in range(4)]
    found = distances(features, "direct", list(permutations(range(4), 2)), learner_only=True)
    assert len(products) == 4
    found.sum().backward()
    assert len(products) == 8


@pytest.mark.parametrize("form", ["direct", "gram"])
def test_products_run_in_full_precision_both_ways(monkeypatch, form):
    seen = []
    bmm = torch.bmm

    def watched(a, b):
        seen.append((torch.get_float32_matmul_precision(), torch.is_autocast_enabled("cpu")))
        return bmm(a, b)

    monkeypatch.setattr(torch, "bmm", watched)
    features = [noise(2, 2, 1, 2, 2, seed=s).requires_grad_() for s in range(2)]
    torch.set_float32_matmul_precision("medium")
    try:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            distances(features, form).sum().backward()
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision("highest")
    assert set(seen) == {("highest", False)}
