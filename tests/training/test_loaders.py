import random
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tiny_runs import RandomClips
from torch.utils.data._utils.pin_memory import pin_memory

from mmtlib.core.errors import DataError
from mmtlib.core.seeding import derive_seed
from mmtlib.synthetic import SyntheticGestures
from mmtlib.training import EpochBatches, make_loader, predict_loader
from mmtlib.transforms import Compose, RandomShift, Standardize

AUGMENT = Compose([RandomShift(pixels=3), Standardize()])


def batches(epoch=0, first_step=0, *, clips=20, batch_size=6, seed=0, **place):
    sampler = EpochBatches(clips, batch_size, seed, **place)
    sampler.epoch, sampler.first_step = epoch, first_step
    return list(sampler)


@settings(max_examples=60)
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


LABELS = st.lists(st.sampled_from([0, 1, 2, 5]), min_size=4, max_size=40)


@settings(max_examples=80)
@given(labels=LABELS, batch_size=st.integers(2, 20), seed=st.integers(0, 99), data=st.data())
def test_balanced_batches_hold_every_class_equally_often(labels, batch_size, seed, data):
    n, epoch = len(labels), data.draw(st.integers(0, 9))
    found = batches(epoch, clips=n, batch_size=batch_size, seed=seed, balance=labels)
    assert found == batches(epoch, clips=n, batch_size=batch_size, seed=seed, balance=labels)
    assert {len(batch) for batch in found} == {min(batch_size, n)}
    assert len(found) == n // min(batch_size, n)
    keys = [key for batch in found for key in batch]
    assert len(set(keys)) == len(keys), "no two draws of an epoch are the same"
    assert {key[0] for key in keys} == {epoch}
    for upto in range(1, len(keys) + 1):
        often = Counter(labels[key[1]] for key in keys[:upto])
        assert max(often.values()) - min(often[label] for label in set(labels)) <= 1
    for label in set(labels):
        of_class = Counter(key[1] for key in keys if labels[key[1]] == label)
        members = [i for i, other in enumerate(labels) if other == label]
        assert max(of_class.values(), default=0) - min(of_class[i] for i in members) <= 1
    for index, times in Counter(key[1] for key in keys).items():
        again = sorted(key[2:] for key in keys if key[1] == index)
        assert again == [(), *((i,) for i in range(1, times))]


def test_balanced_order_depends_on_seed_and_epoch_alone():
    labels = [0] * 15 + [1] * 5
    first = batches(3, seed=5, balance=labels)
    indices = [[key[1] for batch in first for key in batch]]
    for place in ({"epoch": 4, "seed": 5}, {"epoch": 3, "seed": 6}):
        found = batches(**place, balance=labels)
        indices.append([key[1] for batch in found for key in batch])
    assert indices[0] != indices[1]
    assert indices[0] != indices[2]
    assert batches(3, 2, seed=5, balance=labels) == first[2:]
    parts = [batches(3, seed=5, balance=labels, rank=rank, world=2) for rank in (0, 1)]
    for whole, *shares in zip(first, *parts, strict=True):
        assert sorted(whole) == sorted(shares[0] + shares[1])


def test_the_odd_clips_of_a_balanced_epoch_are_of_other_classes_in_other_epochs():
    labels = [0] * 7 + [1] * 7 + [2] * 7
    odd = set()
    for epoch in range(30):
        often = Counter(
            labels[key[1]]
            for batch in batches(epoch, clips=21, batch_size=10, balance=labels)
            for key in batch
        )
        odd |= {label for label, times in often.items() if times == 7}
    assert odd == {0, 1, 2}


def test_a_clip_that_comes_again_is_changed_by_other_draws():
    order = EpochBatches(12, 6, 0, balance=[0] * 11 + [1])
    loader = make_loader(RandomClips(12, classes=12), RandomShift(pixels=3), order)
    rare = [
        x
        for batch in loader
        for name, x in zip(batch.clip_ids, batch.frames["rgb"], strict=True)
        if name == "clip-11"
    ]
    assert len(rare) == 6
    assert len({tuple(x.flatten().tolist()) for x in rare}) > 1


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


class GlobalClips(RandomClips):
    """Clips that say what the global generators of their process would draw, and spoil them."""

    def __getitem__(self, index):
        draws = (random.random(), float(np.random.rand()), float(torch.rand(())))  # noqa: NPY002
        random.seed(index)
        np.random.seed(index)  # noqa: NPY002
        torch.manual_seed(index)
        return replace(super().__getitem__(index), clip_id=repr(draws))


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_neither_workers_nor_global_generators_change_a_batch(workers):
    order = EpochBatches(12, 4, 4)
    order.epoch = 1
    loader = make_loader(GlobalClips(12), AUGMENT, order, workers=workers)
    for batch, wanted in zip(loader, loaded(), strict=True):
        assert torch.equal(batch.frames["rgb"], wanted.frames["rgb"])
        assert torch.equal(batch.frames["depth"], wanted.frames["depth"])


def test_loading_leaves_the_global_generator_alone():
    state = torch.get_rng_state()
    loaded()
    assert torch.equal(torch.get_rng_state(), state)


def test_workers_stay_from_epoch_to_epoch_and_work_ahead():
    order = EpochBatches(12, 4, 4)
    loader = make_loader(RandomClips(12), AUGMENT, order, workers=1, prefetch=3)
    assert (loader.prefetch_factor, loader.persistent_workers) == (3, True)
    for epoch in (1, 2):
        order.epoch = epoch
        assert same_batches(list(loader), loaded(epoch=epoch))
        workers = loader._iterator._workers
        assert len({worker.pid for worker in workers}) == 1
    assert predict_loader(RandomClips(3), Standardize(), workers=1).persistent_workers


def test_batches_are_pinned(monkeypatch):
    """Here without a GPU: that the loader's pinning reaches every tensor of a batch."""
    batch, pinned = loaded()[0], []
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda x: pinned.append(x) or x.clone())
    found = pin_memory(batch)
    assert [id(x) for x in pinned] == [id(x) for x in (*batch.frames.values(), batch.labels)]
    assert same_batches([found], [batch])
    assert found.clip_ids == batch.clip_ids
    loader = make_loader(RandomClips(4), AUGMENT, EpochBatches(4, 2, 0), pin_memory=True)
    assert loader.pin_memory
    assert predict_loader(RandomClips(3), Standardize(), pin_memory=True).pin_memory


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_batches_are_pinned_for_a_gpu():
    loader = make_loader(RandomClips(4), AUGMENT, EpochBatches(4, 2, 0), pin_memory=True)
    for batch in loader:
        assert all(x.is_pinned() for x in (*batch.frames.values(), batch.labels))
        assert batch.to("cuda").frames["rgb"].is_contiguous(memory_format=torch.channels_last_3d)


def reference_batch(store, order, seed, pixels):
    """Work a batch out from the stored bytes with other means: what training must go on getting."""
    frames = {"rgb": [], "depth": []}
    for key in order:
        generator = torch.Generator().manual_seed(derive_seed("transform", seed, *key))
        right, down = torch.randint(-pixels, pixels + 1, (2,), generator=generator).tolist()
        for m, field, scale in (("rgb", "rgb", 1 / 255), ("depth", "depth_mm", 1e-3)):
            x = store.stored(field, key[1]).astype(np.float32) * np.float32(scale)
            if m == "depth":
                level = ((np.float32(1.6) - x) * np.float32(255 / 1.3)).round().clip(1, 255)
                x = np.where(x > 0, level / np.float32(255), np.float32(0))
            room = [(0, 0), (0, 0), (pixels, pixels), (pixels, pixels)]
            rows, columns = pixels - down, pixels - right
            x = np.pad(x, room, mode="edge")
            x = x[..., rows : rows + store_size(store), columns : columns + store_size(store)]
            x = torch.from_numpy(x.copy())
            if m == "rgb":
                spread, mean = torch.std_mean(x, dim=(1, 2, 3), keepdim=True, correction=0)
                frames[m].append((x - mean) / (spread + 0.05))
            else:
                frames[m].append((x - 0.45) / 0.25)
    return {m: torch.stack(clips) for m, clips in frames.items()}


def store_size(store):
    return store.stored("rgb", 0).shape[-1]


def test_batches_are_bit_for_bit_what_the_stored_bytes_give():
    clips = SyntheticGestures("tiny", "train", ("rgb", "depth"))
    order = EpochBatches(len(clips), 16, 3)
    loader = make_loader(clips, Compose([RandomShift(pixels=1), Standardize()]), order)
    for order.epoch in (0, 7):
        for keys, batch in zip(order, loader, strict=True):
            wanted = reference_batch(clips._store, keys, 3, 1)
            for m in ("rgb", "depth"):
                assert torch.equal(batch.frames[m], wanted[m])
            assert batch.labels.tolist() == [clips.labels[index] for _, index in keys]


def test_predict_loader_keeps_the_order_and_all_clips():
    found = list(predict_loader(RandomClips(7), Standardize(), batch_size=3))
    assert [len(batch) for batch in found] == [3, 3, 1]
    names = [name for batch in found for name in batch.clip_ids]
    assert names == [f"clip-{i}" for i in range(7)]
