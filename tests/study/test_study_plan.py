"""The grids of docs/study_plan.md: every combination is a valid config, and what is chosen."""

import pandas as pd
import pytest

from mmtlib.core.errors import DataError
from mmtlib.study import plan


def results(best):
    """Accuracies in which the trial `best[method]` (its number) is the best."""
    rows = []
    for method, trials in plan.TRIALS.items():
        for number, trial in enumerate(trials):
            for seed in plan.TUNING_SEEDS:
                accuracy = 0.7 + 0.1 * (number == best.get(method, 0)) + 0.001 * seed
                row = {"arm": f"{method} {trial}", "seed": seed, "target": "rgb"}
                rows.append({**row, "split": "validation", "accuracy": accuracy})
    return pd.DataFrame(rows)


def test_every_method_gets_as_many_trials():
    assert set(plan.TRIALS) == {"alone", *plan.METHODS}
    assert {len(trials) for trials in plan.TRIALS.values()} == {4}
    grid = plan.tuning()
    assert len(grid.tasks) == 4 * len(plan.TRIALS) * len(plan.TUNING_SEEDS)
    assert {task.config.generator_seed for task in grid.tasks} == {0}
    assert not set(plan.TUNING_SEEDS) & set(plan.SEEDS)


def test_the_best_trial_on_validation_is_chosen():
    chosen = plan.choose(results({"mtut": 2, "kd": 3, "alone": 1}))
    assert chosen["mtut"] == {"ssa_weight": 30.0}
    assert chosen["kd"] == {"method": "kd", "teacher": "depth", "transfer_weight": 10.0}
    assert chosen["alone"] == {"modalities": ["rgb"], "dropout": 0.3}
    assert chosen["ssa"] == {"focal": False, "ssa_weight": 3.0}


def test_nothing_is_chosen_from_test_clips_or_from_half_the_trials():
    found = results({})
    with pytest.raises(DataError, match="lacks runs of 'alone as it is'"):
        plan.choose(found.assign(split="test"))
    with pytest.raises(DataError, match="lacks runs of 'mtut 10'"):
        plan.choose(found[(found["arm"] != "mtut 10") | (found["seed"] == 300)])


def test_the_primary_question():
    grid = plan.primary(plan.choose(results({"mtut": 1})))
    joint = [task.config for task in grid.tasks if len(task.config.modalities) == 2]
    alone = [task.config for task in grid.tasks if task.config.modalities == ("rgb",)]
    assert len(joint) == len(alone) == 24
    assert {(c.seed, c.generator_seed) for c in joint} == {
        (c.seed, c.generator_seed) for c in alone
    }
    assert {c.generator_seed for c in joint} == {1001, 1002}
    assert {c.ssa_weight for c in joint} == {10.0}


def test_the_secondary_questions():
    chosen = plan.choose(results({"mtut": 1, "alone": 3}))
    grids = plan.secondary(chosen, 1.7)
    assert list(grids) == ["S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8"]
    assert len({grid.name for grid in grids.values()}) == 8
    for question, grid in grids.items():
        configs = [task.config for task in grid.tasks]
        assert {c.generator_seed for c in configs} == {1001}, question
        assert {c.seed for c in configs} <= set(plan.SEEDS), question
        assert any(c.modalities == ("rgb",) for c in configs), "its baseline"
    arms = {task.arm for task in grids["S3"].tasks}
    assert {"frozen random teacher", "second rgb", "constant rho", "other_clip_same_class"} <= arms
    controls = {task.config.control for task in grids["S3"].tasks}
    assert controls == {
        "none", "other_clip_same_class", "other_clip_other_class", "frozen_random", "same_modality",
    }  # fmt: skip
    methods = {task.config.method for task in grids["S2"].tasks}
    assert methods == {"mtut", "one_way", "kd", "dml", "attention", "similarity"}
