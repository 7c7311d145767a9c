"""Training that starts from a checkpoint of Kinetics, on a network and clips of a few seconds."""

import json
import shutil

import pytest
import torch
from support.kinetics_files import kinetics_state
from support.tiny_runs import same_tensors, tiny, weights

from mmtlib.core.errors import CheckpointError, ConfigError
from mmtlib.core.sealed import write_json
from mmtlib.experiment import run
from mmtlib.experiment import train as train_module
from mmtlib.experiment.starting_point import check_starting_point

EMPTY = {"classes": [], "data": {}, "note": None, "validation_accuracy": {}, "date": ""}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    path = tmp_path_factory.mktemp("kinetics") / "model_rgb.pth"
    torch.save(kinetics_state(1), path)
    return path


def i3d(checkpoint, **settings):
    """One step of I3D; a rate of 0 leaves the weights as they were at the start."""
    named = {
        "network": "inception_i3d", "epochs": 1, "batch_size": 48, "learning_rate": 0.0,
        "ssa_weight": 0.0, "pretrained": None if checkpoint is None else str(checkpoint),
    }  # fmt: skip
    return tiny(**{**named, **settings})


def test_every_network_starts_from_the_checkpoint(fresh_cache, checkpoint):
    stored = run(i3d(checkpoint))
    state = kinetics_state(1)
    for m, change in (("rgb", ""), ("depth", "first filter from 3 to 1 channels; ")):
        found = weights(stored.path, m)
        assert torch.equal(
            found["Mixed_4d.b2a.conv3d.weight"], state["mixed_4d.branch_2.0.conv3d.weight"]
        )
        note = f"{change}new classifier of 4 classes instead of 400"
        assert stored.facts[f"pretrained_{m}"] == note
    assert torch.equal(
        weights(stored.path, "rgb")["Conv3d_1a_7x7.conv3d.weight"],
        state["conv3d_1a_7x7.conv3d.weight"],
    )
    assert stored.facts["pretrained"] == check_starting_point(stored.config)["pretrained"]
    assert len(stored.facts["pretrained"]) == 64
    # The classifier is drawn as ever: alone and together it starts equal.
    alone = run(i3d(checkpoint, modalities="depth"))
    assert same_tensors(weights(alone.path, "depth"), weights(stored.path, "depth"))


def test_the_content_makes_the_run_not_the_path(fresh_cache, checkpoint, tmp_path, monkeypatch):
    identities = []

    def record(fabric, folder, config, identity, *_):
        identities.append(identity)
        facts = {"identity": identity, "config": json.loads(config.to_json())}
        write_json(folder / "run.json", {**EMPTY, **facts})

    monkeypatch.setattr(train_module, "_train", record)
    copy = shutil.copy(checkpoint, tmp_path / "copy.pth")
    other = tmp_path / "other.pth"
    torch.save(kinetics_state(1, seed=1), other)
    found = [run(i3d(path, modalities="rgb")).identity for path in (checkpoint, copy, other, None)]
    assert found[0] == found[1]
    assert len(set(found)) == 3
    assert identities == [found[0], found[2], found[3]]


def test_bad_checkpoints_are_found_before_anything_is_made(fresh_cache, tmp_path, monkeypatch):
    monkeypatch.setattr(train_module, "open_data", None)
    with pytest.raises(CheckpointError, match=r"no file of weights at .*none\.pt"):
        run(i3d(tmp_path / "none.pt"))
    (tmp_path / "w.pt").write_bytes(b"garbage")
    with pytest.raises(CheckpointError, match=r"w\.pt is damaged"):
        run(i3d(tmp_path / "w.pt"))
    torch.save({"a": torch.zeros(1)}, tmp_path / "w.pt")
    with pytest.raises(CheckpointError, match=r"does not fit InceptionI3D; missing: .*unexpected"):
        run(i3d(tmp_path / "w.pt"))
    with pytest.raises(ConfigError, match="for the network inception_i3d, not for CompactI3D"):
        run(i3d(tmp_path / "w.pt", network="compact_i3d"))
    assert not (fresh_cache / "runs").exists()
