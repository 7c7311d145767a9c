"""Faults of files: a full disk at every write, and damage of every kind of file that is read.

Whatever is done to a file, what is read is right, or one sentence says which file it is and what to
do. Whatever cannot be written is said in one sentence, and what was there is as it was.
"""

import ast
import collections
import json
import os
import random
import resource
import shutil
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from support.tiny_runs import tiny

import mmtlib
from mmtlib.core.arrays import write_arrays
from mmtlib.core.cache import temporary_cache
from mmtlib.core.clip_store import ClipStore, StoreInfo, StoreRow
from mmtlib.core.clip_writer import write_clip_store
from mmtlib.core.errors import DataError, MmtlibError
from mmtlib.core.files import write_part_of, write_whole
from mmtlib.core.sealed import sealed, write_json, write_lines
from mmtlib.course import running, timing
from mmtlib.datasets.optical_flow import FlowFiles
from mmtlib.evaluation import Predictions
from mmtlib.experiment import load_exported, load_run, migrate_runs, twin
from mmtlib.experiment.machine import build_network
from mmtlib.experiment.runs import Run
from mmtlib.experiment.stored import ship_run
from mmtlib.experiment.video_writer import write_video
from mmtlib.models import load_weights, save_weights
from mmtlib.results import ResultsStore
from mmtlib.results.parts import merge_parts, write_part
from mmtlib.results.records import prediction_rows
from mmtlib.training.callbacks import Training, make_logger
from mmtlib.training.checkpointing import load_state, save_state

IDENTITY = "a" * 64
STATE = {"identity": IDENTITY, "weights": torch.arange(999.0), "epoch": 3}
READINGS = [{"split": "test", "state": "done", "accuracy": {"rgb": 0.5}}, {"split": "test"}]
STORE = StoreInfo(
    name="s", class_names=("a", "b"), fingerprint="f" * 64, frame_rate=10.0, made_from={"x": 1}
)
ROWS = [StoreRow(label=i % 2, subject=i, clip_id=f"clip {i}") for i in range(3)]
MADE_FROM = {"recording": "abc", "frames": [0, 8]}
PICTURES = np.random.default_rng(0).integers(0, 256, (3, 1, 4, 24, 24), dtype=np.uint8)
FLOW = np.random.default_rng(1).normal(size=(2, 4, 24, 24)).astype(np.float32)
DONE = {"00_first, alone": [1.0, 1.0, []]}
TO_DO = ("delete", "again", "restore", "install", "train", "copy", "choose", "give", "migrate")


def failures(n):
    row = {"study": "s", "split": "test", "error": "no " * 500}
    return pa.Table.from_pylist([{**row, "task": f"task {i}"} for i in range(n)])


def write_store(folder):
    write_clip_store(folder, STORE, ROWS, lambda todo: [(i, {"rgb": PICTURES[i]}) for i in todo])


def read_store(folder):
    store = ClipStore(folder, ["rgb"])
    return store.info, [store.stored("rgb", i).tobytes() for i in range(len(store))]


def read_part_of_store(part):
    """The writer reads what shards say of themselves where the index is missing."""
    folder = part.parent.parent
    (folder / "index.json").unlink()
    write_store(folder)
    return read_store(folder)


def read_network(path):
    network = build_network(load_run(path.parent).config, "rgb", 4)
    metadata = load_weights(network, path)
    return metadata, [(k, v.numpy().tobytes()) for k, v in network.state_dict().items()]


def read_predictions(path):
    found = Predictions.load(path)
    return found.scores.tobytes(), found.labels.tobytes(), found.clip_ids


def read_model(path):
    model = load_exported(path)
    return model.classes, model.forward(torch.ones(1, 3, 8, 16, 16)).numpy().tobytes()


def read_state(path):
    found = load_state(path, IDENTITY)
    return found["epoch"], found["weights"].numpy().tobytes()


def rows(path):
    return ResultsStore(path.parent.parent).rows(path.parent.name).to_json()


def flow_files(folder):
    return FlowFiles(folder, "dis", "python make.py")


# File -> how it is read. Not here: lists, configs and grids of a user's own, media, and the CSV of
# `mmt data verify`, which people write and change, so that there is nothing to compare with.
READERS = {
    "runs/run/run.json": lambda p: load_run(p.parent).facts,
    "runs/run/history.json": lambda p: load_run(p.parent).history.streams,
    "runs/run/evaluations.jsonl": lambda p: load_run(p.parent).readings("test"),
    "runs/run/rgb.safetensors": read_network,
    "runs/run/validation-rgb.npz": read_predictions,
    "state.pt": read_state,
    "results/failures/*.parquet": rows,
    "results/predictions/*.parquet": rows,
    "store/index.json": lambda p: read_store(p.parent),
    "store/shard-0000/rgb.bin": lambda p: read_store(p.parent.parent),
    "store/shard-0000/part.json": read_part_of_store,
    "flow/clip.npz": lambda p: flow_files(p.parent).read("clip", MADE_FROM).numpy().tobytes(),
    "model.onnx": read_model,
    "twin/twin.json": lambda p: twin._is_there(p.parent, MADE_FROM),
    ".00_first.json": running._read_stamp,
    "unfinished.json": lambda p: timing._read_unfinished(p, "k"),
}


@pytest.fixture(scope="session")
def stock(joint_run: Run, exported, tmp_path_factory) -> Path:
    """A folder with a file of every kind, shared: do not change it."""
    folder = tmp_path_factory.mktemp("stock")
    shutil.copytree(joint_run.path, folder / "runs" / "run")
    write_lines(folder / "runs" / "run" / "evaluations.jsonl", READINGS)
    save_state(folder / "state.pt", STATE)
    found = joint_run.predictions()["rgb"]
    ours = {"identity": IDENTITY, "run_id": IDENTITY[:12]}
    store = ResultsStore(folder / "results")
    store.append({"failures": failures(5), "predictions": prediction_rows(ours, "rgb", "x", found)})
    write_store(folder / "store")
    flow_files(folder / "flow").write("clip", FLOW, MADE_FROM)
    shutil.copy(exported, folder / "model.onnx")
    (folder / "twin").mkdir()
    write_part_of(folder / "twin" / "twin.json", sealed(MADE_FROM))
    write_json(folder / ".00_first.json", {"key": "k", "title": "t", "seconds": 1.5})
    write_json(folder / "unfinished.json", {"key": "k", "done": DONE})
    return folder


def mutated(content, rng):
    """Return a file's bytes after one fault."""
    kind, place = rng.choice(("bit", "cut", "zeros", "other")), rng.randrange(len(content))
    if kind == "bit":
        bit = bytes([content[place] ^ 1 << rng.randrange(8)])
        return content[:place] + bit + content[place + 1 :]
    if kind == "cut":
        return content[:place]
    if kind == "zeros":
        return (content[:place] + bytes(512) + content[place + 512 :])[: len(content)]
    return rng.choice((b"", b"[]", b"5", b"{}", b'{"seal": []}', b"[" * 99_999, b"\x00" * 99))


def of_wrong_types(content, rng):
    """Return JSON with one value of another type, sealed as if we had written it."""
    found = json.loads(content)
    version = found.pop("seal")["version"]
    found[rng.choice(sorted(found))] = rng.choice((5, "a", [1], {"a": 1}, None, True, [[]], {}))
    return sealed(found, version).encode()


def outcome(read, path, expected):
    try:
        return "right" if read(path) == expected else "wrong"
    except MmtlibError as error:
        text = str(error)
        good = (
            (path.name in text or str(path.parent) in text)
            and "\n" not in text
            and any(word in text for word in TO_DO)
        )
        return "named" if good else f"said badly: {text}"
    except BaseException as error:
        return f"traceback: {error!r}"


@pytest.mark.parametrize("kind", READERS)
def test_damage_is_never_believed(stock, tmp_path, kind, full, caplog):
    """At least 200 faults over all kinds of files; ten times as many with `--full`."""
    read, rng, counts = READERS[kind], random.Random(kind), collections.Counter()
    (source,) = stock.glob(kind)
    relative = source.relative_to(stock)
    top = relative.parts[0]
    expected = None
    for number in range(161 if full else 17):
        for old in tmp_path.iterdir():
            shutil.rmtree(old) if old.is_dir() else old.unlink()
        if (stock / top).is_dir():
            shutil.copytree(stock / top, tmp_path / top)
        else:
            shutil.copy(source, tmp_path / top)
        path = tmp_path / relative
        if number:
            path.write_bytes(mutated(source.read_bytes(), rng))
        if number == 0:
            expected = read(path)
        counts[outcome(read, path, expected)] += 1
    print(f"{kind}: {dict(counts)}")
    assert set(counts) <= {"right", "named"}, counts
    assert counts["named"] > 3


TYPED = ("runs/run/run.json", "runs/run/history.json", "store/index.json")


@pytest.mark.parametrize("kind", TYPED)
def test_wrong_types_under_a_right_seal(stock, tmp_path, kind, full):
    read, rng, found = READERS[kind], random.Random(kind), []
    top = kind.split("/")[0]
    whole = (stock / kind).read_bytes()
    for _ in range(200 if full else 20):
        shutil.rmtree(tmp_path / top, ignore_errors=True)
        shutil.copytree(stock / top, tmp_path / top)
        path = tmp_path / kind
        path.write_bytes(of_wrong_types(whole, rng))
        found.append(outcome(read, path, None))
    assert not [each for each in found if each.startswith("traceback")]
    assert "named" in found


@contextmanager
def disk_of(size):
    """Let no file grow beyond `size` bytes, whichever library writes it, as on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def log_an_epoch(folder):
    logging = make_logger("csv", folder)
    logging.on_epoch(Training(tiny(), {}, epoch=1))
    logging.on_end(Training(tiny(), {}, epoch=1))


# Every function that writes files of ours: what it writes below a folder.
WRITERS = {
    "write_whole": lambda run, to: write_whole(to / "a", b"x" * 5000),
    "write_part_of": lambda run, to: write_part_of(to / "a", "x" * 5000),
    "write_json": lambda run, to: write_json(to / "a.json", {"a": "x" * 5000}),
    "write_lines": lambda run, to: write_lines(to / "a.jsonl", READINGS * 99),
    "write_arrays": lambda run, to: write_arrays(to / "a.npz", a=FLOW),
    "write_video": lambda run, to: write_video(
        to / "a.avi", torch.rand(1, 9, 24, 24), rate=10, quality=95
    ),
    "save_weights": lambda run, to: save_weights(
        run.network("rgb"), to / "a.safetensors", metadata={}
    ),
    "save_state": lambda run, to: save_state(to / "state.pt", STATE),
    "predictions": lambda run, to: run.predictions()["rgb"].save(to / "a.npz"),
    "write_part": lambda run, to: write_part(to / "failures", failures(99)),
    "merge_parts": lambda run, to: merge_parts(to / "failures"),
    "write_clip_store": lambda run, to: write_store(to / "store"),
    "flow": lambda run, to: flow_files(to).write("clip", FLOW, MADE_FROM),
    "ship_run": lambda run, to: ship_run(run, "a", to),
    "migrate_runs": lambda run, to: migrate_runs(run.path.parent.parent),
    "run_all of a config": lambda run, to: mmtlib.run(tiny(epochs=1, modalities="depth")),
    "evaluate": lambda run, to: mmtlib.evaluate(run, "validation"),
    "log": lambda run, to: log_an_epoch(to),
    "twin": lambda run, to: twin.write_nvgesture_twin(
        to / "twin", preset="tiny", clips_per_class=1, size=24
    ),
}


@pytest.mark.parametrize("size", [0, 200])
@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_is_one_sentence_at_every_write(stock, fresh_cache, tmp_path, name, size):
    shutil.copytree(stock / "runs" / "run", tmp_path / "old" / "runs" / "run")
    stored, out = load_run(tmp_path / "old" / "runs" / "run"), tmp_path / "out"
    out.mkdir()
    for n in (60, 61):
        if name == "merge_parts":
            write_part(out / "failures", failures(n))
    mmtlib.SyntheticGestures("tiny", "validation")
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    with disk_of(0 if name in ("log", "write_part", "merge_parts") else size):
        try:
            WRITERS[name](stored, out)
            said = "nothing"
        except DataError as error:
            said = str(error)
    assert said.startswith("Cannot write "), said
    assert str(tmp_path) in said
    assert "\n" not in said
    after = {p: p.read_bytes() for p in before}
    assert after == before


def writes(call):
    """Return whether a call writes a file, as far as its name and arguments tell."""
    text = ast.unparse(call.func)
    name = text.rsplit(".", 1)[-1]
    given = [*call.args, *(k.value for k in call.keywords if k.arg == "mode")]
    modes = [a.value for a in given if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    if name in ("open", "ZipFile"):
        return text == "os.open" or any({*m} <= {*"rwaxbt+"} and {*m} & {*"wax+"} for m in modes)
    plain = {"write_text", "write_bytes", "copyfile", "copytree", "copy2", "touch", "to_parquet"}
    whole = {"os.replace", "os.rename", "json.dump", "shutil.copy", "shutil.move", "np.save"}
    to_be_a_buffer = {"torch.save", "nbformat.write", "pq.write_table", "np.savez_compressed"}
    if text in whole | to_be_a_buffer or name in plain:
        return True
    return name in ("to_csv", "savefig") and bool(call.args)


LAYER = "the layer itself"
INTO_MEMORY = "writes into memory, for the layer"
GUARDED = "in a block of `writing`, which makes the sentence"
ALLOWED = {
    "core/files.py": LAYER,
    "core/arrays.py": INTO_MEMORY,
    "training/checkpointing.py": INTO_MEMORY,
    "results/parts.py": INTO_MEMORY,
    "gallery/writing.py": INTO_MEMORY,
    "cli/deploy.py": INTO_MEMORY,
    "experiment/video_writer.py": INTO_MEMORY,
    "figures/style.py": "a figure of matplotlib: the user says where, or it is memory",
    "course/bundle.py": GUARDED,
    "course/site.py": GUARDED,
    "experiment/stored.py": GUARDED,
    "experiment/migration.py": "within `whole_folder`",
    "explorer/serving.py": GUARDED,
    "core/locks.py": "who holds a lock; where it cannot be written, who waits is not told for whom",
    "core/worker.py": "opens the empty device",
    "datasets/archives.py": "members too large for memory, synchronised once; its own sentences",
}


def test_files_are_written_by_the_layer_alone():
    root = Path(mmtlib.__file__).parent
    found = set()
    for path in root.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if any(isinstance(node, ast.Call) and writes(node) for node in ast.walk(tree)):
            found.add(path.relative_to(root).as_posix())
    assert found == set(ALLOWED)


def test_a_cache_that_cannot_be_written_is_read(stock, fresh_cache, monkeypatch):
    """Clips, runs, results and predictions are read without making a folder or a lock."""
    kept = mmtlib.run(tiny(epochs=1, modalities="depth"))
    shutil.copytree(stock / "results", fresh_cache / "results")

    def refuse(*args, **options):
        raise PermissionError(30, "Read-only file system")

    for name in ("mkdir", "replace", "unlink", "remove"):
        monkeypatch.setattr(os, name, refuse)
    opened = os.open
    only_read = os.O_WRONLY | os.O_RDWR | os.O_CREAT
    monkeypatch.setattr(
        os, "open", lambda p, flags, *m, **k: refuse() if flags & only_read else opened(p, flags)
    )
    assert mmtlib.run(tiny(epochs=1, modalities="depth")) == kept
    assert list(mmtlib.list_runs()["run"]) == [kept.run_id]
    assert len(load_run(kept.run_id).predictions()["depth"])
    assert len(ResultsStore().rows("failures")) == 5
    with pytest.raises(DataError, match=r"Cannot write .*\(Read-only.*MMTLIB_CACHE"):
        mmtlib.evaluate(kept, "validation")


def test_a_clock_set_back_does_not_lose_the_newer_row(tmp_path):
    store = ResultsStore(tmp_path, shipped=False)
    for error, clock in (("old", "2999-01-01T00:00:00.000000+00:00"), ("new", None)):
        table = failures(1).drop_columns("error").append_column("error", [[error]])
        if clock:
            table = table.append_column("recorded", [[clock]])
        store.append({"failures": table})
    assert list(store.rows("failures").error) == ["new"]
    with temporary_cache():
        assert store.compact() == 2
    assert list(store.rows("failures").error) == ["new"]


@pytest.mark.parametrize("name", ["x" * 300, "x" * 5000])
def test_names_that_no_file_can_have(name):
    for read in (
        load_run,
        load_exported,
        Predictions.load,
        lambda name: load_weights(torch.nn.Linear(1, 1), name),
        lambda name: ResultsStore(name).rows("failures"),
        ClipStore,
        migrate_runs,
        lambda name: write_whole(name, "x"),
    ):
        with pytest.raises(MmtlibError) as caught:
            read(name)
        assert "\n" not in str(caught.value)
