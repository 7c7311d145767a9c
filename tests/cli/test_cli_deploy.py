"""`mmt export` and `mmt predict`: from a run to a file, and from a file to classes of a video."""

import json
import re

import onnx
import pandas as pd
import pytest
from support.nvgesture_tree import VIDEO_FRAMES

from mmtlib.experiment import deploy, export_run, load_exported, predict_video, predict_windows


@pytest.fixture(scope="session")
def model(finished, tmp_path_factory):
    """An exported colour network, shared: do not change it."""
    return export_run(finished, "rgb", tmp_path_factory.mktemp("models") / "rgb [1].onnx")


@pytest.fixture
def video(nvgesture_tree):
    root, clips = nvgesture_tree
    return root / clips[0].folder / "sk_wrapped.avi"


def rows(text):
    lines = [line for line in text.splitlines() if line.startswith("│")]
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in lines]


def test_export_then_predict(mmt, stored, video, tmp_path):
    path = tmp_path / "new" / "depth.onnx"
    said = mmt("export", stored.run_id[:6], "--modality", "depth", "--out", path)
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines()[0].startswith(f"{path}: 0.")
    assert said.out.splitlines()[1] == f"next: mmt predict VIDEO --model {path}"
    video = video.with_name("sk_depth.avi")
    said = mmt("predict", video, "--model", path, "--top", "2")
    assert (said.code, said.err) == (0, "")
    expected = predict_video(stored, video, "depth").head(2)
    assert rows(said.out) == [
        [r["class"], f"{100 * r['score']:.1f} %"] for r in expected.to_dict("records")
    ]
    last = said.out.splitlines()[-1]
    assert re.fullmatch(
        r"one pass through the network [\d.]+ ms \(median of 5\); \d+ ms in all, with decoding "
        "and preparation",
        last,
    )


def test_windows_of_a_long_video(mmt, model, video, tmp_path):
    csv, plot = tmp_path / "new" / "scores.csv", tmp_path / "scores.png"
    said = mmt(
        "predict", video, "--model", model, "--window", "1.5s", "--stride", "10",
        "--csv", csv, "--plot", plot,
    )  # fmt: skip
    assert (said.code, said.err) == (0, "")
    windows = predict_windows(load_exported(model), video, window=45, stride=10)
    assert list(windows["first"]) == list(range(0, VIDEO_FRAMES - 44, 10))
    pd.testing.assert_frame_equal(pd.read_csv(csv), windows, atol=1e-5)
    assert plot.read_bytes().startswith(b"\x89PNG")
    lines = said.out.splitlines()
    assert lines[-3:] == [f"{len(windows)} windows", f"written: {csv}", f"written: {plot}"]
    assert rows(said.out)[0][0] == "0.00"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["new", "scores.png"]
    of_run = mmt("predict", video, "--model", model, "--window", "45", "--stride", "10")
    assert rows(of_run.out) == rows(said.out)


def test_any_word_may_be_a_class(mmt, model, video, tmp_path):
    words, changed = ["first", "score", "[b]", "class", "start_s"], tmp_path / "words.onnx"
    network = onnx.load(model)
    (entry,) = [each for each in network.metadata_props if each.key == deploy.KEY]
    description = json.loads(entry.value)
    words = (words + description["classes"])[: len(description["classes"])]
    entry.value = json.dumps({**description, "classes": words})
    content = network.SerializeToString()
    changed.write_bytes(content + deploy.seal_of(content))
    csv, plot = tmp_path / "scores.csv", tmp_path / "scores.svg"
    said = mmt("predict", video, "--model", changed, "--window", "45", "--csv", csv, "--plot", plot)
    assert (said.code, said.err) == (0, "")
    table = pd.read_csv(csv)
    head = ["first", "last", "start_s", "end_s", "class", "score"]
    assert list(table.columns) == [*head, *(f"score of {word}" for word in words)]
    assert table.filter(like="score of").sum(axis=1).round(4).eq(1).all()
    assert {row[2] for row in rows(said.out)} <= set(words)


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ((), ["--run RUN or --model FILE, one of them"]),
        (("--run", "a", "--model", "b"), ["--run RUN or --model FILE, one of them"]),
        (("--model", "m", "--csv", "x.csv"), ["give --window"]),
        (("--model", "m", "--stride", "4"), ["give --window"]),
        (("--model", "m", "--window", "9", "--first", "3"), ["leave them out with --window"]),
        (("--model", "m", "--window", "9", "--plot", "x.gif"), ["x.gif", ".png, .pdf, .svg"]),
        (("--model", "m"), ["There is no model m; `mmt export` writes one"]),
    ],
)
def test_wrong_options(mmt, video, arguments, parts):
    mmt("predict", video, *arguments).failed_with(*parts)


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("--modality", "depth"), ["is a network for rgb, not for depth"]),
        (("--window", "97"), ["shorter than one window: it has 96 frames (3.20 s), the window 97"]),
        (("--window", "0"), ["window: expected at least one frame"]),
        (("--window", "9", "--stride", "x"), ["stride: expected at least one frame", "'x'"]),
        (("--last", "500"), ["is too short or cut off"]),
    ],
)
def test_wrong_uses_of_a_model(mmt, model, video, arguments, parts):
    mmt("predict", video, "--model", model, *arguments).failed_with(*parts)


def test_files_that_are_no_model(mmt, model, video, tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(b"garbage")
    mmt("predict", video, "--model", path).failed_with(str(path), "is damaged or no ONNX file")
    other = onnx.load(model)
    del other.metadata_props[:]
    onnx.save(other, path)
    mmt("predict", video, "--model", path).failed_with(str(path), "no ONNX file of `mmt export`")


def test_results_that_cannot_be_written(mmt, model, video, tmp_path):
    (tmp_path / "file").write_text("")
    use = ("predict", video, "--model", model, "--window", "45")
    mmt(*use, "--csv", tmp_path / "file" / "x.csv").failed_with("Cannot write")
    mmt(*use, "--plot", tmp_path / "file" / "x.png").failed_with("Cannot write")


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ((), ["has networks for rgb, depth", "--modality"]),
        (("--modality", "flow"), ["Unknown modality of this run 'flow'"]),
    ],
)
def test_wrong_exports(mmt, stored, arguments, parts):
    mmt("export", stored.run_id, *arguments).failed_with(*parts)


def test_damaged_run(mmt, stored, tmp_path):
    (stored.path / "rgb.safetensors").write_bytes(b"garbage")
    said = mmt("export", stored.run_id, "--modality", "rgb", "--out", tmp_path / "x.onnx")
    said.failed_with("rgb.safetensors is damaged")
    assert not (tmp_path / "x.onnx").exists()
    mmt("export", "nothing").failed_with("There is no run 'nothing'")
