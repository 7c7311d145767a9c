import random

import numpy as np
import pytest
import torch
from support.child_runs import train_and_tell, train_until_killed
from support.tiny_runs import same_tensors, tiny, use_fresh_cache, weights

from mmtlib.core.errors import CheckpointError, ConfigError, DataError
from mmtlib.experiment import evaluate, make_fabric, run, run_all
from mmtlib.experiment import train as train_module
from mmtlib.results import compare
from mmtlib.synthetic import SyntheticGestures
from mmtlib.training import EpochProgress, save_state, trainer


def same_run(a, b):
    for m in a.config.modalities:
        assert same_tensors(weights(a.path, m), weights(b.path, m))
        for split in ("validation",):
            first, second = a.predictions(split)[m], b.predictions(split)[m]
            assert np.array_equal(first.scores, second.scores)
            assert first.clip_ids == second.clip_ids
    assert a.history == b.history
    assert a.validation_accuracy == b.validation_accuracy
    return True


@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_killed_at_any_moment_a_run_goes_on_to_the_same_bits(
    processes, own_cache, tmp_path, monkeypatch, precision
):
    if precision == "bf16" and not torch.cpu._is_avx512_bf16_supported():
        pytest.skip("this processor has no bf16 arithmetic, and mmtlib refuses to imitate it")
    config = tiny(epochs=8, batch_size=8, ssa_start_epoch=2, validate_every=3, precision=precision)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    use_fresh_cache(own_cache, tmp_path / "a", monkeypatch)
    whole = run(config)
    cache = use_fresh_cache(own_cache, tmp_path / "b", monkeypatch)
    folder = cache / "runs" / whole.run_id
    rng = random.Random(5)
    for _ in range(5):
        moment = rng.randint(1, 6), rng.uniform(0, 0.06)
        child = processes.Process(
            target=train_until_killed, args=(config.to_json(), str(cache), *moment)
        )
        child.start()
        child.join()
        assert child.exitcode == -9
        assert (folder / "state.pt").exists()
        assert not (folder / "run.json").exists()
    resumed = run(config)
    assert resumed.path == folder
    assert same_run(whole, resumed)
    assert whole.facts["seconds"] > 0
    assert resumed.facts["seconds"] is None  # of the parts before the last one it is not known
    assert not [p for p in folder.iterdir() if p.name.startswith(".") or p.name == "state.pt"]


def test_two_processes_that_ask_for_one_run_train_it_once(processes, fresh_cache, tmp_path):
    config = tiny(epochs=2, seed=3)
    notes = [tmp_path / name for name in "ab"]
    children = [
        processes.Process(
            target=train_and_tell, args=(config.to_json(), str(fresh_cache), str(note))
        )
        for note in notes
    ]
    for child in children:
        child.start()
    for child in children:
        child.join()
        assert child.exitcode == 0
    assert sorted(note.read_text() for note in notes) == ["", "1\n2\n"]


def test_a_run_is_trained_once(fresh_cache, monkeypatch):
    done = []
    config = tiny(epochs=1, modalities="depth")
    first = run(config, progress=lambda *state: done.append(state[:2]))
    assert done == [(1, 1)]
    monkeypatch.setattr(train_module, "fit", lambda *_, **__: pytest.fail("trained again"))
    assert run(config) == first
    # None of these changes the result, so none of them makes another run.
    assert run(config.replace(workers=2, root="x", ssa_weight=3.0, recipe="paper")) == first


def test_resolved_precision_makes_another_run(fresh_cache, monkeypatch):
    config = tiny(epochs=1, modalities="depth")
    first = run(config)
    assert run(config.replace(precision="float32")) == first
    monkeypatch.setattr(train_module, "resolve_device", lambda _: ("cpu", "bf16"))
    monkeypatch.setattr(train_module, "make_fabric", lambda *_, **__: make_fabric("cpu", "float32"))
    other = run(config)
    assert other.facts["precision"] == "bf16"
    assert first.run_id != other.run_id


def test_recipe_version_and_data_make_another_run(fresh_cache, monkeypatch):
    config = tiny(epochs=1, modalities="depth")
    first = run(config)
    with monkeypatch.context() as patch:
        patch.setattr(train_module, "RECIPE_VERSION", train_module.RECIPE_VERSION + 1)
        assert run(config).run_id != first.run_id
    monkeypatch.setattr(SyntheticGestures, "fingerprint", "other clips")
    assert run(config).run_id != first.run_id


def test_joint_training_without_weight_is_training_alone(fresh_cache):
    joint = run(tiny(ssa_weight=0.0, epochs=2))
    assert joint.history.pairs == []
    for m in ("rgb", "depth"):
        alone = run(tiny(epochs=2).alone(m))
        assert same_tensors(weights(joint.path, m), weights(alone.path, m))
        first, second = (r.predictions()[m].scores for r in (joint, alone))
        assert np.array_equal(first, second)


def test_before_the_alignment_joint_training_is_training_alone(joint_run):
    start = joint_run.config.ssa_start_epoch
    changed = []
    for m in ("rgb", "depth"):
        alone = run(joint_run.config.alone(m))
        single = [row for row in alone.history.streams if row["epoch"] < start]
        joint = [
            row
            for row in joint_run.history.streams
            if row["epoch"] < start and row["modality"] == m
        ]
        assert joint == single
        assert len(joint) == start == 1
        changed.append(not same_tensors(weights(joint_run.path, m), weights(alone.path, m)))
    assert any(changed)  # the better network may have learnt nothing from the other: rho = 0


def test_balanced_sampling_is_another_training(fresh_cache):
    settings = {"modalities": ("depth",), "epochs": 1}
    plain, balanced = run(tiny(**settings)), run(tiny(sampling="balanced", **settings))
    assert plain.identity != balanced.identity
    assert not same_tensors(weights(plain.path, "depth"), weights(balanced.path, "depth"))


def test_test_clips_are_not_opened(fresh_cache, monkeypatch):
    asked = []
    opened = train_module.open_data

    def watched_open(config, split, **named):
        asked.append(split)
        return opened(config, split, **named)

    monkeypatch.setattr(train_module, "open_data", watched_open)
    made = SyntheticGestures.__init__

    def watched(self, preset=None, split="train", *rest, **named):
        asked.append(split)
        made(self, preset, split, *rest, **named)

    monkeypatch.setattr(SyntheticGestures, "__init__", watched)
    config = tiny(epochs=1, ssa_start_epoch=0)
    run(config)
    run_all([config, config.alone("rgb")], workers=1)
    compare(config, [0], workers=1)
    assert set(asked) == {"train", "validation"}
    evaluate(run(config), "test")
    assert "test" in asked


def test_run_all_keeps_the_order_and_counts(fresh_cache):
    configs = [tiny(epochs=1, modalities="depth", seed=seed) for seed in (2, 0, 1, 0)]
    done = []
    runs = run_all(configs, workers=1, progress=lambda *numbers: done.append(numbers))
    assert [r.config.seed for r in runs] == [2, 0, 1, 0]
    assert runs[1] == runs[3]
    assert done == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert run_all([]) == []


def test_what_is_stored_starts_no_process(fresh_cache, monkeypatch):
    configs = [tiny(epochs=1, modalities="depth", seed=seed) for seed in (0, 1)]
    first = run_all(configs, workers=1)
    monkeypatch.setattr(train_module, "Workers", lambda *_, **__: pytest.fail("started"))
    assert run_all(configs, workers=2) == first
    # Of three runs one is missing: no other process is needed for it.
    third = configs[0].replace(seed=2)
    done = []
    runs = run_all([third, *configs], workers=2, progress=lambda *numbers: done.append(numbers))
    assert runs[1:] == first
    assert done == [(1, 3), (2, 3), (3, 3)]


def test_side_by_side_gives_the_same_and_makes_no_test_clips(tmp_path, monkeypatch):
    monkeypatch.setenv("MMTLIB_CACHE", str(tmp_path))
    configs = [tiny(epochs=1, seed=1, modalities=m) for m in ("depth", "rgb,depth")]
    done = []
    runs = run_all(configs, workers=2, progress=lambda *numbers: done.append(numbers))
    assert [r.config for r in runs] == configs
    assert done == [(1, 2), (2, 2)]
    stores = {p.name.split("-")[1] for p in (tmp_path / "synthetic").iterdir() if p.is_dir()}
    assert stores == {"train", "validation"}
    there = weights(runs[0].path, "depth")
    (runs[0].path / "run.json").unlink()
    assert same_tensors(there, weights(run(configs[0]).path, "depth"))


def test_the_first_error_ends_the_others(fresh_cache):
    bad = tiny(epochs=30, optimizer="sgd", learning_rate=1e8, momentum=0.99, weight_decay=1.0)
    with pytest.raises(ConfigError, match="diverged"):
        run_all([tiny(epochs=10**6, seed=1), bad], workers=2)


def test_wrong_configs_are_told_before_anything_is_trained(fresh_cache):
    configs = [tiny(epochs=1), tiny(epochs=1, dataset="nvgesture", root="/no/where")]
    with pytest.raises(DataError, match="/no/where"):
        run_all(configs, workers=2)
    assert not (fresh_cache / "runs").exists()
    with pytest.raises(ConfigError, match="Unknown network"):
        run(tiny(network="big"))


def test_divergence_is_no_run(fresh_cache):
    with pytest.raises(ConfigError, match="diverged"):
        run(tiny(epochs=30, optimizer="sgd", learning_rate=1e8, momentum=0.99, weight_decay=1.0))
    assert not list((fresh_cache / "runs").glob("*/run.json"))


def unfinished(config, monkeypatch):
    """Return the folder of a run that was stopped after its first epoch."""
    folders = []
    fit = train_module.fit

    def stop(*arguments, state_file, **named):
        folders.append(state_file.parent)
        named["callbacks"] = [EpochProgress(lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))]
        return fit(*arguments, state_file=state_file, **named)

    with monkeypatch.context() as patch:
        patch.setattr(train_module, "fit", stop)
        with pytest.raises(KeyboardInterrupt):
            run(config)
    return folders[0]


def test_stopped_by_hand_it_goes_on(fresh_cache, monkeypatch):
    config = tiny(epochs=2, modalities="depth")
    folder = unfinished(config, monkeypatch)
    assert (folder / "state.pt").exists()
    done = []
    run(config, progress=lambda epoch, *_: done.append(epoch))
    assert done == [2]
    assert not (folder / "state.pt").exists()


def test_damaged_state(fresh_cache, monkeypatch):
    config = tiny(epochs=2, modalities="depth")
    folder = unfinished(config, monkeypatch)
    (folder / "state.pt").write_bytes(b"garbage")
    with pytest.raises(CheckpointError, match=r"state\.pt is damaged.*move it away"):
        run(config)
    save_state(folder / "state.pt", {"identity": "another"})
    with pytest.raises(CheckpointError, match="saved by another run"):
        run(config)


def test_full_disk_while_training(fresh_cache, monkeypatch):
    config = tiny(epochs=2, modalities="depth")
    folder = unfinished(config, monkeypatch)
    before = (folder / "state.pt").read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("torch.save", full)
        with pytest.raises(DataError, match="No space left on device"):
            run(config)
    assert (folder / "state.pt").read_bytes() == before
    run(config)


def test_what_killed_processes_left_is_removed(fresh_cache, monkeypatch):
    config = tiny(epochs=2, modalities="depth")
    folder = unfinished(config, monkeypatch)
    (folder / ".state.pt.0123abcd.tmp").write_bytes(b"half a state")
    run(config)
    assert not list(folder.glob(".*"))


def test_killed_before_the_last_file(fresh_cache):
    config = tiny(epochs=1, modalities="depth")
    first = run(config)
    kept = weights(first.path, "depth")
    facts = first.facts
    (first.path / "run.json").unlink()
    again = run(config)
    assert same_tensors(kept, weights(again.path, "depth"))
    assert again.facts.keys() == facts.keys()


def test_states_are_saved_between_epochs_too(fresh_cache, monkeypatch):
    saved = []
    save = trainer.save_state
    monkeypatch.setattr(
        trainer, "save_state", lambda path, state: saved.append(state["step"]) or save(path, state)
    )
    run(tiny(epochs=1, modalities="depth"))
    assert saved == [0]  # after the epoch
    monkeypatch.setattr(trainer, "CHECKPOINT_SECONDS", -1.0)
    run(tiny(epochs=1, modalities="depth", seed=1))
    assert saved == [0, 1, 2, 3, 0]
