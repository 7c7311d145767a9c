import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtlib.analysis import (
    CorrelationMaps,
    distances_by_class,
    hand_contrast,
    map_distances,
    similarity_over_frames,
    stage_correlations,
    stage_features,
)
from mmtlib.core.errors import ConfigError, DataError
from mmtlib.losses import correlation_map
from mmtlib.models import build_model


def features_of(n=2, c=3, grid=(2, 3, 2), seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, c, *grid, generator=generator)


def test_maps_of_a_stage_are_those_of_its_features():
    network = build_model("compact_i3d", "rgb", num_classes=3, seed=0)
    clips = torch.randn(2, 3, 8, 16, 16, generator=torch.Generator().manual_seed(0))
    for stage, grid in (("mixed_1", (4, 4, 4)), ("mixed_3", (2, 2, 2)), (None, (1, 4, 4))):
        maps, found = stage_correlations(network, clips, stage, normalize="centred")
        assert found == grid
        torch.testing.assert_close(
            maps, correlation_map(stage_features(network, clips, stage), "centred")
        )


def test_maps_of_a_network_worked_out_by_hand(glass):
    clips = torch.tensor([3.0, -2.0, 1.0, 0.0]).view(1, 1, 1, 2, 2)
    maps, grid = stage_correlations(glass, clips)
    assert grid == (1, 2, 2)
    # Bright, dark, bright, nothing: features (3, 0), (0, 2), (1, 0), (0, 0).
    expected = torch.tensor([[1.0, 0, 1, 0], [0, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0]])
    torch.testing.assert_close(maps, expected[None])


def test_similarity_lies_where_its_position_is():
    features = features_of(n=3)
    correlations = CorrelationMaps(correlation_map(features), (2, 3, 2))
    for position in ((0, 0, 0), (1, 2, 1), (0, 1, 1)):
        found = similarity_over_frames(correlations, position, (2, 3, 2))
        here = features[(..., *position)]
        expected = torch.cosine_similarity(features, here[..., None, None, None], dim=1)
        torch.testing.assert_close(found, expected)


def test_similarity_is_linear_between_the_middles_of_positions():
    maps = torch.tensor([[[1.0, 0.0], [0.0, 1.0]]])
    found = similarity_over_frames(CorrelationMaps(maps, (1, 1, 2)), (0, 0, 0), (2, 1, 4))
    torch.testing.assert_close(found[0, :, 0], torch.tensor([[1.0, 0.75, 0.25, 0.0]] * 2))


@settings(max_examples=30)
@given(
    grid=st.tuples(*[st.integers(1, 3)] * 3),
    more=st.tuples(*[st.integers(0, 5)] * 3),
    seed=st.integers(0, 99),
)
def test_similarity_keeps_its_bounds_at_every_size(grid, more, seed):
    correlations = CorrelationMaps(correlation_map(features_of(grid=grid, seed=seed)), grid)
    size = tuple(n + extra for n, extra in zip(grid, more, strict=True))
    found = similarity_over_frames(correlations, (0, 0, 0), size)
    assert found.shape == (2, *size)
    row = correlations.maps[:, 0]
    assert (found.amax((1, 2, 3)) <= row.amax(1) + 1e-6).all()
    assert (found.amin((1, 2, 3)) >= row.amin(1) - 1e-6).all()


def test_what_does_not_fit_the_grid_is_refused():
    correlations = CorrelationMaps(correlation_map(features_of()), (2, 3, 2))
    with pytest.raises(ConfigError, match=r"on the grid \(2, 3, 2\), got \(2, 0, 0\)"):
        similarity_over_frames(correlations, (2, 0, 0), (8, 8, 8))
    with pytest.raises(ConfigError, match="size: expected T, H, W"):
        similarity_over_frames(correlations, (0, 0, 0), (8, 8))
    with pytest.raises(DataError, match=r"shape \(N, 8, 8\) for the grid \(2, 2, 2\)"):
        similarity_over_frames(CorrelationMaps(correlations.maps, (2, 2, 2)), (0, 0, 0), (8, 8, 8))


def test_equal_maps_have_distance_0_and_opposite_ones_by_hand():
    alike = torch.tensor([[1.0, 1.0]]).view(1, 1, 1, 1, 2)
    apart = torch.tensor([[1.0, -1.0]]).view(1, 1, 1, 1, 2)
    crossed = torch.eye(2).view(1, 2, 1, 1, 2)
    table = map_distances({"rgb": alike, "depth": apart, "flow": crossed, "ir": 5 * alike}, [0])
    found = {(row.first, row.second): row.distance for row in table.itertuples()}
    # [[1, 1], [1, 1]] against [[1, -1], [-1, 1]]: (4 + 4) / 4; against the identity: (1 + 1) / 4.
    assert found == {
        ("rgb", "depth"): 2.0,
        ("rgb", "flow"): 0.5,
        ("rgb", "ir"): 0.0,
        ("depth", "flow"): 0.5,
        ("depth", "ir"): 2.0,
        ("flow", "ir"): 0.5,
    }


@settings(max_examples=20)
@given(seed=st.integers(0, 999))
def test_distance_is_the_mean_of_squared_differences(seed):
    a, b = features_of(n=3, seed=seed), features_of(n=3, c=5, seed=seed + 1000)
    table = map_distances({"a": a, "b": b}, [4, 0, 4])
    expected = (correlation_map(a) - correlation_map(b)).square().mean((1, 2))
    np.testing.assert_allclose(table["distance"], expected, rtol=1e-5)
    assert table["clip"].tolist() == [0, 1, 2]
    assert table["label"].tolist() == [4, 0, 4]


def test_distances_by_class_are_the_means_of_theirs():
    rows = [
        ("rgb", "flow", 0, 2, 0.5),
        ("rgb", "flow", 1, 0, 0.1),
        ("rgb", "flow", 2, 2, 0.1),
        ("rgb", "depth", 0, 0, 0.25),
    ]
    table = pd.DataFrame(rows, columns=["first", "second", "clip", "label", "distance"])
    found = distances_by_class(table, ("wave", "point", "click"))
    assert found.to_dict("records") == [
        {"first": "rgb", "second": "flow", "class": "wave", "clips": 1, "distance": 0.1},
        {"first": "rgb", "second": "flow", "class": "click", "clips": 2, "distance": 0.3},
        {"first": "rgb", "second": "depth", "class": "wave", "clips": 1, "distance": 0.25},
    ]
    with pytest.raises(DataError, match="Label 2 has no name: 2 class names"):
        distances_by_class(table, ("wave", "point"))


def test_pairs_that_do_not_fit_are_refused():
    features = features_of()
    with pytest.raises(DataError, match="two networks or more"):
        map_distances({"rgb": features}, [0, 1])
    with pytest.raises(DataError, match="Expected 2 labels, one per clip, got 3"):
        map_distances({"rgb": features, "depth": features}, [0, 1, 2])
    other = features_of(grid=(2, 3, 1))
    with pytest.raises(ConfigError, match="different grids"):
        map_distances({"rgb": features, "depth": other}, [0, 1])
    assert len(map_distances({"rgb": features, "depth": other}, [0, 1], match_grid=True)) == 2


def test_contrast_of_the_hand_worked_out_by_hand():
    # Four positions: two of the hand, one half on it, one background; cosines by pair.
    maps = torch.eye(4).expand(2, 4, 4).clone()
    maps[0, 0, 1] = maps[0, 1, 0] = 0.8
    maps[0, 0, 3] = maps[0, 3, 0] = 0.2
    maps[0, 1, 3] = maps[0, 3, 1] = 0.4
    masks = torch.zeros(2, 1, 2, 8, dtype=torch.bool)
    masks[:, :, :, :4] = True
    masks[:, :, 0, 4] = True
    table = hand_contrast(CorrelationMaps(maps, (1, 1, 4)), masks)
    assert table["hand"].tolist() == [2, 2]
    np.testing.assert_allclose(table["within"], [0.8, 0.0], atol=1e-7)
    np.testing.assert_allclose(table["across"], [0.3, 0.0], atol=1e-7)
    more = hand_contrast(CorrelationMaps(maps, (1, 1, 4)), masks, least=0.2)
    assert more["hand"].tolist() == [3, 3]


def test_contrast_is_nan_without_a_hand_and_masks_must_fit():
    maps = CorrelationMaps(torch.eye(4).expand(2, 4, 4), (1, 2, 2))
    table = hand_contrast(maps, torch.zeros(2, 1, 4, 4, dtype=torch.bool))
    assert table[["within", "across"]].isna().all(axis=None)
    with pytest.raises(DataError, match="2 masks"):
        hand_contrast(maps, torch.zeros(3, 1, 4, 4, dtype=torch.bool))
    with pytest.raises(ConfigError, match="least"):
        hand_contrast(maps, torch.zeros(2, 1, 4, 4, dtype=torch.bool), least=0)
