import pickle
import random
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.nvgesture_tree import SPLIT_LIST, frame_numbers, write_list, write_video

from mmtlib.datasets import DATASETS, NVGesture, alignment_note
from mmtlib.datasets.nvgesture import VALIDATION_SUBJECTS, read_list
from mmtlib.errors import ConfigError, DataError

LINE = (
    "path:./Video_data/class_01/subject3_r50 depth:sk_depth:146:226 color:sk_color:146:226 "
    "duo_left:duo_left:170:263 label:1 "
)


def levels(frames):
    """8-bit levels (T, H, W) of the first channel."""
    return (frames[0] * 255).round().numpy().astype(np.uint8)


# --- lists


def test_a_row(tmp_path):
    path = write_list(tmp_path, "train", ["", LINE, "   "])
    (record,) = read_list(path)
    assert record.folder == "Video_data/class_01/subject3_r50"
    assert (record.label, record.subject, record.clip_id) == (0, 3, "class_01/subject3_r50")
    assert record.source == f"{path.name}:2"
    spans = {s: (span.file, span.first, span.last) for s, span in record.spans.items()}
    assert spans == {
        "depth": ("sk_depth", 146, 226),
        "color": ("sk_color", 146, 226),
        "duo_left": ("duo_left", 170, 263),
    }


def test_windows_line_ends(tmp_path):
    path = write_list(tmp_path, "train", [])
    path.write_bytes(f"{LINE}\r\n\r\n".encode())
    assert len(read_list(path)) == 1


def test_the_label_rules_not_the_folder(tmp_path):
    path = write_list(tmp_path, "train", [LINE.replace("label:1", "label:25")])
    assert read_list(path)[0].label == 24


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("label:1 ", "", "expected 'path:..."),
        ("label:1", "label:1 label:1", "expected 'path:..."),
        ("label:1", "label:1 extra:3", "extra"),
        ("label:1", "label:0", "label from 1 to 25, got '0'"),
        ("label:1", "label:26", "label from 1 to 25"),
        ("label:1", "label:one", "label from 1 to 25"),
        ("label:1", "label:-1", "label from 1 to 25"),
        ("label:1", "label:1+1", "label from 1 to 25"),
        ("depth:sk_depth:146:226", "depth:sk_depth:146", "depth:FILE:FIRST:LAST"),
        ("depth:sk_depth:146:226", "depth:sk_depth:146:2x6", "depth:FILE:FIRST:LAST"),
        ("depth:sk_depth:146:226", "depth:sk_depth:226:146", "depth:FILE:FIRST:LAST"),
        ("depth:sk_depth:146:226", "depth:sk_depth:146:226:9", "depth:FILE:FIRST:LAST"),
        ("depth:sk_depth:146:226", "depth:../sk_depth:146:226", "depth:FILE:FIRST:LAST"),
        ("depth:sk_depth:146:226", "depth:sk_depth:146:227", "80 frames of depth, got 81"),
        ("color:sk_color:146:226", "color:sk_color:46:226", "80 frames of color, got 180"),
        ("duo_left:170:263", "duo_left:170:250", "93 frames of duo_left, got 80"),
        ("./Video_data", "../Video_data", "below the root"),
        ("./Video_data", "/Video_data", "below the root"),
        ("./Video_data/", "./Video_data/../../", "below the root"),
        ("subject3_r50", "somebody", "below the root"),
        ("./Video_data", "C:\\Video_data", "below the root"),
        ("146", "1४6", "ASCII"),
    ],
)
def test_malformed_rows(tmp_path, old, new, message):
    path = write_list(tmp_path, "train", [])
    path.write_text(f"{LINE.replace('r50', 'r51')}\n\n{LINE.replace(old, new, 1)}\n", "utf-8")
    with pytest.raises(DataError, match=re.escape(message)) as caught:
        read_list(path)
    assert f"{path}:3: " in str(caught.value)


def test_a_clip_twice(tmp_path):
    path = write_list(tmp_path, "train", [LINE, "", LINE])
    with pytest.raises(DataError, match=r":3: clip .*subject3_r50 is in line 1 already"):
        read_list(path)


def test_missing_list(tmp_path):
    with pytest.raises(DataError, match=r"gone\.lst"):
        read_list(tmp_path / "gone.lst")


@given(st.integers(0, len(LINE) - 1), st.integers(0, 3), st.binary(max_size=3))
@settings(max_examples=300, deadline=None)
def test_changed_rows_parse_or_name_file_and_line(tmp_path_factory, at, cut, inserted):
    path = tmp_path_factory.getbasetemp() / "changed.lst"
    data = LINE.encode()
    path.write_bytes(data[:at] + inserted + data[at + cut :])
    try:
        records, message = read_list(path), None
    except DataError as error:
        records, message = [], str(error)
    assert message is None or re.search(r"changed\.lst:\d+: ", message)
    for record in records:
        assert 0 <= record.label < 25
        assert ".." not in record.folder
        assert not Path(record.folder).is_absolute()
        assert [len(record.spans[s]) for s in ("depth", "color")] == [80, 80]
        assert len(record.spans["duo_left"]) in (93, 94)


# --- clips of the miniature tree


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


def test_indices(nvgesture_tree):
    dataset = NVGesture(nvgesture_tree[0])
    assert dataset[-1].clip_id == dataset[len(dataset) - 1].clip_id
    with pytest.raises(IndexError):
        dataset[len(dataset)]


def test_pickles(nvgesture_tree):
    dataset = NVGesture(nvgesture_tree[0])
    again = pickle.loads(pickle.dumps(dataset))
    assert again.fingerprint == dataset.fingerprint
    assert again[0].clip_id == dataset[0].clip_id


# --- wrong settings and defects


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


def test_flow_must_first_be_computed(nvgesture_tree):
    with pytest.raises(DataError, match="must first be computed"):
        NVGesture(nvgesture_tree[0], modalities="rgb,flow")


def test_wrong_root(tmp_path):
    for root in (tmp_path, tmp_path / "none"):
        with pytest.raises(DataError, match=r"expected nvgesture_train.*Video_data"):
            NVGesture(root)
    write_list(tmp_path, "train", [LINE])
    with pytest.raises(DataError, match="Video_data"):
        NVGesture(tmp_path)


def test_upper_and_lower_case_may_differ(small_tree):
    root, clips = small_tree
    (root / "Video_data").rename(root / "video_Data")
    folder = root / "video_Data" / "class_01"
    (folder / "subject1_r50" / "sk_depth.avi").rename(folder / "subject1_r50" / "SK_Depth.AVI")
    name = SPLIT_LIST.format("train")
    (root / name).rename(root / name.upper())
    assert len(NVGesture(root, "train+validation", "rgb,depth")) == len(clips)
    assert NVGesture(root)[0].shape == (80, 24, 32)


def test_a_missing_file(small_tree):
    root, clips = small_tree
    (root / clips[1].folder / "sk_wrapped.avi").unlink()
    (root / clips[2].folder / "sk_wrapped.avi").unlink()
    with pytest.raises(DataError, match=r"sk_wrapped\.avi is missing \(.*:2\); 2 of 4 clips.*skip"):
        NVGesture(root, "train+validation")
    assert len(NVGesture(root, "train+validation", "depth")) == 4  # its files are all there
    dataset = NVGesture(root, "train+validation", skip_broken=True)
    assert [r.list_line for r in dataset.records] == [1, 4]
    assert [(s.record.list_line, s.missing) for s in dataset.skipped] == [(2, True), (3, True)]
    summary = dataset.skipped_summary()
    assert summary.startswith("2 of 4 clips skipped: 2 with missing files, 0 broken (e.g. ")
    assert f"{clips[1].folder}/sk_wrapped.avi is missing" in summary
    assert "\n" not in summary
    assert NVGesture(root, modalities="depth").skipped_summary() == ""


def test_a_file_that_vanishes_later(small_tree):
    root, clips = small_tree
    dataset = NVGesture(root)
    (root / clips[0].folder / "sk_depth.avi").unlink()
    with pytest.raises(DataError, match=r"There is no video .*sk_depth\.avi\. \(.*_v2\.lst:1\)"):
        dataset[0]


def test_nothing_left(small_tree):
    root, clips = small_tree
    for clip in clips:
        (root / clip.folder / "sk_depth.avi").unlink()
    with pytest.raises(DataError, match="none of the 4 clips of this part"):
        NVGesture(root, "train+validation", skip_broken=True)


def _cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _garble(path):
    path.write_bytes(b"garbage" * 1000)


def _shorten(path):
    write_video(path, np.zeros((70, 24, 32, 3), np.uint8))


@pytest.mark.parametrize("damage", [_cut, _garble, _shorten])
def test_broken_videos(small_tree, damage):
    root, clips = small_tree
    damage(root / clips[2].folder / "sk_depth.avi")
    dataset = NVGesture(root, "train+validation", "depth")
    assert dataset[1].shape == (80, 24, 32)
    with pytest.raises(DataError, match=rf"{clips[2].folder}/sk_depth\.avi .*_v2\.lst:3\)"):
        dataset[2]
    skipping = NVGesture(root, "train+validation", "depth", skip_broken=True)
    assert [r.list_line for r in skipping.records] == [1, 2, 4]
    assert "1 of 4 clips skipped: 0 with missing files, 1 broken" in skipping.skipped_summary()
    assert len(list(skipping)) == 3


def test_damage_that_shows_on_decoding_only(small_tree):
    root, clips = small_tree
    path = root / clips[1].folder / "sk_depth.avi"
    data = path.read_bytes()
    middle = len(data) // 2
    path.write_bytes(data[:middle] + bytes(4000) + data[middle + 4000 :])
    strict = NVGesture(root, "train+validation", "depth")
    with pytest.raises(DataError, match=r"sk_depth\.avi .*:2\)"):
        list(strict.readable())
    dataset = NVGesture(root, "train+validation", "depth", skip_broken=True)
    assert len(dataset) == 4
    for _ in range(2):
        assert [i for i, _ in dataset.readable()] == [0, 2, 3]
    assert [skip.record.list_line for skip in dataset.skipped] == [2]
    assert dataset.skipped_summary().startswith("1 of 4 clips skipped: 0 with missing")


def test_sensors_of_different_size(small_tree):
    root, clips = small_tree
    write_video(root / clips[0].folder / "sk_depth.avi", np.zeros((96, 16, 16, 3), np.uint8))
    with pytest.raises(DataError, match=r"sk_depth\.avi has pictures of 16 x 16.*:1\)"):
        NVGesture(root)[0]


def test_fingerprint(small_tree):
    root, clips = small_tree
    first = NVGesture(root).fingerprint
    assert NVGesture(root).fingerprint == first
    others = [
        NVGesture(root, "validation").fingerprint,
        NVGesture(root, modalities="depth").fingerprint,
        NVGesture(root, modalities="depth,rgb").fingerprint,
        NVGesture(root, "train", "depth", "raw").fingerprint,
    ]
    path = root / clips[0].folder / "sk_depth.avi"
    path.write_bytes(path.read_bytes() + b"\0")
    others.append(NVGesture(root).fingerprint)
    write_list(root, "train", [c.line.replace("label:2", "label:3") for c in clips])
    others.append(NVGesture(root).fingerprint)
    assert len({first, *others}) == 7


def test_damaged_trees_give_whole_clips_or_clear_errors(small_tree):
    root, clips = small_tree
    rng, path = random.Random(3), root / clips[0].folder / "sk_wrapped.avi"
    data, outcomes = path.read_bytes(), Counter()
    for _ in range(30):
        changed = bytearray(data)
        for _ in range(3):
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
        path.write_bytes(changed)
        try:
            outcomes[NVGesture(root)[0].shape[0]] += 1
        except DataError as error:
            named = "sk_wrapped.avi" in str(error) and "_v2.lst:1" in str(error)
            outcomes["error" if named else str(error)] += 1
    assert outcomes.keys() <= {80, "error"}


# --- real clips


def test_the_official_lists(real_root):
    rows = {s: read_list(real_root / SPLIT_LIST.format(s)) for s in ("train", "test")}
    assert {s: len(r) for s, r in rows.items()} == {"train": 1050, "test": 482}
    differing = [
        record
        for record in rows["train"] + rows["test"]
        if int(re.search(r"class_(\d+)", record.folder)[1]) != record.label + 1
    ]
    assert len(differing) == 23
    subjects = {s: {r.subject for r in part} for s, part in rows.items()}
    assert [len(subjects[s]) for s in ("train", "test")] == [12, 6]
    assert not subjects["train"] & subjects["test"]
    held_out = [r for r in rows["train"] if r.subject in VALIDATION_SUBJECTS]
    assert len(held_out) == 193
    for subject in VALIDATION_SUBJECTS:
        assert len({r.label for r in held_out if r.subject == subject}) == 25


def test_real_clips(real_root):
    dataset = NVGesture(real_root, "train+validation", "depth", skip_broken=True)
    assert len(dataset) >= 37
    assert set(dataset.labels.tolist()) == set(range(25))
    for record, clip in zip(dataset.records[:37], dataset, strict=False):
        assert clip.shape == (80, 240, 320)
        assert clip.label == record.label
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
    from mmtlib.datasets.video_io import read_video

    dataset = NVGesture(real_root, "train", "depth", skip_broken=True)
    record = dataset.records[0]
    span, path = record.spans["depth"], dataset.files(record)["depth"]
    whole = read_video(path, gray=True)
    part = read_video(path, span.first, span.last, gray=True)
    np.testing.assert_array_equal(part, whole[span.first : span.last])
