"""Stores are written shard by shard: whole or not at all, and never the same clip twice."""

import errno
import json
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.child_runs import write_when_told
from support.numbered_clips import INFO, Maker, fields_of, rows_of, sum_of

from mmtlib.core import clip_writer
from mmtlib.core.clip_store import ClipStore, StoreRow
from mmtlib.core.clip_writer import write_clip_store
from mmtlib.core.errors import DataError


def never(indices):
    yield pytest.fail("no clip may be made in vain")


def contents(folder):
    """Return every file of a store with its bytes."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.fixture
def threes(monkeypatch):
    """Let shards have three clips."""
    monkeypatch.setattr(clip_writer, "SHARD_CLIPS", 3)


forms = st.dictionaries(
    st.sampled_from(["rgb", "ir", "depth", "depth_mm", "flow", "mask", "joints"]),
    st.tuples(
        st.sampled_from([np.uint8, np.int8, np.uint16, np.float32]),
        st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=80)
@given(data=st.data(), forms=forms, n=st.integers(1, 20))
def test_any_store_killed_anywhere_is_resumed_to_the_same_bytes(
    tmp_path_factory, monkeypatch, data, forms, n
):
    folder = tmp_path_factory.mktemp("stores")
    monkeypatch.setattr(clip_writer, "SHARD_CLIPS", data.draw(st.integers(1, 8), "shard clips"))
    monkeypatch.setattr(clip_writer, "SHARD_BYTES", data.draw(st.integers(1, 2000), "shard bytes"))
    rows = rows_of(n)
    write_clip_store(folder / "whole", INFO, rows, Maker(forms))
    store = ClipStore(folder / "whole")
    for index in range(n):
        for name, values in fields_of(index, forms).items():
            found = store.stored(name, index)
            assert (found.dtype, found.shape) == (values.dtype, values.shape)
            assert found.tobytes() == values.tobytes()
    made = []
    for fails_at in sorted(data.draw(st.sets(st.integers(0, n - 1), max_size=4), "killed at")):
        maker = Maker(forms, fails_at=fails_at)
        if fails_at not in made:
            with pytest.raises(ZeroDivisionError):
                write_clip_store(folder / "killed", INFO, rows, maker)
        made += maker.made
        with pytest.raises(DataError, match="is no clip store"):
            ClipStore(folder / "killed")
    rest = Maker(forms)
    write_clip_store(folder / "killed", INFO, rows, rest)
    assert contents(folder / "killed") == contents(folder / "whole")


def test_only_what_is_missing_is_asked_for(tmp_path, threes):
    for fails_at, expected in ((5, [0, 1, 2, 3, 4]), (7, [3, 4, 5, 6]), (None, [6, 7])):
        maker = Maker(fails_at=fails_at)
        if fails_at is not None:
            with pytest.raises(ZeroDivisionError):
                write_clip_store(tmp_path / "s", INFO, rows_of(8), maker)
        else:
            write_clip_store(tmp_path / "s", INFO, rows_of(8), maker)
        assert maker.made == expected
    write_clip_store(tmp_path / "s", INFO, rows_of(8), never)
    names = sorted(path.name for path in (tmp_path / "s").iterdir())
    assert names == ["index.json", "shard-0000", "shard-0001", "shard-0002"]


def test_a_full_shard_is_kept_at_once(tmp_path, threes):
    """Not only when the next clip is there: making it may take long, or fail."""
    seen = []

    def make(indices):
        for index in indices:
            seen.append(len(list(tmp_path.glob("s/shard-*/part.json"))))
            yield index, fields_of(index)

    write_clip_store(tmp_path / "s", INFO, rows_of(7), make)
    assert seen == [0, 0, 0, 1, 1, 1, 2]


def test_shards_are_bounded_in_bytes(tmp_path, monkeypatch):
    clip = sum(values.nbytes for values in fields_of(0).values())
    monkeypatch.setattr(clip_writer, "SHARD_BYTES", 3 * clip + 1)
    write_clip_store(tmp_path / "s", INFO, rows_of(7), Maker())
    sizes = [path.stat().st_size for path in sorted(tmp_path.glob("s/shard-*/rgb.bin"))]
    assert sizes == [3 * 96, 3 * 96, 96]
    monkeypatch.setattr(clip_writer, "SHARD_BYTES", 1)
    write_clip_store(tmp_path / "t", INFO, rows_of(2), Maker())
    assert len(list(tmp_path.glob("t/shard-*"))) == 2


def test_a_resumed_store_keeps_the_size_of_its_shards(tmp_path, threes, monkeypatch):
    with pytest.raises(ZeroDivisionError):
        write_clip_store(tmp_path / "s", INFO, rows_of(8), Maker(fails_at=4))
    monkeypatch.setattr(clip_writer, "SHARD_CLIPS", 64)
    write_clip_store(tmp_path / "s", INFO, rows_of(8), Maker())
    assert len(list(tmp_path.glob("s/shard-*"))) == 3
    assert [c.clip_id for c in ClipStore(tmp_path / "s")] == [f"c{i}" for i in range(8)]


@pytest.mark.parametrize("order", [(0, 2, 1), (0, 1, 1), (1, 0, 2), (0, 1, 2, 3), (0, 1, -1)])
def test_rows_out_of_order_or_given_twice(tmp_path, order):
    def make(indices):
        return ((i, fields_of(abs(i))) for i in order)

    with pytest.raises(DataError, match=r"Row -?\d of .*is out of order, or given twice"):
        write_clip_store(tmp_path / "s", INFO, rows_of(3), make)


def test_missing_rows(tmp_path, threes):
    rows = rows_of(8)
    with pytest.raises(DataError, match=r"2 of 8 clips were not given"):
        write_clip_store(tmp_path / "s", INFO, rows, Maker(leaves_out=(3, 7)))
    write_clip_store(tmp_path / "s", INFO, rows, Maker(leaves_out=(3, 7)), allow_missing=True)
    store = ClipStore(tmp_path / "s")
    assert store.clip_ids == ("c0", "c1", "c2", "c4", "c5", "c6")
    assert store.labels.tolist() == [0, 1, 0, 0, 1, 0]
    for place, i in enumerate((0, 1, 2, 4, 5, 6)):
        np.testing.assert_array_equal(store.stored("rgb", place), fields_of(i)["rgb"])
    write_clip_store(tmp_path / "s", INFO, rows, never, allow_missing=True)
    again = Maker()
    write_clip_store(tmp_path / "s", INFO, rows, again)  # now all of them are wanted
    assert again.made == [3, 4, 5, 6, 7]
    assert len(ClipStore(tmp_path / "s")) == 8


def test_a_shard_without_any_clip(tmp_path, threes):
    maker = Maker(leaves_out=(3, 4, 5))
    write_clip_store(tmp_path / "s", INFO, rows_of(8), maker, allow_missing=True)
    write_clip_store(tmp_path / "s", INFO, rows_of(8), never, allow_missing=True)
    store = ClipStore(tmp_path / "s")
    assert store.clip_ids == ("c0", "c1", "c2", "c6", "c7")
    np.testing.assert_array_equal(store.stored("joints", 3), fields_of(6)["joints"])


def test_a_store_of_no_clips(tmp_path):
    write_clip_store(tmp_path / "s", INFO, [], never)
    assert list(ClipStore(tmp_path / "s")) == []
    with pytest.raises(DataError, match="2 of 2 clips were not given"):
        write_clip_store(
            tmp_path / "t", INFO, rows_of(2), Maker(leaves_out=(0, 1)), allow_missing=True
        )


@pytest.mark.parametrize(
    "change",
    [
        lambda f: f.pop("joints"),
        lambda f: f.update(ir=f["rgb"][:1]),
        lambda f: f.update(rgb=f["rgb"][:, :, :1]),
        lambda f: f.update(rgb=f["rgb"].astype(np.float32)),
    ],
)
def test_clips_that_differ_in_fields_are_refused(tmp_path, threes, change):
    def make(indices):
        for i in indices:
            fields = fields_of(i)
            if i == 4:
                change(fields)
            yield i, fields

    with pytest.raises(DataError, match=r"Row 4 of .*expected the first clip's fields"):
        write_clip_store(tmp_path / "s", INFO, rows_of(6), make)
    assert [path.name for path in (tmp_path / "s").iterdir()] == ["shard-0000"]


def test_a_full_disk_is_one_clear_sentence_and_costs_one_shard(tmp_path, threes, monkeypatch):
    real, count = os.fsync, iter(range(100))

    def full(handle):
        if next(count) == 4:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DataError, match=r"Cannot write .*shard-0001\S+ \(No space left"):
        write_clip_store(tmp_path / "s", INFO, rows_of(8), Maker())
    assert [path.name for path in (tmp_path / "s").iterdir()] == ["shard-0000"]
    rest = Maker()
    write_clip_store(tmp_path / "s", INFO, rows_of(8), rest)
    assert rest.made == [3, 4, 5, 6, 7]


def test_a_folder_that_is_no_store_is_not_written_over(tmp_path):
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "mine.txt").write_text("x")
    (tmp_path / "f").write_text("x")
    (tmp_path / "g" / "shard-0000").mkdir(parents=True)
    (tmp_path / "g" / "shard-0000" / "rgb.bin").write_text("x")
    for name in "sf":
        with pytest.raises(DataError, match=r"has no index\.json.*move the folder away"):
            write_clip_store(tmp_path / name, INFO, rows_of(3), never)
    with pytest.raises(DataError, match=r"part\.json is damaged \(it is missing"):
        write_clip_store(tmp_path / "g", INFO, rows_of(3), never)
    assert contents(tmp_path / "s") == {"mine.txt": b"x"}
    assert contents(tmp_path / "g") == {"shard-0000/rgb.bin": b"x"}


@pytest.mark.parametrize("finished", [True, False])
def test_a_store_of_other_clips_is_not_added_to(tmp_path, threes, finished):
    rows = rows_of(5)
    if finished:
        write_clip_store(tmp_path / "s", INFO, rows, Maker())
    else:
        with pytest.raises(ZeroDivisionError):
            write_clip_store(tmp_path / "s", INFO, rows, Maker(fails_at=4))
    rows[2] = StoreRow(label=1, subject=2, clip_id="c2")
    with pytest.raises(DataError, match=r"s belongs to a clip store of other clips; move"):
        write_clip_store(tmp_path / "s", INFO, rows, never)


@pytest.mark.parametrize("name", ["part.json", "rgb.bin", "joints.bin"])
@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_damage_to_a_finished_shard_is_named_on_resuming(tmp_path, threes, name, damage):
    with pytest.raises(ZeroDivisionError):
        write_clip_store(tmp_path / "s", INFO, rows_of(5), Maker(fails_at=4))
    path = tmp_path / "s" / "shard-0000" / name
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-1])
    else:
        path.unlink()
    with pytest.raises(DataError, match=rf"{name} is damaged .*delete .*shard-0000 and run"):
        write_clip_store(tmp_path / "s", INFO, rows_of(5), never)


def test_a_lost_index_is_put_together_again_without_making_a_clip(tmp_path, threes):
    write_clip_store(tmp_path / "s", INFO, rows_of(8), Maker())
    before = contents(tmp_path / "s")
    (tmp_path / "s" / "index.json").unlink()
    write_clip_store(tmp_path / "s", INFO, rows_of(8), never)
    assert contents(tmp_path / "s") == before


# Processes of their own.


@pytest.fixture
def start_writer(start_child, tmp_path):
    """Return a function that starts a writer, which waits for a word before every clip."""
    return lambda: start_child(write_when_told, tmp_path / "s", 10)


@pytest.mark.parametrize("kill_at", [0, 2, 3, 7, 9])
def test_a_killed_process_costs_the_shard_it_was_at(tmp_path, threes, start_writer, kill_at):
    writer, talk = start_writer()
    for index in range(kill_at + 1):
        talk.send("go on")
        assert talk.recv() == index
    writer.kill()
    writer.join()
    (tmp_path / "s" / ".shard-0003.partial-0badcafe").mkdir(parents=True)  # killed while saving
    (tmp_path / "s" / ".index.json.0badcafe.tmp").write_text("half")
    rest = Maker()
    write_clip_store(tmp_path / "s", INFO, rows_of(10), rest)
    assert rest.made == list(range(kill_at // 3 * 3, 10))
    write_clip_store(tmp_path / "whole", INFO, rows_of(10), Maker())
    found = contents(tmp_path / "s")
    found.pop(".index.json.0badcafe.tmp")
    assert found == contents(tmp_path / "whole")


def test_two_processes_at_once_end_with_one_good_store(tmp_path, threes, start_writer):
    writers = [start_writer(), start_writer()]
    for _, talk in writers:
        for _ in range(20):
            talk.send("go on")
    said = [list(iter(talk.recv, "done")) for _, talk in writers]
    for writer, _ in writers:
        writer.join()
        assert writer.exitcode == 0
    assert sorted(map(len, said)) == [0, 10], "one made the clips, the other waited"
    write_clip_store(tmp_path / "whole", INFO, rows_of(10), Maker())
    assert contents(tmp_path / "s") == contents(tmp_path / "whole")
    assert json.loads((tmp_path / "s" / "index.json").read_text())["shard_clips"] == 3


def test_four_processes_read_at_once(processes, tmp_path, threes):
    write_clip_store(tmp_path / "s", INFO, rows_of(10), Maker())
    store = ClipStore(tmp_path / "s")
    with processes.Pool(4) as pool:
        found = pool.map(sum_of, [store] * 4, chunksize=1)
    assert set(found) == {sum(int(fields_of(i)["rgb"].sum()) for i in range(10))}
