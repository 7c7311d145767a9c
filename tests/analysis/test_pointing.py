import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtlib.analysis import compare_pointing, hand_masks, pointing_energy, pointing_table
from mmtlib.core.clips import GestureClip
from mmtlib.core.errors import ConfigError, DataError
from mmtlib.evaluation import paired_means
from mmtlib.synthetic import SyntheticGestures
from mmtlib.transforms import Standardize


def clip_of(depth=None, mask=None, name="a"):
    frames = {"rgb": torch.zeros(3, 2, 4, 4)} if depth is None else {"depth": depth}
    return GestureClip(frames=frames, label=0, subject=0, clip_id=name, mask=mask)


def test_energy_by_hand():
    maps = torch.tensor([[1.0, 3.0, 0.0, 4.0], [0.0, 0, 0, 0], [1.0, 1, 1, 1]]).view(3, 1, 2, 2)
    masks = torch.tensor([[0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0]]).bool().view(3, 1, 2, 2)
    found = pointing_energy(maps, masks)
    assert found[0] == 3 / 8
    assert np.isnan(found[1:]).all()  # looks nowhere; nothing to look at


@settings(max_examples=30)
@given(scale=st.floats(1e-3, 1e3), share=st.integers(1, 64))
def test_a_map_without_content_has_the_share_of_the_area(scale, share):
    masks = torch.zeros(64, dtype=torch.bool)
    masks[:share] = True
    masks = masks[torch.randperm(64, generator=torch.Generator().manual_seed(share))]
    found = pointing_energy(torch.full((1, 4, 4, 4), scale), masks.view(1, 4, 4, 4))
    assert found[0] == pytest.approx(share / 64)


def test_energy_needs_maps_that_are_not_negative():
    mask = torch.ones(1, 1, 2, 2, dtype=torch.bool)
    for wrong in (-1.0, torch.nan, torch.inf):
        with pytest.raises(DataError, match="finite and not negative"):
            pointing_energy(torch.full((1, 1, 2, 2), wrong), mask)
    with pytest.raises(DataError, match=r"of one shape, got \(1, 1, 2, 3\) and \(1, 1, 2, 2\)"):
        pointing_energy(torch.ones(1, 1, 2, 3), mask)


def test_the_table_has_names_and_the_levels_to_surpass(make_batch):
    maps = torch.tensor([[0.0, 0, 1, 1], [1.0, 0, 0, 0]]).view(2, 1, 2, 2)
    masks = torch.tensor([[0, 0, 0, 1], [1, 1, 1, 0]]).bool().view(2, 1, 2, 2)
    table = pointing_table(maps, masks, make_batch(2, subjects=[7, 8]))
    assert table[["clip_id", "label", "subject"]].to_numpy().tolist() == [
        ["clip0", 0, 7],
        ["clip1", 1, 8],
    ]
    assert table["energy"].tolist() == [0.5, 1.0]
    assert table["chance"].tolist() == [0.25, 0.75]
    assert table["other"].tolist() == [0.5, 0.0]
    assert pointing_table(maps[:1], masks[:1], make_batch(1))["other"].isna().all()
    with pytest.raises(DataError, match="a batch of 2 clips, got 3"):
        pointing_table(maps, masks, make_batch(3))


def tables_of(make_batch, energies, subjects):
    """One table per seed whose energies are those given: a mask of one half of each map."""
    masks = torch.tensor([True, False]).expand(len(subjects), 1, 1, 2)
    tables = []
    for row in energies:
        maps = torch.tensor([[e, 1 - e] if e == e else [0, 0] for e in row]).view(-1, 1, 1, 2)
        tables.append(pointing_table(maps, masks, make_batch(len(subjects), subjects)))
    return tables


def test_networks_are_compared_clip_by_clip_and_by_person(make_batch):
    subjects = np.array([0, 0, 1, 1, 2, 2])
    rng = np.random.default_rng(0)
    a, b = rng.random((2, 3, 6))
    a[1, 2] = b[0, 5] = np.nan
    first, second = (tables_of(make_batch, x, subjects) for x in (a, b))
    found = compare_pointing(first, second, confidence=0.9, seed=3)
    known = [0, 1, 3, 4]
    expected = paired_means(a[:, known], b[:, known], subjects[known], confidence=0.9, seed=3)
    assert (found.clips, found.left_out) == (4, 2)
    assert found.difference.mean == pytest.approx(expected.mean)
    assert (found.difference.low, found.difference.high) == pytest.approx(
        (expected.low, expected.high)
    )
    assert found.difference.n_subjects == 3


def test_tables_that_are_no_pairs_are_refused(make_batch):
    first = tables_of(make_batch, [[0.5, 0.5]], [0, 1])
    with pytest.raises(DataError, match="got 1 and 0"):
        compare_pointing(first, [])
    with pytest.raises(DataError, match="same clips in the same order"):
        compare_pointing(first, tables_of(make_batch, [[0.5, 0.5]], [1, 0]))
    nothing = tables_of(make_batch, [[np.nan, np.nan]], [0, 1])
    with pytest.raises(DataError, match="No clip is left"):
        compare_pointing(first, nothing)
    with pytest.raises(ConfigError, match="resample"):
        compare_pointing(first, first, resamples=0)


def test_synthetic_clips_bring_their_masks():
    clips = SyntheticGestures("tiny", "validation", "rgb", extras=True)
    masks = hand_masks([clips[0], clips[5]])
    assert torch.equal(masks, torch.stack([clips[0].mask, clips[5].mask]))
    assert 0 < masks.float().mean() < 0.5
    with pytest.raises(DataError, match="has no mask of the hand; read synthetic clips with"):
        hand_masks([SyntheticGestures("tiny", "validation", "rgb")[0]])


def test_the_silhouette_is_the_largest_part_with_a_reading():
    depth = torch.zeros(1, 2, 12, 12)
    depth[0, :, 2:8, 3:7] = 0.8
    depth[0, :, 11, 11] = 0.9  # a speck
    depth[0, :, 9:, :4] = 9 / 255  # left by the coding
    depth[0, 1] = 0
    (mask,) = hand_masks([clip_of(depth)], "silhouette")
    expected = torch.zeros(2, 12, 12, dtype=torch.bool)
    expected[0, 2:8, 3:7] = True
    assert torch.equal(mask, expected)


def test_masks_that_cannot_be_made_are_refused():
    depth = torch.zeros(1, 2, 4, 4)
    with pytest.raises(DataError, match="not depth"):
        hand_masks([clip_of()], "silhouette")
    clip = Standardize()(clip_of(depth))
    with pytest.raises(DataError, match="take it before Standardize"):
        hand_masks([clip], "silhouette")
    with pytest.raises(DataError, match="no clips"):
        hand_masks([])
    other = clip_of(torch.zeros(1, 2, 4, 5))
    with pytest.raises(DataError, match=r"one size, got \[\(2, 4, 4\), \(2, 4, 5\)\]"):
        hand_masks([clip_of(depth), other], "silhouette")
    with pytest.raises(ConfigError, match="Unknown source of masks 'depth'"):
        hand_masks([clip_of(depth)], "depth")
