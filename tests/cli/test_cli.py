"""The commands on good input: what they print, and nothing else."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console
from support.nvgesture_tree import SPLIT_LIST
from support.tiny_runs import tiny

from mmtlib import __version__
from mmtlib.cli import course as course_commands
from mmtlib.cli import main, show
from mmtlib.datasets import NVGesture
from mmtlib.experiment import load_run
from mmtlib.results import compare

TINY = ("--preset", "tiny", "--epochs", "1", "--device", "cpu")
MMT = Path(sys.executable).with_name("mmt")


def rows(text: str) -> list[list[str]]:
    """Return the cells of the printed tables."""
    lines = [line for line in text.splitlines() if line.startswith("│")]
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in lines]


def run_id(text: str) -> str:
    return re.search(r"^run (\w{12}) in ", text, re.MULTILINE)[1]


@pytest.mark.skipif(not MMT.exists(), reason="the package is not installed as a command")
def test_as_a_command(own_cache, tmp_path):
    def call(*arguments):
        environment = {**os.environ, "MMTLIB_CACHE": str(own_cache)}
        return subprocess.run(
            [MMT, *arguments], capture_output=True, text=True, cwd=tmp_path, env=environment,
            check=False,
        )  # fmt: skip

    good = call("train", *TINY)
    assert (good.returncode, good.stderr) == (0, "")
    assert rows(good.stdout)
    bad = call("train", "--modalities", "rgb,deph")
    assert (bad.returncode, bad.stdout) == (2, "")
    assert bad.stderr.startswith("mmt: Unknown modality 'deph'")
    assert bad.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_version_and_help(mmt):
    assert mmt("--version").out == f"mmtlib {__version__}\n"
    text = mmt("--help").out
    for command in ("data", "train", "finetune", "evaluate", "predict", "export", "compare",
                    "sweep", "runs", "tutorial", "lab", "test", "lint", "notebooks"):  # fmt: skip
        assert re.search(rf"│ {command} +\w", text), command
        assert mmt(command, "--help").code == 0


def test_no_arguments_show_the_help(mmt):
    said = mmt()
    assert "Usage: mmt" in said.out + said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize("arguments", [("trian",), ("train", "--epoch", "3"), ("predict",)])
def test_misuse(mmt, arguments):
    said = mmt(*arguments)
    assert said.code == 2
    assert said.out == ""
    assert "Usage: mmt" in said.err


def test_train_then_evaluate_then_list(mmt, fresh_cache):
    said = mmt("train", "--modalities", "depth,rgb", *TINY)
    assert (said.code, said.err) == (0, "")
    stored = load_run(run_id(said.out))
    assert stored.config == tiny(epochs=1)
    expected = [[m, show.as_percent(a)] for m, a in stored.validation_accuracy.items()]
    assert rows(said.out) == expected
    assert said.out.endswith(f"next: mmt evaluate {stored.run_id} --split test\n")
    assert mmt("train", *TINY).out == said.out  # now only loaded

    said = mmt("evaluate", stored.run_id[:6], "--split", "test", "--per-class")
    assert (said.code, said.err) == (0, "")
    found = rows(said.out)
    assert [row[0] for row in found[:3]] == ["rgb", "depth", "fused"]
    assert [row[0] for row in found[3:]] == list(stored.classes)
    assert all(re.fullmatch(r"[\d.]+ %", cell) for row in found for cell in row[1:])
    assert stored.has_predictions("test")

    said = mmt("runs")
    assert (said.code, said.err) == (0, "")
    assert [row[0] for row in rows(said.out)] == [stored.run_id]
    assert "rgb+depth" in said.out


def test_no_runs(mmt, fresh_cache):
    assert mmt("runs").out == "No runs yet: `mmt train` makes one.\n"


def test_every_option_reaches_the_config(mmt, monkeypatch, own_cache, finished):
    asked = []
    monkeypatch.setattr("mmtlib.experiment.run", lambda c, **_: asked.append(c) or finished)
    said = mmt(
        "train", "--modalities", "rgb,ir", "--data", "nvgesture", "--root", "/x", "--preset",
        "tiny", "--recipe", "paper", "--seed", "3", "--ssa-weight", "2", "--no-focal", "--epochs",
        "7", "--network", "compact_i3d", "--pretrained", "/w.pt", "--colour", "raw",
        "--skip-broken", "--device", "cpu",
        "--precision", "float32", "--set", "batch_size=4", "--set", "normalize=centred",
        "--set", "step_epochs=[1,2]",
    )  # fmt: skip
    assert said.code == 0
    assert asked == [
        tiny(
            recipe="paper", modalities="rgb,ir", dataset="nvgesture", root="/x", seed=3,
            ssa_weight=2.0, focal=False, epochs=7, network="compact_i3d", colour="raw",
            skip_broken=True, precision="float32", batch_size=4, normalize="centred",
            pretrained="/w.pt", step_epochs=(1, 2),
        )
    ]  # fmt: skip


def test_set_wins_over_the_defaults_of_options(mmt, monkeypatch, finished):
    asked = []
    monkeypatch.setattr("mmtlib.experiment.run", lambda c, **_: asked.append(c) or finished)
    for setting in ("seed=5", "recipe=paper", 'modalities=["depth"]', "modalities=depth"):
        assert mmt("train", *TINY, "--set", setting).code == 0
    assert asked[0] == tiny(epochs=1, seed=5)
    assert asked[1] == tiny(epochs=1, recipe="paper")
    assert asked[2] == asked[3] == tiny(epochs=1, modalities="depth")


def test_a_note_on_the_data_is_printed(mmt, monkeypatch, stored):
    stored.facts["note"] = "3 clips skipped [really]."
    monkeypatch.setattr("mmtlib.experiment.run", lambda *_, **__: stored)
    assert mmt("train", *TINY).out.startswith("Note: 3 clips skipped [really].\n")


def test_compare(mmt, own_cache):
    settings = ("--preset", "tiny", "--set", "epochs=1", "--set", "device=cpu")
    said = mmt("compare", *settings, "--seeds", "0, 1", "--workers", "1")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("validation accuracy, 2 seeds ")
    table = compare(tiny(epochs=1), [0, 1], workers=1).summary()
    assert rows(said.out) == [[str(x) for x in row] for row in table.itertuples(index=False)]


def test_data_list(mmt):
    said = mmt("data", "list")
    assert (said.code, said.err) == (0, "")
    first = {row[0] for row in rows(said.out)}
    assert {"tiny", "tutorial", "benchmark", "paper", "nvgesture"} <= first
    assert ["tiny", "4", "48 / 24 / 48", "8 x 16 x 16"] in rows(said.out)


def test_data_make(mmt, own_cache):
    said = mmt("data", "make", "tiny")
    assert (said.code, said.err) == (0, "")
    assert "train: 48 clips\nvalidation: 24 clips\ntest: 48 clips\n" in said.out
    assert f"kept in {own_cache / 'synthetic'}\n" in said.out


def test_data_twin(mmt, tmp_path):
    root = tmp_path / "twin"
    said = mmt("data", "twin", root, "--clips", 1, "--preset", "tiny", "--size", 24)
    assert said.code == 0, said.err
    assert f"--data nvgesture --root {root}" in said.out
    assert "4 of 4 clips decoded (rgb, depth)." in mmt("data", "verify", "nvgesture", root).out
    other = mmt("data", "twin", root, "--clips", 2, "--preset", "tiny", "--size", 24)
    assert other.failed_with("a twin with other settings")


def test_data_verify(mmt, nvgesture_tree, small_tree, tmp_path, monkeypatch):
    root, _ = nvgesture_tree
    monkeypatch.setattr(NVGesture, "published", {"train": 4, "validation": 2, "test": 2})
    said = mmt("data", "verify", "nvgesture", root)
    assert (said.code, said.err) == (0, "")
    assert said.rows == [
        ["train", "4", "4", "4", "0", "0", "0"],
        ["validation", "2", "2", "2", "0", "0", "0"],
        ["test", "2", "2", "2", "0", "0", "0"],
    ]
    assert "8 of 8 clips decoded (rgb, depth)." in said.out
    root, clips = small_tree
    (root / clips[0].folder / "sk_depth.avi").unlink()
    table = tmp_path / "clips.csv"
    said = mmt("data", "verify", "nvgesture", root, "--quick", "--csv", table)
    assert (said.code, said.err) == (1, "")
    assert said.rows[0] == ["train", "4", "2", "1", "1", "0", "0"]
    place = SPLIT_LIST.format("train")
    assert f"({place}:1): {clips[0].folder}/sk_depth.avi is missing" in said.out
    assert f"one row per clip in {table}" in said.out
    assert pd.read_csv(table)["state"].tolist() == ["partly", "complete", "complete", "complete"]


def test_verify_the_real_clips(mmt, real_root):
    said = mmt("data", "verify", "nvgesture", real_root, "--quick")
    assert said.err == ""
    assert [row[:3] for row in said.rows] == [
        ["train", "857", "857"], ["validation", "193", "193"], ["test", "482", "482"],
    ]  # fmt: skip
    if "37 of 1,532 clips opened" in said.out:
        assert said.code == 1
        assert "rgb: 1,496 missing, 36 ok" in said.out


def test_real_form_from_training_to_prediction(mmt, fresh_cache, nvgesture_tree):
    """The way of a data set of videos, on a miniature tree."""
    root, clips = nvgesture_tree
    said = mmt("train", "--data", "nvgesture", "--root", root, *TINY)
    assert (said.code, said.err) == (0, "")
    assert [row[0] for row in rows(said.out)] == ["rgb", "depth"]
    name = run_id(said.out)
    said = mmt("evaluate", name, "--split", "test", "--per-class")
    assert (said.code, said.err) == (0, "")
    assert ["thumb up", "-", "-", "-"] in rows(said.out)  # no such clip
    assert mmt("evaluate", name, "--root", root).code == 0
    said = mmt(
        "predict", root / clips[0].folder / "sk_depth.avi", "--run", name, "--modality", "depth",
        "--first", clips[0].first, "--last", clips[0].first + 80, "--top", "3",
    )  # fmt: skip
    assert (said.code, said.err) == (0, "")
    assert len(rows(said.out)) == 3


def test_real_clips(mmt, fresh_cache, few_real):
    """A proof that the way works on real clips; one epoch is no result."""
    train = ("train", "--data", "nvgesture", "--root", few_real, *TINY)
    mmt(*train).failed_with(f"is missing ({SPLIT_LIST.format('train')}:7)", "--skip-broken")
    said = mmt(*train, "--skip-broken")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("Note: Training: 1 of 5 clips skipped: 1 with missing files, 0")
    name = run_id(said.out)
    said = mmt("evaluate", name)
    assert (said.code, said.err) == (0, "")
    assert [row[0] for row in rows(said.out)] == ["rgb", "depth", "fused"]
    video = min(few_real.glob("Video_data/*/*/sk_depth.avi"))
    said = mmt("predict", video, "--run", name, "--modality", "depth", "--first", 50, "--last", 130)
    assert (said.code, said.err) == (0, "")
    assert len(rows(said.out)) == 5
    test = mmt("evaluate", name, "--split", "test")
    assert test.failed_with(
        "none of the 482 clips of this part can be read", SPLIT_LIST.format("test")
    )


def test_interrupted(monkeypatch, capsys):
    def stop(**_):
        raise KeyboardInterrupt

    monkeypatch.setattr(sys.modules["mmtlib.cli.main"], "app", stop)
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 130
    assert capsys.readouterr().err == "mmt: stopped; the same command goes on where it was.\n"


def test_progress_is_drawn_on_a_terminal_only(monkeypatch, capsys):
    with show.bars("clips", "epochs") as (clips, epochs):
        clips(1, 2)
        epochs(1, 3, None)
    assert capsys.readouterr() == ("", "")
    terminal = Console(stderr=True, force_terminal=True, width=80)
    monkeypatch.setattr(show, "err_console", terminal)
    with show.bars("clips", "epochs") as (clips, epochs):
        clips(1, 2)
        epochs(1, 3, None)
    out, err = capsys.readouterr()
    assert out == ""
    assert "clips" in err
    assert "1/3" in err


def test_text_is_printed_as_it_is(capsys):
    show.table(pd.DataFrame({"path [x]": ["/data/[old]/:smile:", None], "n": [1, 2]}), "a [b]")
    out = capsys.readouterr().out
    assert "a [b]" in out
    assert "path [x]" in out
    assert "/data/[old]/:smile:" in out


@pytest.fixture
def called(monkeypatch):
    """Record external commands instead of running them; they end with the code in `codes`."""
    calls, codes = [], []

    def record(command, *, cwd, env, check):
        calls.append((list(command), Path(cwd), env))
        return subprocess.CompletedProcess(command, codes.pop() if codes else 0)

    monkeypatch.setattr(course_commands.subprocess, "run", record)
    return calls, codes


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (
            ("lab",),
            ["jupyterlab", "--ServerApp.ip=127.0.0.1", "--ServerApp.root_dir=notebooks"],
        ),
        (
            ("lab", "/some/where", "--no-browser"),
            ["jupyterlab", "--ServerApp.root_dir=/some/where", "--no-browser"],
        ),
        (("lint",), ["ruff", "check", "format", "mypy"]),
        (("test", "-k", "cli", "-x"), ["pytest", "-k", "cli", "-x"]),
    ],
)
def test_commands_that_call_tools(mmt, called, command, words):
    calls, codes = called
    assert mmt(*command).code == 0
    assert all(found[0] == sys.executable for found, _, _ in calls)
    assert all((folder / "pyproject.toml").exists() for _, folder, _ in calls)
    everything = [word for found, _, _ in calls for word in found]
    assert set(words) <= set(everything)
    codes.append(3)
    assert mmt(*command).code == 3


def test_tests_run_in_fast_mode_after_the_style_was_checked(mmt, called):
    calls, codes = called
    mmt("test", "--full")
    assert [command[3] for command, _, _ in calls] == ["ruff", "ruff", "mypy", "pytest"]
    command, _, environment = calls[-1]
    assert "--full" in command
    assert environment["MMTLIB_FAST"] == "1"
    assert environment["PATH"] == os.environ["PATH"]
    calls.clear()
    codes.append(1)
    assert mmt("test").code == 1
    assert [command[3] for command, _, _ in calls] == ["ruff"]


def test_notebooks(mmt, monkeypatch):
    written = [Path("a/00_x.ipynb"), Path("01.ipynb")]
    monkeypatch.setattr("mmtlib.course.sync_notebooks", lambda: written)
    assert mmt("notebooks").out == "00_x.ipynb\n01.ipynb\n"
    monkeypatch.setattr("mmtlib.course.sync_notebooks", lambda: [])
    assert mmt("notebooks").out == "all notebooks are up to date\n"


def test_tutorial(mmt, own_cache, monkeypatch, tmp_path):
    monkeypatch.setenv("MMTLIB_FAST", "1")
    asked = []

    def run_tutorial(out, *, only, workers, report):
        assert 1 <= workers <= 2
        asked.append(only)
        out.mkdir(exist_ok=True)
        report("[1/1] 00_x: 3 s")

    def compare_here(config, seeds, *, split, progress=None):
        asked.append((config.modalities, tuple(seeds), split))
        return compare(config.replace(epochs=1, device="cpu"), [0, 1], workers=1)

    def run_all(configs, *, progress):
        asked.append([(c.seed, c.focal) for c in configs])

    monkeypatch.setattr("mmtlib.course.run_tutorial", run_tutorial)
    monkeypatch.setattr("mmtlib.results.compare", compare_here)
    monkeypatch.setattr("mmtlib.experiment.run_all", run_all)
    said = mmt("tutorial", "--out", tmp_path / "out")
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    assert lines[0] == "data and 10 runs for the notebooks and the closing table ..."
    assert lines[2] == "[1/1] 00_x: 3 s"
    assert "a small sample" in said.out
    both, seeds = ("rgb", "depth"), (0, 1, 2)
    joint = [(0, True), (1, True), (2, True), (0, False)]
    assert asked == [joint, (both, seeds, "validation"), None, (both, seeds, "test")]
    assert [row[0] for row in rows(said.out)] == ["rgb", "depth"]
    assert (tmp_path / "out" / "table.csv").read_text().startswith("modality,seed,alone,together")
    said = mmt("tutorial", "--out", tmp_path / "out", "--only", "00")
    assert asked[4:] == ["00"]
    assert rows(said.out) == []


def test_dry_run(mmt, fresh_cache):
    said = mmt("train", "--preset", "tiny", "--dry-run", "--set", "batch_size=8")
    assert said.code == 0
    assert "nothing was trained" in said.out
    assert "rgb 138,356, depth 137,492" in said.out
    assert "for 8 clips at a time" in said.out
    assert "10 on the mean = 0.03906 on the sum" in said.out
    assert not (fresh_cache / "runs").exists()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(5, "5 seconds"), (130, "2.2 minutes"), (7200, "2.0 hours"), (2e5, "2.3 days")],
)
def test_durations(seconds, words):
    assert show.duration(seconds) == words
