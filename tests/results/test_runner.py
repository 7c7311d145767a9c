"""Sweeps as a whole: killed processes, failing tasks, starting again, what is read of the test."""

import json
import threading
import time
from concurrent.futures import CancelledError, Future
from functools import partial

import pytest
from distributed import KilledWorker
from support.grids import tiny_grid
from support.processes import at_work

from mmtlib.core import cache
from mmtlib.core.errors import ConfigError, DataError, MmtlibError
from mmtlib.core.executor import KILLED, Workers
from mmtlib.evaluation import Predictions, accuracy
from mmtlib.experiment import load_run, run
from mmtlib.results import (
    ResultsStore,
    load_history,
    load_predictions,
    load_results,
    runner,
)
from mmtlib.results import sweep as sweep_here

DIVERGES = {"learning_rate": 1e8, "epochs": 3}


@pytest.fixture
def sweep(fresh_cache):
    """Sweep in two processes, in an empty cache."""
    return partial(sweep_here, workers=2)


def trainings(cache):
    """Return run -> when its training ended, to the nanosecond: another time = trained again."""
    return {f.parent.name: f.stat().st_mtime_ns for f in (cache / "runs").glob("*/run.json")}


def counts(report):
    return report.stored, report.done, len(report.failures)


def test_every_run_of_a_grid_is_there_once(sweep, fresh_cache):
    grid = tiny_grid(seeds=[0, 1], baselines=True, factors={"focal": [True, False]})
    seen = []
    report = sweep(grid, progress=lambda done, total: seen.append((done, total)))
    assert (report.study, report.split, *counts(report)) == ("study", "validation", 0, 8, 0)
    assert seen == [(n, 8) for n in range(1, 9)]
    rows = load_results("study")
    assert not rows.duplicated(["identity", "target", "split"]).any()
    assert len(trainings(fresh_cache)) == rows["identity"].nunique() == 8
    found = rows.groupby(["arm", "method", "modalities", "target"]).size().to_dict()
    assert found == {
        ("alone", "unimodal", "rgb", "rgb"): 2,
        ("alone", "unimodal", "depth", "depth"): 2,
        **{(f"focal={level}", method, "rgb+depth", target): 2
           for level, method in (("true", "mtut"), ("false", "ssa"))
           for target in ("rgb", "depth", "fused")},
    }  # fmt: skip


def test_a_run_of_a_sweep_is_the_run_made_here(sweep, fresh_cache, own_cache, monkeypatch):
    grid = tiny_grid(base={"epochs": 2})
    sweep(grid)
    made = load_run(load_results("study")["run_id"][0])
    monkeypatch.setenv("MMTLIB_CACHE", str(own_cache))
    here = run(grid.tasks[0].config)
    assert here.path != made.path
    assert (here.identity, here.history) == (made.identity, made.history)
    for name in ("code", "torch", "machine", "command"):
        assert made.facts[name] == here.facts[name]


def test_starting_again_does_only_what_is_missing(sweep, fresh_cache):
    grid = tiny_grid(seeds=[0, 1], factors={"beta": [1.0, 2.0]})
    assert counts(sweep(grid)) == (0, 4, 0)
    first, table = trainings(fresh_cache), load_results("study")
    assert counts(sweep(grid)) == (4, 0, 0)
    assert trainings(fresh_cache) == first
    assert load_results("study").equals(table)
    more = tiny_grid(seeds=[0, 1, 2], factors={"beta": [1.0, 2.0]})
    assert counts(sweep(more)) == (4, 2, 0)
    second = trainings(fresh_cache)
    assert {name: second[name] for name in first} == first
    assert len(second) == 6


def test_runs_of_another_study_are_not_trained_again(sweep, fresh_cache):
    sweep(tiny_grid("one"))
    first = trainings(fresh_cache)
    assert counts(sweep(tiny_grid("two", arms={"named": {}}))) == (0, 1, 0)
    assert trainings(fresh_cache) == first
    assert set(load_results()["study"]) == {"one", "two"}
    assert set(load_results("two")["arm"]) == {"named"}
    assert len(load_predictions("two", target="rgb")) == len(load_predictions("one", target="rgb"))


def test_a_renamed_arm_is_known_by_its_new_name(sweep, fresh_cache):
    for name in ("old", "new", "old"):
        sweep(tiny_grid(arms={name: {}}))
        assert set(load_results("study")["arm"]) == {name}
    assert len(trainings(fresh_cache)) == 1


@pytest.mark.parametrize("kind", ["results", "predictions", "streams"])
def test_rows_that_were_lost_are_added_from_the_stored_runs(sweep, fresh_cache, kind):
    grid = tiny_grid()
    sweep(grid)
    first, table = trainings(fresh_cache), load_results("study")
    (part,) = (fresh_cache / "results" / kind).glob("*.parquet")
    part.write_bytes(part.read_bytes()[:-1])
    with pytest.raises(DataError, match=f"{part.name} is damaged .*; delete it and start the same"):
        sweep(grid)
    part.unlink()
    assert counts(sweep(grid)) == (0, 1, 0)
    assert trainings(fresh_cache) == first
    again = load_results("study")
    assert again.drop(columns="recorded").equals(table.drop(columns="recorded"))
    assert len(load_history("study")) == 2
    assert len(load_predictions("study")) == 3 * 24


def kill_one_at_work(cache, killed):
    """Kill (SIGKILL) the process of a training that has saved its state, but not ended."""
    while not killed:
        for state in (cache / "runs").glob("*/state.pt"):
            for process in at_work(state.parent):
                process.kill()
                killed.append(state.parent.name)
                return
        time.sleep(0.01)


def test_the_tasks_of_a_killed_process_run_again(sweep, fresh_cache):
    grid = tiny_grid(seeds=[0, 1, 2], base={"epochs": 25, "modalities": ["rgb"]})
    killed = []
    killer = threading.Thread(target=kill_one_at_work, args=(fresh_cache, killed), daemon=True)
    killer.start()
    report = sweep(grid)
    killer.join()
    assert len(killed) == 1
    assert counts(report) == (0, 3, 0)
    rows = load_results("study")
    assert sorted(rows["seed"]) == [0, 1, 2]
    assert rows["identity"].nunique() == len(trainings(fresh_cache)) == 3
    # The one that was killed went on from its saved state, so how long it took is not known.
    assert rows.loc[rows["seconds"].isna(), "run_id"].tolist() == killed
    history = load_history("study")
    assert len(history) == 3 * 25
    assert not history.duplicated(["identity", "epoch"]).any()


def test_a_failing_task_is_recorded_and_the_others_go_on(sweep, fresh_cache):
    grid = tiny_grid(seeds=[0, 1], arms={"good": {}, "bad": DIVERGES})
    report = sweep(grid)
    assert counts(report) == (0, 2, 2)
    assert {(f.task.arm, f.task.config.seed) for f in report.failures} == {("bad", 0), ("bad", 1)}
    assert all(f.error.startswith("The training diverged") for f in report.failures)
    assert set(load_results("study")["arm"]) == {"good"}
    for _ in range(2):
        recorded = ResultsStore().failures("study")
        assert sorted(recorded["seed"]) == [0, 1]
        assert set(recorded["error"]) == {f.error for f in report.failures}
        report = sweep(grid)  # tried again
        assert counts(report) == (2, 0, 2)


def test_data_that_cannot_be_had_fail_their_own_tasks_only(sweep, fresh_cache, tmp_path):
    bad = {"dataset": "nvgesture", "root": str(tmp_path / "nowhere")}
    report = sweep(tiny_grid(arms={"good": {}, "bad": bad}))
    assert counts(report) == (0, 1, 1)
    assert "nowhere" in report.failures[0].error


def test_test_clips_are_read_only_when_asked_for(sweep, fresh_cache):
    grid = tiny_grid(baselines=True)

    def readings():
        lines = [
            json.loads(line)
            for file in (fresh_cache / "runs").glob("*/evaluations.jsonl")
            for line in file.read_text().splitlines()
        ]
        return [line["split"] for line in lines]

    sweep(grid)
    assert readings() == []
    assert not list(fresh_cache.rglob("test-*.npz"))
    assert set(load_results("study")["split"]) == {"validation"}
    assert set(load_predictions("study")["split"]) == {"validation"}

    first = trainings(fresh_cache)
    assert counts(sweep(grid, split="test")) == (0, 3, 0)
    assert trainings(fresh_cache) == first
    assert readings() == ["test"] * 3
    rows = load_results("study")
    assert rows["split"].value_counts().to_dict() == {"validation": 5, "test": 5}
    assert counts(sweep(grid, split="test")) == (3, 0, 0)
    assert readings() == ["test"] * 3


def test_stored_predictions_are_those_of_the_run(sweep, fresh_cache):
    sweep(tiny_grid(base={"epochs": 2}))
    rows = load_results("study")
    stored = load_run(rows["run_id"][0])
    for target, clips in load_predictions("study").groupby("target", sort=False):
        again = Predictions(
            scores=[*clips["scores"]],
            labels=clips["label"],
            subjects=clips["subject"],
            clip_ids=clips["clip_id"],
        )
        assert accuracy(again) == rows.set_index("target")["accuracy"][target]
        if target != "fused":
            kept = stored.predictions()[target]
            assert (again.scores == kept.scores).all()
            assert again.clip_ids == kept.clip_ids
            assert (again.labels == kept.labels).all()
            assert (again.subjects == kept.subjects).all()
    assert (
        rows.set_index("target")["accuracy"].drop("fused").to_dict() == stored.validation_accuracy
    )


def test_longest_first(fresh_cache, monkeypatch):
    sent = []
    monkeypatch.setattr(
        Workers, "submit", lambda self, call, **_: sent.append(call.args[0]) or self.boom
    )
    grid = tiny_grid(baselines=True, arms={"long": {"epochs": 9}, "short": {"epochs": 2}})
    with pytest.raises(AttributeError, match="boom"):
        sweep_here(grid)
    assert sent[0].config.epochs == 9
    assert len(sent[0].config.modalities) == 2


def ended_with(error):
    future = Future()
    future.set_exception(error)
    return future


def test_a_task_that_kills_its_process_again_and_again_on_a_cluster():
    assert runner._outcome(ended_with(KilledWorker("task", None, 3))) == KILLED


def test_a_scheduler_that_is_gone():
    with pytest.raises(MmtlibError, match="ended or cannot be reached any more; start the same"):
        runner._outcome(ended_with(CancelledError("task")))


def test_a_bug_shows_itself():
    with pytest.raises(ZeroDivisionError):
        runner._outcome(ended_with(ZeroDivisionError()))


def test_what_makes_no_sense(fresh_cache):
    with pytest.raises(ConfigError, match="Unknown split 'train'; known: test, validation"):
        sweep_here(tiny_grid(), split="train")
    with pytest.raises(ConfigError, match="arm 'base' asks for several devices, but a sweep gives"):
        sweep_here(tiny_grid(base={"devices": 2}))
    assert not (fresh_cache / "runs").exists()


def test_what_the_package_holds_is_taken_not_made(sweep, fresh_cache, monkeypatch):
    sweep(tiny_grid("first"))
    package = fresh_cache / "package"
    (fresh_cache / "results").rename(package)
    monkeypatch.setattr(cache, "SHIPPED", package)
    before = trainings(fresh_cache)
    (one,) = set(before)
    assert counts(sweep(tiny_grid("first"), stored=True)) == (1, 0, 0)
    assert not (fresh_cache / "results" / "results").exists()  # it is there under its own names
    again = tiny_grid("second", arms={"named": {}, "other": {"beta": 1.0}})
    assert counts(sweep(again, stored=True)) == (1, 1, 0)
    after = trainings(fresh_cache)
    assert after[one] == before[one]
    assert len(after) == 2
    rows = load_results("second")
    first = load_results("first")
    assert set(rows["arm"]) == {"named", "other"}
    taken = rows[rows["arm"] == "named"].sort_values("target")
    assert list(taken["accuracy"]) == list(first.sort_values("target")["accuracy"])
    assert set(taken["identity"]) == set(first["identity"])
    assert len(load_predictions("second", arm="named")) == len(load_predictions("first"))
    assert counts(sweep(again, stored=True)) == (2, 0, 0)


def test_the_package_is_not_asked_unless_told_to(sweep, fresh_cache, monkeypatch):
    sweep(tiny_grid("first"))
    (fresh_cache / "results").rename(fresh_cache / "package")
    monkeypatch.setattr(cache, "SHIPPED", fresh_cache / "package")
    assert counts(sweep(tiny_grid("first"))) == (0, 1, 0)
    assert not load_results("first")["stored"].any()
    assert counts(sweep(tiny_grid("first"), split="test", stored=True)) == (0, 1, 0)
