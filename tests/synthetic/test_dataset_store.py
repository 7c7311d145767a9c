"""The benchmark's stores: made once, by one process at a time, and checked when they are opened."""

import itertools
import json
import shutil

import pytest
import torch
from support.child_runs import make_clips_when_told

from mmtlib.core.errors import DataError
from mmtlib.core.modalities import MODALITIES
from mmtlib.synthetic import SyntheticGestures, dataset

SMALL = "validation"
ALL = tuple(MODALITIES)


def test_the_first_use_renders_and_the_second_does_not(empty_cache, monkeypatch, store_of):
    calls = []
    threads = torch.get_num_threads()
    first = SyntheticGestures("tiny", SMALL, progress=lambda *a: calls.append(a))
    assert calls == [(i + 1, 24) for i in range(24)]
    assert torch.get_num_threads() == threads
    monkeypatch.setattr(dataset, "render", lambda *a, **k: pytest.fail("rendered again"))
    second = SyntheticGestures("tiny", SMALL, "ir,flow", extras=True, progress=calls.append)
    assert len(calls) == 24
    assert store_of(first) == store_of(second)
    assert [path.name for path in empty_cache.iterdir() if path.is_dir()] == [store_of(first).name]
    info = first._store.info
    assert info.class_names == first.classes
    assert info.made_from["split"] == SMALL
    assert info.made_from["generator_seed"] == 0


@pytest.fixture
def copied(tiny, empty_cache, store_of):
    """A copy of the tiny store in another cache, to be damaged."""
    folder = empty_cache / store_of(tiny).name
    shutil.copytree(store_of(tiny), folder)
    return folder


@pytest.mark.parametrize("name", ["rgb.bin", "depth_mm.bin", "mask.bin", "index.json"])
@pytest.mark.parametrize("damage", ["cut", "bit", "gone"])
def test_damage_is_named(copied, no_rendering, name, damage):
    path = copied / name if name == "index.json" else copied / "shard-0000" / name
    data = bytearray(path.read_bytes())
    if damage == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif damage == "bit":
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    else:
        path.unlink()
    if (name, damage) == ("index.json", "gone"):  # put together again from the shards
        assert len(SyntheticGestures("tiny", SMALL, ALL, extras=True)) == 24
        return
    with pytest.raises(DataError, match=rf"{name} is damaged.*delete .* same command again"):
        SyntheticGestures("tiny", SMALL, ALL, extras=True)


def test_damage_to_what_is_not_read_does_no_harm(copied, no_rendering):
    (copied / "shard-0000" / "ir.bin").write_bytes(b"")
    assert len(SyntheticGestures("tiny", SMALL, "rgb,depth")) == 24


def test_a_deleted_store_is_made_again(copied, tiny, same):
    shutil.rmtree(copied)
    assert same(SyntheticGestures("tiny", SMALL, ALL, depth="metres")[4], tiny[4])


def test_a_store_of_another_version_is_named(copied, no_rendering):
    index = json.loads((copied / "index.json").read_text())
    index["seal"]["version"] = 0
    (copied / "index.json").write_text(json.dumps(index))
    with pytest.raises(DataError, match=r"version 0, this mmtlib reads version .*delete"):
        SyntheticGestures("tiny", SMALL)


def test_a_cache_that_cannot_be_written_is_one_clear_sentence(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MMTLIB_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(DataError, match=r"Cannot write .*choose a folder.*MMTLIB_CACHE"):
        SyntheticGestures("tiny", SMALL)


def test_an_error_while_rendering_leaves_no_store(empty_cache, monkeypatch):
    real, count = dataset.render, itertools.count()

    def breaks(*args, **kwargs):
        if next(count) == 5:
            raise ArithmeticError("broken")
        return real(*args, **kwargs)

    threads = torch.get_num_threads()
    with monkeypatch.context() as patch:
        patch.setattr(dataset, "render", breaks)
        with pytest.raises(ArithmeticError, match="broken"):
            SyntheticGestures("tiny", SMALL)
    assert [path.suffix for path in empty_cache.iterdir()] == [".lock"]
    assert torch.get_num_threads() == threads
    assert len(SyntheticGestures("tiny", SMALL)) == 24


@pytest.fixture
def start_builder(start_child, empty_cache):
    """Return a function that starts a process which renders when told to; it can stop for ever."""
    cache = str(empty_cache.parent)
    return lambda stop_at=0: start_child(make_clips_when_told, cache, stop_at)


def test_two_processes_at_once_make_one_store(empty_cache, start_builder, tiny, same, store_of):
    builders = [start_builder(), start_builder()]
    for _, talk in builders:
        talk.send("begin")
    said = [list(iter(talk.recv, "done")) for _, talk in builders]
    for builder, _ in builders:
        builder.join()
        assert builder.exitcode == 0
    assert sorted(len(lines) for lines in said) == [1, 25], "one rendered, the other waited"
    assert said[0][-1] == said[1][-1] == float(tiny[3].frames["rgb"].double().sum())
    name = store_of(tiny).name
    assert sorted(path.name for path in empty_cache.iterdir()) == [name, name + ".lock"]
    again = SyntheticGestures("tiny", SMALL, ALL, depth="metres")
    assert all(same(a, b) for a, b in zip(tiny, again, strict=True))


def test_what_a_killed_process_finished_is_not_rendered_again(
    empty_cache, start_builder, tiny, same
):
    builder, talk = start_builder(17)
    talk.send("begin")
    assert [talk.recv() for _ in range(17)][-1] == 17
    builder.kill()
    builder.join()
    assert not list(empty_cache.glob("tiny-*/index.json"))
    calls = []
    data = SyntheticGestures(
        "tiny", SMALL, ALL, depth="metres", progress=lambda *a: calls.append(a)
    )
    assert calls == [(i + 1, 24) for i in range(16, 24)]
    assert all(same(a, b) for a, b in zip(tiny, data, strict=True))


def test_another_process_reads_the_same_store(processes, tiny, same):
    with processes.Pool(1) as pool:
        there = pool.apply(SyntheticGestures, ("tiny", SMALL, ALL), {"depth": "metres"})
        clip = pool.apply(there.__getitem__, (2,))
    assert same(clip, tiny[2])
    assert there.fingerprint == tiny.fingerprint
