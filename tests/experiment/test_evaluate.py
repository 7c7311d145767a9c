import errno
import importlib
import json
import os

import numpy as np
import pytest
from support.nvgesture_tree import write_nvgesture_tree
from support.tiny_runs import tiny

from mmtlib.core.errors import CheckpointError, ConfigError, DataError
from mmtlib.evaluation import fuse
from mmtlib.experiment import evaluate, run
from mmtlib.synthetic import SyntheticGestures

evaluate_module = importlib.import_module("mmtlib.experiment.evaluate")


class Killed(BaseException):
    """What a killed process would meet."""


@pytest.fixture
def small_run(fresh_cache):
    return run(tiny(epochs=1))


def records(stored):
    path = stored.path / "evaluations.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_each_reading_is_recorded(small_run):
    assert records(small_run) == []
    found = [evaluate(small_run, split) for split in ("test", "validation", "test")]
    assert [r["split"] for r in records(small_run)] == ["test", "validation", "test"]
    for record, result in zip(records(small_run), found, strict=True):
        assert record["accuracy"] == result.accuracy
        assert {"root", "code", "machine", "date", "command"} <= set(record)
        assert record["state"] == "done"
    assert found[0].accuracy == found[2].accuracy
    assert [each["accuracy"] for each in small_run.readings("test")] == [found[0].accuracy] * 2


def test_a_reading_that_was_killed_is_recorded_and_the_next_one_too(small_run, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(evaluate_module, "predict", lambda *_: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            evaluate(small_run, "test")
    evaluate(small_run, "test")
    assert [each["state"] for each in small_run.readings("test")] == ["begun", "done"]


def test_what_cannot_be_recorded_is_not_read(small_run, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    monkeypatch.setattr(evaluate_module, "predict", None)
    with pytest.raises(DataError, match=r"Cannot write .*evaluations\.jsonl \(No space left"):
        evaluate(small_run, "test")
    assert small_run.readings() == []


def test_validation_is_measured_as_while_training(small_run):
    stored = small_run.predictions("validation")
    again = evaluate(small_run)
    for m in ("rgb", "depth"):
        assert np.array_equal(stored[m].scores, again.predictions[m].scores)
        assert again.accuracy[m] == small_run.validation_accuracy[m]


def test_test_predictions_are_kept_and_fused(small_run):
    result = evaluate(small_run, "test")
    assert result.run_id == small_run.run_id
    assert result.split == "test"
    assert result.classes == small_run.classes
    assert result.note is None
    assert list(result.predictions) == ["rgb", "depth", "fused"]
    stored = small_run.predictions("test")
    assert np.array_equal(stored["rgb"].scores, result.predictions["rgb"].scores)
    by_hand = fuse([stored["rgb"], stored["depth"]])
    assert np.array_equal(by_hand.scores, result.predictions["fused"].scores)
    assert len(stored["rgb"]) == 48
    assert set(stored["rgb"].subjects) <= set(range(200, 224))


def test_one_network_is_not_fused(fresh_cache):
    stored = run(tiny(epochs=1, modalities="depth"))
    assert list(evaluate(stored, "test").predictions) == ["depth"]


def test_wrong_split(small_run):
    with pytest.raises(ConfigError, match=r"'tset'.*Did you mean 'test'"):
        evaluate(small_run, "tset")
    assert records(small_run) == []


def test_damaged_weights(small_run):
    (small_run.path / "rgb.safetensors").write_bytes(b"garbage")
    with pytest.raises(CheckpointError, match=r"rgb\.safetensors is damaged"):
        evaluate(small_run)


def test_another_folder_of_the_same_data_set(fresh_cache, nvgesture_tree, tmp_path):
    root, _ = nvgesture_tree
    stored = run(tiny(epochs=1, dataset="nvgesture", root=str(root)))
    before = stored.predictions("validation")["rgb"].scores
    other = tmp_path / "other"
    write_nvgesture_tree(other, classes=(1,), train_subjects=(3, 7), test_subjects=())
    found = evaluate(stored, "validation", root=str(other))
    assert len(found.predictions["rgb"]) == 2
    assert found.note == "The run was trained with other validation clips."
    assert records(stored)[-1]["root"] == str(other)
    # What was measured elsewhere does not take the place of the run's own.
    assert np.array_equal(stored.predictions("validation")["rgb"].scores, before)
    with pytest.raises(DataError, match="is not NVGesture's folder"):
        evaluate(stored, "validation", root=str(tmp_path))


def test_other_clips_than_trained_with_are_refused(fresh_cache, tmp_path):
    root = tmp_path / "set"
    clips = write_nvgesture_tree(root, classes=(1, 2), train_subjects=(1, 3), test_subjects=(5,))
    stored = run(tiny(epochs=1, dataset="nvgesture", root=str(root)))
    held_out = next(c for c in clips if c.subject == 3)
    video = root / held_out.folder / "sk_depth.avi"
    video.write_bytes(video.read_bytes() + b"\0")  # another file of the same name
    with pytest.raises(DataError) as caught:
        evaluate(stored)
    for part in (f"The validation clips of {root}", stored.run_id, "--root", "Train again"):
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)
    assert records(stored) == []
    evaluate(stored, "train")  # these are the same
    evaluate(stored, "test")  # and for test clips there is nothing to compare with
    on_purpose = evaluate(stored, root=str(root))
    assert on_purpose.note == "The run was trained with other validation clips."
    assert evaluate(stored, "train", root=str(root)).note is None
    fingerprints = {r["split"]: r["data"] for r in records(stored)}
    assert fingerprints["train"] == stored.facts["data"]["train"]
    assert fingerprints["validation"] != stored.facts["data"]["validation"]


def test_a_changed_generator_is_seen_too(small_run, monkeypatch):
    monkeypatch.setattr(SyntheticGestures, "fingerprint", "other clips")
    with pytest.raises(DataError, match="The validation clips of the generator are not those"):
        evaluate(small_run)
