import errno
import json
import os
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtlib import clip_store
from mmtlib.clip_store import ClipStore, StoreInfo, StoreRow, encode_frames, write_clip_store
from mmtlib.errors import DataError

N, T, S = 3, 2, 4
INFO = StoreInfo(
    name="three clips",
    class_names=("wave", "nod"),
    fingerprint="f00d",
    frame_rate=12.5,
    flow_scale=0.125,
    made_from={"size": (T, S), "note": "é"},
)
ROWS = [StoreRow(label=i % 2, subject=5 + i, clip_id=f"c{i}") for i in range(N)]


def fields_of(index):
    rng = np.random.default_rng(index)
    return {
        "rgb": rng.integers(0, 256, (3, T, S, S), np.uint8),
        "depth_mm": rng.integers(0, 2**16, (1, T, S, S), np.uint16),
        "flow": rng.integers(-127, 128, (2, T, S, S), np.int8),
        "mask": rng.integers(0, 2, (T, S, S), np.uint8),
        "joints": rng.standard_normal((T, 21, 3)).astype(np.float32),
    }


@pytest.fixture
def folder(tmp_path):
    """A store whose clips were given in another order than its rows."""
    write_clip_store(tmp_path / "s", INFO, ROWS, ((i, fields_of(i)) for i in (2, 0, 1)))
    return tmp_path / "s"


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_what_was_written_is_read(folder):
    store = ClipStore(str(folder))
    assert len(store) == N
    assert store.info.name == "three clips"
    assert store.info.class_names == ("wave", "nod")
    assert (store.info.fingerprint, store.info.frame_rate) == ("f00d", 12.5)
    assert store.info.made_from == {"size": [T, S], "note": "é"}
    assert store.labels.tolist() == [0, 1, 0]
    assert store.subjects.tolist() == [5, 6, 7]
    assert store.labels.dtype == store.subjects.dtype == np.int64
    for i, clip in enumerate(store):
        fields = fields_of(i)
        assert (clip.label, clip.subject, clip.clip_id) == (i % 2, 5 + i, f"c{i}")
        assert clip.frame_rate == 12.5
        assert clip.modalities == ("rgb", "depth", "flow")
        assert all(x.dtype == torch.float32 for x in clip.frames.values())
        np.testing.assert_allclose(clip.frames["rgb"], fields["rgb"] / 255, rtol=1e-6)
        np.testing.assert_allclose(clip.frames["depth"], fields["depth_mm"] / 1000, rtol=1e-6)
        np.testing.assert_array_equal(clip.frames["flow"], fields["flow"] * 0.125)
        np.testing.assert_array_equal(clip.mask, fields["mask"] == 1)
        assert clip.mask.dtype == torch.bool
        np.testing.assert_array_equal(clip.joints, fields["joints"])


def test_only_the_fields_asked_for_are_opened_in_that_order(folder):
    (folder / "rgb.npy").unlink()
    store = ClipStore(folder, iter(["flow", "depth_mm"]))
    clip = store[0]
    assert clip.modalities == ("flow", "depth")
    assert clip.mask is None
    assert clip.joints is None
    with pytest.raises(DataError, match=r"has no field ir, depth; it has rgb, depth_mm, flow"):
        ClipStore(folder, ["ir", "flow", "depth"])


def test_8_bit_depth_goes_before_millimetres(tmp_path):
    fields = {"depth": np.full((1, 1, 2, 2), 51, np.uint8)}
    fields["depth_mm"] = np.full((1, 1, 2, 2), 900, np.uint16)
    write_clip_store(tmp_path / "s", INFO, ROWS[:1], [(0, fields)])
    assert torch.allclose(ClipStore(tmp_path / "s")[0].frames["depth"], torch.tensor(0.2))
    only = ClipStore(tmp_path / "s", ["depth_mm"])[0]
    assert torch.allclose(only.frames["depth"], torch.tensor(0.9))


def test_index_from_the_end_and_out_of_range(folder):
    store = ClipStore(folder)
    assert store[-1].clip_id == "c2"
    assert store[-N].clip_id == "c0"
    assert store[np.int64(1)].clip_id == "c1"
    for index in (N, -N - 1):
        with pytest.raises(IndexError, match=f"clip {index} of 3"):
            store[index]


def test_a_clip_can_be_changed_without_touching_the_store(folder):
    store = ClipStore(folder)
    clip = store[0]
    for x in (*clip.frames.values(), clip.mask, clip.joints):
        x.zero_()
    assert store[0].frames["rgb"].any()
    assert store[0].mask.any()
    assert store[0].joints.any()
    assert len(ClipStore(folder)) == N


def test_a_store_pickles_as_its_path_and_fields(folder):
    data = pickle.dumps(ClipStore(folder, ["flow", "mask"]))
    assert len(data) < 1000
    again = pickle.loads(data)
    assert tuple(again.arrays) == ("flow", "mask")
    assert torch.equal(again[1].frames["flow"], ClipStore(folder)[1].frames["flow"])


def test_the_second_write_does_nothing(folder):
    before = (folder / "index.json").stat().st_mtime_ns

    def never():
        yield pytest.fail("the clips must not be made again")

    write_clip_store(folder, INFO, ROWS, never())
    assert (folder / "index.json").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("indices", "message"),
    [((0, 2), r"1 of 3 clips were not given"), ((0, 1, 0), r"Row 0 of .*was given twice")],
)
def test_rows_missing_or_given_twice(tmp_path, indices, message):
    with pytest.raises(DataError, match=message):
        write_clip_store(tmp_path / "s", INFO, ROWS, ((i, fields_of(i)) for i in indices))
    assert names(tmp_path) == ["s.lock"]


@pytest.mark.parametrize(
    "change",
    [
        lambda f: f.pop("mask"),
        lambda f: f.update(ir=f["rgb"][:1]),
        lambda f: f.update(rgb=f["rgb"][:, :, :1]),
        lambda f: f.update(flow=f["flow"].astype(np.float32)),
    ],
)
def test_clips_that_differ_in_fields_are_refused(tmp_path, change):
    clips = [(i, fields_of(i)) for i in range(N)]
    change(clips[1][1])
    with pytest.raises(DataError, match=r"Row 1 of .*expected the first clip's fields"):
        write_clip_store(tmp_path / "s", INFO, ROWS, clips)
    assert names(tmp_path) == ["s.lock"]


def test_a_clip_that_cannot_be_made_leaves_nothing_and_its_own_error(tmp_path):
    def broken():
        yield 0, fields_of(0)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_clip_store(tmp_path / "s", INFO, ROWS, broken())
    assert names(tmp_path) == ["s.lock"]


def test_a_full_disk_is_noticed_before_the_first_clip_is_written(tmp_path, monkeypatch):
    def full(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(clip_store.os, "posix_fallocate", full, raising=False)
    with pytest.raises(DataError, match=r"Cannot write .*s \(No space left on device\)"):
        write_clip_store(tmp_path / "s", INFO, ROWS, ((i, fields_of(i)) for i in range(N)))
    assert names(tmp_path) == ["s.lock"]


def test_without_a_way_to_set_space_aside_the_store_is_written_too(tmp_path, monkeypatch):
    monkeypatch.delattr(clip_store.os, "posix_fallocate", raising=False)
    write_clip_store(tmp_path / "s", INFO, ROWS, ((i, fields_of(i)) for i in range(N)))
    assert len(ClipStore(tmp_path / "s")) == N


def test_a_folder_that_is_no_store_is_not_written_over(tmp_path):
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "mine.txt").write_text("x")

    def never():
        yield pytest.fail("no clip may be made in vain")

    with pytest.raises(DataError, match=r"has no index\.json.*delete the folder"):
        write_clip_store(tmp_path / "s", INFO, ROWS, never())
    assert names(tmp_path / "s") == ["mine.txt"]


def test_a_store_of_no_clips(tmp_path):
    write_clip_store(tmp_path / "s", INFO, [], [])
    store = ClipStore(tmp_path / "s")
    assert len(store) == 0
    assert list(store) == []


@pytest.mark.parametrize("path", ["nowhere", "s/flow.npy"])
def test_what_is_no_store_is_named(folder, path):
    with pytest.raises(DataError, match=r"(nowhere is no clip store|index\.json is damaged)"):
        ClipStore(folder.parent / path)


def flip_bit(path, where):
    data = bytearray(path.read_bytes())
    data[where] ^= 4
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.unlink(), "No such file"),
        (lambda path: path.write_bytes(path.read_bytes()[:-7]), r"expected \d+ bytes, got \d+"),
        (lambda path: path.write_bytes(path.read_bytes() + b"x"), r"expected \d+ bytes, got \d+"),
        (lambda path: flip_bit(path, -5), "check sum differs"),
        (lambda path: flip_bit(path, 0), "check sum differs"),
    ],
)
def test_a_damaged_field_is_named_with_the_remedy(folder, damage, message):
    damage(folder / "flow.npy")
    with pytest.raises(DataError, match=rf"flow\.npy is damaged.*{message}.*delete the folder"):
        ClipStore(folder)
    assert len(ClipStore(folder, ["rgb"])) == N


def test_large_fields_are_checked_by_size_and_heading_only(folder, monkeypatch):
    monkeypatch.setattr(clip_store, "FULL_CHECK_BYTES", 0)
    flip_bit(folder / "flow.npy", -5)
    assert len(ClipStore(folder)) == N
    flip_bit(folder / "flow.npy", 0)
    with pytest.raises(DataError, match=r"flow\.npy is damaged"):
        ClipStore(folder)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_any_changed_byte_of_the_index_is_noticed(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("stores") / "s"
    write_clip_store(folder, INFO, ROWS, ((i, fields_of(i)) for i in range(N)))
    before = (folder / "index.json").read_bytes()
    text = bytearray(before)
    text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    (folder / "index.json").write_bytes(text)
    try:
        says_the_same = json.loads(text) == json.loads(before)
    except ValueError:
        says_the_same = False
    if says_the_same:
        assert len(ClipStore(folder)) == N
        return
    with pytest.raises(DataError, match=r"s is a clip store of version|index\.json is damaged"):
        ClipStore(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '"x"', '{"version": 2}', "\x00\x01"])
def test_an_index_that_is_something_else(folder, text):
    (folder / "index.json").write_text(text)
    with pytest.raises(DataError, match=r"index\.json is damaged.*delete the folder"):
        ClipStore(folder)


def test_another_version_is_named(folder):
    index = json.loads((folder / "index.json").read_text())
    (folder / "index.json").write_text(json.dumps(index | {"version": 99}))
    with pytest.raises(DataError, match=r"version 99, this mmtlib reads version \d+; delete"):
        ClipStore(folder)


@settings(deadline=None, max_examples=50)
@given(
    seed=st.integers(0, 2**32),
    flow_scale=st.sampled_from([1 / 64, clip_store.FLOW_SCALE, 0.1, 1.0]),
)
def test_encode_and_decode_are_inverse_up_to_half_a_step(seed, flow_scale):
    g = torch.Generator().manual_seed(seed)
    frames = {m: torch.rand(c, T, S, S, generator=g) for m, c in (("rgb", 3), ("depth", 1))}
    frames["flow"] = torch.randn(2, T, S, S, generator=g) * 100 * flow_scale
    fields = encode_frames(frames, flow_scale)
    assert fields["rgb"].dtype == fields["depth"].dtype == np.uint8
    assert fields["flow"].dtype == np.int8
    limit = 127 * flow_scale
    for name, x in frames.items():
        scale = flow_scale if name == "flow" else 1 / 255
        back = torch.from_numpy(fields[name].astype(np.float32)) * scale
        wanted = x.clamp(-limit, limit) if name == "flow" else x
        assert (back - wanted).abs().max() <= scale * 0.5001


def test_levels_survive_the_store_exactly(tmp_path):
    levels = torch.arange(256).reshape(1, 1, 16, 16) / 255
    flow = (torch.arange(256).clamp(1, 255) - 128).reshape(1, 1, 16, 16).repeat(2, 1, 1, 1) / 8
    frames = {"ir": levels, "flow": flow}
    write_clip_store(tmp_path / "s", INFO, ROWS[:1], [(0, encode_frames(frames, INFO.flow_scale))])
    clip = ClipStore(tmp_path / "s")[0]
    assert torch.equal(clip.frames["flow"], flow)
    assert torch.allclose(clip.frames["ir"], levels, rtol=0, atol=1e-7)
    assert encode_frames(dict(clip.frames), INFO.flow_scale)["ir"].tolist() == (
        (levels * 255).round().int().tolist()
    )


def test_values_out_of_range_are_cut_not_wrapped():
    x = torch.tensor([-0.5, 1.5]).reshape(1, 1, 1, 2)
    assert encode_frames({"ir": x})["ir"].ravel().tolist() == [0, 255]
    flow = torch.tensor([-100.0, 100.0]).reshape(1, 1, 1, 2)
    assert encode_frames({"flow": flow})["flow"].ravel().tolist() == [-127, 127]
