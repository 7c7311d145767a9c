import copy
import itertools
import sys

import pytest
import torch
from lightning_fabric import Fabric
from support.shared_batches import PlainNetwork
from support.tiny_runs import RandomClips, same_tensors, tiny

from mmtlib.core.errors import CheckpointError, ConfigError, DataError
from mmtlib.core.seeding import scoped_seed
from mmtlib.models import StreamSet, build_model
from mmtlib.models.blocks import StagedNetwork
from mmtlib.training import (
    EpochBatches,
    EpochProgress,
    fit,
    make_loader,
    predict,
    predict_loader,
    trainer,
)
from mmtlib.transforms import Compose, RandomShift, Standardize

CLIPS = 12


@pytest.fixture(scope="module")
def fabric():
    return Fabric(accelerator="cpu", devices=1)


def settings(**changes):
    named = {
        "epochs": 2,
        "ssa_start_epoch": 1,
        "batch_size": 4,
        "optimizer": "sgd",
        "learning_rate": 0.02,
        "dropout": 0.3,
    }
    return tiny(**{**named, **changes})


def networks(config):
    return StreamSet(
        {
            m: build_model("compact_i3d", m, num_classes=3, seed=config.seed)
            for m in config.modalities
        }
    ).to(memory_format=torch.channels_last_3d)


def train(fabric, config, **options):
    streams = networks(config)
    clips = RandomClips(CLIPS, config.modalities)
    augment = Compose([RandomShift(pixels=2), Standardize()])
    loader = make_loader(clips, augment, EpochBatches(CLIPS, config.batch_size, config.seed))
    return streams, fit(
        streams,
        loader,
        settings=config,
        transfer=config.transfer,
        fabric=fabric,
        measure_last=False,
        **options,
    )


def held_out(config):
    return predict_loader(RandomClips(6, config.modalities), Standardize())


def test_history_and_progress(fabric):
    config = settings(epochs=4, validate_every=2)
    calls = []
    _, history = train(
        fabric,
        config,
        validation_loader=held_out(config),
        callbacks=[EpochProgress(lambda done, all_, h: calls.append((done, all_, len(h.streams))))],
    )
    assert calls == [(1, 4, 2), (2, 4, 6), (3, 4, 8), (4, 4, 10)]
    table = history.stream_table()
    assert list(table[table.split == "train"].epoch) == [0, 0, 1, 1, 2, 2, 3, 3]
    # Half-way only: the end is measured by the caller, who keeps those predictions.
    assert list(table[table.split == "validation"].epoch) == [1, 1]
    assert table.loss.gt(0).all()
    assert table.accuracy.between(0, 1).all()
    pairs = history.pair_table()
    assert set(zip(pairs.learner, pairs.teacher, strict=True)) == {
        ("rgb", "depth"), ("depth", "rgb"),
    }  # fmt: skip
    assert list(pairs.epoch) == [1, 1, 2, 2, 3, 3]


def test_it_learns(fabric):
    config = settings(epochs=12, modalities=("depth",), learning_rate=0.05)
    untrained = predict(fabric, networks(config), held_out(config))["depth"]
    streams, _ = train(fabric, config)
    found = predict(fabric, streams, held_out(config))["depth"]
    assert untrained.correct.mean() < 0.7
    assert found.correct.mean() == 1.0


def test_same_seed_same_bits(fabric):
    first, again = (train(fabric, settings())[0].state_dict() for _ in range(2))
    other = train(fabric, settings(seed=1))[0].state_dict()
    assert same_tensors(first, again)
    assert not same_tensors(first, other)


def test_without_alignment_networks_train_as_if_alone(fabric):
    joint, history = train(fabric, settings(ssa_weight=0.0))
    assert history.pairs == []
    for m in ("rgb", "depth"):
        alone, _ = train(fabric, settings(modalities=(m,)))
        assert same_tensors(joint[m].state_dict(), alone[m].state_dict())


def test_alignment_changes_only_what_comes_after_its_start(fabric):
    # With rho = 1 both learn from each other; rho of the better network would be 0.
    config = settings(epochs=3, ssa_start_epoch=2, focal=False)
    joint, together = train(fabric, config)
    for m in config.modalities:
        alone, single = train(fabric, config.alone(m))
        rows = [row for row in together.streams if row["modality"] == m]
        assert rows[:2] == single.streams[:2]
        assert not same_tensors(joint[m].state_dict(), alone[m].state_dict())
    late = train(fabric, settings(epochs=3, ssa_start_epoch=3))[0]
    never = train(fabric, settings(epochs=3, ssa_weight=0.0))[0]
    assert same_tensors(late.state_dict(), never.state_dict())


def test_an_undivided_gradient_limit_for_each_network(fabric):
    free = train(fabric, settings(gradient_clip=0.0, ssa_weight=0.0))[0]
    wide = train(fabric, settings(gradient_clip=1e6, ssa_weight=0.0))[0]
    narrow = train(fabric, settings(gradient_clip=0.1, ssa_weight=0.0))[0]
    assert same_tensors(free.state_dict(), wide.state_dict())
    assert not same_tensors(free.state_dict(), narrow.state_dict())


class Killed(Exception):
    pass


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
@pytest.mark.parametrize("saves", [1, 3, 4, 7])
def test_resume_after_any_save(fabric, tmp_path, monkeypatch, saves, optimizer):
    config = settings(validate_every=1, optimizer=optimizer)
    state = {"state_file": tmp_path / "state.pt", "identity": "a"}
    options = {"validation_loader": held_out(config), **state}
    whole, history = train(fabric, config, **{**options, "state_file": None})
    monkeypatch.setattr(trainer, "CHECKPOINT_SECONDS", -1.0)
    save, count = trainer.save_state, itertools.count(1)

    def save_and_die(*arguments):
        save(*arguments)
        if next(count) == saves:
            raise Killed

    monkeypatch.setattr(trainer, "save_state", save_and_die)
    with pytest.raises(Killed):
        train(fabric, config, **options)
    resumed, rest = train(fabric, config, **options)
    assert same_tensors(whole.state_dict(), resumed.state_dict())
    assert rest == history


def test_a_finished_state_is_only_loaded(fabric, tmp_path):
    options = {"state_file": tmp_path / "state.pt", "identity": "a"}
    first, history = train(fabric, settings(), **options)
    again, rest = train(
        fabric,
        settings(),
        **options,
        callbacks=[EpochProgress(lambda *_: pytest.fail("trained again"))],
    )
    assert same_tensors(first.state_dict(), again.state_dict())
    assert rest == history


def test_state_of_another_run(fabric, tmp_path):
    train(fabric, settings(epochs=1), state_file=tmp_path / "state.pt", identity="a")
    with pytest.raises(CheckpointError, match="saved by another run"):
        train(fabric, settings(epochs=1), state_file=tmp_path / "state.pt", identity="b")


@pytest.mark.parametrize("clip", [5.0, 0.0])
def test_divergence_is_explained(fabric, clip):
    config = settings(
        epochs=30, learning_rate=1e8, gradient_clip=clip, momentum=0.99, weight_decay=1.0
    )
    with pytest.raises(ConfigError, match=r"diverged: in epoch \d+ the (loss|grad).*learning_rate"):
        train(fabric, config)


def test_predict_changes_nothing_and_gives_probabilities(fabric):
    config = settings()
    streams = networks(config)
    before = copy.deepcopy(streams.state_dict())
    found = predict(fabric, streams, held_out(config))
    assert same_tensors(before, streams.state_dict())
    assert set(found) == {"rgb", "depth"}
    assert found["rgb"].scores.shape == (6, 3)
    assert list(found["rgb"].labels) == [0, 1, 2, 0, 1, 2]
    assert found["rgb"].clip_ids == tuple(f"clip-{i}" for i in range(6))
    assert list(found["depth"].subjects) == [0, 1, 2, 3, 4, 0]
    batch = next(iter(held_out(config)))
    with torch.no_grad():
        by_hand = streams["rgb"](batch.frames["rgb"]).logits.softmax(1).numpy()
    assert by_hand == pytest.approx(found["rgb"].scores, abs=1e-6)


class PlainNetworks(StreamSet):
    """Networks without batch normalisation, which alone may see how a batch is divided."""

    def __init__(self):
        with scoped_seed("plain"):
            networks = {m: PlainNetwork(c, 6) for m, c in (("rgb", 3), ("depth", 1))}
        super().__init__(networks)


@pytest.mark.parametrize("focal", [True, False])
def test_accumulated_parts_give_the_gradient_of_the_batch(fabric, monkeypatch, focal):
    monkeypatch.setattr(sys.modules[__name__], "networks", lambda _: PlainNetworks())
    base = settings(rho_per="clip", focal=focal, epochs=3, ssa_weight=0.3)
    (whole, history), (parts, found) = (
        train(fabric, base.replace(accumulate=parts)) for parts in (1, 4)
    )
    for name, values in whole.state_dict().items():
        torch.testing.assert_close(parts.state_dict()[name], values, rtol=1e-4, atol=1e-6)
    assert [row["loss"] for row in found.streams] == pytest.approx(
        [row["loss"] for row in history.streams], rel=1e-4
    )
    assert [row["ssa"] for row in found.pairs] == pytest.approx(
        [row["ssa"] for row in history.pairs], rel=1e-3
    )


def test_parts_that_do_not_fit(fabric):
    with pytest.raises(ConfigError, match="rho_per='clip' only"):
        settings(accumulate=2, rho_per="batch")
    with pytest.raises(DataError, match="batch of 4 clips cannot be split into 3 equal parts"):
        train(fabric, settings(accumulate=3, rho_per="clip"))


def test_recomputed_activations_change_no_bit(fabric, monkeypatch):
    """Neither weights nor the running statistics nor dropout."""
    plain, history = train(fabric, settings())
    monkeypatch.setattr(StagedNetwork, "recompute", True)
    again, found = train(fabric, settings())
    assert same_tensors(plain.state_dict(), again.state_dict())
    assert history == found


def test_recomputing_keeps_less_for_the_backward_pass():
    kept = []
    for recompute in (False, True):
        network, total = networks(settings())["rgb"], []
        network.recompute = recompute
        with torch.autograd.graph.saved_tensors_hooks(
            lambda x, total=total: total.append(x.numel()) or x, lambda x: x
        ):
            network(torch.rand(2, 3, 8, 16, 16))
        kept.append(sum(total))
    assert kept[1] < 0.6 * kept[0]
