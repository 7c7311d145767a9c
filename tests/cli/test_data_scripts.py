"""The programs in `data_scripts/`: from what was downloaded to clip stores, and optical flow."""

import runpy
import shlex
import shutil
import sys
from pathlib import Path

import pandas as pd
import pytest
from support.egogesture_tree import write_egogesture_tree
from support.nvgesture_tree import SPLIT_LIST
from support.viva_tree import write_viva_tree

from mmtlib.cli import scripts, show
from mmtlib.core.clip_store import ClipStore
from mmtlib.core.errors import DataError
from mmtlib.datasets import EgoGesture, NVGesture

FOLDER = Path(__file__).resolve().parents[2] / "data_scripts"


@pytest.fixture
def script(monkeypatch, capsys):
    """Run a program of `data_scripts/` in this process; return exit code, output and errors."""
    monkeypatch.setattr(show.console, "width", 300)

    def call(name, *arguments):
        capsys.readouterr()
        path = FOLDER / f"{name}.py"
        monkeypatch.setattr(sys, "argv", [str(path), *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(path), run_name="__main__")
        out, err = capsys.readouterr()
        return end.value.code or 0, out, err

    return call


def stores(cache):
    """The clip stores that were made, without the hash in their names."""
    found = [path for path in (cache / "stores").glob("*") if path.is_dir()]
    return sorted("-".join(path.name.split("-")[:2]) for path in found)


@pytest.mark.parametrize("name", ["compute_optical_flow", *(f"prepare_{k}" for k in (
    "nvgesture", "egogesture", "viva"))])  # fmt: skip
def test_help(script, name):
    code, out, err = script(name, "--help")
    assert (code, err) == (0, "")
    assert "usage: " in out


def test_optical_flow(script, small_tree, fresh_cache):
    root, clips = small_tree
    code, out, err = script("compute_optical_flow", "nvgesture", root, "--processes", 1)
    assert (code, err) == (0, "")
    assert out.startswith(
        "4 clips computed, 0 were there, 0 have no colour recording, 0 are broken"
    )
    assert len(NVGesture(root, "train+validation", "rgb,flow")) == 4
    (root / clips[0].folder / "sk_wrapped.avi").unlink()
    (root / clips[1].folder / "sk_wrapped.avi").write_bytes(b"garbage")
    code, out, err = script("compute_optical_flow", "nvgesture", root, "--processes", 1)
    assert code == 1
    assert out.startswith(
        "0 clips computed, 2 were there, 1 have no colour recording, 1 are broken"
    )
    assert err.startswith("broken: ")
    assert f"({SPLIT_LIST.format('train')}:2)" in err


def test_optical_flow_the_way_the_error_message_says(script, small_tree, tmp_path):
    root, _ = small_tree
    settings = {"flow": "farneback", "flow_folder": tmp_path / "my flow"}
    with pytest.raises(DataError) as caught:
        NVGesture(root, "train", "rgb,flow", **settings)
    arguments = str(caught.value).split("compute_optical_flow.py ")[1].split("`")[0]
    assert script("compute_optical_flow", *shlex.split(arguments), "--processes", 1)[0] == 0
    assert len(NVGesture(root, "train", "rgb,flow", **settings)) == 2


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("nvgestur", "."), "Unknown data set 'nvgestur'"),
        (("nvgesture", "/no/where"), "/no/where is not NVGesture's folder"),
        (("nvgesture", "ROOT", "--method", "lucas"), "Unknown method of optical flow 'lucas'"),
        (("nvgesture", "ROOT", "--colour", "gray"), "Unknown colour of NVGesture 'gray'"),
    ],
)
def test_wrong_input(script, small_tree, arguments, part):
    arguments = [small_tree[0] if word == "ROOT" else word for word in arguments]
    code, out, err = script("compute_optical_flow", *arguments)
    assert (code, out) == (2, "")
    assert err.startswith(f"compute_optical_flow: {part}")
    assert err.count("\n") == 1


def test_stopped_by_hand(script, monkeypatch, small_tree):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(scripts, "prepare_data_set", stop)
    assert script("prepare_viva", small_tree[0])[0] == 130


def test_nvgesture_from_the_folder_to_stores(script, small_tree, fresh_cache, monkeypatch):
    root, _ = small_tree
    tiny = ("--preset", "tiny", "--splits", "train,validation")
    code, out, err = script("prepare_nvgesture", root, *tiny)
    assert (code, err) == (0, "")
    assert "4 of 4 clips decoded" in out
    assert stores(fresh_cache) == ["nvgesture-train", "nvgesture-validation"]
    (manifest,) = (fresh_cache / "manifests").iterdir()
    table = pd.read_csv(manifest)
    assert {"split", "clip", "label", "subject", "frames", "files", "checked"} <= set(table)
    assert table["split"].tolist() == ["train", "train", "validation", "validation"]
    # Again: no clip is decoded.
    monkeypatch.setattr(NVGesture, "pixels", lambda *_: pytest.fail("decoded again"))
    again = script("prepare_nvgesture", root, *tiny)
    assert (again[0], again[1]) == (0, out)
    manifest.write_text("nonsense")
    code, _, err = script("prepare_nvgesture", root, *tiny)
    assert code == 2
    assert f"{manifest} is no table of clips" in err


def test_clips_that_are_missing_or_broken(script, small_tree, fresh_cache, tmp_path):
    root, clips = small_tree
    (root / clips[1].folder / "sk_depth.avi").unlink()
    arguments = (root, "--preset", "tiny", "--splits", "train", "--manifest", tmp_path / "m.csv")
    code, out, err = script("prepare_nvgesture", *arguments)
    assert code == 2
    assert f"({SPLIT_LIST.format('train')}:2)" in out or f":2): {clips[1].folder}" in out
    assert err.startswith("prepare_nvgesture: 1 of 4 clips in ")
    assert "research.nvidia.com" in err
    assert "--skip-broken" in err
    assert stores(fresh_cache) == []
    code, out, err = script("prepare_nvgesture", *arguments, "--skip-broken")
    assert (code, err) == (0, "")
    assert "clips skipped: 1 with missing files" in out or "train: 2 clips" in out
    assert (tmp_path / "m.csv").exists()


def test_settings_of_the_set(script, nvgesture_tree_raw, fresh_cache):
    root = nvgesture_tree_raw
    arguments = (root, "--preset", "tiny", "--splits", "train", "--set", "colour=raw")
    code, out, _ = script("prepare_nvgesture", *arguments)
    assert code == 0
    assert "not all seen from the same camera" in out
    for pair, part in (
        ("fold=1", "fold is a setting of viva"),
        ("colour=1", "colour must be text"),
    ):
        code, out, err = script("prepare_nvgesture", root, "--set", pair)
        assert (code, out) == (2, "")
        assert part in err


@pytest.fixture
def nvgesture_tree_raw(small_tree):
    root, _ = small_tree
    for path in root.rglob("sk_wrapped.avi"):
        shutil.copy(path, path.with_name("sk_color.avi"))
    return root


def test_egogesture_from_archives(script, tmp_path, fresh_cache, monkeypatch):
    monkeypatch.setattr(EgoGesture, "published", {"train": 8, "validation": 4, "test": 4})
    write_egogesture_tree(tmp_path / "raw" / "set", labels=(1, 2))
    down = tmp_path / "downloaded"
    down.mkdir()
    labels = tmp_path / "raw" / "labels"
    (labels / "set").mkdir(parents=True)
    (tmp_path / "raw/set/labels-final-revised1").rename(labels / "set/labels-final-revised1")
    shutil.make_archive(str(down / "images"), "zip", tmp_path / "raw", "set")
    shutil.make_archive(str(down / "labels"), "gztar", labels, "set")
    arguments = (down, "--into", tmp_path / "unpacked", "--preset", "tiny")
    code, out, err = script("prepare_egogesture", *arguments)
    assert (code, err) == (0, "")
    assert "16 of 16 clips decoded" in out
    assert sorted(p.name for p in (tmp_path / "unpacked").iterdir()) == ["set"]
    assert stores(fresh_cache) == [f"egogesture-{s}" for s in ("test", "train", "validation")]
    again = script("prepare_egogesture", *arguments)[1]
    assert "images.zip: 0 files written, the others were there" in again


def test_viva_of_one_fold(script, tmp_path, fresh_cache):
    write_viva_tree(tmp_path / "viva", gestures=(1, 5))
    arguments = (tmp_path / "viva", "--preset", "tiny", "--set", "fold=2", "--splits", "test")
    code, _, err = script("prepare_viva", *arguments)
    assert (code, err) == (0, "")
    (store,) = (p for p in (fresh_cache / "stores").glob("viva-test-*") if p.is_dir())
    assert set(ClipStore(store).subjects) == {3}


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("nvgesture", "NVGesture is to be had from NVIDIA Research"),
        ("egogesture", "EgoGesture is to be had from its authors, who ask for a signed agreement"),
        ("viva", "VIVA is to be had from the VIVA challenge"),
    ],
)
def test_an_empty_folder_says_where_the_set_is_to_be_had(script, tmp_path, name, part):
    code, out, err = script(f"prepare_{name}", tmp_path)
    assert (code, out) == (2, "")
    assert part in err
    assert err.count("\n") == 1


def test_archives_to_be_unpacked_by_hand_and_bad_ones(script, tmp_path):
    (tmp_path / "nvGesture_v1.7z.001").write_bytes(b"7z")
    code, _, err = script("prepare_nvgesture", tmp_path)
    assert code == 2
    assert "nvGesture_v1.7z.001 cannot be unpacked here: unpack it by hand" in err
    (tmp_path / "x.zip").write_bytes(b"garbage")
    code, _, err = script("prepare_nvgesture", tmp_path)
    assert code == 2
    assert "x.zip is damaged or no archive" in err
