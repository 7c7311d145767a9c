import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from mmtlib.analysis import (
    randomized_networks,
    rank_correlation,
    saliency_sanity,
    structural_similarity,
)
from mmtlib.core.errors import DataError
from mmtlib.models import build_model


def maps_of(n=3, shape=(4, 5, 6), seed=0):
    return torch.tensor(np.random.default_rng(seed).random((n, *shape)))


def perturbed(network):
    """Every number of the network changed, as training would."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for value in network.state_dict().values():
            if value.is_floating_point():
                value.add_(0.1 + torch.rand(value.shape, generator=generator))
    return network


@pytest.mark.parametrize(
    ("name", "order"),
    [
        ("compact_i3d", ["linear", "mixed_3", "mixed_2", "mixed_1", "stem"]),
        ("inception_i3d", ["logits", "Mixed_5c", "Mixed_5b", "Mixed_4f"]),
    ],
)
def test_weights_go_from_the_top_down(name, order):
    network = perturbed(build_model(name, "rgb", num_classes=3, seed=0))
    before = {key: value.clone() for key, value in network.state_dict().items()}
    gone = []
    for (stage, other), expected in zip(randomized_networks(network), order, strict=False):
        assert stage == expected
        gone.append(stage)
        for key, value in other.state_dict().items():
            if not value.is_floating_point():
                continue  # how many batches were seen
            drawn_again = any(key.startswith(f"{top}.") for top in gone)
            assert torch.equal(value, before[key]) != drawn_again, key
    assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())


def test_the_last_copy_knows_nothing():
    network = perturbed(build_model("inception_i3d", "depth", num_classes=3, seed=0))
    *_, (stage, last) = randomized_networks(network)
    assert stage == "Conv3d_1a_7x7"
    for (key, value), old in zip(last.state_dict().items(), network.state_dict().values(),
                                 strict=True):  # fmt: skip
        assert not value.is_floating_point() or not torch.equal(value, old), key


def test_the_seed_decides_and_nothing_global_is_touched():
    network = build_model("compact_i3d", "depth", num_classes=3, seed=0)
    random = torch.random.get_rng_state()
    *_, (_, one) = randomized_networks(network, seed=4)
    assert torch.equal(torch.random.get_rng_state(), random)
    *_, (_, same) = randomized_networks(perturbed(network), seed=4)
    *_, (_, other) = randomized_networks(network, seed=5)
    assert torch.equal(one.linear.weight, same.linear.weight)
    assert torch.equal(one.stem[0].weight, same.stem[0].weight)
    assert not torch.equal(one.linear.weight, other.linear.weight)


@settings(max_examples=20)
@given(seed=st.integers(0, 99), levels=st.integers(2, 5))
def test_rank_correlation_is_that_of_scipy_with_ties_too(seed, levels):
    a, b = maps_of(seed=seed), maps_of(seed=seed + 100)
    b = (b * levels).floor()
    expected = [spearmanr(x.flatten(), y.flatten()).statistic for x, y in zip(a, b, strict=True)]
    np.testing.assert_allclose(rank_correlation(a, b), expected, atol=1e-12)


def test_rank_correlation_sees_order_alone():
    a = maps_of()
    np.testing.assert_allclose(rank_correlation(a, a**3), 1)
    np.testing.assert_allclose(rank_correlation(a, -a), -1)
    assert np.isnan(rank_correlation(a, torch.zeros_like(a))).all()


def test_similarity_by_hand_for_one_window():
    a = torch.tensor([[0.0, 1.0]]).view(1, 1, 1, 2)
    b = torch.tensor([[0.5, 1.0]]).view(1, 1, 1, 2)
    # Means 0.5 and 0.75, variances 0.25 and 0.0625, covariance 0.125.
    light = (2 * 0.5 * 0.75 + 1e-4) / (0.25 + 0.5625 + 1e-4)
    shape = (2 * 0.125 + 9e-4) / (0.25 + 0.0625 + 9e-4)
    assert structural_similarity(a, b)[0] == pytest.approx(light * shape)


def test_similarity_of_equal_and_of_unrelated_maps():
    a, b = maps_of(shape=(9, 20, 20)), maps_of(shape=(9, 20, 20), seed=1)
    np.testing.assert_allclose(structural_similarity(a, a), 1)
    assert (np.abs(structural_similarity(a, b)) < 0.1).all()
    np.testing.assert_allclose(structural_similarity(a, b), structural_similarity(b, a))
    blurred = 0.7 * a + 0.3 * b
    assert (structural_similarity(a, blurred) > structural_similarity(a, b) + 0.5).all()


def test_maps_must_have_one_shape():
    for measure in (rank_correlation, structural_similarity):
        with pytest.raises(DataError, match=r"got \(3, 4, 5, 6\) and \(2, 4, 5, 6\)"):
            measure(maps_of(), maps_of(n=2))


@pytest.mark.parametrize("method", ["grad_cam", "integrated_gradients"])
def test_saliency_of_a_trained_network_falls_with_its_weights(square_network, square_clips, method):
    clips, labels, _ = square_clips
    table = saliency_sanity(square_network, clips, labels, method=method, seed=0)
    assert table["step"].max() == 4
    assert table.groupby("step")["randomized"].first().tolist() == [
        "linear",
        "mixed_3",
        "mixed_2",
        "mixed_1",
        "stem",
    ]
    assert table.groupby("step")["clip"].apply(list).tolist() == [list(range(16))] * 5
    last = table[table["step"] == 4]
    assert last["rank_correlation"].mean() < 0.5
    assert last["similarity"].mean() < 0.5


def test_a_map_that_ignores_the_network_does_not_fall(square_network, square_clips, monkeypatch):
    """The check must be able to fail: an edge detector passes for saliency without it."""
    clips, labels, _ = square_clips
    monkeypatch.setattr(
        "mmtlib.analysis.sanity.saliency", lambda _network, clips, *a, **k: clips[:, 0].abs()
    )
    table = saliency_sanity(square_network, clips, labels)
    np.testing.assert_allclose(table["rank_correlation"], 1)
    np.testing.assert_allclose(table["similarity"], 1)
