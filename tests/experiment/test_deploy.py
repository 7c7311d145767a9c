"""A network as a file by itself: the same logits, the same scores of videos."""

import json
import os
import shutil

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from support.nvgesture_tree import VIDEO_FRAMES, picture_frames, write_video
from support.tiny_runs import tiny

from mmtlib.core.errors import CheckpointError, ConfigError, DataError, MmtlibError
from mmtlib.core.kept import write_kept
from mmtlib.core.seeding import torch_generator
from mmtlib.experiment import (
    deploy,
    export_run,
    load_exported,
    predict_video,
    predict_windows,
    run,
    segments,
    time_prediction,
)
from mmtlib.models import InceptionI3D


@pytest.fixture(scope="session")
def video(nvgesture_tree, tmp_path_factory):
    _, clips = nvgesture_tree
    frames = picture_frames("sk_wrapped", clips[0], VIDEO_FRAMES)
    return write_video(tmp_path_factory.mktemp("videos") / "clip.avi", frames)


def session_of(path):
    return onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])


def with_metadata(source, target, change):
    """Copy a file with its description changed; None takes it out."""
    model = onnx.load(source)
    (entry,) = [e for e in model.metadata_props if e.key == deploy.KEY]
    if change is None:
        model.metadata_props.remove(entry)
    else:
        entry.value = change(entry.value)
    content = model.SerializeToString()
    target.write_bytes(content + deploy.seal_of(content))
    return target


def test_logits_are_those_of_torch_for_any_number_of_clips(joint_run, exported):
    session = session_of(exported)
    network = joint_run.network("rgb")
    for clips in (1, 2, 7):
        batch = torch.randn(clips, 3, 8, 16, 16, generator=torch_generator("batch", clips))
        with torch.no_grad():
            wanted = network(batch).logits.numpy()
        (found,) = session.run(["logits"], {"clips": batch.numpy()})
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-4)
        assert np.ptp(wanted) > 0.01  # the comparison is about something


def test_full_network(tmp_path, monkeypatch, joint_run):
    """I3D with its padding that depends on the size; statistics are those of clips, as trained."""
    network = InceptionI3D(1, 4)
    generator = torch_generator("statistics")
    clips = torch.randn(16, 1, 8, 16, 16, generator=generator)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm3d):
            module.momentum = None  # the mean of all batches seen, here of one
    with torch.no_grad():
        network.train()(clips)
    network.eval()
    monkeypatch.setattr(type(joint_run), "network", lambda *_: network)
    path = export_run(joint_run, "depth", tmp_path / "depth.onnx")
    batch = torch.randn(2, 1, 8, 16, 16, generator=generator)
    with torch.no_grad():
        wanted = network(batch).logits
    found = load_exported(path).forward(batch)
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-4)
    assert 0.01 < wanted.abs().max() < 100  # of the size that logits have


def test_the_file_describes_itself(joint_run, exported):
    text = session_of(exported).get_modelmeta().custom_metadata_map[deploy.KEY]
    found = json.loads(text)
    assert found["modality"] == "rgb"
    assert found["classes"] == list(joint_run.classes)
    assert found["run"] == joint_run.identity
    assert found["network"] == "compact_i3d"
    assert found["code"].startswith("0.")
    steps = {step["name"]: step["arguments"] for step in found["steps"]}
    assert steps["SampleFrames"] == {"frames": 8}
    assert steps["Resize"] == {"height": 16, "width": 16}
    assert found["standardize"]["floor"] == 0.05
    content = exported.read_bytes()
    assert b".py" not in content  # no names of source files of this machine
    assert [p.name for p in exported.parent.iterdir()] == [exported.name]


def test_the_file_alone_gives_the_scores_of_the_run(joint_run, exported, video, tmp_path):
    alone = shutil.copy(exported, tmp_path / "elsewhere.onnx")
    model = load_exported(alone)
    for span in ({}, {"first": 5, "last": 60}):
        wanted = predict_video(joint_run, video, "rgb", **span)
        found = predict_video(model, video, **span)
        assert list(found["class"]) == list(wanted["class"])
        np.testing.assert_allclose(found.score, wanted.score, atol=1e-4)


@pytest.mark.parametrize("modality", ["rgb", "depth"])
def test_real_clips(modality, joint_run, exported, tmp_path):
    root = os.environ.get("MMTLIB_NVGESTURE_ROOT")
    if root is None:
        pytest.skip("no real NVGesture clips: set MMTLIB_NVGESTURE_ROOT to their folder")
    sensor = {"rgb": "sk_wrapped", "depth": "sk_depth"}[modality]
    videos = sorted(p for p in deploy.Path(root).glob(f"Video_data/*/*/{sensor}.avi"))[:2]
    path = exported if modality == "rgb" else export_run(joint_run, modality, tmp_path / "d.onnx")
    model = load_exported(path)
    for video in videos:
        wanted = predict_video(joint_run, video, modality, first=100, last=180)
        found = predict_video(model, video, modality, first=100, last=180)
        np.testing.assert_allclose(
            found.set_index("class").score[wanted["class"]], wanted.score, atol=1e-4
        )


def test_time_is_measured(exported, video, monkeypatch):
    model, clock = load_exported(exported), iter(range(1000))
    monkeypatch.setattr("mmtlib.experiment.predict.time.perf_counter", lambda: next(clock) ** 2)
    found = time_prediction(model, video, passes=3)
    # The clock shows 0, 1; 4, 9; 16, 25; 36, 49.
    assert (found.whole_s, found.pass_s) == (1, 9)
    assert found.scores.equals(predict_video(model, video))


def test_a_window_scores_as_the_span_does(joint_run, exported, video):
    model = load_exported(exported)
    table = predict_windows(model, video, window=40, stride="1s")
    assert list(table["first"]) == [0, 30]
    assert list(table["last"]) == [40, 70]
    assert list(table["start_s"]) == [0, 1]
    assert list(table["end_s"]) == pytest.approx([40 / 30, 70 / 30])
    classes = list(joint_run.classes)
    columns = [f"score of {name}" for name in classes]
    for row in table.to_dict("records"):
        span = predict_video(model, video, first=row["first"], last=row["last"])
        assert (row["class"], row["score"]) == (span["class"][0], span["score"][0])
        assert [row[c] for c in columns] == list(span.set_index("class").score[classes])
    of_run = predict_windows(joint_run, video, "rgb", window=40, stride=30)
    np.testing.assert_allclose(of_run[columns], table[columns], atol=1e-4)


def test_segments_join_neighbours_of_one_class(exported, video):
    table = predict_windows(load_exported(exported), video, window=10, stride=5)
    table["class"] = [*"aabbba", *"c" * (len(table) - 6)]
    table["score"] = np.linspace(0.1, 0.9, len(table))
    found = segments(table)
    assert list(found["class"]) == ["a", "b", "a", "c"]
    assert list(found["start_s"]) == list(table["start_s"][[0, 2, 5, 6]])
    assert list(found["end_s"]) == list(table["end_s"][[1, 4, 5, len(table) - 1]])
    assert list(found["score"]) == list(table["score"][[1, 4, 5, len(table) - 1]])


def test_wrong_modalities(joint_run, exported, video, tmp_path):
    with pytest.raises(ConfigError, match=r"has networks for rgb, depth: say which"):
        export_run(joint_run, None, tmp_path / "x.onnx")
    with pytest.raises(ConfigError, match="Unknown modality of this run 'flow'"):
        export_run(joint_run, "flow", tmp_path / "x.onnx")
    with pytest.raises(ConfigError, match=r"rgb\.onnx is a network for rgb, not for depth"):
        predict_video(load_exported(exported), video, "depth")
    assert not list(tmp_path.iterdir())


def test_a_video_shorter_than_the_window(exported, video):
    with pytest.raises(DataError, match=r"one window: it has 96 frames .*, the window"):
        predict_windows(load_exported(exported), video, window="4s")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "There is no model"),
        (b"", "is damaged or no ONNX file"),
        (b"garbage" * 99, "is damaged or no ONNX file"),
        ("half", "is damaged or no ONNX file"),
        ("folder", "There is no model"),
    ],
)
def test_files_that_are_no_model(exported, tmp_path, content, message):
    path = tmp_path / "model.onnx"
    if content == "folder":
        path.mkdir()
    elif content is not None:
        whole = exported.read_bytes()
        path.write_bytes(whole[: len(whole) // 2] if content == "half" else content)
    with pytest.raises(CheckpointError, match=message) as caught:
        load_exported(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_changed_bit_anywhere_is_said(exported, tmp_path):
    whole, path = exported.read_bytes(), tmp_path / "model.onnx"
    onnx.checker.check_model(onnx.load_from_string(whole))  # the seal leaves it plain ONNX
    for place in range(0, len(whole), len(whole) // 50):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(CheckpointError, match=r"model\.onnx is damaged or no ONNX file"):
            load_exported(path)
    path.write_bytes(whole[:2000] + bytes(512) + whole[2512:])
    with pytest.raises(CheckpointError, match=r"model\.onnx is damaged or no ONNX file"):
        load_exported(path)


def changed(**changes):
    return lambda text: json.dumps({**json.loads(text), **changes})


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (None, CheckpointError, "is an ONNX file of something else"),
        (lambda text: "{", CheckpointError, "its metadata do not fit it"),
        (lambda text: "[]", CheckpointError, "its metadata do not fit it"),
        (lambda text: "{}", CheckpointError, "its metadata do not fit it"),
        (changed(format=99), ConfigError, "its format is 99, 1 was expected"),
        (changed(steps=[{"name": "Sharpen", "arguments": {}}]), ConfigError, "version of mmtlib"),
        (changed(standardize={"floor": 1}), ConfigError, "does not prepare clips in the way"),
        (changed(classes=["one"]), CheckpointError, "its metadata do not fit it"),
        (changed(frames=9), CheckpointError, "its metadata do not fit it"),
        (changed(modality="depth"), ConfigError, "does not prepare clips in the way"),
    ],
)
def test_metadata_that_do_not_fit(exported, tmp_path, change, error, message):
    path = with_metadata(exported, tmp_path / "model.onnx", change)
    with pytest.raises(error, match=message) as caught:
        load_exported(path)
    assert str(path) in str(caught.value)


def test_a_model_whose_weights_are_in_other_files_is_refused(exported, tmp_path):
    """It would read whatever file it names."""
    model = onnx.load(exported)
    path = tmp_path / "model.onnx"
    onnx.save(model, path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    with pytest.raises(CheckpointError, match="is damaged or no ONNX file"):
        load_exported(path)


def test_a_wrong_graph_is_not_written(joint_run, tmp_path, monkeypatch, exported):
    path = tmp_path / "rgb.onnx"
    write_kept(path, b"precious")
    other = joint_run.network("rgb")
    torch.nn.init.normal_(other.linear.weight, generator=torch_generator("another network"))
    monkeypatch.setattr(deploy, "_to_onnx", lambda *_: exported.read_bytes())
    monkeypatch.setattr(type(joint_run), "network", lambda *_: other)
    with pytest.raises(MmtlibError, match=r"was not written: .* differ .*, 1e-04 is allowed"):
        export_run(joint_run, "rgb", path)
    assert path.read_bytes() == b"precious"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_file_of_a_user_is_not_replaced_by_a_network(joint_run, tmp_path, monkeypatch):
    path = tmp_path / "rgb.onnx"
    path.write_bytes(b"precious")
    monkeypatch.setattr(deploy, "_to_onnx", None)  # it is refused before the work
    with pytest.raises(DataError, match=r"rgb\.onnx is there.*say --overwrite"):
        export_run(joint_run, "rgb", path)
    assert path.read_bytes() == b"precious"


def test_missing_packages_are_named(joint_run, exported, monkeypatch):
    monkeypatch.setattr(deploy, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"needs onnx, onnxscript, onnxruntime: .*mmtlib\[export"):
        export_run(joint_run, "rgb", "x.onnx")
    with pytest.raises(ConfigError, match="needs onnxruntime"):
        load_exported(exported)


def test_default_name(joint_run, tmp_path, monkeypatch, exported):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(deploy, "_to_onnx", lambda *_: exported.read_bytes())
    path = export_run(joint_run, "rgb")
    assert path.name == f"{joint_run.run_id}-rgb.onnx"
    assert (tmp_path / path).read_bytes() == exported.read_bytes()


def test_one_network_needs_no_name(exported, own_cache, tmp_path, monkeypatch):
    stored = run(tiny(modalities="depth", epochs=1))
    asked = []
    monkeypatch.setattr(deploy, "_to_onnx", lambda *given: asked.append(given[2]) or b"")
    monkeypatch.setattr(deploy, "_check", lambda *_: None)
    export_run(stored, None, tmp_path / "x.onnx")
    assert asked[0]["modality"] == "depth"
