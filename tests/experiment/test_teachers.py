import pytest
import torch
from support.tiny_runs import same_tensors, tiny

from mmtlib.core.errors import CheckpointError
from mmtlib.experiment import build_network, run
from mmtlib.experiment.teachers import frozen_teachers, networks_to_keep, teacher_config
from mmtlib.models import StreamSet

KD = {"method": "kd", "teacher": "depth"}
RANDOM = {"control": "frozen_random"}


def test_who_is_trained_first():
    config = tiny(seed=3, modalities="rgb,depth,ir", corrupt="depth", **KD)
    assert teacher_config(config) == config.alone("depth")
    assert teacher_config(config).corrupt == "depth"
    for other in (tiny(), tiny(**RANDOM), tiny(**KD, **RANDOM), tiny(transfer_weight=0.0, **KD)):
        assert teacher_config(other) is None


def test_no_frozen_teachers():
    for config in (tiny(), tiny(method="dml"), tiny(control="same_modality")):
        assert frozen_teachers(config, 4, None) is None


def frozen(teachers):
    return not teachers.training and not any(p.requires_grad for p in teachers.parameters())


def test_a_trained_teacher(own_cache):
    stored = run(tiny(epochs=1).alone("depth"))
    teachers = frozen_teachers(tiny(epochs=1, **KD), 4, stored.identity)
    assert list(teachers.networks) == ["depth"]
    assert frozen(teachers)
    assert same_tensors(teachers["depth"].state_dict(), stored.network("depth").state_dict())


def test_random_teachers_are_what_training_starts_from(own_cache):
    config = tiny(seed=5, **RANDOM)
    teachers = frozen_teachers(config, 4, None)
    assert frozen(teachers)
    for m in ("rgb", "depth"):
        expected = build_network(config, m, 4).state_dict()
        assert same_tensors(teachers[m].state_dict(), expected)


def test_a_teacher_that_is_gone(fresh_cache):
    with pytest.raises(CheckpointError, match="There is no run"):
        frozen_teachers(tiny(**KD), 4, "0123456789ab" * 5)


def test_what_a_run_keeps():
    def networks(*names):
        return StreamSet({name: torch.nn.Linear(1, 1) for name in names})

    streams, teachers = networks("rgb"), networks("depth")
    kept = networks_to_keep(tiny(**KD), streams, teachers)
    assert list(kept.networks) == ["rgb", "depth"]
    assert (kept["rgb"], kept["depth"]) == (streams["rgb"], teachers["depth"])
    streams, teachers = networks("rgb", "depth", "rgb-2", "depth-2"), networks("rgb", "depth")
    kept = networks_to_keep(tiny(), streams, teachers)
    assert list(kept.networks) == ["rgb", "depth"]
    assert kept["depth"] is streams["depth"]
