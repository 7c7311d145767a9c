import pickle
import random
from collections import Counter

import numpy as np
import pytest
from support.nvgesture_tree import SPLIT_LIST, write_list, write_video

from mmtlib.core.errors import DataError
from mmtlib.datasets import NVGesture


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


def brightness(clip):
    return clip.clip_id, float(clip.frames["depth"].double().mean())


def test_clips_read_by_several_processes_are_the_same_in_the_same_order(small_tree):
    root, clips = small_tree
    (root / clips[1].folder / "sk_depth.avi").write_bytes(b"RIFF")
    strict = NVGesture(root, "train+validation", "depth")
    found = strict.readable([0, 1, 2], use=brightness, processes=2)
    assert next(found) == (0, brightness(strict[0]))
    with pytest.raises(DataError, match=r"sk_depth\.avi .*:2\)"):
        next(found)
    dataset = NVGesture(root, "train+validation", "depth")
    dataset.skip_broken = True  # damage that shows on reading only
    found = list(dataset.readable(use=brightness, processes=2))
    assert found == [(i, brightness(dataset[i])) for i in (0, 2, 3)]
    assert [skip.record.list_line for skip in dataset.skipped] == [2]
    assert [i for i, _ in dataset.readable([3, 1])] == [3]


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
