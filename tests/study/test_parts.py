"""The study runs in its order, on validation clips first, and stops where a run failed."""

import pandas as pd
import pytest
from support.grids import tiny_grid

from mmtlib.core.errors import ConfigError, DataError
from mmtlib.results import Failure, SweepReport
from mmtlib.study import PARTS, QUESTIONS, conduct, grids_of, parts, plan


@pytest.fixture
def swept(monkeypatch):
    """Sweeps are written down, not made; the store is as if they had been made."""
    calls = []

    def sweep(grid, *, split, stored, **_):
        assert stored
        calls.append((grid.name, split))
        return SweepReport(study=grid.name, split=split, stored=0, done=1, failures=())

    rows = [
        {"arm": f"{method} {trial}", "target": "rgb", "split": "validation", "accuracy": 0.7}
        for method, trials in plan.TRIALS.items()
        for trial in trials
        for _ in plan.TUNING_SEEDS
    ]
    learners, rho = ["rgb", "rgb", "depth"], [1.0, 2.0, 9.0]
    monkeypatch.setattr(parts, "sweep", sweep)
    monkeypatch.setattr(parts, "load_results", lambda *_, **__: pd.DataFrame(rows))
    monkeypatch.setattr(
        parts, "load_history", lambda *_, **__: pd.DataFrame({"learner": learners, "rho": rho})
    )
    return calls


def test_tuning_reads_no_test_clip_and_comes_first(swept):
    list(conduct())
    assert swept[:3] == [
        ("study-tuning", "validation"),
        ("study-primary", "validation"),
        ("study-primary", "test"),
    ]
    assert ("study-tuning", "test") not in swept
    later = swept[3:]
    assert [split for _, split in later] == ["validation", "test"] * 8
    assert len({name for name, _ in later}) == 8


def test_parts_run_in_the_order_of_the_plan_however_they_are_given(swept):
    list(conduct(["primary", "tuning"]))
    assert [name for name, _ in swept] == ["study-tuning", "study-primary", "study-primary"]


def test_only_the_questions_asked_for(swept):
    list(conduct(["secondary"], questions=["S8", "S6"]))
    assert [name for name, _ in swept] == ["study-clips"] * 2 + ["study-recipe"] * 2


@pytest.mark.parametrize("none", [None, [], ()])
def test_no_question_asks_for_all_of_the_part(swept, none):
    list(conduct(["primary"], questions=none))
    assert [name for name, _ in swept] == ["study-primary"] * 2


def test_every_grid_is_a_question(swept):
    assert tuple(name for part in PARTS for name in grids_of(part)) == QUESTIONS


def test_the_constant_is_the_mean_for_rgb_as_learner(swept):
    tasks = [task for task in grids_of("secondary")["S3"].tasks if task.arm == "constant rho"]
    assert {task.config.rho_constant for task in tasks} == {1.5}


def test_nothing_goes_on_after_a_failed_run(swept, monkeypatch):
    task = tiny_grid().tasks[0]
    failed = SweepReport(
        study="study-tuning", split="validation", stored=0, done=0,
        failures=(Failure(task, "The disk is full."),),
    )  # fmt: skip
    monkeypatch.setattr(parts, "sweep", lambda *_, **__: failed)
    with pytest.raises(DataError, match=r"1 runs of 'study-tuning' failed.*The disk is full"):
        list(conduct())
    assert swept == []


def test_an_unknown_part_is_refused(swept):
    with pytest.raises(ConfigError, match="'tunning'"):
        list(conduct(["tunning"]))
    with pytest.raises(ConfigError, match="third"):
        grids_of("third")
    with pytest.raises(ConfigError, match=r"question of the study.*'S12'"):
        list(conduct(questions=["S12"]))
    assert swept == []
    assert PARTS == ("tuning", "primary", "secondary")


def test_without_trials_there_is_no_primary_question(fresh_cache):
    with pytest.raises(ConfigError, match="study-tuning"):
        grids_of("primary")


def test_anew_takes_nothing_from_the_package(swept, monkeypatch):
    asked = []

    def sweep(grid, *, stored, **_):
        asked.append(stored)
        return SweepReport(study=grid.name, split="", stored=0, done=1, failures=())

    monkeypatch.setattr(parts, "sweep", sweep)
    list(conduct(["tuning", "primary"], anew=True))
    assert asked == [False, False, False]
