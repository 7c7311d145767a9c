"""Bad input: exit code 2, one clear sentence on standard error, no traceback."""

import shutil

import pytest
import torch
from support.nvgesture_tree import SPLIT_LIST, picture_frames, write_video

from mmtlib.experiment import train as train_module

TINY = ("--preset", "tiny", "--epochs", "1", "--device", "cpu")


def nvgesture(root, *more):
    return ("train", "--data", "nvgesture", "--root", root, *TINY, *more)


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("--modalities", "rgb,deph"), ["Unknown modality 'deph'", "Did you mean 'depth'?"]),
        (("--modalities", ""), ["At least one modality is needed"]),
        (("--data", "nvgestur"), ["Unknown data set 'nvgestur'", "Did you mean 'nvgesture'?"]),
        (("--data", "nvgesture"), ["--root DIR"]),
        (("--data", "nvgesture", "--root", "/no/where"), ["/no/where is not NVGesture's folder"]),
        (("--preset", "tinny"), ["Unknown preset 'tinny'"]),
        (("--recipe", "big"), ["Unknown recipe 'big'"]),
        (("--network", "i3d"), ["Unknown network 'i3d'"]),
        (("--colour", "gray"), ["Unknown colour 'gray'"]),
        (("--pretrained", "x.pt"), ["x.pt: checkpoints of Kinetics are for", "not for CompactI3D"]),
        (("--network", "inception_i3d", "--pretrained", "x.pt"), ["no file of weights at x.pt"]),
        (("--precision", "fp8"), ["Unknown precision 'fp8'"]),
        (("--ssa-weight", "-1"), ["ssa_weight must be at least 0"]),
        (("--epochs", "0"), ["epochs must be in [1, 1,000,000], got 0"]),
        (("--seed", "-1"), ["seed must be at least 0"]),
        (("--set", "epochs"), ["--set expects NAME=VALUE, got 'epochs'"]),
        (("--set", "epoch=3"), ["Unknown setting 'epoch'", "Did you mean 'epochs'?"]),
        (("--set", "=3"), ["Unknown setting ''"]),
        (("--set", "epochs=many"), ["epochs must be a whole number, got 'many'"]),
        (("--set", "epochs=[1"), ["epochs must be a whole number, got '[1'"]),
        (("--set", "seed=null"), ["seed must be a whole number, got None"]),
        (("--set", "focal=perhaps"), ["focal must be true or false, got 'perhaps'"]),
        (("--set", "step_epochs=4"), ["step_epochs must be a list of whole numbers, got 4"]),
        (("--set", "learning_rate=NaN"), ["learning_rate must be a number, got nan"]),
        (("--set", "network=[1]"), ["network must be text"]),
        (("--set", "preset={}"), ["Unknown preset"]),
        (("--set", "recipe=[1]"), ["Unknown recipe"]),
        (("--set", "modalities=5"), ["modalities must be a list of names, got 5"]),
        (("--set", "modalities=[[]]"), ["modalities must be a list of names"]),
        (("--set", "feature_stage=nowhere"), ["nowhere"]),
        (("--set", "feature_time_pool=99"), ["feature_time_pool"]),
    ],
)
def test_wrong_settings(mmt, fresh_cache, arguments, parts):
    mmt("train", *TINY, *arguments).failed_with(*parts)


def test_divergence(mmt, fresh_cache):
    worse = ("optimizer=sgd", "learning_rate=1e8", "momentum=0.99", "weight_decay=1", "epochs=30")
    mmt("train", *TINY, *(part for s in worse for part in ("--set", s))).failed_with("diverged")


def test_no_gpu(mmt, fresh_cache, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    mmt("train", "--preset", "tiny", "--device", "cuda").failed_with("torch sees no GPU here")


@pytest.mark.parametrize("command", [("train", *TINY), ("data", "make", "tiny")])
def test_cache_that_cannot_be_written(mmt, tmp_path, monkeypatch, command):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MMTLIB_CACHE", str(tmp_path / "file" / "cache"))
    mmt(*command).failed_with("Cannot write ", "file/cache", "MMTLIB_CACHE")


@pytest.mark.parametrize("command", [("evaluate", "ffff"), ("predict", "x.avi", "--run", "ffff")])
@pytest.mark.parametrize("where", ["ffff", "/no/such/folder", "*"])
def test_unknown_run(mmt, stored, command, where):
    command = [where if word == "ffff" else word for word in command]
    mmt(*command).failed_with(f"There is no run '{where}'", "`mmt runs`")


def test_a_folder_that_is_no_run(mmt, fresh_cache, tmp_path):
    mmt("evaluate", tmp_path).failed_with(f"{tmp_path} holds no finished run")


def test_wrong_split(mmt, stored):
    mmt("evaluate", stored.run_id, "--split", "tset").failed_with("'tset'", "'test'")


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("--seeds", "0,x"), ["--seeds expects whole numbers with commas, got '0,x'"]),
        (("--seeds", ""), ["at least two modalities and one seed"]),
        (("--modalities", "rgb"), ["at least two modalities"]),
        (("--split", "tset"), ["tset"]),
        (("--set", "seed"), ["NAME=VALUE"]),
    ],
)
def test_wrong_comparisons(mmt, own_cache, arguments, parts):
    common = ("--preset", "tiny", "--workers", "1", "--set", "epochs=1")
    mmt("compare", *common, *arguments).failed_with(*parts)


# Damaged runs


def damage(path):
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def test_damaged_facts(mmt, stored, caplog):
    damage(stored.path / "run.json")
    for command in (("evaluate", stored.run_id), ("train", *TINY)):
        mmt(*command).failed_with("run.json is damaged", str(stored.path))
    mmt("runs")
    assert f"{stored.path / 'run.json'} is damaged" in caplog.text


def test_damaged_weights(mmt, stored):
    damage(stored.path / "rgb.safetensors")
    mmt("evaluate", stored.run_id).failed_with("rgb.safetensors is damaged")


def test_weights_of_another_network(mmt, stored):
    shutil.copy(stored.path / "rgb.safetensors", stored.path / "depth.safetensors")
    mmt("evaluate", stored.run_id).failed_with("depth.safetensors does not fit CompactI3D")


def test_damaged_predictions(mmt, own_cache, stored):
    damage(stored.path / "validation-rgb.npz")
    arguments = ("--preset", "tiny", "--set", "epochs=1", "--set", "device=cpu", "--seeds", "0")
    mmt("compare", *arguments, "--workers", "1").failed_with("validation-rgb.npz is damaged")


def test_damaged_state(mmt, stored, monkeypatch):
    (stored.path / "run.json").unlink()
    (stored.path / "state.pt").write_bytes(b"garbage")
    mmt("train", *TINY).failed_with("state.pt is damaged", "move it away")


def test_full_disk(mmt, fresh_cache, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("torch.save", full)
    mmt("train", *TINY).failed_with("state.pt", "No space left on device")


def test_a_bug_keeps_its_traceback(mmt, fresh_cache, monkeypatch):
    def bug(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr(train_module, "fit", bug)
    with pytest.raises(ZeroDivisionError):
        mmt("train", *TINY)


# Damaged data sets


def test_wrong_root(mmt, fresh_cache, tmp_path):
    (tmp_path / "some file").write_text("")
    mmt(*nvgesture(tmp_path)).failed_with(f"{tmp_path} is not NVGesture's folder", "some file")
    mmt(*nvgesture(tmp_path / "some file")).failed_with("is not NVGesture's folder")


def test_bad_list_line(mmt, fresh_cache, small_tree):
    root, clips = small_tree
    path = root / SPLIT_LIST.format("train")
    path.write_text(f"{clips[0].line}\n{clips[1].line.replace('label:1', 'label:26')}\n")
    mmt(*nvgesture(root)).failed_with(f"{path}:2: expected a label from 1 to 25, got '26'")
    path.write_text(f"{clips[0].line}\nnonsense\n")
    mmt(*nvgesture(root)).failed_with(f"{path}:2: ")


def test_missing_file(mmt, fresh_cache, small_tree):
    root, clips = small_tree
    path = root / clips[1].folder / "sk_depth.avi"
    path.unlink()
    mmt(*nvgesture(root)).failed_with(str(path), f"{SPLIT_LIST.format('train')}:2", "--skip-broken")


def test_garbage_video(mmt, fresh_cache, small_tree):
    root, clips = small_tree
    path = root / clips[0].folder / "sk_wrapped.avi"
    path.write_bytes(b"garbage" * 1000)
    mmt(*nvgesture(root)).failed_with(str(path), f"{SPLIT_LIST.format('train')}:1")


def test_videos_of_different_sizes(mmt, fresh_cache, small_tree):
    root, clips = small_tree
    path = root / clips[0].folder / "sk_depth.avi"
    write_video(path, picture_frames("sk_depth", clips[0], 96)[:, ::2, ::2])
    mmt(*nvgesture(root)).failed_with(
        f"{path} has pictures of 16 x 12 pixels, sk_wrapped.avi of 32 x 24",
        f"{SPLIT_LIST.format('train')}:1",
    )


def test_too_few_clips(mmt, fresh_cache, small_tree):
    root, clips = small_tree
    (root / SPLIT_LIST.format("train")).write_text(f"{clips[0].line}\n{clips[1].line}\n")
    mmt(*nvgesture(root)).failed_with("at least 2 clips, got 1")


@pytest.mark.parametrize("modality", ["flow", "thermal"])
def test_modality_that_the_set_has_not(mmt, fresh_cache, small_tree, modality):
    root, _ = small_tree
    mmt(*nvgesture(root, "--modalities", modality)).failed_with(modality)


def test_verify(mmt, small_tree, tmp_path):
    mmt("data", "verify", "nvgestur", tmp_path).failed_with("Unknown data set 'nvgestur'")
    mmt("data", "verify", "nvgesture", tmp_path / "x").failed_with("is not NVGesture's folder")
    mmt("data", "verify", "nvgesture", tmp_path).failed_with("is not NVGesture's folder")
    root, _ = small_tree
    verify = ("data", "verify", "nvgesture", root)
    mmt(*verify, "--colour", "gray").failed_with("Unknown colour of NVGesture 'gray'")
    mmt(*verify, "--modalities", "rgb,deph").failed_with("Unknown modality 'deph'")
    mmt("data", "verify", "viva", root, "--colour", "raw").failed_with("colour of VIVA 'raw'")
    mmt("data", "make", "tinny").failed_with("Unknown preset 'tinny'")


# Prediction


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (None, ["There is no video"]),
        (b"", ["is no video, or is damaged"]),
        (b"garbage" * 100, ["is no video, or is damaged"]),
    ],
)
def test_wrong_video(mmt, stored, tmp_path, content, parts):
    video = tmp_path / "video [1].avi"
    if content is not None:
        video.write_bytes(content)
    said = mmt("predict", video, "--run", stored.run_id, "--modality", "rgb")
    said.failed_with(str(video), *parts)


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ((), ["has networks for rgb, depth", "--modality"]),
        (("--modality", "flow"), ["Unknown modality of this run 'flow'"]),
        (("--modality", "rgb", "--first", "9", "--last", "9"), ["Expected 0 <= first < last"]),
        (("--modality", "rgb", "--last", "500"), ["is too short or cut off"]),
        (("--modality", "rgb", "--first", "-1"), ["Expected 0 <= first"]),
    ],
)
def test_wrong_prediction(mmt, stored, nvgesture_tree, arguments, parts):
    root, clips = nvgesture_tree
    video = root / clips[0].folder / "sk_wrapped.avi"
    mmt("predict", video, "--run", stored.run_id, *arguments).failed_with(*parts)


def test_unknown_notebook(mmt, tmp_path):
    mmt("tutorial", "--out", tmp_path / "x", "--only", "zzz").failed_with("'zzz'")


def test_a_file_of_a_user_is_replaced_only_if_they_say_so(mmt, tmp_path):
    page = tmp_path / "page.md"
    page.write_text("mine")
    mmt("settings", "--out", page).failed_with("page.md is there", "say --overwrite")
    assert page.read_text() == "mine"
    mmt("settings", "--out", page, "--overwrite")
    mmt("settings", "--out", page)  # its own is replaced without a word
    assert page.read_text().startswith("# Settings")
