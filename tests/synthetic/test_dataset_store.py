"""The benchmark's stores: made once, by one process at a time, and checked when they are opened."""

import itertools
import json
import multiprocessing
import shutil
import signal
import subprocess
import sys

import pytest
import torch

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
    (copied / "index.json").write_text(json.dumps(index | {"version": 0}))
    with pytest.raises(DataError, match=r"version 0 .* this mmtlib reads version .*delete"):
        SyntheticGestures("tiny", SMALL)


def test_a_cache_that_cannot_be_written_is_one_clear_sentence(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MMTLIB_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(DataError, match=r"Cannot write to the cache folder .*MMTLIB_CACHE"):
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


# A process that renders when told to, says after each clip how far it is, and stops at one of them.
BUILDER = """
import sys, time
import torch
from mmtlib.core import clip_writer
from mmtlib.synthetic import SyntheticGestures
clip_writer.SHARD_CLIPS = 8
torch.set_num_threads(1)
print("ready", flush=True)
sys.stdin.readline()
def progress(i, n):
    print(i, flush=True)
    if i == int(sys.argv[1]):
        time.sleep(600)
data = SyntheticGestures("tiny", "validation", progress=progress)
print("done", float(data[3].frames["rgb"].double().sum()), flush=True)
"""


@pytest.fixture
def start_builder():
    """Return a function that starts a builder; what still runs at the end is ended."""
    started = []

    def start(stop_at=0):
        process = subprocess.Popen(
            [sys.executable, "-c", BUILDER, str(stop_at)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def test_two_processes_at_once_make_one_store(empty_cache, start_builder, tiny, same, store_of):
    builders = [start_builder(), start_builder()]
    for builder in builders:
        assert builder.stdout.readline() == "ready\n"
    for builder in builders:
        builder.stdin.write("\n")
        builder.stdin.flush()
    said = [builder.stdout.read().splitlines() for builder in builders]
    assert [builder.wait() for builder in builders] == [0, 0]
    assert sorted(len(lines) for lines in said) == [1, 25], "one rendered, the other waited"
    assert said[0][-1] == said[1][-1]
    assert said[0][-1] == f"done {float(tiny[3].frames['rgb'].double().sum())}"
    name = store_of(tiny).name
    assert sorted(path.name for path in empty_cache.iterdir()) == [name, name + ".lock"]
    again = SyntheticGestures("tiny", SMALL, ALL, depth="metres")
    assert all(same(a, b) for a, b in zip(tiny, again, strict=True))


def test_what_a_killed_process_finished_is_not_rendered_again(
    empty_cache, start_builder, tiny, same
):
    builder = start_builder(17)
    builder.stdin.write("\n")
    builder.stdin.flush()
    while builder.stdout.readline() != "17\n":
        assert builder.poll() is None
    builder.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    builder.wait()
    assert not list(empty_cache.glob("tiny-*/index.json"))
    calls = []
    data = SyntheticGestures(
        "tiny", SMALL, ALL, depth="metres", progress=lambda *a: calls.append(a)
    )
    assert calls == [(i + 1, 24) for i in range(16, 24)]
    assert all(same(a, b) for a, b in zip(tiny, data, strict=True))


def test_a_spawned_worker_reads_the_same_store(tiny, same):
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        there = pool.apply(SyntheticGestures, ("tiny", SMALL, ALL), {"depth": "metres"})
        clip = pool.apply(there.__getitem__, (2,))
    assert same(clip, tiny[2])
    assert there.fingerprint == tiny.fingerprint
