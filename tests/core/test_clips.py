import dataclasses
import pickle

import pytest
import torch

from mmtlib.core.clips import ClipBatch, GestureClip
from mmtlib.core.errors import ConfigError, DataError


def make_clip(modalities=("rgb", "depth"), shape=(3, 4, 5), **values):
    channels = {"rgb": 3, "depth": 1, "flow": 2, "ir": 1}
    settings = {"label": 2, "subject": 7, "clip_id": "c0"} | values
    frames = {m: torch.full((channels[m], *shape), float(i)) for i, m in enumerate(modalities)}
    return GestureClip(frames=frames, **settings)


def test_a_clip_knows_its_modalities_and_shape():
    clip = make_clip(("flow", "rgb"))
    assert clip.modalities == ("flow", "rgb")
    assert clip.shape == (3, 4, 5)
    assert clip.mask is None
    assert clip.history == ()
    with pytest.raises(dataclasses.FrozenInstanceError):
        clip.label = 3


@pytest.mark.parametrize(
    ("frames", "error", "message"),
    [
        ({}, DataError, "c0 has no modality"),
        ({"rgb": torch.zeros(1, 2, 4, 4)}, DataError, r"rgb of shape \(3, T, H, W\), got \(1, 2"),
        ({"ir": torch.zeros(2, 4, 4)}, DataError, r"ir of shape \(1, T, H, W\), got \(2, 4, 4\)"),
        (
            {"ir": torch.zeros(1, 2, 4, 4), "depth": torch.zeros(1, 3, 4, 4)},
            DataError,
            "differ in length or size.*ir.*depth",
        ),
        ({"sound": torch.zeros(1, 2, 4, 4)}, ConfigError, "Unknown modality 'sound'"),
    ],
)
def test_wrong_frames_are_named(frames, error, message):
    with pytest.raises(error, match=message):
        GestureClip(frames=frames, label=0, subject=0, clip_id="c0")


def test_with_frames_gives_a_new_clip_and_keeps_the_rest():
    clip = make_clip(mask=torch.ones(3, 4, 5, dtype=torch.bool))
    changed = clip.with_frames({"ir": torch.zeros(1, 2, 2, 2)}, history=(("crop", {"at": 1}),))
    assert changed.modalities == ("ir",)
    assert (changed.label, changed.subject, changed.mask is clip.mask) == (2, 7, True)
    assert changed.history == (("crop", {"at": 1}),)
    assert clip.modalities == ("rgb", "depth")
    assert clip.history == ()


def test_select_keeps_the_order_asked_for():
    clip = make_clip(("rgb", "depth", "ir"))
    assert clip.select(["ir", "rgb"]).modalities == ("ir", "rgb")
    assert clip.select(iter(["ir"])).frames["ir"] is clip.frames["ir"]
    with pytest.raises(DataError, match="c0 has rgb, depth, ir, not flow"):
        clip.select(("rgb", "flow"))


def test_a_clip_pickles():
    clip = pickle.loads(pickle.dumps(make_clip(history=(("flip", {}),))))
    assert clip.modalities == ("rgb", "depth")
    assert clip.history == (("flip", {}),)


def test_a_batch_stacks_in_order():
    clips = [make_clip(label=i, subject=10 + i, clip_id=f"c{i}") for i in range(3)]
    clips[1].frames["rgb"].fill_(9)
    batch = ClipBatch.from_clips(iter(clips))
    assert len(batch) == 3
    assert batch.frames["rgb"].shape == (3, 3, 3, 4, 5)
    assert batch.frames["rgb"][:, 0, 0, 0, 0].tolist() == [0, 9, 0]
    assert batch.labels.tolist() == [0, 1, 2]
    assert batch.labels.dtype == batch.subjects.dtype == torch.int64
    assert batch.subjects.tolist() == [10, 11, 12]
    assert batch.clip_ids == ("c0", "c1", "c2")


@pytest.mark.parametrize("other", [make_clip(("rgb",)), make_clip(shape=(3, 4, 6))])
def test_clips_that_differ_are_not_batched(other):
    with pytest.raises(DataError, match=r"Cannot batch clip c0.*bring them to one size"):
        ClipBatch.from_clips([make_clip(), other])


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_a_clip_with_what_is_no_number_is_named_with_its_frame(bad):
    clips = [make_clip(clip_id=f"c{i}") for i in range(3)]
    clips[1].frames["depth"][0, 2, 3, 1] = bad
    said = r"Clip c1: frame 2 of depth holds NaN or infinity"
    with pytest.raises(DataError, match=said):
        ClipBatch.from_clips(clips)
    frames = {m: torch.stack([clip.frames[m] for clip in clips]) for m in ("rgb", "depth")}
    given = {"frames": frames, "labels": [0, 1, 2], "clip_ids": ["c0", "c1", "c2"]}
    with pytest.raises(DataError, match=said):
        ClipBatch.of(given)
    with pytest.raises(DataError, match=r"Clip 41: frame 2 of depth"):
        ClipBatch.of((frames, [0, 1, 2]), first=40)


def test_large_numbers_are_numbers():
    clip = make_clip()
    clip.frames["rgb"].fill_(3e38)  # their sum is infinite
    assert len(ClipBatch.from_clips([clip])) == 1


def test_an_empty_batch_is_refused():
    with pytest.raises(DataError, match="no clips"):
        ClipBatch.from_clips([])


def test_to_keeps_values_and_lays_frames_out_for_the_convolutions():
    batch = ClipBatch.from_clips([make_clip(), make_clip(clip_id="c1")])
    moved = batch.to("cpu")
    assert torch.equal(moved.frames["rgb"], batch.frames["rgb"])
    assert moved.frames["rgb"].is_contiguous(memory_format=torch.channels_last_3d)
    assert torch.equal(moved.labels, batch.labels)
    assert moved.clip_ids == batch.clip_ids
    assert batch.to("meta").labels.device.type == "meta"
