import numpy as np
import pytest
import torch

from mmtlib.core import clip_writer
from mmtlib.core.errors import DataError
from mmtlib.datasets import NVGesture
from mmtlib.training import stored_clips
from mmtlib.transforms import Compose, Resize, SampleFrames

FORM = Compose([SampleFrames(frames=8), Resize(height=16, width=16)])


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MMTLIB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def store(root, *, form=FORM, progress=None, **settings):
    return stored_clips(NVGesture(root, "train", **settings), form, name="nv", progress=progress)


def test_the_store_holds_the_transformed_clips(small_tree):
    root, clips = small_tree
    source, found = NVGesture(root, "train"), store(root)
    assert len(found) == len(source) == len(clips) == 4
    assert found.info.class_names == NVGesture.classes
    for i, clip in enumerate(found):
        original = FORM(source[i])
        assert (clip.clip_id, clip.label, clip.subject) == (
            original.clip_id, original.label, original.subject,
        )  # fmt: skip
        for m in ("rgb", "depth"):
            assert (
                clip.frames[m].shape == original.frames[m].shape == (len(clip.frames[m]), 8, 16, 16)
            )
            torch.testing.assert_close(clip.frames[m], original.frames[m], atol=0.51 / 255, rtol=0)
        assert clip.frame_rate == pytest.approx(original.frame_rate, rel=1e-6)
        assert clip.frame_rate < source.frame_rate  # fewer frames in the same time


def test_what_is_no_number_is_not_stored(small_tree, monkeypatch):
    """It would become some whole number."""
    read = NVGesture.read

    def with_nan(self, record, *names):
        clip = read(self, record, *names)
        clip.frames["depth"][0, 3] = float("nan")
        return clip

    monkeypatch.setattr(NVGesture, "read", with_nan)
    with pytest.raises(DataError, match=r"Clip class_.*: frame 3 of depth holds NaN"):
        store(small_tree[0])


def test_videos_are_decoded_once(small_tree, monkeypatch):
    root, _ = small_tree
    done = []
    first = store(root, progress=lambda *numbers: done.append(numbers))
    assert done == [(1, 4), (2, 4), (3, 4), (4, 4)]
    monkeypatch.setattr(NVGesture, "read", lambda *_: pytest.fail("a video was read again"))
    again = store(root)
    assert again.folder == first.folder
    assert again.folder.name.startswith("nv-")
    for i in range(4):
        assert np.array_equal(again.stored("rgb", i), first.stored("rgb", i))


def test_another_form_is_another_store(small_tree):
    root, _ = small_tree
    other = Compose([SampleFrames(frames=4), Resize(height=16, width=16)])
    stores = [store(root), store(root, form=other), store(root, modalities=("depth",))]
    assert len({s.folder for s in stores}) == len({s.info.fingerprint for s in stores}) == 3


def damage(root, clip):
    path = root / clip.folder / "sk_wrapped.avi"
    content = bytearray(path.read_bytes())
    content[len(content) // 3 : len(content) // 2] = b"\x00" * (
        len(content) // 2 - len(content) // 3
    )
    path.write_bytes(content)
    return path


def test_damage_names_file_and_line_and_keeps_what_was_done(small_tree, cache, monkeypatch):
    root, clips = small_tree
    monkeypatch.setattr(clip_writer, "SHARD_CLIPS", 2)
    path = damage(root, clips[2])
    with pytest.raises(DataError, match=r"sk_wrapped\.avi.*train_correct_cvpr2016_v2\.lst:3") as e:
        store(root)
    assert str(path) in str(e.value)
    assert not list(cache.glob("stores/nv-*/index.json"))
    read, done = NVGesture.read, []
    monkeypatch.setattr(
        NVGesture, "read", lambda self, r, *m: done.append(r.list_line) or read(self, r, *m)
    )
    with pytest.raises(DataError, match=r"lst:3"):
        store(root)
    assert done == [3], "it went on where it was"


def test_damage_is_skipped_when_asked_for(small_tree):
    root, clips = small_tree
    damage(root, clips[1])
    for _ in range(2):  # made, and only opened
        source = NVGesture(root, "train", skip_broken=True)
        found = stored_clips(source, FORM, name="nv")
        assert len(found) == 3
        assert clips[1].folder.split("Video_data/")[1] not in found.clip_ids
        assert source.skipped_summary().startswith("1 of 4 clips skipped: 0 with missing files, 1")
    with pytest.raises(DataError, match=r"lst:2"):
        store(root)  # where none may be left out, that store is not enough


def test_several_processes_make_the_same_store(small_tree, tmp_path, monkeypatch):
    root, _ = small_tree
    found, done = [], []
    for processes in (1, 2):
        monkeypatch.setenv("MMTLIB_CACHE", str(tmp_path / str(processes)))
        source = NVGesture(root, "train")
        made = stored_clips(
            source, FORM, name="nv", processes=processes, progress=lambda *a: done.append(a)
        )
        found.append({p.name: p.read_bytes() for p in made.folder.rglob("*") if p.is_file()})
    assert found[0] == found[1]
    assert done == [(1, 4), (2, 4), (3, 4), (4, 4)] * 2
