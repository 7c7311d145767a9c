import subprocess
import sys

import pytest
from support.processes import PATIENCE_S, at_work, ended, wait_for
from support.tiny_runs import tiny, use_fresh_cache

from mmtlib.core.errors import ConfigError
from mmtlib.experiment import load_run, run
from mmtlib.explorer import ExplorerState, explore
from mmtlib.explorer.job import Job, run_name
from mmtlib.explorer.settings import find_run, first_settings, settings_config
from mmtlib.results import load_results


@pytest.fixture
def fresh_cache(own_cache, tmp_path, monkeypatch):
    monkeypatch.setenv("MMTLIB_FAST", "1")
    return use_fresh_cache(own_cache, tmp_path, monkeypatch)


def test_train_shows_progress_and_the_run_joins_the_store(fresh_cache):
    page = explore(ExplorerState(tab="run it", settings={"seed": "3"}))
    tab = page.tabs["run it"]
    assert "not stored" in tab.sentence.value
    assert "There are no results yet" in page.tabs["runs"].sentence.value
    wait_for(lambda: "about" in tab.controls["train"].description)
    tab.controls["train"].click()
    assert not tab.controls["cancel"].disabled
    tab.job.wait(PATIENCE_S)
    rows = load_results("explorer")
    assert sorted(rows["target"]) == ["depth", "fused", "rgb"]
    assert set(rows["split"]) == {"validation"}
    expected = load_run(rows["run_id"].iloc[0])
    assert "Stored: validation accuracy" in tab.sentence.value
    assert f"RGB {100 * expected.validation_accuracy['rgb']:.1f} %" in tab.sentence.value
    assert (tab.bar.value, tab.bar.max, tab.progress.value) == (3, 3, "done")
    losses = [row["loss"] for row in expected.history.streams
              if row["modality"] == "rgb" and row["split"] == "train"]  # fmt: skip
    assert list(tab.plot.shown.data[0].y) == pytest.approx(losses)
    assert "2 arms" not in page.tabs["runs"].sentence.value
    assert "1 arms, 3 results" in page.tabs["runs"].sentence.value
    assert tab.controls["train"].disabled
    # Asked for again, as by a notebook that runs twice, it is there: nothing is trained.
    again = explore(page.state).tabs["run it"]
    again.controls["train"].click()
    again.wait()
    assert again.job is None
    assert again.sentence.value == tab.sentence.value
    # No test clip was read, by the training or by anything else.
    assert not list(fresh_cache.rglob("evaluations.jsonl"))
    assert not list(fresh_cache.rglob("test-*.npz"))


def test_cancel_ends_it_and_breaks_nothing(fresh_cache):
    config = tiny(epochs=400)
    settings = {"epochs": "400"}
    page = explore(ExplorerState(tab="run it", settings=settings))
    tab = page.tabs["run it"]
    tab.controls["train"].click()
    wait_for(lambda: "epochs" in tab.progress.value)
    (folder,) = (path for path in (fresh_cache / "runs").iterdir() if path.is_dir())
    processes = at_work(folder)
    assert processes
    tab.controls["cancel"].click()
    tab.job.wait(PATIENCE_S)
    assert ended(processes)
    assert "Cancelled" in tab.sentence.value
    assert tab.controls["cancel"].disabled
    assert not tab.controls["train"].disabled
    assert find_run(page.source.runs(), config) == []
    (left,) = fresh_cache.glob("runs/*/state.pt")  # it goes on from there
    assert left.stat().st_size


def test_a_training_that_fails_is_one_sentence(fresh_cache, monkeypatch):
    told = []
    job = Job(tiny(train_clips=4000), told.append)
    job.wait(PATIENCE_S)
    assert [message["kind"] for message in told] == ["error", "ended"]
    assert "train_clips=4000, but synthetic has 48" in told[0]["text"]


KERNEL = """
import sys
from mmtlib.config import ExperimentConfig
from mmtlib.explorer.job import Job

Job(ExperimentConfig.from_json(sys.argv[1]), print)
"""


def test_a_kernel_ends_without_waiting_for_it(fresh_cache):
    command = [sys.executable, "-c", KERNEL, tiny(epochs=10**6).to_json()]
    assert subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode == 0


def test_a_stored_run_is_found_by_its_settings_alone(small_store):
    from mmtlib.explorer import Source

    runs = Source(small_store).runs()
    rows = find_run(runs, tiny(ssa_weight=10.0, seed=2))
    assert runs.table.iloc[rows]["target"].tolist() == ["rgb", "depth"]
    assert runs.table.iloc[rows]["accuracy"].tolist() == [0.8, 0.9]
    alone = find_run(runs, tiny(modalities=("rgb",), seed=1))
    assert runs.table.iloc[alone]["accuracy"].tolist() == [0.5]
    for other in ({"seed": 9}, {"ssa_weight": 3.0}, {"focal": False}, {"corrupt": "depth"},
                  {"epochs": 4}):  # fmt: skip
        assert find_run(runs, tiny(**{"ssa_weight": 10.0, **other})) == [], other


def test_a_stored_run_shows_at_once(small_store, monkeypatch):
    monkeypatch.setenv("MMTLIB_FAST", "1")
    page = explore(ExplorerState(tab="run it"), folder=small_store)
    tab = page.tabs["run it"]
    assert (
        "Stored: validation accuracy RGB 60.0 %, Depth 90.0 %. made by: made up"
        in tab.sentence.value
    )
    tab.controls["seed"].value = "2"
    assert page.state.settings == (("seed", "2"),)
    assert "RGB 80.0 %" in tab.sentence.value
    assert list(tab.plot.shown.data[0].y) == [1.0, 0.5]
    tab.controls["seed"].value = "0"
    assert page.state.settings == ()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"beta": "steep"}, "beta must be a number, got 'steep'"),
        ({"seed": "1.5"}, "seed must be a whole number"),
        ({"focal": "yes"}, "focal must be true or false"),
        ({"method": "kd"}, "needs a teacher"),
        ({"nope": "1"}, "Unknown setting 'nope'"),
        ({"corrupt": "flow"}, "Unknown modality to corrupt"),
    ],
)
def test_settings_that_do_not_fit_are_said(settings, message, small_store):
    with pytest.raises(ConfigError, match=message):
        settings_config(settings)
    page = explore(ExplorerState(settings=settings), folder=small_store)
    assert page.tabs["run it"].controls["train"].disabled


def test_settings_as_text_come_to_a_config(monkeypatch):
    monkeypatch.setenv("MMTLIB_FAST", "1")
    assert settings_config({}).canonical() == tiny().canonical()
    found = settings_config(
        {"modalities": "rgb", "ssa_weight": "3", "clutter": "0.5", "train_clips": "24"}
    )
    assert found == tiny(
        modalities=("rgb",), ssa_weight=3.0, clutter=0.5, train_clips=24, device="auto"
    )
    assert first_settings()["preset"] == "tiny"


def test_names_of_arms_say_what_differs():
    assert run_name(tiny(device="auto")) == "rgb+depth, tiny"
    assert run_name(tiny(device="auto", ssa_weight=3.0, focal=False)) == (
        "rgb+depth, tiny, ssa_weight=3.0, focal=False"
    )


def test_resumed_after_a_cancel_it_is_the_same_run(fresh_cache):
    told = []
    config = tiny(epochs=6)
    job = Job(config, told.append)
    wait_for(lambda: any(m["kind"] == "epoch" and m["done"] >= 2 for m in told))
    job.cancel()
    job.wait(PATIENCE_S)
    again = []
    Job(config, again.append).wait(PATIENCE_S)
    done = next(m for m in again if m["kind"] == "done")
    assert done["accuracy"] == run(config).validation_accuracy
    assert "error" not in {m["kind"] for m in told}
