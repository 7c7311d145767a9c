import re

import numpy as np
import pytest
from support.nvgesture_tree import frame_numbers, write_list, write_video

from mmtlib.core.errors import ConfigError, DataError
from mmtlib.datasets import DATASETS, NVGesture, alignment_note, read_video


def levels(frames):
    """8-bit levels (T, H, W) of the first channel."""
    return (frames[0] * 255).round().numpy().astype(np.uint8)


def test_splits(nvgesture_tree):
    root, clips = nvgesture_tree
    subjects = {s: set(NVGesture(root, s).subjects.tolist()) for s in NVGesture.splits}
    assert subjects == {
        "train": {1, 2},
        "validation": {3},
        "test": {5},
        "train+validation": {1, 2, 3},
    }
    train = NVGesture(root, "train+validation")
    assert [r.folder for r in train.records] == [c.folder for c in clips if c.split == "train"]
    assert train.labels.tolist() == [c.label - 1 for c in clips if c.split == "train"]


def test_a_clip_holds_the_annotated_frames(nvgesture_tree):
    root, clips = nvgesture_tree
    dataset = NVGesture(root, "train+validation", "depth,rgb,ir")
    assert dataset.frame_rate == 30.0
    for clip, written in zip(dataset, clips, strict=False):
        assert (clip.label, clip.subject) == (written.label - 1, written.subject)
        assert clip.clip_id in written.folder
        assert clip.modalities == ("depth", "rgb", "ir")
        assert clip.shape == (80, 24, 32)
        assert {m: x.shape[0] for m, x in clip.frames.items()} == {"depth": 1, "rgb": 3, "ir": 1}
        span = np.arange(written.first, written.first + 80)
        for modality in ("depth", "rgb"):
            np.testing.assert_array_equal(frame_numbers(levels(clip.frames[modality])), span)
        assert float(clip.frames["depth"].max()) <= 1
        assert float((clip.frames["depth"] < 0.02).float().mean()) > 0.5  # 0 = no reading


def test_infrared_is_resampled_over_its_whole_span(nvgesture_tree):
    root, clips = nvgesture_tree
    numbers = frame_numbers(levels(NVGesture(root, "train+validation", "ir")[0].frames["ir"]))
    first = clips[0].infrared_first
    assert numbers[0] == first
    assert numbers[-1] == first + 92
    assert set(np.diff(numbers)) == {1, 2}
    # The moment of each frame differs by at most half an infrared frame.
    moments = (numbers - first + 0.5) / 93 - (np.arange(80) + 0.5) / 80
    assert np.abs(moments).max() <= 0.5 / 93 + 1e-9


def test_raw_and_registered_colour_are_different_files(nvgesture_tree):
    root, _ = nvgesture_tree
    registered, raw = NVGesture(root, modalities="rgb"), NVGesture(root, "train", "rgb", "raw")
    assert registered.files(registered.records[0])["rgb"].name == "sk_wrapped.avi"
    assert raw.files(raw.records[0])["rgb"].name == "sk_color.avi"
    assert not np.array_equal(levels(registered[0].frames["rgb"]), levels(raw[0].frames["rgb"]))


def test_what_is_registered(nvgesture_tree):
    assert alignment_note(("rgb", "depth")) is None
    assert alignment_note(("rgb", "flow", "depth")) is None
    assert alignment_note(("ir",)) is None
    for modalities, colour in ((("rgb", "depth"), "raw"), (("depth", "ir"), "registered")):
        note = alignment_note(modalities, colour)
        assert "not all seen from the same camera" in note
        assert "\n" not in note
    assert NVGesture(nvgesture_tree[0]).registered
    assert not NVGesture(nvgesture_tree[0], colour="raw").registered


def test_class_attributes():
    assert DATASETS["nvgesture"] is NVGesture
    assert len(NVGesture.classes) == len(set(NVGesture.classes)) == 25
    for a, b in NVGesture.label_swaps.items():
        assert NVGesture.label_swaps[b] == a != b
        old, new = (NVGesture.classes[i].replace("counter-", "") for i in (a, b))
        assert old.replace("left", "right") == new.replace("left", "right")
    directional = [i for i, c in enumerate(NVGesture.classes) if re.search("left|right|wise", c)]
    assert sorted(NVGesture.label_swaps) == directional
    backwards = NVGesture.reversed_labels
    assert all(backwards[backwards[a]] == a for a in backwards)
    assert backwards.items() >= NVGesture.label_swaps.items()
    names = {(NVGesture.classes[a], NVGesture.classes[b]) for a, b in backwards.items() if a <= b}
    assert names - {
        (NVGesture.classes[a], NVGesture.classes[b]) for a, b in NVGesture.label_swaps.items()
    } == {
        ("move hand up", "move hand down"),
        ("move two fingers up", "move two fingers down"),
        ("push hand out", "pull hand in"),
        ("shake hand", "shake hand"),
        ("close hand twice", "close hand twice"),
    }


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"split": "trian"}, "split of NVGesture 'trian'.*Did you mean 'train'"),
        ({"colour": "wrapped"}, "colour of NVGesture"),
        ({"modalities": "rgb,dept"}, "modality 'dept'"),
    ],
)
def test_unknown_names(nvgesture_tree, settings, message):
    with pytest.raises(ConfigError, match=message):
        NVGesture(nvgesture_tree[0], **settings)


def test_wrong_root(tmp_path):
    for root in (tmp_path, tmp_path / "none"):
        with pytest.raises(DataError, match=r"expected nvgesture_train.*Video_data"):
            NVGesture(root)
    write_list(tmp_path, "train", [])
    with pytest.raises(DataError, match="Video_data"):
        NVGesture(tmp_path)


def test_sensors_of_different_size(small_tree):
    root, clips = small_tree
    write_video(root / clips[0].folder / "sk_depth.avi", np.zeros((96, 16, 16, 3), np.uint8))
    with pytest.raises(DataError, match=r"sk_depth\.avi has pictures of 16 x 16.*:1\)"):
        NVGesture(root)[0]


def test_real_clips(real_root, full):
    dataset = NVGesture(real_root, "train+validation", "depth", skip_broken=True)
    assert len(dataset) >= 37
    assert set(dataset.labels.tolist()) == set(range(25))
    for index in range(0, 37, 1 if full else 9):
        clip = dataset[index]
        assert clip.shape == (80, 240, 320)
        assert clip.label == dataset.records[index].label
        assert 0.001 < float((clip.frames["depth"] > 0).float().mean()) < 0.9
    if len(dataset) == 37:
        assert dataset.skipped_summary().startswith("1,013 of 1,050 clips skipped: 1,013 with")
        both = NVGesture(real_root, "train+validation", skip_broken=True)
        assert len(both) == 36  # one registered colour video is missing


def test_a_real_clip_in_all_modalities(real_root):
    dataset = NVGesture(real_root, "train", "rgb,depth,ir", skip_broken=True)
    clip = dataset[0]
    assert clip.shape == (80, 240, 320)
    files = dataset.files(dataset.records[0])
    assert NVGesture(real_root, "train", "ir", skip_broken=True)[0].clip_id == clip.clip_id
    assert {m: path.stem for m, path in files.items()} == {
        "rgb": "sk_wrapped",
        "depth": "sk_depth",
        "ir": "duo_left",
    }


def test_a_real_span_is_frame_exact(real_root):
    dataset = NVGesture(real_root, "train", "depth", skip_broken=True)
    record = dataset.records[0]
    span, path = record.spans["depth"], dataset.files(record)["depth"]
    whole = read_video(path, gray=True)
    part = read_video(path, span.first, span.last, gray=True)
    np.testing.assert_array_equal(part, whole[span.first : span.last])
