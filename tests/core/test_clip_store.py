import json
import pickle
import shutil

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtlib.core import clip_store, clip_writer
from mmtlib.core.clip_store import FRAME_RATE, ClipStore, StoreInfo, StoreRow, encode_frames
from mmtlib.core.clip_writer import write_clip_store
from mmtlib.core.errors import DataError

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


def make(indices):
    return ((i, fields_of(i)) for i in indices)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A store of two shards: of two clips and of one."""
    monkeypatch.setattr(clip_writer, "SHARD_CLIPS", 2)
    write_clip_store(tmp_path / "s", INFO, ROWS, make)
    return tmp_path / "s"


def test_a_clip_may_have_a_frame_rate_of_its_own(tmp_path):
    def with_rates(indices):
        return ((i, {**fields_of(i), FRAME_RATE: np.array([5.5 + i], np.float32)}) for i in indices)

    write_clip_store(tmp_path / "s", INFO, ROWS, with_rates)
    for fields in (None, ["rgb"]):
        store = ClipStore(tmp_path / "s", fields)
        assert FRAME_RATE not in store.fields
        assert [clip.frame_rate for clip in store] == [5.5, 6.5, 7.5]
        assert [clip.frame_rate for clip in pickle.loads(pickle.dumps(store))] == [5.5, 6.5, 7.5]
    with pytest.raises(DataError, match="has no field frame_rate"):
        ClipStore(tmp_path / "s", [FRAME_RATE])


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
    (folder / "shard-0001" / "rgb.bin").unlink()
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
    write_clip_store(tmp_path / "s", INFO, ROWS[:1], lambda _: [(0, fields)])
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
    assert again.fields == ("flow", "mask")
    assert torch.equal(again[1].frames["flow"], ClipStore(folder)[1].frames["flow"])


@pytest.mark.parametrize("path", ["nowhere", "s/index.json"])
def test_what_is_no_store_is_named(folder, path):
    with pytest.raises(DataError, match=r"(nowhere|index\.json) is no clip store"):
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
        (lambda path: flip_bit(path, -5), "the check sum of clip c2 differs"),
        (lambda path: flip_bit(path, 0), "the check sum of clip c2 differs"),
    ],
)
def test_a_damaged_shard_is_named_and_that_alone_is_made_again(folder, damage, message):
    path, before = folder / "shard-0001" / "flow.bin", ClipStore(folder)[2]
    damage(path)
    with pytest.raises(DataError, match=rf"flow\.bin is damaged.*{message}.*delete .*shard-0001 "):
        ClipStore(folder)
    assert len(ClipStore(folder, ["rgb"])) == N
    asked = []

    def again(indices):
        asked.extend(indices)
        return make(indices)

    shutil.rmtree(path.parent)
    write_clip_store(folder, INFO, ROWS, again)
    assert asked == [2]
    assert torch.equal(ClipStore(folder)[2].frames["flow"], before.frames["flow"])


def test_a_large_store_is_checked_clip_by_clip_when_first_read(folder, monkeypatch):
    monkeypatch.setattr(clip_store, "CHECK_AT_ONCE_BYTES", 0)
    bytes_of_flow = fields_of(0)["flow"].nbytes
    flip_bit(folder / "shard-0000" / "flow.bin", bytes_of_flow + 3)
    store = ClipStore(folder)
    assert store[0].clip_id == "c0"
    assert store[2].clip_id == "c2"
    for index in (1, -2, 1):
        with pytest.raises(DataError, match=r"flow\.bin is damaged.*clip c1 differs"):
            store[index]
    assert ClipStore(folder, ["rgb", "mask"])[1].clip_id == "c1"


def test_a_clip_is_checked_once(folder, monkeypatch):
    store, real, sums = ClipStore(folder), clip_store.zlib.crc32, []
    monkeypatch.setattr(clip_store.zlib, "crc32", lambda x: sums.append(len(x)) or real(x))
    store[1]
    assert not sums, "it was checked when the small store was opened"
    monkeypatch.setattr(clip_store, "CHECK_AT_ONCE_BYTES", 0)
    store = ClipStore(folder)
    del sums[:]
    for _ in range(3):
        store[1]
    assert len(sums) == len(store.fields)


def test_what_is_stored_is_shown_without_a_copy(folder):
    store = ClipStore(folder)
    for i in range(N):
        for name, values in fields_of(i).items():
            found = store.stored(name, i)
            assert not found.flags.owndata
            assert not found.flags.writeable
            assert found.dtype == values.dtype
            np.testing.assert_array_equal(found, values)
    assert np.shares_memory(store.stored("rgb", 0), store.stored("rgb", -N))
    with pytest.raises(IndexError, match="clip 3 of 3"):
        store.stored("rgb", N)


def test_few_files_are_held_open(folder, monkeypatch):
    monkeypatch.setattr(clip_store, "OPEN_FILES", 1)
    store = ClipStore(folder, ["rgb", "flow"])
    for i in (0, 2, 1):
        np.testing.assert_array_equal(store.stored("flow", i), fields_of(i)["flow"])
        np.testing.assert_array_equal(store.stored("rgb", i), fields_of(i)["rgb"])
    assert store._mapped.cache_info().currsize == 1


@settings(max_examples=60)
@given(st.data())
def test_any_changed_byte_of_the_index_is_noticed(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("stores") / "s"
    write_clip_store(folder, INFO, ROWS, make)
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
    with pytest.raises(DataError, match=r"s is of version|index\.json is damaged"):
        ClipStore(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '"x"', '{"version": 3}', "\x00\x01"])
def test_an_index_that_is_something_else(folder, text):
    (folder / "index.json").write_text(text)
    with pytest.raises(DataError, match=r"index\.json is damaged.*delete .*index\.json and run"):
        ClipStore(folder)


def test_another_version_is_named(folder):
    index = json.loads((folder / "index.json").read_text())
    index["seal"]["version"] = 99
    (folder / "index.json").write_text(json.dumps(index))
    for use in (ClipStore, lambda folder: write_clip_store(folder, INFO, ROWS, make)):
        with pytest.raises(DataError, match=r"version 99.* reads version \d+; delete .*index"):
            use(folder)


@settings(max_examples=50)
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
    fields = encode_frames({"ir": levels, "flow": flow}, INFO.flow_scale)
    write_clip_store(tmp_path / "s", INFO, ROWS[:1], lambda _: [(0, fields)])
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
