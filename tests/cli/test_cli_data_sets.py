"""EgoGesture and VIVA from the raw folder to a measured network, through the commands."""

import pytest
from support.egogesture_tree import write_egogesture_tree
from support.viva_tree import write_viva_tree

from mmtlib.config import DATA_SETS
from mmtlib.datasets import DATASETS, EgoGesture
from mmtlib.experiment import list_runs, load_run

TINY = ("--preset", "tiny", "--epochs", "1", "--device", "cpu")


def only_run():
    (name,) = list_runs()["run"]
    return load_run(name)


def test_egogesture(mmt, fresh_cache, tmp_path):
    root = tmp_path / "egogesture"
    gestures = write_egogesture_tree(root, labels=(1, 2))
    said = mmt("train", "--data", "egogesture", "--root", root, *TINY)
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("Note: How well the colour and depth pictures of EgoGesture cover")
    run = only_run()
    assert run.classes == EgoGesture.classes
    assert set(run.validation_accuracy) == {"rgb", "depth"}
    said = mmt("evaluate", run.run_id, "--split", "test")
    assert (said.code, said.err) == (0, "")
    # An incomplete copy, as far as it goes: a picture and a label file are missing.
    (root / gestures[-1].folder / "Color" / "rgb2" / f"{gestures[-1].end:06d}.jpg").unlink()
    (root / "labels-final-revised1" / "subject03" / "Scene1" / "Group1.csv").unlink()
    again = ("train", "--data", "egogesture", "--root", root, *TINY)
    mmt(*again).failed_with("subject03/Scene1/Group1.csv is missing", "--skip-broken")
    said = mmt(*again, "--skip-broken")
    assert (said.code, said.err) == (0, "")
    assert "1 label files or folders are missing" in said.out
    assert "1 of 6 clips skipped" in said.out


def test_viva(mmt, fresh_cache, tmp_path):
    root = tmp_path / "viva"
    write_viva_tree(root, gestures=(1, 70, 5))
    train = ("train", "--data", "viva", "--root", root, *TINY)
    said = mmt(*train, "--fold", "3", "--modalities", "rgb")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("Note: Passed over: 8 clips of other gestures than the 19 (ids 5).")
    run = only_run()
    assert run.config.fold == 3
    said = mmt("evaluate", run.run_id, "--split", "test", "--per-class")
    assert (said.code, said.err) == (0, "")
    assert "gesture 32" in said.out
    mmt(*train, "--fold", "8").failed_with("fold of VIVA must be from 0 to 7, got 8")
    mmt(*train, "--modalities", "rgb,flow").failed_with("compute_optical_flow.py viva")


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("--data", "egogesture", "--fold", "1"), ["fold is a setting of viva", "skip_broken"]),
        (("--data", "viva", "--colour", "raw"), ["colour is a setting of nvgesture", "takes fold"]),
        (("--skip-broken",), ["skip_broken is a setting of nvgesture, egogesture, viva"]),
        (("--data", "viva", "--set", "generator_seed=1"), ["is a setting of synthetic"]),
        (("--data", "egogesture", "--root", "/no/where"), ["is not EgoGesture's folder"]),
        (("--data", "viva", "--root", "/no/where"), ["is not VIVA's folder"]),
        (("--data", "viva", "--fold", "-1"), ["fold must be at least 0"]),
    ],
)
def test_settings_that_do_not_fit(mmt, fresh_cache, arguments, parts):
    mmt("train", *TINY, *arguments).failed_with(*parts)


def test_comparisons_refuse_them_too(mmt, fresh_cache):
    mmt("compare", "--preset", "tiny", "--set", "fold=2").failed_with("fold is a setting of viva")


def test_data_list(mmt):
    said = mmt("data", "list")
    assert (said.code, said.err) == (0, "")
    for name in DATASETS:
        assert name in said.out
    assert DATASETS.keys() | {"synthetic"} == DATA_SETS.keys()


def test_data_verify(mmt, tmp_path, monkeypatch):
    write_egogesture_tree(tmp_path / "egogesture", labels=(1, 2))
    write_viva_tree(tmp_path / "viva", gestures=(1, 5))
    splits = {"train": 8, "validation": 4, "test": 4}
    monkeypatch.setattr(DATASETS["egogesture"], "published", splits)
    said = mmt("data", "verify", "egogesture", tmp_path / "egogesture")
    assert (said.code, said.err) == (0, "")
    assert [row[:4] for row in said.rows] == [[s, *3 * [str(n)]] for s, n in splits.items()]
    assert "16 of 16 clips decoded (rgb, depth)." in said.out
    said = mmt("data", "verify", "viva", tmp_path / "viva")
    assert (said.code, said.err) == (1, "")  # 885 are published
    assert "Passed over: 8 clips" in said.out
    assert [row[:4] for row in said.rows] == [["all", "885", "8", "8"]]
