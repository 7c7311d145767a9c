"""Before a sweep starts: data are made once, and what is missing is known."""

from types import SimpleNamespace

import pytest
from support.grids import tiny_grid

from mmtlib.core.errors import DataError
from mmtlib.results import prepare as module
from mmtlib.results.prepare import missing, prepare_data


@pytest.fixture
def opened(monkeypatch):
    """Let nothing be opened; return what would have been: (modalities, generator seed, split)."""
    calls = []

    def open_data(config, split, *, progress=None):
        calls.append((config.modalities, config.generator_seed, split))
        if config.generator_seed == 13:
            raise DataError("Nobody lives there.")
        return SimpleNamespace(fingerprint=f"{config.modalities}-{config.generator_seed}-{split}")

    monkeypatch.setattr(module, "open_data", open_data)
    return calls


def test_each_kind_of_clips_is_opened_once(opened):
    grid = tiny_grid(baselines=True, factors={"beta": [1.0, 2.0], "generator_seed": [0, 1]})
    fingerprints, failed = prepare_data(grid.tasks, "validation")
    assert (len(fingerprints), failed) == (len(grid.tasks), {})
    assert sorted(opened) == sorted(
        (modalities, generator_seed, split)
        for modalities in (("rgb", "depth"), ("rgb",), ("depth",))
        for generator_seed in (0, 1)
        for split in ("train", "validation")
    )
    assert len(set(fingerprints.values())) == len(grid.tasks)


def test_test_clips_are_opened_only_when_asked_for(opened):
    prepare_data(tiny_grid().tasks, "validation")
    assert [split for *_, split in opened] == ["train", "validation"]
    opened.clear()
    prepare_data(tiny_grid().tasks, "test")
    assert [split for *_, split in opened] == ["train", "validation", "test"]


def test_data_that_cannot_be_had(opened):
    grid = tiny_grid(factors={"generator_seed": [0, 13]})
    good, bad = grid.tasks
    fingerprints, failed = prepare_data(grid.tasks, "validation")
    assert list(fingerprints) == [good.key]
    assert failed == {bad.key: "Nobody lives there."}
    assert missing(grid.tasks, fingerprints, "validation") == [good]


def test_other_clips_or_another_recipe_are_another_run(opened, monkeypatch):
    tasks = tiny_grid().tasks

    def fingerprint():
        return prepare_data(tasks, "validation")[0][tasks[0].key]

    first = fingerprint()
    assert fingerprint() == first
    monkeypatch.setattr(module, "RECIPE_VERSION", -1)
    assert fingerprint() != first
    monkeypatch.undo()
    with monkeypatch.context() as patch:
        patch.setattr(module, "open_data", lambda *_, **__: SimpleNamespace(fingerprint="other"))
        assert fingerprint() != first


def test_a_bad_checkpoint_fails_its_arm(opened, tmp_path):
    nothing = str(tmp_path / "none.pth")
    arms = {"good": {}, "started": {"network": "inception_i3d", "pretrained": nothing}}
    fingerprints, failed = prepare_data(tiny_grid(arms=arms).tasks, "validation")
    assert len(fingerprints) == 1
    (error,) = failed.values()
    assert "none.pth" in error
