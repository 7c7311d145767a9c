"""Test clips are read by `evaluate` alone, and only when it is told to: shown over processes too.

The proof of the runs is on disk: synthetic clips are made when they are first opened, so where
nothing has read the test split there is none, whatever process worked.
"""

import ast
import json
from pathlib import Path

import pytest

import mmtlib
from mmtlib import compare, run
from mmtlib.results import load_results, sweep
from mmtlib.study import conduct, plan

PACKAGE = Path(mmtlib.__file__).parent
OPENS = {"open_data", "SyntheticGestures", "NVGesture", "EgoGesture", "VIVA"}
MAY_BE_TOLD_A_SPLIT = {
    "experiment/data.py",  # the only way from a config to clips
    "experiment/evaluate.py",  # the only reading of test clips, recorded
    "results/prepare.py",  # makes the clips of the split that a sweep will measure
    "cli/data.py",  # `mmt data make`: writes clips, measures nothing
    "cli/scripts.py",  # the scripts that fill the clip store
}


@pytest.fixture
def empty(tmp_path, monkeypatch):
    monkeypatch.setenv("MMTLIB_CACHE", str(tmp_path))
    return tmp_path


@pytest.fixture
def small_study(monkeypatch):
    """The tuning as it is, with one method's trials, on tiny clips."""
    base = {"preset": "tiny", "modalities": ["rgb", "depth"], "epochs": 1, "ssa_start_epoch": 0}
    trials = {method: dict(list(plan.TRIALS[method].items())[:2]) for method in ("alone", "mtut")}
    monkeypatch.setattr(plan, "TRIALS", trials)
    monkeypatch.setattr(plan, "BASE", base)
    monkeypatch.setattr(plan, "TUNING_SEEDS", (300,))


def splits_made(cache):
    return {f.name.split("-")[1] for f in (cache / "synthetic").iterdir() if f.is_dir()}


def readings(cache):
    lines = [
        line
        for file in (cache / "runs").glob("*/evaluations.jsonl")
        for line in file.read_text().splitlines()
    ]
    return [json.loads(line)["split"] for line in lines]


def test_training_and_tuning_leave_the_test_split_alone(empty, small_study):
    config = mmtlib.ExperimentConfig.make(**plan.BASE)
    run(config)
    compare(config, [0], workers=1)
    (report,) = conduct(["tuning"], workers=2)
    assert report.done == 4
    assert splits_made(empty) == {"train", "validation"}
    assert "test" not in readings(empty)
    assert not list((empty / "runs").glob("*/test-*"))
    assert set(load_results()["split"]) == {"validation"}
    # Told to, it does: the proof can fail.
    sweep(plan.tuning(), split="test", workers=2)
    assert "test" in splits_made(empty)
    assert readings(empty).count("test") == 4


def splits_given(file):
    """Yield what every call that opens clips is given as its split, as source text."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in OPENS:
                named = [k.value for k in node.keywords if k.arg == "split"]
                found = named or node.args[1:2]
                yield ast.unparse(found[0]) if found else "'train'"


def test_no_other_room_opens_the_test_split():
    seen = []
    for file in sorted(PACKAGE.rglob("*.py")):
        where = file.relative_to(PACKAGE).as_posix()
        if where not in MAY_BE_TOLD_A_SPLIT and not where.startswith(("datasets/", "synthetic/")):
            seen += [(where, split) for split in splits_given(file)]
    assert ("experiment/train.py", "'train'") in seen
    assert [s for s in seen if s[1] not in ("'train'", "'validation'")] == []
