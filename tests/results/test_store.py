"""The store as files: several writers, killed ones, merging, damage."""

import os
import random
import threading
import time
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.result_rows import TARGETS, append_many, made_up

from mmtlib.core.errors import DataError
from mmtlib.results import ResultsStore, load_results
from mmtlib.results import parts as parts_module


def parts(folder, kind="results"):
    return sorted((folder / kind).glob("*.parquet"))


def runs_in(folder):
    """Return the numbers of the made-up runs, after looking that each is there once and whole."""
    rows = load_results(folder=folder)
    numbers = sorted(set(rows["seed"]))
    assert len(rows) == len(TARGETS) * len(numbers)
    assert sorted(rows.groupby("seed")["target"].agg(tuple).map(sorted).map(tuple)) == [
        tuple(sorted(TARGETS))
    ] * len(numbers)
    assert (rows["accuracy"] == rows["seed"] / 1000).all()
    return numbers


def test_what_is_appended_is_read(tmp_path):
    ResultsStore(tmp_path).append(made_up(7))
    (part,) = parts(tmp_path)
    assert runs_in(tmp_path) == [7]
    assert len(ResultsStore(tmp_path).rows("predictions")) == 6
    assert parts_module._hash(part.read_bytes()) == part.stem
    assert not list(tmp_path.rglob("*.tmp"))


def test_default_place(fresh_cache):
    ResultsStore().append(made_up(1))
    assert ResultsStore().folder == fresh_cache / "results"
    assert runs_in(None) == [1]


def test_appended_twice_is_there_once(tmp_path):
    for _ in range(2):
        ResultsStore(tmp_path).append(made_up(3))
    assert runs_in(tmp_path) == [3]
    assert ResultsStore(tmp_path).compact() == 6  # two parts of three tables
    assert runs_in(tmp_path) == [3]
    (part,) = parts(tmp_path)
    assert pq.read_metadata(part).num_rows == len(TARGETS)


@pytest.mark.parametrize("merge", [False, True])
def test_the_row_recorded_last_counts(tmp_path, merge):
    for arm in ("old", "new", "old"):
        ResultsStore(tmp_path).append(made_up(3, arm=arm))
        if merge:
            ResultsStore(tmp_path).compact()
    assert set(load_results(folder=tmp_path)["arm"]) == {"old"}
    ResultsStore(tmp_path).append(made_up(3, arm="new"))
    assert set(load_results(folder=tmp_path)["arm"]) == {"new"}


def test_an_empty_table_writes_nothing(tmp_path):
    ResultsStore(tmp_path).append({"pairs": pa.Table.from_pylist([])})
    assert not list(tmp_path.iterdir())
    assert ResultsStore(tmp_path).rows("pairs").empty
    assert ResultsStore(tmp_path).compact() == 0


def test_merging_keeps_every_row(tmp_path):
    for number in range(12):
        ResultsStore(tmp_path).append(made_up(number))
    before = load_results(folder=tmp_path)
    assert ResultsStore(tmp_path).compact() == 36
    assert [len(parts(tmp_path, kind)) for kind in ("results", "predictions", "streams")] == [1] * 3
    after = load_results(folder=tmp_path)
    assert after.equals(before)
    assert ResultsStore(tmp_path).compact() == 0
    ResultsStore(tmp_path).append(made_up(12))
    assert ResultsStore(tmp_path).compact() == 6
    assert runs_in(tmp_path) == list(range(13))


def test_large_parts_stay_as_they_are(tmp_path, monkeypatch):
    ResultsStore(tmp_path).append(made_up(0))
    monkeypatch.setattr(parts_module, "SMALL_BYTES", parts(tmp_path)[0].stat().st_size - 100)
    for number in (1, 2):
        ResultsStore(tmp_path).append(made_up(number))
    (before,) = parts(tmp_path)[:1]
    ResultsStore(tmp_path).compact()
    assert len(parts(tmp_path)) == 3
    assert before.exists()
    assert runs_in(tmp_path) == [0, 1, 2]


def test_four_writers_at_once_and_one_of_them_killed(processes, tmp_path):
    folder, names = tmp_path / "results", [tmp_path / f"told-{i}" for i in range(4)]
    writers = [
        processes.Process(
            target=append_many,
            args=(str(folder), list(range(1000 * i, 1000 * i + rows)), 5, str(names[i])),
        )
        for i, rows in enumerate((1000, 12, 12, 12))  # the first would write for much longer
    ]
    for writer in writers:
        writer.start()
    seen = []
    deadline = time.monotonic() + 600
    while len(seen) < 4 and time.monotonic() < deadline:  # read while they write and merge
        seen = [n for n in runs_in(folder) if n < 1000] if folder.exists() else []
        time.sleep(0.01)
    writers[0].kill()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [-9, 0, 0, 0]
    told = {int(line) for name in names for line in name.read_text().split()}
    found = set(runs_in(folder))
    assert told <= found
    assert len(found - told) <= 1  # the killed one may have been about to tell
    others = {1000 * i + k for i in (1, 2, 3) for k in range(12)}
    assert {n for n in found if n >= 1000} == others
    left = [n for n in range(12) if n not in found]
    append_many(str(folder), left, 5, str(names[0]))
    ResultsStore(folder).compact()
    assert sorted(runs_in(folder)) == sorted(found | others | set(range(12)))
    assert len(parts(folder)) == 1


def test_killed_at_any_moment_of_merging(processes, tmp_path):
    """Merge again and again, kill it again and again: the rows stay what they were."""
    folder, draw = tmp_path / "results", random.Random(0)
    for number in range(8):
        ResultsStore(folder).append(made_up(number))
    for trial in range(6):
        numbers = list(range(8 * trial, 8 * trial + 8))
        writer = processes.Process(
            target=append_many, args=(str(folder), numbers, 1, str(tmp_path / "told"))
        )
        writer.start()
        deadline = time.monotonic() + 600
        while writer.is_alive() and not (tmp_path / "told").exists():
            assert time.monotonic() < deadline
            time.sleep(0.001)
        time.sleep(draw.uniform(0, 0.15))
        writer.kill()
        writer.join()
        found = runs_in(folder)
        told = {int(line) for line in (tmp_path / "told").read_text().split("\n") if line}
        assert set(range(8)) | told <= set(found)
    ResultsStore(folder).compact()
    assert runs_in(folder) == found


def test_stopped_between_the_merged_part_and_deleting_the_others(tmp_path, monkeypatch):
    for number in range(4):
        ResultsStore(tmp_path).append(made_up(number))
    deleted, delete = [], Path.unlink

    def stop(path, **_):
        if path.suffix != ".parquet":
            return
        if deleted:
            raise KeyboardInterrupt
        deleted.append(path)
        delete(path)

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.unlink", stop)
        with pytest.raises(KeyboardInterrupt):
            parts_module.merge_parts(tmp_path / "results")
    assert len(parts(tmp_path)) == 4  # three old ones and the merged one
    assert runs_in(tmp_path) == [0, 1, 2, 3]
    ResultsStore(tmp_path).compact()
    assert len(parts(tmp_path)) == 1
    assert runs_in(tmp_path) == [0, 1, 2, 3]


def test_a_reader_whose_part_is_merged_meanwhile_looks_again(tmp_path, monkeypatch):
    for number in range(3):
        ResultsStore(tmp_path).append(made_up(number))
    listed = parts_module.list_parts
    calls = []

    def list_then_merge(folder):
        found = listed(folder)
        if not calls:
            calls.append(folder)
            ResultsStore(tmp_path).compact()
        return found

    monkeypatch.setattr(parts_module, "list_parts", list_then_merge)
    assert runs_in(tmp_path) == [0, 1, 2]
    assert calls


def test_a_table_that_never_stands_still(tmp_path, monkeypatch):
    monkeypatch.setattr(parts_module, "list_parts", lambda folder: [folder / "gone.parquet"])
    monkeypatch.setattr(time, "sleep", lambda _: None)
    with pytest.raises(DataError, match="changed 20 times while it was read; try again"):
        ResultsStore(tmp_path).rows("results")


def test_what_a_killed_writer_left_is_removed_when_it_is_old(tmp_path):
    ResultsStore(tmp_path).append(made_up(1))
    old, young = (tmp_path / "results" / f".{name}.parquet.1.tmp" for name in ("old", "young"))
    for file in (old, young):
        file.write_bytes(b"half a part")
    os.utime(old, (0, 0))
    assert runs_in(tmp_path) == [1]
    ResultsStore(tmp_path).compact()
    assert (old.exists(), young.exists()) == (False, True)


def test_any_changed_byte_is_found(tmp_path, full):
    ResultsStore(tmp_path).append(made_up(1))
    (part,) = parts(tmp_path)
    good, draw = part.read_bytes(), random.Random(1)
    for damaged in (
        b"", good[:-1], good[: len(good) // 2], b"no parquet",
        *(bytes([*good[:i], good[i] ^ 1, *good[i + 1 :]])
          for i in (draw.randrange(len(good)) for _ in range(100 if full else 6))),
    ):  # fmt: skip
        part.write_bytes(damaged)
        for use in (lambda: load_results(folder=tmp_path), lambda: _with_a_second(tmp_path)):
            with pytest.raises(DataError) as error:
                use()
            assert str(error.value) == (
                f"{part} is damaged (its content has changed since it was written); delete it and "
                "start the same sweep again, which writes its rows anew from the stored runs."
            )
    part.write_bytes(good)
    assert 1 in runs_in(tmp_path)


def _with_a_second(folder):
    ResultsStore(folder).append({"results": made_up(2)["results"]})
    ResultsStore(folder).compact()


def test_a_part_that_cannot_be_read(tmp_path):
    ResultsStore(tmp_path).append(made_up(1))
    (tmp_path / "results" / "folder.parquet").mkdir()
    with pytest.raises(DataError, match=r"Cannot read .*folder\.parquet \(Is a directory\)"):
        load_results(folder=tmp_path)


def test_a_full_disk(tmp_path, monkeypatch):
    ResultsStore(tmp_path).append(made_up(1))

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(DataError, match="No space left on device"):
        ResultsStore(tmp_path).append(made_up(2))
    assert runs_in(tmp_path) == [1]


def test_different_values(tmp_path):
    assert ResultsStore(tmp_path).distinct("results", ["seed"]) == set()
    for number in (4, 4, 5):
        ResultsStore(tmp_path).append(made_up(number))
    assert ResultsStore(tmp_path).distinct("results", ["seed", "split"]) == {
        (4, "validation"), (5, "validation"),
    }  # fmt: skip


def test_merging_waits_for_another_merging(tmp_path, monkeypatch):
    for number in range(3):
        ResultsStore(tmp_path).append(made_up(number))
    inside, most = [], []
    write = parts_module.write_part

    def slow_write(folder, table):
        inside.append(folder)
        most.append(len(inside))
        time.sleep(0.1)
        written = write(folder, table)
        inside.remove(folder)
        return written

    monkeypatch.setattr(parts_module, "write_part", slow_write)
    merge = partial(parts_module.merge_parts, tmp_path / "results")
    both = [threading.Thread(target=merge) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert most == [1]  # the second one found nothing left to merge
    assert runs_in(tmp_path) == [0, 1, 2]
