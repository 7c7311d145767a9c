import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tiny_runs import RandomClips

from mmtlib.errors import DataError
from mmtlib.training import EpochBatches, make_loader, predict_loader
from mmtlib.transforms import Compose, RandomShift, Standardize

AUGMENT = Compose([RandomShift(pixels=3), Standardize()])


def batches(epoch=0, first_step=0, *, clips=20, batch_size=6, seed=0, **place):
    sampler = EpochBatches(clips, batch_size, seed, **place)
    sampler.epoch, sampler.first_step = epoch, first_step
    return list(sampler)


@settings(deadline=None, max_examples=60)
@given(
    clips=st.integers(2, 60),
    batch_size=st.integers(2, 20),
    seed=st.integers(0, 99),
    epoch=st.integers(0, 9),
)
def test_each_clip_at_most_once_in_full_batches(clips, batch_size, seed, epoch):
    found = batches(epoch, clips=clips, batch_size=batch_size, seed=seed)
    size = min(batch_size, clips)
    assert len(found) == clips // size == len(EpochBatches(clips, batch_size, seed))
    assert {len(batch) for batch in found} == {size}
    keys = [key for batch in found for key in batch]
    assert len(set(keys)) == len(keys)
    assert {e for e, _ in keys} == {epoch}
    assert all(0 <= index < clips for _, index in keys)


def test_order_depends_on_seed_and_epoch_alone():
    torch.manual_seed(1)
    first = batches(3, seed=5)
    torch.manual_seed(2)
    assert batches(3, seed=5) == first
    others = [batches(4, seed=5), batches(3, seed=6)]
    indices = [[i for batch in found for _, i in batch] for found in (first, *others)]
    assert indices[0] != indices[1]
    assert indices[0] != indices[2]


@pytest.mark.parametrize("first_step", [0, 1, 2, 3])
def test_resume_within_an_epoch(first_step):
    assert batches(2, first_step) == batches(2)[first_step:]


@pytest.mark.parametrize("world", [2, 3])
def test_processes_share_each_batch(world):
    whole = batches(1, batch_size=6)
    parts = [batches(1, batch_size=6, rank=rank, world=world) for rank in range(world)]
    for step, batch in enumerate(whole):
        shares = [part[step] for part in parts]
        assert {len(share) for share in shares} == {6 // world}
        assert sorted(key for share in shares for key in share) == sorted(batch)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"clips": 1}, "at least 2 clips, got 1"),
        ({"clips": 0}, "at least 2 clips, got 0"),
        (
            {"batch_size": 3, "world": 2},
            r"3 clips cannot be shared equally by 2 .* a multiple of 2",
        ),
        ({"batch_size": 9, "world": 2}, r"9 clips cannot be shared equally by 2 "),
    ],
)
def test_too_few(arguments, message):
    with pytest.raises(DataError, match=message):
        batches(**arguments)


def loaded(workers=0, epoch=1, first_step=0, seed=4, modalities=("rgb", "depth")):
    order = EpochBatches(12, 4, seed)
    loader = make_loader(RandomClips(12, modalities), AUGMENT, order, workers=workers)
    order.epoch, order.first_step = epoch, first_step
    return list(loader)


def same_batches(a, b, modality="rgb"):
    return [x.clip_ids for x in a] == [y.clip_ids for y in b] and all(
        torch.equal(x.frames[modality], y.frames[modality]) for x, y in zip(a, b, strict=True)
    )


def test_draws_depend_on_seed_epoch_and_clip_alone():
    first = loaded()
    assert same_batches(first, loaded())
    assert same_batches(first[2:], loaded(first_step=2))
    assert same_batches(first, loaded(modalities=("rgb",)))
    by_clip = [
        {name: x for batch in found for name, x in zip(batch.clip_ids, batch.frames["rgb"])}  # noqa: B905
        for found in (first, loaded(epoch=2), loaded(seed=5))
    ]
    for other in by_clip[1:]:
        assert any(not torch.equal(by_clip[0][name], other[name]) for name in other)


def test_modalities_are_moved_alike():
    order = EpochBatches(12, 4, 0)
    clips = RandomClips(12, ("depth", "ir"))
    plain = {c.clip_id: c for c in clips}
    for batch in make_loader(clips, RandomShift(pixels=3), order):
        for name, depth, ir in zip(
            batch.clip_ids, batch.frames["depth"], batch.frames["ir"], strict=True
        ):
            shifts = [
                (dy, dx)
                for dy in range(-3, 4)
                for dx in range(-3, 4)
                if all(
                    torch.equal(
                        moved[..., 3 + dy : 13 + dy, 3 + dx : 13 + dx],
                        plain[name].frames[m][..., 3:13, 3:13],
                    )
                    for m, moved in (("depth", depth), ("ir", ir))
                )
            ]
            assert len(shifts) == 1


def test_workers_change_nothing():
    assert same_batches(loaded(), loaded(workers=1))


def test_predict_loader_keeps_the_order_and_all_clips():
    found = list(predict_loader(RandomClips(7), Standardize(), batch_size=3))
    assert [len(batch) for batch in found] == [3, 3, 1]
    names = [name for batch in found for name in batch.clip_ids]
    assert names == [f"clip-{i}" for i in range(7)]
