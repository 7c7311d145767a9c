"""Training on with the networks of a run, and measuring them on other data."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
import torch
from support.nvgesture_tree import write_nvgesture_tree
from support.tiny_runs import same_tensors, tiny, weights

from mmtlib.config.recipes import FINETUNE_SETTINGS
from mmtlib.core.errors import CheckpointError, ConfigError, DataError
from mmtlib.evaluation import Predictions
from mmtlib.experiment import evaluate, finetune_config, run
from mmtlib.experiment.evaluate import _among

LEFT, RIGHT, CLICK = "move hand left", "move hand right", "click"


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """Classes 1, 2 and 9, of which the synthetic preset tiny knows the first two."""
    root = tmp_path_factory.mktemp("real")
    write_nvgesture_tree(root, repetitions=1)
    return str(root)


def few(stored, root, **settings):
    named = {"classes": (LEFT, RIGHT, CLICK), "clips_per_class": 1, "epochs": 1}
    return finetune_config(stored, dataset="nvgesture", root=root, **{**named, **settings})


def test_the_settings_are_the_runs_but_for_what_fine_tuning_changes(joint_run, real):
    config = finetune_config(joint_run, dataset="nvgesture", root=real)
    expected = joint_run.config.replace(
        dataset="nvgesture", root=real, start_from=joint_run.run_id, **FINETUNE_SETTINGS
    )
    assert config == expected
    with pytest.raises(ConfigError, match="for real data sets"):
        finetune_config(joint_run, dataset="synthetic", root=real)


def test_training_starts_from_the_runs_weights(fresh_cache, real):
    start = run(tiny(epochs=1))
    # A rate of 0 leaves every weight as it was at the start.
    tuned = run(few(start, real, learning_rate=0.0))
    assert tuned.classes == (LEFT, RIGHT, CLICK)
    assert tuned.facts["start_from"] == start.identity
    assert (
        tuned.facts["start_rgb"] == "the classifier knows 2 of 3 classes by name; the rest is new"
    )
    assert len(tuned.predictions()["rgb"]) == 6
    for m in ("rgb", "depth"):
        was, now = weights(start.path, m), weights(tuned.path, m)
        for name in was:
            if name.startswith("linear"):
                assert torch.equal(now[name][:2], was[name][:2])
            elif not name.endswith(("running_mean", "running_var", "num_batches_tracked")):
                assert torch.equal(now[name], was[name]), name
    again = run(few(start, real, learning_rate=0.0))
    assert again.identity == tuned.identity


def test_the_identity_follows_the_run_that_is_started_from(fresh_cache, real):
    a, b = run(tiny(epochs=1)), run(tiny(epochs=1, seed=1))
    tuned = [run(few(start, real, seed=0, modalities="depth")) for start in (a, b)]
    scratch = run(few(a, real, modalities="depth", seed=0).replace(start_from=None))
    assert len({r.identity for r in (*tuned, scratch)}) == 3
    assert not same_tensors(weights(tuned[0].path, "depth"), weights(scratch.path, "depth"))
    elsewhere = fresh_cache / "elsewhere"
    shutil.copytree(a.path, elsewhere)
    config = few(a, real, seed=0, modalities="depth")
    by_path = dataclasses.replace(config, start_from=str(elsewhere))
    assert run(by_path).identity == tuned[0].identity, "its content counts, not its place"


def test_frozen_stages_stay(fresh_cache, real):
    start = run(tiny(epochs=1, modalities="depth"))
    tuned = run(few(start, real, freeze_to="mixed_1", epochs=2))
    was, now = weights(start.path, "depth"), weights(tuned.path, "depth")
    for name in was:
        if name.startswith(("stem.", "mixed_1.")):
            assert torch.equal(now[name], was[name]), name
    assert not torch.equal(now["mixed_2.1.wide.weight"], was["mixed_2.1.wide.weight"])


def test_what_cannot_be_started_from(joint_run, fresh_cache, real):
    config = few(joint_run, real)
    folder = fresh_cache / "runs" / joint_run.run_id
    with pytest.raises(CheckpointError, match="There is no run"):
        run(config.replace(start_from="0123456789ab"))
    shutil.copytree(joint_run.path, folder)
    with pytest.raises(ConfigError, match="networks for rgb, depth, none for ir; choose"):
        run(config.replace(modalities=("ir",)))
    with pytest.raises(ConfigError, match="kind compact_i3d"):
        run(config.replace(network="inception_i3d"))
    with pytest.raises(ConfigError, match="Unknown stage 'mixed_7'"):
        run(config.replace(freeze_to="mixed_7"))
    with pytest.raises(ConfigError, match="say which, with start_from=RUN"):
        run(tiny(freeze_to="stem"))
    with pytest.raises(ConfigError, match="not from both"):
        run(config.replace(network="inception_i3d", pretrained="x.pt"))
    with pytest.raises(ConfigError, match="classes is a setting of nvgesture"):
        tiny(classes=(LEFT,))
    with pytest.raises(ConfigError, match="classes must be a list of names, got 'click'"):
        config.replace(classes="click")
    (folder / "depth.safetensors").write_bytes(b"garbage")
    with pytest.raises(CheckpointError, match=r"depth\.safetensors is damaged"):
        run(config.replace(start_from=str(folder), seed=9))


def test_a_synthetic_run_on_real_clips(fresh_cache, real):
    stored = run(tiny(epochs=1))
    other = {"dataset": "nvgesture", "classes": (LEFT, RIGHT)}
    found = evaluate(stored, "test", root=real, **other)
    assert found.classes == (LEFT, RIGHT)
    scores = found.predictions["depth"].scores
    assert scores.shape == (2, 2)
    np.testing.assert_allclose(scores.sum(1), 1, atol=1e-6)
    record = json.loads((stored.path / "evaluations.jsonl").read_text())
    assert (record["dataset"], record["split"]) == ("nvgesture", "test")
    assert not (stored.path / "test-depth.npz").exists(), "its own test clips were not read"


def test_the_choice_among_fewer_classes_by_hand():
    everything = Predictions(
        scores=[[0.1, 0.2, 0.3, 0.4], [0.0, 1.0, 0.0, 0.0]],
        labels=[0, 1],
        subjects=[1, 2],
        clip_ids=("a", "b"),
    )
    some = _among(everything, [3, 0])
    np.testing.assert_allclose(some.scores, [[0.8, 0.2], [0.5, 0.5]], atol=1e-6)
    assert (some.labels.tolist(), some.clip_ids) == ([0, 1], ("a", "b"))
    assert _among(everything, None) is everything


def test_what_cannot_be_measured(joint_run, real):
    with pytest.raises(ConfigError, match=r"synthetic clips, which have no folder.*--data NAME"):
        evaluate(joint_run, root=real)
    with pytest.raises(ConfigError, match="dataset given without root"):
        evaluate(joint_run, dataset="nvgesture")
    with pytest.raises(ConfigError, match=r"setting of the data 'epochs'"):
        evaluate(joint_run, root=real, epochs=3)
    with pytest.raises(ConfigError, match=r"does not know 1 of the 2 classes, e\.g\. 'click'"):
        evaluate(joint_run, root=real, dataset="nvgesture", classes=(LEFT, CLICK))
    with pytest.raises(DataError, match="no clip is left"):
        evaluate(joint_run, root=real, dataset="nvgesture", classes=("beckon",), split="test")
