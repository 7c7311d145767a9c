"""Methods, controls and changes of the clips on the command line."""

import pytest
from support.tiny_runs import tiny

from mmtlib.config import METHODS

TINY = ("--preset", "tiny", "--epochs", "2", "--device", "cpu")


def options(**settings):
    return [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"method": "dml"}, "mutual learning, weight 1"),
        (
            {"method": "kd", "teacher": "depth", "temperature": 2},
            "distillation, weight 1, temperature 2, from depth only",
        ),
        ({"method": "similarity", "transfer_weight": 5}, "similarity-preserving, wei"),
        ({"control": "same_modality"}, ", control second network of the same modality"),
        ({"method": "attention", "control": "frozen_random"}, "attention transfer, weight 1, con"),
    ],
)
def test_trained_and_listed(mmt, fresh_cache, settings, line):
    said = mmt("train", *TINY, *options(**settings))
    assert (said.code, said.err) == (0, "")
    assert line in said.out
    assert [row[0] for row in said.rows] == ["rgb", "depth"]
    listed = next(row[3] for row in mmt("runs").rows if not row[3].startswith("depth"))
    assert listed.startswith("rgb+depth, ")
    assert listed == f"rgb+depth, {tiny(**settings).transfer.brief()}"


def test_changed_clips_are_told(mmt, fresh_cache):
    changes = {"train_clips": 24, "corrupt": "depth", "corruption": "blur", "clutter": 0.5}
    said = mmt("train", *TINY, *options(**changes))
    assert (said.code, said.err) == (0, "")
    assert "24 of 48 training clips are used." in said.out
    assert "depth is corrupted (blur, strength 0.5)." in said.out
    assert "synthetic tiny, depth blur 0.5, 24 training clips, clutter 0.5" in mmt("runs").out


@pytest.mark.parametrize("method", METHODS)
def test_dry_run(mmt, fresh_cache, method):
    teacher = {"teacher": "depth"} if method in ("one_way", "kd") else {}
    chosen = options(method=method, **teacher, train_clips=24)
    said = mmt("train", *TINY, *chosen, "--dry-run")
    assert (said.code, said.err) == (0, "")
    assert "24 of T x H x W" in said.out
    assert not (fresh_cache / "runs").exists()


@pytest.mark.parametrize(
    ("settings", "parts"),
    [
        ({"method": "dlm"}, ["Unknown method 'dlm'", "Did you mean 'dml'?"]),
        ({"method": "kd"}, ["method='kd' needs a teacher", "one of rgb, depth"]),
        ({"method": "kd", "teacher": "flow"}, ["Unknown teacher 'flow'; known: depth, rgb"]),
        ({"method": "dml", "teacher": "depth"}, ["method='dml' takes no teacher"]),
        ({"control": "random"}, ["Unknown control 'random'"]),
        ({"corrupt": "flow"}, ["Unknown modality to corrupt 'flow'"]),
        ({"corrupt": "rgb", "corruption": "blurr"}, ["Unknown corruption 'blurr'"]),
        ({"corrupt": "rgb", "corruption_strength": 2}, ["corruption_strength must be in [0, 1]"]),
        ({"train_clips": 49}, ["train_clips=49, but synthetic has 48 training clips"]),
        ({"transfer_weight": 2}, ["weighted with ssa_weight"]),
        ({"dataset": "viva", "clutter": 1}, ["clutter is a setting of synthetic"]),
    ],
)
def test_wrong_settings(mmt, fresh_cache, settings, parts):
    mmt("train", *TINY, *options(**settings)).failed_with(*parts)
