import pickle
import re
import shutil

import numpy as np
import pytest
from support.egogesture_tree import LABELS, TreeGesture, write_egogesture_tree, write_rows
from support.nvgesture_tree import frame_numbers

from mmtlib.core.errors import ConfigError, DataError
from mmtlib.datasets import DATASETS, EgoGesture
from mmtlib.datasets.egogesture import PICTURE_FOLDERS, SUBJECTS


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A miniature EgoGesture, shared: do not change its files."""
    root = tmp_path_factory.mktemp("egogesture")
    return root, write_egogesture_tree(root)


@pytest.fixture
def small(tmp_path):
    """One subject of the training part, to be damaged."""
    return tmp_path, write_egogesture_tree(tmp_path, subjects=(3,), labels=(1, 2))


def test_parts_are_by_subject(tree):
    root, gestures = tree
    for split, subjects in (*SUBJECTS.items(), ("train+validation", (3, 4, 1))):
        dataset = EgoGesture(root, split)
        written = [g for g in gestures if g.subject in subjects]
        assert len(dataset) == len(written) > 0
        assert sorted(zip(dataset.subjects, dataset.labels, strict=True)) == sorted(
            (g.subject, g.label - 1) for g in written
        )


def test_the_published_numbers():
    assert sum(EgoGesture.published.values()) == 24161
    assert [len(SUBJECTS[s]) for s in ("train", "validation", "test")] == [30, 10, 10]
    assert sorted(sum(SUBJECTS.values(), ())) == list(range(1, 51))


def test_a_clip_holds_the_annotated_pictures(tree):
    root, gestures = tree
    dataset = EgoGesture(root, "train", "depth,rgb")
    written = [g for g in gestures if g.subject in (3, 4)]
    lengths = set()
    for record, clip, gesture in zip(dataset.records, dataset, written, strict=True):
        assert record.list_line == gesture.line
        assert (clip.label, clip.subject) == (gesture.label - 1, gesture.subject)
        assert clip.shape == (len(gesture.pictures), 24, 32)
        assert clip.modalities == ("depth", "rgb")
        for frames in clip.frames.values():
            shown = frame_numbers((frames[0] * 255).round().numpy().astype(np.uint8))
            np.testing.assert_array_equal(shown, gesture.pictures)
        lengths.add(clip.shape[0])
    assert len(lengths) > 3
    assert len({record.clip_id for record in dataset.records}) == len(written)


def test_class_attributes():
    assert DATASETS["egogesture"] is EgoGesture
    assert len(EgoGesture.classes) == len(set(EgoGesture.classes)) == 83
    opposite = {"left": "right", "right": "left", "clockwise": "counterclockwise"}
    directional = re.compile(r"\b(left|right|clockwise|counterclockwise)\b")
    for a, name in enumerate(EgoGesture.classes):
        if not (word := directional.search(name)):
            assert a not in EgoGesture.label_swaps
            continue
        b = EgoGesture.label_swaps[a]
        assert EgoGesture.label_swaps[b] == a != b
        mirrored = directional.sub(opposite.get(word[0], "clockwise"), name)
        assert EgoGesture.classes[b] == mirrored


def test_upper_and_lower_case_may_differ(small):
    root, gestures = small
    before = EgoGesture(root)
    (root / "Subject03" / "Scene1").rename(root / "Subject03" / "scene1")
    (root / "Subject03").rename(root / "SUBJECT03")
    (root / LABELS).rename(root / LABELS.title())
    again = EgoGesture(root)
    assert [r.clip_id for r in again.records] == [r.clip_id for r in before.records]
    assert again[0].shape[0] == len(gestures[0].pictures)
    assert again.fingerprint == before.fingerprint


@pytest.mark.parametrize("inside", PICTURE_FOLDERS[1:])
def test_pictures_in_a_folder_of_their_own(tmp_path, inside):
    gestures = write_egogesture_tree(tmp_path, subjects=(3,), labels=(1, 2), inside=inside)
    (tmp_path / inside).rename(tmp_path / inside.upper())
    dataset = EgoGesture(tmp_path)
    assert len(dataset) == len(gestures)
    assert dataset[0].shape[0] == len(gestures[0].pictures)
    (tmp_path / LABELS / "subject03" / "Scene1" / "Group1.csv").unlink()
    with pytest.raises(DataError, match=r"Group1\.csv is missing \(1 label"):
        EgoGesture(tmp_path)


def test_a_missing_picture(small):
    root, gestures = small
    (root / gestures[1].folder / "Depth" / "depth1" / f"{gestures[1].start + 2:06d}.jpg").unlink()
    strict = EgoGesture(root)
    assert strict[0].shape[0] == len(gestures[0].pictures)
    with pytest.raises(
        DataError, match=rf"depth1: picture \d+ is missing.* \(Group1\.csv:{gestures[1].line}\)"
    ):
        strict[1]
    with pytest.raises(DataError, match=r"picture \d+ is missing.* \(Group1\.csv:"):
        _ = strict.fingerprint
    assert len(EgoGesture(root, modalities="rgb")) == 4  # these are all there
    skipping = EgoGesture(root, skip_broken=True)
    assert len(skipping) == 3
    assert skipping.skipped_summary().startswith("1 of 4 clips skipped: 0 with missing files, 1 br")


def test_a_span_beyond_the_pictures(small):
    root, gestures = small
    write_rows(root, 3, 1, 1, ["1,1,9", f"2,20,{gestures[1].end + 30}"])
    with pytest.raises(DataError, match=r"rgb1 is too short: picture 0000\d\d is needed.*csv:2\)"):
        EgoGesture(root)[1]
    assert [r.list_line for r in EgoGesture(root, skip_broken=True).records][:1] == [1]
    assert len(EgoGesture(root, skip_broken=True)) == 3


def test_missing_picture_folders(small):
    root, gestures = small
    shutil.rmtree(root / gestures[0].folder / "Color" / "rgb2")
    with pytest.raises(DataError, match=r"rgb2 is missing \(Group2.csv:\d\); 2 of 4 clips have"):
        EgoGesture(root)
    dataset = EgoGesture(root, skip_broken=True)
    assert len(dataset) == 2
    assert dataset.skipped_summary().startswith("2 of 4 clips skipped: 2 with missing files")


@pytest.mark.parametrize(
    ("what", "named"),
    [
        ("subject03/Scene1/Group2.csv", "subject03/Scene1/Group2.csv"),
        ("subject03/Scene1", "subject03/Scene1/Group1.csv"),
        ("subject03", "subject03"),
    ],
)
def test_missing_labels(tmp_path, what, named):
    groups = ((1, 1), (1, 2), (2, 1))
    write_egogesture_tree(tmp_path, subjects=(3, 4), labels=(1, 2), groups=groups)
    path = tmp_path / LABELS / what
    (shutil.rmtree if path.is_dir() else type(path).unlink)(path)
    with pytest.raises(
        DataError, match=rf"{LABELS}/{named} is missing \(\d label files .*\)\. .*skip"
    ):
        EgoGesture(tmp_path)
    dataset = EgoGesture(tmp_path, skip_broken=True)
    left = {"subject03": 6, "subject03/Scene1": 8}.get(what, 10)
    assert len(dataset) == left
    summary = dataset.skipped_summary()
    assert re.fullmatch(rf"\d label files or folders are missing \(e\.g\. .*{named}\)\.", summary)


def test_a_label_file_without_rows(small):
    root, _ = small
    write_rows(root, 3, 1, 2, ["", ",,"])
    assert len(EgoGesture(root)) == 2


def test_a_bad_row(small):
    root, _ = small
    path = write_rows(root, 3, 1, 2, ["1,5,9", "99,20,30"])
    for skip_broken in (False, True):
        with pytest.raises(DataError, match=re.escape(f"{path}:2: expected a label")):
            EgoGesture(root, skip_broken=skip_broken)


@pytest.mark.parametrize("there", [[], ["Subject03"], [LABELS], [LABELS, "Subject3"], None])
def test_wrong_root(tmp_path, there):
    root = tmp_path if there is not None else tmp_path / "none"
    for name in there or ():
        (root / name).mkdir()
    with pytest.raises(DataError, match=rf"is not EgoGesture's folder: expected Sub.*{LABELS}"):
        EgoGesture(root)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"split": "val"}, ConfigError, "split of EgoGesture 'val'; known: .*validation"),
        ({"modalities": "rgb,dept"}, ConfigError, "modality 'dept'"),
        ({"modalities": "rgb,flow"}, DataError, r"npz is missing: make it .* egogesture .*csv:2\)"),
        ({"modalities": "ir"}, DataError, "holds no infrared. Choose from rgb, depth"),
    ],
)
def test_wrong_settings(tree, settings, error, message):
    with pytest.raises(error, match=message):
        EgoGesture(tree[0], **settings)


def test_registration_is_not_taken_for_granted(tree):
    root, _ = tree
    assert "not published" in EgoGesture(root).alignment_note
    assert EgoGesture(root, modalities="depth").alignment_note is None


def test_fingerprint(small):
    root, gestures = small
    first = EgoGesture(root).fingerprint
    again = pickle.loads(pickle.dumps(EgoGesture(root)))
    assert again.fingerprint == first
    others = [EgoGesture(root, modalities="rgb").fingerprint]
    scene = root / gestures[0].folder
    path = scene / "Color" / "rgb1" / f"{gestures[0].end:06d}.jpg"
    path.write_bytes(path.read_bytes() + b"\0")
    others.append(EgoGesture(root).fingerprint)
    between = scene / "Color" / "rgb1" / f"{gestures[0].end + 1:06d}.jpg"  # shows no gesture
    between.write_bytes(between.read_bytes() + b"\0")
    assert EgoGesture(root).fingerprint == others[-1]
    write_rows(root, 3, 1, 2, ["5,2,9"])
    others.append(EgoGesture(root).fingerprint)
    assert len({first, *others}) == 4


def test_what_was_written_is_described():
    gesture = TreeGesture(2, 1, 1, label=9, start=4, end=6, line=1)
    assert (gesture.folder, list(gesture.pictures)) == ("Subject02/Scene1", [4, 5, 6])
