import pickle
import re

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support.nvgesture_tree import frame_numbers, write_video
from support.viva_tree import IDS, write_viva_tree

from mmtlib.core.errors import ConfigError, DataError
from mmtlib.datasets import DATASETS, VIVA
from mmtlib.datasets.viva import COLOUR_FOLDERS, read_names


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A miniature VIVA of all subjects, shared: do not change its files."""
    root = tmp_path_factory.mktemp("viva")
    return root, write_viva_tree(root)


@pytest.fixture
def small(tmp_path):
    """Subjects 3, 4 and 5 (all in training of fold 0), two clips each, to be damaged."""
    return tmp_path, write_viva_tree(tmp_path, sessions=(5, 7, 9), gestures=(1, 70))


def test_names(tree):
    root, clips = tree
    written = [c for c in clips if c.label is not None]
    records = read_names(root)
    assert [r.clip_id for r in records] == [c.name for c in written]
    assert [(r.label, r.subject) for r in records] == [(c.label, c.subject) for c in written]
    assert {c.label for c in written} == {0, 5, 6}
    assert records[0].source == f"{written[0].name}.avi"
    assert records[0].spans["depth"].file == f"depth/{written[0].name}.avi"


def test_a_length_is_known_when_the_recording_is_opened(small):
    root, clips = small
    dataset = VIVA(root)
    with pytest.raises(TypeError, match=r"the length of depth/.*\.avi is known when it is opened"):
        len(dataset.records[0].spans["depth"])
    assert len(dataset.span(dataset.records[0], "depth")) == clips[0].frames


@pytest.mark.parametrize("fold", range(8))
def test_leave_one_subject_out(tree, fold):
    root, _ = tree
    subjects = {s: set(VIVA(root, s, fold=fold).subjects.tolist()) for s in VIVA.splits}
    assert subjects["test"] == {fold + 1}
    assert subjects["validation"] == {fold + 2 if fold < 7 else 1}
    assert len(subjects["train"]) == 6
    assert subjects["train+validation"] == subjects["train"] | subjects["validation"]
    assert subjects["train+validation"] | subjects["test"] == set(range(1, 9))
    assert not subjects["train"] & (subjects["validation"] | subjects["test"])


@pytest.mark.parametrize("form", [".avi", ".mp4", ".mkv", "/"])
def test_a_clip_holds_the_whole_recording(tmp_path, form):
    clips = write_viva_tree(tmp_path, sessions=(6, 7), gestures=(2, 80), form=form)
    for clip, written in zip(VIVA(tmp_path, modalities="depth,rgb"), clips, strict=True):
        assert (clip.clip_id, clip.label) == (written.name, written.label)
        assert clip.shape == (written.frames, 24, 32)
        assert {m: x.shape[0] for m, x in clip.frames.items()} == {"depth": 1, "rgb": 3}
        for frames in clip.frames.values():
            shown = frame_numbers((frames[0] * 255).round().numpy().astype(np.uint8))
            np.testing.assert_array_equal(shown, np.arange(written.frames))


def test_grey_intensity_will_do_for_colour(small):
    root, clips = small
    for clip in clips:
        frames = np.full((clip.frames, 24, 32, 3), 90, np.uint8)
        write_video(root / f"{clip.name}.avi", frames)
    frames = VIVA(root)[0].frames["rgb"]
    assert float((frames[0] - frames[2]).abs().max()) < 0.02


@pytest.mark.parametrize("folder", [*COLOUR_FOLDERS, "RGB", ""])
def test_where_recordings_are(tmp_path, folder):
    clips = write_viva_tree(tmp_path, sessions=(5, 6), colour=folder, depth="Depth")
    dataset = VIVA(tmp_path)
    assert len(dataset) == sum(c.label is not None for c in clips)
    assert {path.parent.name for path in dataset.files(dataset.records[0]).values()} == {
        folder or tmp_path.name,
        "Depth",
    }
    assert dataset[0].shape[0] == clips[0].frames


def test_upper_and_lower_case_may_differ(small):
    root, clips = small
    before = (
        VIVA(root, pattern="clip(?P<subject>[0-9])x(?P<gesture>[0-9]+)") if False else VIVA(root)
    )
    for clip in clips:
        (root / f"{clip.name}.avi").rename(root / f"{clip.name}.AVI")
    (root / "depth").rename(root / "DEPTH")
    again = VIVA(root)
    assert [r.clip_id for r in again.records] == [r.clip_id for r in before.records]
    assert again[0].shape[0] == clips[0].frames


def test_other_gestures_and_names_are_passed_over_and_counted(tree, tmp_path):
    root, clips = tree
    outside = sum(c.label is None for c in clips)
    summary = VIVA(root).skipped_summary()
    assert summary == f"Passed over: {outside} clips of other gestures than the 19 (ids 5)."
    write_viva_tree(tmp_path, sessions=(5,), gestures=(1, 9, 5, 99))
    (tmp_path / "readme.txt").write_text("no clip")
    (tmp_path / ".hidden").write_text("no clip")
    summary = VIVA(tmp_path).skipped_summary()
    assert summary == (
        "Passed over: 3 clips of other gestures than the 19 (ids 5, 9, 99) and 1 files with other "
        "names (e.g. readme.txt)."
    )


@pytest.mark.parametrize("name", ["00_01_01", "17_01_01", "99_32_01"])
def test_a_session_of_nobody(small, name):
    root, _ = small
    (root / "depth" / f"{name}.avi").write_bytes(b"")
    with pytest.raises(DataError, match=rf"depth/{name}\.avi: expected a subject from 1 to 8"):
        VIVA(root)


def test_another_pattern(tmp_path):
    for name in ("S3-G70-a", "S4-G1-b"):
        for folder in ("", "depth"):
            write_video(tmp_path / folder / f"{name}.avi", np.zeros((9, 24, 32, 3), np.uint8))
    pattern = r"s(?P<subject>\d)-g(?P<gesture>\d+)-\w"
    records = read_names(tmp_path, pattern=pattern)
    assert [(r.clip_id, r.subject, r.label) for r in records] == [
        ("S3-G70-a", 3, 5),
        ("S4-G1-b", 4, 0),
    ]
    assert len(VIVA(tmp_path, pattern=pattern)) == 2
    with pytest.raises(DataError, match=r"S3-G70-a\.avi: expected numbers in the name"):
        read_names(tmp_path, pattern=r"s(?P<subject>\w)-(?P<gesture>\w+)-\w")
    with pytest.raises(DataError, match="is not VIVA's folder: expected recordings named like"):
        read_names(tmp_path)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(", "is no regular expression"),
        ("([0-9]+)_(?P<gesture>[0-9]+)", "needs a group"),
        ("(?P<session>[0-9]+)", "needs a group"),
        ("(?P<session>.)(?P<subject>.)(?P<gesture>.)", r"either \(\?P<session>"),
    ],
)
def test_wrong_patterns(tree, pattern, message):
    with pytest.raises(ConfigError, match=message):
        VIVA(tree[0], pattern=pattern)


def test_missing_recordings(small):
    root, clips = small
    (root / "depth" / f"{clips[1].name}.avi").unlink()
    (root / f"{clips[2].name}.avi").unlink()
    with pytest.raises(DataError, match=rf"depth/{clips[1].name}\.avi is missing .*; 2 of 6 clips"):
        VIVA(root)
    dataset = VIVA(root, skip_broken=True)
    assert len(dataset) == 4
    assert dataset.skipped_summary().startswith("2 of 6 clips skipped: 2 with missing files")
    assert len(VIVA(root, modalities="rgb", skip_broken=True)) == 5


def test_recordings_of_different_length(small):
    root, clips = small
    write_video(
        root / "depth" / f"{clips[0].name}.avi",
        np.zeros((clips[0].frames + 1, 24, 32, 3), np.uint8),
    )
    with pytest.raises(DataError, match=r"depth/.*\.avi has 10 frames, .*avi 9; expected the same"):
        VIVA(root)[0]
    dataset = VIVA(root, skip_broken=True)
    assert len(dataset) == 5
    assert "1 broken" in dataset.skipped_summary()
    assert "found rgb 9, depth 10" in dataset.skipped_summary()
    write_video(
        root / "depth" / f"{clips[0].name}.avi", np.zeros((clips[0].frames, 16, 16, 3), np.uint8)
    )
    with pytest.raises(DataError, match=r"has pictures of 16 x 16 pixels, .* of 32 x 24"):
        VIVA(root)[0]


def test_broken_recordings(small):
    root, clips = small
    (root / f"{clips[1].name}.avi").write_bytes(b"garbage" * 500)
    with pytest.raises(DataError, match=rf"{clips[1].name}\.avi .*\({clips[1].name}\.avi\)"):
        VIVA(root)[1]
    assert len(VIVA(root, skip_broken=True)) == 5


def test_two_recordings_of_one_name(small):
    root, clips = small
    (root / f"{clips[0].name}.mp4").write_bytes(b"")
    with pytest.raises(DataError, match=rf"{clips[0].name}\.avi and {clips[0].name}\.mp4 have one"):
        VIVA(root)


def test_wrong_root(tmp_path):
    for root in (tmp_path, tmp_path / "none"):
        with pytest.raises(DataError, match="is not VIVA's folder: expected recordings named like"):
            VIVA(root)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"split": "trian"}, ConfigError, "split of VIVA 'trian'.*Did you mean 'train'"),
        ({"fold": 8}, ConfigError, "fold of VIVA must be from 0 to 7, got 8"),
        ({"fold": -1}, ConfigError, "fold of VIVA must be from 0 to 7, got -1"),
        ({"modalities": "flow"}, DataError, "npz is missing: make it with .* viva"),
        ({"modalities": "rgb,ir"}, DataError, "VIVA holds no infrared"),
    ],
)
def test_wrong_settings(tree, settings, error, message):
    with pytest.raises(error, match=message):
        VIVA(tree[0], **settings)


def test_a_part_without_clips(small):
    with pytest.raises(DataError, match="none of the 0 clips of this part can be read"):
        VIVA(small[0], "test", fold=7)


def test_class_attributes():
    assert DATASETS["viva"] is VIVA
    assert VIVA.classes == tuple(f"gesture {number}" for number in IDS)
    assert len(VIVA.classes) == 19
    assert VIVA.label_swaps is None  # which gesture is which is not known


def test_fingerprint(small):
    root, clips = small
    first = VIVA(root).fingerprint
    assert pickle.loads(pickle.dumps(VIVA(root))).fingerprint == first
    others = [VIVA(root, modalities="depth").fingerprint, VIVA(root, fold=3).fingerprint]
    path = root / f"{clips[0].name}.avi"
    path.write_bytes(path.read_bytes() + b"\0")
    others.append(VIVA(root).fingerprint)
    assert len({first, *others}) == 4


@given(
    session=st.integers(0, 99), gesture=st.integers(0, 99), repetition=st.integers(0, 99),
    extension=st.sampled_from(["", ".avi", ".MP4", ".tar.gz"]),
)  # fmt: skip
@settings(max_examples=150)
def test_every_name_is_a_clip_or_passed_over_or_refused(
    tmp_path_factory, session, gesture, repetition, extension
):
    root = tmp_path_factory.mktemp("names")
    name = f"{session:02d}_{gesture:02d}_{repetition:02d}"
    assume(name != "09_01_01")
    for file in (f"{name}{extension}", "09_01_01.avi"):
        (root / file).write_bytes(b"")
    gesture = {70: 7, 80: 8}.get(gesture, gesture)
    if gesture in IDS and not 1 <= session <= 16:
        with pytest.raises(DataError, match=name):
            read_names(root)
        return
    found = {r.clip_id: (r.subject, r.label) for r in read_names(root)}
    assert found.pop("09_01_01") == (5, 0)
    known = {name: ((session + 1) // 2, IDS.index(gesture))} if gesture in IDS else {}
    assert found == known


@given(st.text(max_size=12))
@settings(max_examples=200)
def test_any_other_name(tmp_path_factory, text):
    name = re.sub(r"[/\0\ud800-\udfff]", "", text).strip(".")[:60] or "x"
    root = tmp_path_factory.mktemp("names")
    (root / f"{name}.avi").write_bytes(b"")
    (root / "10_32_01.avi").write_bytes(b"")
    (record,) = read_names(root)
    assert (record.clip_id, record.label, record.subject) == ("10_32_01", 18, 5)
