"""Every method, control and change of the clips on its way from a config to a stored run."""

import numpy as np
import pytest
from support.tiny_runs import same_tensors, tiny, weights

from mmtlib.config import CONTROLS, METHODS
from mmtlib.core.errors import DataError
from mmtlib.evaluation import accuracy
from mmtlib.experiment import (
    evaluate,
    list_runs,
    load_run,
    plan_training,
    run,
    run_all,
)
from mmtlib.experiment import train as train_module
from mmtlib.results import compare
from mmtlib.training import EpochProgress

KD = {"method": "kd", "teacher": "depth"}
WITH_TEACHER = {"one_way": "depth", "kd": "depth"}


def settings_of(method):
    return {"method": method, "teacher": WITH_TEACHER.get(method)}


@pytest.mark.parametrize("method", METHODS)
def test_every_method_is_a_run_of_all_its_modalities(own_cache, method):
    config = tiny(epochs=2, **settings_of(method))
    made = run(config)
    assert set(made.validation_accuracy) == {"rgb", "depth"}
    assert made.streams().modalities == ("rgb", "depth")
    assert list(made.predictions()) == ["rgb", "depth"]
    pairs = made.history.pair_table()
    assert set(pairs.epoch) == {1}
    assert (pairs.ssa > 0).all()
    assert made.facts["alignment"] == plan_training(config).weight_line
    assert run(config) == made


@pytest.mark.parametrize("control", list(CONTROLS)[1:])
@pytest.mark.parametrize("method", ["mtut", "dml"])
def test_every_control_is_a_run_of_its_modalities(own_cache, method, control):
    config = tiny(epochs=2, method=method, control=control, focal=False)
    made = run(config)
    assert set(made.validation_accuracy) == {"rgb", "depth"}
    assert made.identity != run(tiny(epochs=2, method=method, focal=False)).identity
    files = {p.name for p in made.path.glob("*.safetensors")}
    assert files == {"rgb.safetensors", "depth.safetensors"}  # no second networks
    plain = run(tiny(epochs=2, method=method, focal=False))
    assert not same_tensors(weights(made.path, "rgb"), weights(plain.path, "rgb"))


def test_one_modality_with_a_second_network(own_cache):
    made = run(tiny(epochs=2, modalities="rgb", control="same_modality", focal=False))
    alone = run(tiny(epochs=2, modalities="rgb"))
    assert set(made.validation_accuracy) == {"rgb"}
    assert set(made.history.stream_table().modality) == {"rgb", "rgb-2"}
    assert not same_tensors(weights(made.path, "rgb"), weights(alone.path, "rgb"))


def test_three_modalities_learn_from_one(own_cache):
    made = run(tiny(epochs=2, modalities="rgb,depth,ir", **KD))
    assert set(made.mean_rho()) == {("rgb", "depth"), ("ir", "depth")}
    assert set(made.validation_accuracy) == {"rgb", "depth", "ir"}


# Distillation


def test_the_distilled_teacher_is_the_run_of_the_teacher_alone(fresh_cache):
    config = tiny(epochs=2, seed=4, **KD)
    progress = []
    student = run(config, progress=lambda *state: progress.append(state[:2]))
    assert progress == [(1, 2), (2, 2)] * 2  # the teacher's epochs first
    teacher = run(config.alone("depth"))
    assert student.facts["teacher"] == teacher.identity
    assert len(list((fresh_cache / "runs").glob("*/run.json"))) == 2
    kept, first = weights(student.path, "depth"), weights(teacher.path, "depth")
    assert same_tensors(kept, first)
    assert np.array_equal(
        student.predictions()["depth"].scores, teacher.predictions()["depth"].scores
    )
    assert set(student.history.stream_table().modality) == {"rgb"}


def test_another_teacher_makes_another_student(fresh_cache, monkeypatch):
    first = run(tiny(epochs=1, ssa_start_epoch=0, **KD))
    with monkeypatch.context() as patch:
        patch.setattr(train_module, "RECIPE_VERSION", train_module.RECIPE_VERSION + 1)
        teacher = run(tiny(epochs=1, ssa_start_epoch=0).alone("depth"))
    found = train_module.run

    def with_other_teacher(config, **named):
        return teacher if config.modalities == ("depth",) else found(config, **named)

    monkeypatch.setattr(train_module, "run", with_other_teacher)
    other = found(tiny(epochs=1, ssa_start_epoch=0, **KD))
    assert other.facts["teacher"] == teacher.identity != first.facts["teacher"]
    assert other.identity != first.identity


def test_a_deleted_teacher_is_trained_again_before_its_student(fresh_cache):
    config = tiny(epochs=1, ssa_start_epoch=0, **KD)
    student = run(config)
    teacher = run(config.alone("depth"))
    (teacher.path / "run.json").unlink()
    assert run(config) == student
    assert load_run(teacher.run_id).identity == teacher.identity


def test_a_killed_student_goes_on_with_its_teacher(fresh_cache, monkeypatch):
    config = tiny(epochs=3, **KD)
    fit = train_module.fit
    reference = run(config)
    kept = weights(reference.path, "rgb")
    history = reference.history
    (reference.path / "run.json").unlink()

    def stop(*arguments, **named):
        named["callbacks"] = [EpochProgress(lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))]
        return fit(*arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(train_module, "fit", stop)
        with pytest.raises(KeyboardInterrupt):
            run(config)
    assert (reference.path / "state.pt").exists()
    resumed = run(config)
    assert same_tensors(kept, weights(resumed.path, "rgb"))
    assert resumed.history == history


def test_a_random_teacher_of_distillation_is_not_trained_first(fresh_cache):
    made = run(tiny(epochs=1, ssa_start_epoch=0, control="frozen_random", **KD))
    assert "teacher" not in made.facts
    assert len(list((fresh_cache / "runs").glob("*/run.json"))) == 1
    assert set(made.validation_accuracy) == {"rgb", "depth"}


def test_students_side_by_side_share_their_teacher(fresh_cache):
    configs = [tiny(epochs=1, ssa_start_epoch=0, temperature=t, **KD) for t in (1.0, 2.0)]
    first, second = run_all(configs, workers=2)
    assert first.facts["teacher"] == second.facts["teacher"]
    assert first.identity != second.identity
    assert len(list_runs()) == 3


def test_compared_with_its_baselines_a_teacher_has_gained_nothing(fresh_cache):
    found = compare(tiny(epochs=1, ssa_start_epoch=0, **KD), [0], workers=1)
    assert found.differences["depth"].mean == 0
    assert list(found.table.modality) == ["rgb", "depth"]


def test_a_student_is_measured_on_test_clips_with_its_teacher(own_cache):
    made = run(tiny(epochs=2, **KD))
    found = evaluate(made, "test")
    assert set(found.accuracy) == {"rgb", "depth", "fused"}
    teacher = evaluate(run(tiny(epochs=2).alone("depth")), "test")
    assert found.accuracy["depth"] == teacher.accuracy["depth"]


# A control with the mean of rho


def test_the_mean_of_rho_over_the_epochs_with_alignment(own_cache):
    made = run(tiny(epochs=4, ssa_start_epoch=2))
    pairs = made.history.pair_table()
    assert set(pairs.epoch) == {2, 3}
    found = made.mean_rho()
    for m, n in (("rgb", "depth"), ("depth", "rgb")):
        rows = [
            row["rho"] for row in made.history.pairs if (row["learner"], row["teacher"]) == (m, n)
        ]
        assert len(rows) == 2
        assert found[m, n] == pytest.approx(sum(rows) / 2)
    matched = made.config.replace(focal=False, rho_constant=found["rgb", "depth"])
    constant = run(matched).mean_rho()
    assert constant == pytest.approx(dict.fromkeys(found, found["rgb", "depth"]))


@pytest.mark.parametrize("settings", [{"ssa_weight": 0.0}, {"ssa_start_epoch": 9}])
def test_without_alignment_there_is_no_rho(own_cache, settings):
    with pytest.raises(DataError, match=r"has no rho: its networks were trained each by itself"):
        run(tiny(epochs=2, **settings)).mean_rho()


# Clips


def test_runs_on_changed_clips(own_cache):
    plain = run(tiny(epochs=2, modalities="depth"))
    changes = [
        {"corrupt": "depth", "corruption": "blur", "corruption_strength": 0.4},
        {"train_clips": 24},
        {"clutter": 1.0},
    ]
    runs = [run(tiny(epochs=2, modalities="depth", **change)) for change in changes]
    assert len({made.identity for made in (plain, *runs)}) == 4
    assert runs[0].facts["note"] == "depth is corrupted (blur, strength 0.4)."
    assert runs[1].facts["note"] == "Training: 24 of 48 training clips are used."
    assert runs[0].facts["data"]["validation"] != plain.facts["data"]["validation"]
    assert runs[1].facts["data"]["validation"] == plain.facts["data"]["validation"]


def test_a_spoilt_modality_is_spoilt_in_every_measurement(own_cache):
    config = tiny(
        epochs=2, ssa_weight=0.0, corrupt="depth", corruption="drop", corruption_strength=1.0
    )
    made = run(config)
    found = evaluate(made, "test")
    assert found.note == "depth is corrupted (drop, strength 1)."
    scores = found.predictions["depth"].scores
    assert np.ptp(scores, axis=0).max() < 1e-6  # nothing is left to tell clips apart by
    clean = evaluate(run(config.replace(corrupt=None)), "test")
    assert accuracy(found.predictions["rgb"]) == accuracy(clean.predictions["rgb"])


def test_runs_are_listed_with_what_they_are(fresh_cache):
    made = [
        run(tiny(epochs=1)),
        run(tiny(epochs=1, control="same_modality", focal=False, train_clips=24)),
        run(tiny(epochs=1, clutter=1.0, corrupt="rgb", **KD)),
        run(tiny(epochs=1, modalities="rgb")),
    ]
    table = list_runs().set_index("run").loc[[each.run_id for each in made]]
    assert list(table.method) == ["mtut", "mtut", "kd", "mtut"]
    assert list(table.teacher) == ["", "", "depth", ""]
    assert list(table.control) == ["none", "same_modality", "none", "none"]
    assert list(table.weight) == [10.0, 10.0, 1.0, 0.0]
    assert list(table.focal) == [True, False, False, False]
    assert list(table.changed) == ["", "24 training clips", "rgb noise 0.5, clutter 1", ""]
