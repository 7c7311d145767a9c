import inspect

import pytest
import torch
from support.egogesture_tree import write_egogesture_tree
from support.tiny_runs import tiny
from support.viva_tree import write_viva_tree

from mmtlib.config import DATA_SETS
from mmtlib.core.clip_store import ClipStore
from mmtlib.core.errors import ConfigError, DataError
from mmtlib.core.seeding import torch_generator
from mmtlib.datasets import DATASETS, NVGesture
from mmtlib.datasets.clip_flow import make_flow
from mmtlib.experiment import count_clips, make_transform, open_data
from mmtlib.experiment.data import stored_form
from mmtlib.synthetic import SyntheticGestures

WORKED_IN = {"classes", "clips_per_class", "flow_method"}
"""Settings that every real set takes, by `open_data`."""


def test_synthetic_clips(own_cache):
    data = open_data(tiny(), "validation")
    assert isinstance(data.clips, SyntheticGestures)
    assert data.clips.modalities == ("rgb", "depth")
    assert data.classes == data.clips.classes
    assert data.note is None
    assert data.clips[0].shape == (8, 16, 16)


def test_fingerprints_tell_data_apart(own_cache):
    seen = {
        open_data(config, split).fingerprint
        for config in (tiny(), tiny(generator_seed=1))
        for split in ("train", "validation")
    }
    assert len(seen) == 4
    assert open_data(tiny(seed=9), "train").fingerprint in seen


def test_real_clips_are_stored_in_the_presets_form(fresh_cache, nvgesture_tree):
    root, clips = nvgesture_tree
    done = []
    config = tiny(dataset="nvgesture", root=str(root))
    data = open_data(config, "train", progress=lambda *numbers: done.append(numbers))
    assert isinstance(data.clips, ClipStore)
    assert data.classes == NVGesture.classes
    assert data.note is None
    train = [c for c in clips if c.split == "train" and c.subject not in (3, 7)]
    assert len(data.clips) == len(train) == 4
    assert done[-1] == (4, 4)
    clip = data.clips[0]
    assert clip.shape == (8, 16, 16)
    original = stored_form(config)(NVGesture(root, "train")[0])
    torch.testing.assert_close(clip.frames["rgb"], original.frames["rgb"], atol=1 / 255, rtol=0)


def test_same_clips_elsewhere_have_the_same_fingerprint(fresh_cache, nvgesture_tree, tmp_path):
    root, _ = nvgesture_tree
    (tmp_path / "moved").symlink_to(root)
    found = {
        open_data(tiny(dataset="nvgesture", root=str(r)), "validation").fingerprint
        for r in (root, tmp_path / "moved")
    }
    assert len(found) == 1


def test_notes_on_skipped_clips_and_other_views(fresh_cache, nvgesture_tree):
    root, _ = nvgesture_tree
    config = tiny(dataset="nvgesture", root=str(root), modalities=("depth", "ir"))
    assert "not all seen from the same camera" in open_data(config, "train").note


@pytest.mark.parametrize("name", DATASETS)
def test_data_sets_take_the_settings_they_are_said_to_take(name):
    named = set(inspect.signature(DATASETS[name]).parameters) | WORKED_IN
    assert set(DATA_SETS[name].settings) <= named
    foreign = {s for other in DATASETS for s in DATA_SETS[other].settings}
    assert not (foreign - set(DATA_SETS[name].settings)) & named


def test_gestures_of_any_length_are_stored_at_one(fresh_cache, tmp_path):
    gestures = write_egogesture_tree(tmp_path, subjects=(3,), labels=(1, 2))
    data = open_data(tiny(dataset="egogesture", root=str(tmp_path)), "train")
    assert len({len(g.pictures) for g in gestures}) > 1
    assert {data.clips[i].shape for i in range(len(gestures))} == {(8, 16, 16)}
    assert "EgoGesture cover each other is not published" in data.note


def test_a_fold_has_its_own_clips(fresh_cache, tmp_path):
    write_viva_tree(tmp_path, gestures=(1,))
    found = [
        open_data(tiny(dataset="viva", root=str(tmp_path), fold=fold), "test") for fold in (0, 7)
    ]
    assert [data.clips[0].subject for data in found] == [1, 8]
    assert found[0].fingerprint != found[1].fingerprint


def test_flow_is_read_where_it_was_made(fresh_cache, nvgesture_tree, tmp_path):
    root, _ = nvgesture_tree
    config = tiny(
        dataset="nvgesture", root=str(root), modalities=("rgb", "flow"),
        flow_folder=str(tmp_path / "flow"),
    )  # fmt: skip
    with pytest.raises(DataError, match=r"flow.*\.npz is missing: make it with `python data_"):
        open_data(config, "train")
    for method in ("dis", "farneback"):
        rows = NVGesture(
            root, "train", "rgb", skip_broken=None, flow=method, flow_folder=tmp_path / method
        )
        assert make_flow(rows, processes=1).made == 4
    found = {}
    for method in ("dis", "farneback"):
        config = config.replace(flow_method=method, flow_folder=str(tmp_path / method))
        found[method] = open_data(config, "train")
    assert found["dis"].fingerprint != found["farneback"].fingerprint
    store = found["farneback"].clips
    dataset = NVGesture(root, "train", "rgb,flow", flow=method, flow_folder=tmp_path / method)
    original = stored_form(config)(dataset[0])
    assert store.info.flow_scale == 1 / 6
    expected = original.frames["flow"].clamp(-127 / 6, 127 / 6)
    torch.testing.assert_close(store[0].frames["flow"], expected, atol=1 / 12 + 1e-6, rtol=0)
    assert "flow step" in store.info.made_from


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"dataset": "nvgestures"}, ConfigError, "Unknown data set 'nvgestures'.*'nvgesture'"),
        ({"dataset": "nvgesture"}, ConfigError, "say where"),
        ({"dataset": "nvgesture", "root": "/no/where"}, DataError, "/no/where is not NVGesture's"),
        ({"preset": "tinny"}, ConfigError, "Unknown preset 'tinny'.*'tiny'"),
    ],
)
def test_wrong_names(fresh_cache, settings, error, message):
    with pytest.raises(error, match=message):
        open_data(tiny(**settings), "train")


def test_wrong_split(own_cache):
    with pytest.raises(ConfigError, match=r"'valid'.*Did you mean 'validation'"):
        open_data(tiny(), "valid")


@pytest.mark.parametrize(
    ("augment", "training", "names"),
    [
        ("shift", True, ["RandomShift", "Standardize"]),
        ("shift", False, ["Standardize"]),
        ("crop", True, ["RandomCrop", "HorizontalFlip", "Standardize"]),
        ("crop", False, ["CenterCrop", "Standardize"]),
        (
            "strong",
            True,
            [
                *("HorizontalFlip", "RandomSpeed", "RandomAffine", "PhotometricJitter"),
                *("DepthNoise", "Standardize"),
            ],
        ),
        ("strong", False, ["Standardize"]),
        ("none", True, ["Standardize"]),
    ],
)
def test_transforms(own_cache, augment, training, names):
    config = tiny(augment=augment)
    data = open_data(config, "train")
    clip = stored_form(config)(data.clips[0])
    change = make_transform(config, training=training, label_swaps=data.label_swaps)
    found = change(clip, torch_generator("test"))
    assert found.shape == (8, 16, 16)
    done = [name for name, _ in found.history if name not in ("SampleFrames", "Resize")]
    assert done == names
    assert found.modalities == clip.modalities


@pytest.mark.parametrize("augment", ["crop", "strong"])
def test_flipped_clips_change_their_label_as_the_data_set_says(own_cache, augment):
    config = tiny(augment=augment)
    data = open_data(config, "train")
    assert data.label_swaps == {0: 1, 1: 0}
    change = make_transform(config, training=True, label_swaps=data.label_swaps)
    clips = [stored_form(config)(data.clips[i]) for i in range(4)]
    seen = {
        (clip.label, change(clip, torch_generator("test", seed)).label)
        for clip in clips
        for seed in range(12)
    }
    assert seen == {(0, 0), (0, 1), (1, 1), (1, 0), (2, 2), (3, 3)}
    unknown = make_transform(config, training=True)
    names = {
        step[0]
        for seed in range(12)
        for step in unknown(clips[0], torch_generator("test", seed)).history
    }
    assert "HorizontalFlip" not in names
    assert len(names) > 1


def test_the_shift_of_the_compact_recipe_draws_as_ever(own_cache):
    """Stored runs depend on these numbers."""
    config = tiny()
    clip = open_data(config, "train").clips[0]
    change = make_transform(config, training=True)
    drawn = [change(clip, torch_generator("transform", 0, epoch, 3)) for epoch in range(4)]
    shifts = [tuple(new.history[0][1].values()) for new in drawn]
    assert shifts == [(-1, 0), (-1, 1), (1, 1), (-1, -1)]


def test_room_for_crops_is_stored():
    for augment, side in (("crop", 18), ("shift", 16), ("none", 16)):
        assert f"height={side}" in repr(stored_form(tiny(augment=augment)))
    assert "height=256" in repr(stored_form(tiny(preset="paper", augment="crop")))


def test_fewer_training_clips_are_the_first_of_synthetic_ones(own_cache):
    config = tiny(train_clips=10)
    found, whole = open_data(config, "train"), open_data(tiny(), "train")
    assert [c.clip_id for c in found.clips] == [whole.clips[i].clip_id for i in range(10)]
    assert found.clips.labels.tolist() == [0, 1, 2, 3, 0, 1, 2, 3, 0, 1]
    assert found.fingerprint != whole.fingerprint
    assert found.note == "10 of 48 training clips are used."
    assert open_data(config.replace(seed=5), "train").fingerprint == found.fingerprint
    for split in ("validation", "test"):
        assert open_data(config, split).fingerprint == open_data(tiny(), split).fingerprint
    assert count_clips(config, "train") == 10
    assert count_clips(config, "validation") == 24


def test_fewer_training_clips_of_a_real_set_are_drawn(fresh_cache, nvgesture_tree):
    real = tiny(dataset="nvgesture", root=str(nvgesture_tree[0]), train_clips=2)
    names = set()
    for seed in range(6):
        data = open_data(real.replace(seed=seed), "train")
        assert sorted(data.clips.labels) == sorted(set(open_data(real, "train").clips.labels))
        names.add(tuple(clip.clip_id for clip in data.clips))
        alone = open_data(real.replace(seed=seed).alone("rgb"), "train")
        assert tuple(clip.clip_id for clip in alone.clips) in names
    assert len(names) > 1
    assert count_clips(real, "train") == 2


@pytest.mark.parametrize("count", [open_data, count_clips])
def test_more_training_clips_than_there_are(fresh_cache, nvgesture_tree, count):
    for config, there in (
        (tiny(train_clips=49), "synthetic has 48"),
        (tiny(dataset="nvgesture", root=str(nvgesture_tree[0]), train_clips=5), "nvgesture has 4"),
    ):
        with pytest.raises(DataError, match=f"{there} training clips here; take fewer"):
            count(config, "train")
        count(config, "validation")


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_a_spoilt_modality(own_cache, split):
    config = tiny(corrupt="depth", corruption="noise", corruption_strength=1.0)
    found, clean = open_data(config, split), open_data(tiny(), split)
    assert found.fingerprint != clean.fingerprint
    assert found.note == "depth is corrupted (noise, strength 1)."
    spoilt, plain = found.clips[3], clean.clips[3]
    assert torch.equal(spoilt.frames["rgb"], plain.frames["rgb"])
    assert not torch.equal(spoilt.frames["depth"], plain.frames["depth"])
    # For every seed, and for the modality by itself.
    for other in (config.replace(seed=4), config.alone("depth")):
        again = open_data(other, split)
        assert torch.equal(again.clips[3].frames["depth"], spoilt.frames["depth"])
        assert again.fingerprint == found.fingerprint


def test_clips_that_are_classified_are_not_spoilt():
    config = tiny(corrupt="depth")
    assert repr(make_transform(config, training=False)) == repr(
        make_transform(tiny(), training=False)
    )


def test_clutter(fresh_cache):
    found = open_data(tiny(clutter=1.5), "train")
    assert found.clips.clutter == 1.5
    assert found.fingerprint != open_data(tiny(), "train").fingerprint
    same = open_data(tiny(clutter=0.35), "train")
    assert same.fingerprint == open_data(tiny(), "train").fingerprint
