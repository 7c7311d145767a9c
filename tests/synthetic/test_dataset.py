import dataclasses
import itertools
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtlib.core.errors import ConfigError
from mmtlib.core.modalities import MODALITIES
from mmtlib.synthetic import PRESETS, SPLITS, SyntheticGestures, dataset, depth_to_8bit, get_preset
from mmtlib.synthetic.camera import FIELD, ROOM_CAMERA
from mmtlib.synthetic.dataset import CLOSE_RANGE

SMALL = "validation"
ALL = tuple(MODALITIES)


def test_the_splits_are_different_people():
    assert {name: len(people) for name, people in SPLITS.items()} == {
        "train": 24,
        "validation": 12,
        "test": 24,
    }
    for a, b in itertools.combinations(SPLITS.values(), 2):
        assert not set(a) & set(b)


@pytest.mark.parametrize(
    ("name", "classes", "frames", "size", "train", "test"),
    [
        ("tiny", 4, 8, 16, 48, 48),
        ("tutorial", 12, 16, 32, 480, 1152),
        ("benchmark", 25, 16, 64, None, None),
        ("paper-lite", 25, 32, 112, None, None),
        ("paper", 25, 64, 224, None, None),
        ("car", 25, 16, 32, 2000, 500),
    ],
)
def test_presets(name, classes, frames, size, train, test):
    preset = get_preset(name)
    assert preset.name == name
    assert (len(preset.classes), preset.frames, preset.size) == (classes, frames, size)
    assert len(set(preset.classes)) == classes
    assert set(preset.clips) == set(SPLITS)
    if train is not None:
        assert (preset.clips["train"], preset.clips["test"]) == (train, test)
    assert preset.stored == (name != "paper")
    assert list(PRESETS) == ["tiny", "tutorial", "benchmark", "paper-lite", "paper", "car"]


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("split", SPLITS)
def test_labels_and_people_are_balanced(preset, split):
    p = get_preset(preset)
    maker = dataset.ClipMaker(p, split, 0, p.clutter)
    rows = [maker.row(i) for i in range(p.clips[split])]
    assert len(rows) == p.clips[split]
    labels = np.bincount([row.label for row in rows], minlength=len(p.classes))
    assert np.ptp(labels) == 0
    people = [row.subject for row in rows]
    assert set(people) <= set(SPLITS[split])
    counts = np.bincount(people, minlength=SPLITS[split].stop)[list(SPLITS[split])]
    assert np.ptp(counts) <= len(p.classes), "as even as whole rounds of classes allow"
    assert len({row.clip_id for row in rows}) == len(rows)


def test_no_class_goes_with_certain_people_only(tiny):
    by_class = [set(tiny.subjects[tiny.labels == label]) for label in range(4)]
    assert all(people == by_class[0] for people in by_class)


def test_a_clip(tiny):
    assert len(tiny) == 24 == len(list(tiny))
    assert tiny.classes == get_preset("tiny").classes
    assert tiny.label_swaps == tiny.reversed_labels == {0: 1, 1: 0}
    for i, clip in enumerate(tiny):
        assert clip.shape == (8, 16, 16)
        assert clip.modalities == ALL
        assert (clip.label, clip.subject) == (tiny.labels[i], tiny.subjects[i])
        assert clip.clip_id == f"validation-{i:05d}"
        assert clip.frame_rate == 15.0
        assert clip.mask.shape == (8, 16, 16)
        assert clip.mask.dtype == torch.bool
        assert clip.joints.shape == (8, 21, 3)
        assert all(x.dtype == torch.float32 for x in clip.frames.values())
    assert tiny.labels.dtype == tiny.subjects.dtype == np.int64


def test_joints_are_where_the_hand_is_seen(tiny):
    """Knuckles, as the camera sees them, lie in the mask (the camera's jitter is small)."""
    inside = []
    for clip in tiny:
        x, y, z = clip.joints[:, [5, 9, 13]].unbind(-1)
        column, row = (((v / z / FIELD + 1) * 8).floor().long() for v in (x, y))
        seen = (column >= 0) & (column < 16) & (row >= 0) & (row < 16)
        t = torch.arange(8)[:, None].expand_as(row)
        inside.append(clip.mask[t[seen], row[seen], column[seen]].float().mean())
    assert torch.stack(inside).mean() > 0.85


def test_gestures_move_the_way_their_labels_say(tiny):
    for label, name in enumerate(tiny.classes[:2]):
        clips = [clip for clip in tiny if clip.label == label]
        ways = [(clip.joints[-1] - clip.joints[0])[:, 0].mean().item() for clip in clips]
        sign = -1 if name.endswith("left") else 1
        assert np.mean(np.array(ways) * sign > 0) > 0.8


def test_modalities_come_in_the_order_asked_for(no_rendering, tiny, same):
    for names in (("ir", "depth", "rgb"), ("depth",), "flow,rgb"):
        data = SyntheticGestures("tiny", SMALL, names)
        wanted = tuple(names.split(",")) if isinstance(names, str) else names
        assert data.modalities == data[0].modalities == wanted
        assert data[0].mask is None
        assert data[0].joints is None
        assert same(data[3].select(wanted), data[3])


def test_index_from_the_end_and_out_of_range(tiny, same):
    assert same(tiny[-1], tiny[23])
    assert same(tiny[-24], tiny[0])
    for index in (24, -25):
        with pytest.raises(IndexError, match=f"clip {index} of 24"):
            tiny[index]


def test_a_data_set_pickles(tiny, no_rendering):
    data = pickle.dumps(SyntheticGestures("tiny", SMALL, "rgb"))
    assert len(data) < 20_000, "as a path, not as its clips"
    assert torch.equal(pickle.loads(data)[5].frames["rgb"], tiny[5].frames["rgb"])


def test_depth_in_8_bit_by_hand():
    near, far = ROOM_CAMERA.near, ROOM_CAMERA.far
    metres = torch.tensor([0.0, 0.1, near, (near + far) / 2, far - 0.0052, far, 3.0])
    levels = (depth_to_8bit(metres) * 255).tolist()
    assert levels == pytest.approx([0, 255, 255, 127.5, 1, 1, 1], abs=0.51)
    assert metres.tolist()[0] == 0
    assert metres[-1] == 3.0, "the input is not changed"


@settings(max_examples=60)
@given(st.lists(st.floats(0, 3, width=32), min_size=2, max_size=20), st.floats(0.3, 1.6))
def test_near_is_bright_and_far_is_cut(metres, close_range):
    metres = torch.tensor(sorted(metres))
    level = depth_to_8bit(metres)
    assert torch.allclose(level * 255, (level * 255).round(), atol=1e-4)
    assert ((level == 0) == (metres == 0)).all()
    seen = level[metres > 0]
    assert (seen.diff() <= 0).all()
    assert (seen >= 1 / 255 - 1e-7).all()
    assert level.max() <= 1
    cut = depth_to_8bit(metres, close_range=close_range)
    limit = torch.tensor(close_range)
    assert torch.equal(cut, torch.where(metres > limit, torch.zeros(()), level))


def test_the_forms_of_depth(tiny, no_rendering):
    eight = SyntheticGestures("tiny", SMALL, "depth")
    near = SyntheticGestures("tiny", SMALL, "depth", close_range=CLOSE_RANGE)
    for metres, level, cut in zip(tiny, eight, near, strict=True):
        metres, level, cut = (clip.frames["depth"] for clip in (metres, level, cut))
        assert 0.2 < metres[metres > 0].min() <= metres.max() < 4
        assert torch.equal(level, depth_to_8bit(metres))
        assert torch.equal(cut, depth_to_8bit(metres, close_range=CLOSE_RANGE))
        assert not cut[metres > CLOSE_RANGE].any()
        assert (cut > 0).float().mean() < (level > 0).float().mean()


def test_close_range_shows_little_but_the_hand_and_what_is_near(tiny):
    data = SyntheticGestures("tiny", SMALL, "depth", close_range=CLOSE_RANGE, extras=True)
    shown = torch.stack([clip.frames["depth"][0] > 0 for clip in data])
    mask = torch.stack([clip.mask for clip in data])
    assert shown[mask].float().mean() > 0.75
    assert shown[~mask].float().mean() < 0.3


def test_the_fingerprint_tells_every_setting_apart(monkeypatch):
    monkeypatch.setattr(SyntheticGestures, "_open_store", lambda self, progress: None)

    def make(preset="tiny", split="train", **kw):
        return SyntheticGestures(preset, split, **kw).fingerprint

    marks = [
        make(),
        make("tutorial"),
        make(split="test"),
        make(generator_seed=1),
        make(clutter=0.9),
        make(depth="metres"),
        make(close_range=0.7),
        make(close_range=0.8),
        make(clips=40),
    ]
    old = get_preset("tiny")
    for name, value in {
        "name": "tiny2",
        "frames": 9,
        "size": 17,
        "clutter": 0.123,
        "classes": old.classes[::-1],
        "clips": {**old.clips, "train": 44},
    }.items():
        with PRESETS.holding(dataclasses.replace(old, **{name: value})) as other:
            marks.append(make(preset=other.name))
    with monkeypatch.context() as patch:
        patch.setattr(dataset, "GENERATOR_VERSION", -1)
        marks.append(make())
    assert len(set(marks)) == len(marks)
    assert make() == marks[0]
    assert make(modalities="ir", extras=True) == marks[0], "which parts are read changes no clip"
    assert make(clutter=old.clutter) == make(clips=48) == marks[0]


def test_the_same_seed_gives_the_same_bits_and_another_seed_other_people(empty_cache, tiny, same):
    again = SyntheticGestures("tiny", SMALL, ALL, depth="metres", extras=True)
    assert all(same(a, b) for a, b in zip(tiny, again, strict=True))
    assert all(torch.equal(a.joints, b.joints) for a, b in zip(tiny, again, strict=True))
    other = SyntheticGestures("tiny", SMALL, ALL, generator_seed=1, extras=True)
    assert not any(torch.equal(a.joints, b.joints) for a, b in zip(tiny, other, strict=True))
    assert len(list(empty_cache.glob("tiny-validation-*/index.json"))) == 2


def test_no_two_clips_are_alike(tiny):
    joints = np.stack([clip.joints.numpy().ravel() for clip in tiny])
    assert len(np.unique(joints, axis=0)) == len(tiny)
    noise = {clip.frames["flow"].numpy().tobytes() for clip in tiny}
    assert len(noise) == len(tiny)


def test_the_global_generators_are_not_used(empty_cache):
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    SyntheticGestures("tiny", SMALL)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002


def test_clutter_changes_rgb_more_than_depth(tiny):
    plain, hard = (
        SyntheticGestures("tiny", SMALL, ALL, clutter=c, depth="metres") for c in (0.0, 1.0)
    )
    assert (plain.clutter, hard.clutter) == (0.0, 1.0)

    def change(modality):
        a, b = (torch.stack([c.frames[modality] for c in data]) for data in (plain, hard))
        return ((a - b).abs().mean() / a.std()).item()

    assert change("rgb") > 1.5 * change("depth")


def test_a_preset_made_on_demand_gives_the_same_clips(tiny, empty_cache):
    with PRESETS.holding(dataclasses.replace(get_preset("tiny"), stored=False)):
        data = SyntheticGestures("tiny", SMALL, ALL, depth="metres", extras=True)
    assert len(data) == 24
    step = {"rgb": 1 / 255, "ir": 1 / 255, "depth": 1e-3, "flow": 1 / 16}
    for index in (0, 7, -1):
        made, kept = data[index], tiny[index]
        assert (made.label, made.subject, made.clip_id) == (kept.label, kept.subject, kept.clip_id)
        assert made.modalities == kept.modalities
        assert torch.equal(made.mask, kept.mask)
        assert torch.equal(made.joints, kept.joints)
        for m, x in made.frames.items():
            x = x.clamp(-127 / 16, 127 / 16) if m == "flow" else x
            assert (x - kept.frames[m]).abs().max() <= step[m] * 0.501
    assert not empty_cache.exists()
    bare = SyntheticGestures("tiny", SMALL, "depth")[2]
    assert bare.modalities == ("depth",)
    assert bare.mask is None
    assert bare.joints is None
    assert bare.frames["depth"].max() <= 1


def test_the_first_clips_of_a_split_are_those_of_the_whole_split(tiny, empty_cache, same):
    few = SyntheticGestures("tiny", SMALL, ALL, depth="metres", extras=True, clips=5)
    assert len(few) == len(few.labels) == 5
    for index in range(5):
        assert same(few[index], tiny[index])
    with pytest.raises(IndexError):
        few[5]


def test_clips_that_are_not_kept_have_the_values_of_kept_ones(tiny, empty_cache):
    made = SyntheticGestures("tiny", SMALL, ALL, depth="metres", stored=False, extras=True)[7]
    for modality, frames in made.frames.items():
        assert torch.equal(frames, tiny[7].frames[modality]), modality
    assert not empty_cache.exists()


def test_wrong_settings_are_named():
    for call, message in (
        (lambda: SyntheticGestures("tinny"), r"preset 'tinny'.*Did you mean 'tiny'"),
        (lambda: SyntheticGestures("tiny", "valid"), r"split 'valid'; known: test, train, valid"),
        (lambda: SyntheticGestures("tiny", "train", "rbg"), r"modality 'rbg'"),
        (lambda: SyntheticGestures("tiny", depth="16bit"), r"form of depth '16bit'"),
        (lambda: SyntheticGestures("tiny", clutter=-0.1), r"clutter must be .*got -0\.1"),
        (lambda: SyntheticGestures("tiny", clutter=float("nan")), r"clutter must be .*got nan"),
        (lambda: SyntheticGestures("tiny", clips=0), r"clips: expected 1 to 48.*got 0"),
        (lambda: SyntheticGestures("tiny", SMALL, clips=25), r"clips: expected 1 to 24.*got 25"),
        (lambda: SyntheticGestures("tiny", close_range=0), r"close_range must be above 0.*got 0"),
    ):
        with pytest.raises(ConfigError, match=message):
            call()
