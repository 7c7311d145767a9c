"""The training loop with every method and control."""

import importlib
import itertools

import pytest
import torch
from lightning_fabric import Fabric
from support.tiny_runs import RandomClips, same_tensors, tiny

from mmtlib.models import StreamSet, build_model
from mmtlib.training import EpochBatches, fit, make_loader, trainer
from mmtlib.transforms import Standardize

CLIPS = 12
THREE = ("rgb", "depth", "ir")
METHODS = {
    "mtut": {},
    "one_way": {"method": "one_way", "teacher": "depth"},
    "kd": {"method": "kd", "teacher": "depth"},
    "dml": {"method": "dml"},
    "attention": {"method": "attention"},
    "attention from depth": {"method": "attention", "teacher": "depth"},
    "similarity": {"method": "similarity"},
    "similarity from depth": {"method": "similarity", "teacher": "depth"},
}
CONTROLS = {
    name: {"control": name, "focal": False}
    for name in ("other_clip_same_class", "other_clip_other_class", "frozen_random")
} | {"same_modality": {"control": "same_modality", "focal": False}}
EVERYTHING = METHODS | CONTROLS


@pytest.fixture(scope="module")
def fabric():
    return Fabric(accelerator="cpu", devices=1)


def settings(**changes):
    """Two epochs, the second with transfer; without focal regularization all pairs take part."""
    named = {
        "epochs": 2, "ssa_start_epoch": 1, "batch_size": 6, "optimizer": "sgd",
        "learning_rate": 0.02, "dropout": 0.3, "focal": False,
    }  # fmt: skip
    return tiny(**{**named, **changes})


def network_of(config, name, seed=None):
    return build_model(
        "compact_i3d", name, num_classes=3, seed=config.seed if seed is None else seed
    )


def train(fabric, config, teacher_seed=9, **options):
    """Return networks, frozen teachers (or None) and history."""
    streams = StreamSet({name: network_of(config, name) for name in config.transfer.trained})
    teachers = None
    if names := config.transfer.frozen:
        teachers = StreamSet({m: network_of(config, m, teacher_seed) for m in names})
        teachers.requires_grad_(False)
    clips = RandomClips(CLIPS, config.modalities)
    loader = make_loader(clips, Standardize(), EpochBatches(CLIPS, config.batch_size, config.seed))
    return (
        streams,
        teachers,
        fit(
            streams,
            loader,
            settings=config,
            transfer=config.transfer,
            fabric=fabric,
            measure_last=False,
            teachers=teachers,
            **options,
        ),
    )


@pytest.mark.parametrize("modalities", [THREE[:2], THREE])
@pytest.mark.parametrize("name", EVERYTHING)
def test_what_learns_changes_and_what_teaches_only_does_not(fabric, name, modalities):
    config = settings(modalities=modalities, **EVERYTHING[name])
    streams, teachers, history = train(fabric, config)
    learners = {m for m, _ in config.transfer.pairs}
    pairs = history.pair_table()
    assert list(zip(pairs.learner, pairs.teacher, strict=True)) == list(config.transfer.pairs)
    assert set(pairs.epoch) == {1}
    assert (pairs.ssa > 0).all()
    assert set(history.stream_table().modality) == set(config.transfer.trained)
    for m, network in streams.networks.items():
        if m.endswith("-2"):
            continue
        alone, _, _ = train(fabric, config.alone(m))
        unchanged = same_tensors(network.state_dict(), alone[m].state_dict())
        assert unchanged == (m not in learners), m
    if teachers is not None:
        fresh = {m: network_of(config, m, 9).state_dict() for m in teachers.networks}
        assert all(same_tensors(teachers[m].state_dict(), fresh[m]) for m in fresh)
        assert not teachers.training


@pytest.mark.parametrize("name", EVERYTHING)
def test_before_the_transfer_and_without_weight_all_train_as_if_alone(fabric, name):
    late = settings(ssa_start_epoch=2, **EVERYTHING[name])
    weight = "ssa_weight" if late.method in ("mtut", "one_way") else "transfer_weight"
    for config in (late, settings(**EVERYTHING[name], **{weight: 0.0})):
        streams, _, history = train(fabric, config)
        assert history.pairs == []
        for m in set(config.modalities) & set(streams.networks):
            alone, _, _ = train(fabric, config.alone(m))
            assert same_tensors(streams[m].state_dict(), alone[m].state_dict())


def test_a_teachers_weights_count(fabric):
    for name in ("kd", "frozen_random"):
        one, _, _ = train(fabric, settings(**EVERYTHING[name]), teacher_seed=1)
        two, _, _ = train(fabric, settings(**EVERYTHING[name]), teacher_seed=2)
        assert not same_tensors(one["rgb"].state_dict(), two["rgb"].state_dict())


def test_the_second_network_starts_and_drops_out_otherwise(fabric):
    config = settings(**CONTROLS["same_modality"], modalities="rgb", epochs=1)
    streams, _, _ = train(fabric, config)
    assert list(streams.networks) == ["rgb", "rgb-2"]
    assert not same_tensors(streams["rgb"].state_dict(), streams["rgb-2"].state_dict())
    fresh = [network_of(config, name).state_dict() for name in ("rgb", "rgb-2")]
    assert not same_tensors(*fresh)


def test_the_wrong_clip_is_another_training(fabric):
    plain, *_ = train(fabric, settings())
    wrong = [train(fabric, settings(**CONTROLS[name])) for name in list(CONTROLS)[:2]]
    states = [s["rgb"].state_dict() for s in (plain, *(streams for streams, *_ in wrong))]
    assert not any(same_tensors(*pair) for pair in itertools.combinations(states, 2))
    again, *_ = train(fabric, settings(**CONTROLS["other_clip_same_class"]))
    assert same_tensors(states[1], again["rgb"].state_dict())


class Killed(Exception):
    pass


@pytest.mark.parametrize("name", ["kd", "similarity", *CONTROLS])
@pytest.mark.parametrize("saves", [1, 3])
def test_resume_after_any_save(fabric, tmp_path, monkeypatch, saves, name):
    config = settings(**EVERYTHING[name])
    options = {"state_file": tmp_path / "state.pt", "identity": "a"}
    whole, _, history = train(fabric, config)
    monkeypatch.setattr(trainer, "CHECKPOINT_SECONDS", -1.0)
    save, count = trainer.save_state, itertools.count(1)

    def save_and_die(*arguments):
        save(*arguments)
        if next(count) == saves:
            raise Killed

    monkeypatch.setattr(trainer, "save_state", save_and_die)
    with pytest.raises(Killed):
        train(fabric, config, **options)
    resumed, _, rest = train(fabric, config, **options)
    assert same_tensors(whole.state_dict(), resumed.state_dict())
    assert rest == history


def test_parts_of_a_batch_draw_their_own_clips(fabric, monkeypatch):
    seen = []
    module = importlib.import_module("mmtlib.training.other_clips")
    draw = module.other_clips
    monkeypatch.setattr(
        module, "other_clips", lambda *a, **k: seen.append(k["seed_parts"]) or draw(*a, **k)
    )
    train(fabric, settings(**CONTROLS["other_clip_other_class"], rho_per="clip", accumulate=2))
    assert len(seen) == len(set(seen)) == 4  # two steps with transfer, of two parts each
    assert all(parts[:2] == (0, 1) for parts in seen)


@pytest.mark.parametrize("method", ["dml", "attention", "similarity"])
def test_parts_need_no_rho_per_clip_where_there_is_no_rho(fabric, method):
    config = settings(method=method, accumulate=2, focal=True, rho_per="batch")
    streams, _, _ = train(fabric, config)
    assert all(torch.isfinite(p).all() for p in streams.parameters())
