"""`mmt finetune` and `mmt evaluate` on other data: from a synthetic run to real clips."""

import os
import runpy
import sys
from pathlib import Path

import pytest
from support.nvgesture_tree import write_nvgesture_tree
from support.videos_tree import write_list

from mmtlib.cli.runs import parse_classes
from mmtlib.config.recipes import FINETUNE_SETTINGS
from mmtlib.core.errors import ConfigError
from mmtlib.datasets import NVGesture
from mmtlib.experiment import list_runs, load_run

SCRIPT = Path(__file__).resolve().parents[2] / "data_scripts" / "check_synthetic_to_real.py"


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """Classes 1, 2 and 11, all known to the synthetic preset tiny; three clips each."""
    root = tmp_path_factory.mktemp("known")
    write_nvgesture_tree(root, classes=(1, 2, 11))
    return root


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("1-3", (1, 2, 3)), ("12", (12,)), ("25,1-2", (25, 1, 2)), (" 9 , 1 ", (9, 1)), ("", ())],
)
def test_classes_by_number(text, numbers):
    assert parse_classes(text, "nvgesture") == tuple(NVGesture.classes[n - 1] for n in numbers)


def test_classes_by_name():
    assert parse_classes("click,move hand left", "nvgesture") == ("click", "move hand left")


def test_a_class_may_be_called_by_a_number(tmp_path):
    write_list(
        tmp_path, [{"path": f"{n}.avi", "label": n, "subject": 1} for n in ("2-3", "4", "a")]
    )
    assert parse_classes("4,3,2-3", "videos", tmp_path) == ("4", "a", "2-3")


@pytest.mark.parametrize("text", ["0", "26", "3-2", "1-26"])
def test_numbers_out_of_range(text):
    with pytest.raises(ConfigError, match="nvgesture has the classes 1 to 25"):
        parse_classes(text, "nvgesture")


def test_from_a_synthetic_run_to_real_clips(mmt, stored, known):
    where = ("--root", known, "--classes", "1,2,11", "--clips-per-class", "1")
    said = mmt("evaluate", stored.run_id, "--data", "nvgesture", *where)
    assert (said.code, said.err) == (0, "")
    assert "trained with other validation clips" in said.out
    said = mmt("finetune", stored.run_id, *where, "--epochs", "2", "--freeze-to", "stem")
    assert (said.code, said.err) == (0, "")
    assert "rgb: the classifier knows all 3 classes" in said.out
    assert "depth: the classifier knows all 3 classes" in said.out
    (tuned,) = [load_run(name) for name in list_runs()["run"] if name != stored.run_id]
    assert tuned.run_id in said.out
    assert (tuned.config.epochs, tuned.config.freeze_to) == (2, "stem")
    assert len(tuned.predictions()["rgb"]) == 6
    # The fine-tuned run is a run like any other.
    said = mmt("evaluate", tuned.run_id, "--split", "test", "--per-class")
    assert (said.code, said.err) == (0, "")
    assert "open hand" in said.out
    again = mmt("finetune", stored.run_id, *where, "--epochs", "2", "--freeze-to", "stem")
    assert tuned.run_id in again.out


def test_what_cannot_be_done(mmt, stored, known, tmp_path):
    where = ("--root", known)
    mmt("finetune", "abcdef", *where).failed_with("There is no run 'abcdef'")
    mmt("finetune", stored.run_id, "--root", tmp_path).failed_with(str(tmp_path))
    mmt("finetune", stored.run_id, *where, "--classes", "26").failed_with("classes 1 to 25")
    mmt("finetune", stored.run_id, *where, "--data", "kinetics").failed_with("Unknown data set")
    mmt("finetune", stored.run_id, *where, "--modalities", "ir").failed_with("none for ir")
    mmt("finetune", stored.run_id, *where, "--clips-per-class", "1").failed_with(
        "there are 0 clips of 'move hand up'"
    )
    mmt("evaluate", stored.run_id, *where).failed_with("--data NAME")


def test_the_table_of_the_study(own_cache, fresh_cache, known, monkeypatch, capsys):
    monkeypatch.setitem(FINETUNE_SETTINGS, "epochs", 1)
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    given = ["--classes", "1,2,11", "--preset", "tiny", "--seeds", "0"]
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), str(known), *given])
    runpy.run_path(str(SCRIPT), run_name="__main__")
    out = capsys.readouterr().out
    rows = [line.strip("|").split("|") for line in out.splitlines() if line.startswith("| ")]
    names = [row[0].strip() for row in rows]
    assert names.count("from scratch, 2 times the epochs") == 2, "one per modality"
    assert names.count("pre-trained with MTUT, no real clip") == 2
    assert all(0 <= float(row[1]) <= 100 for row in rows if row[0].strip() != "training")
    assert "6 clips of 2 people, 1 seeds" in out
    runs = list_runs()
    assert set(runs["dataset"]) == {"synthetic", "nvgesture"}
    # alone rgb, alone depth, together; and per modality: twice from scratch, twice tuned
    assert len(runs) == 3 + 2 * 4
    for name in runs["run"]:
        stored = load_run(name)
        readings = stored.path / "evaluations.jsonl"
        assert not readings.exists() or '"split": "test"' not in readings.read_text()
