"""Several processes started by `mmt train --devices 2`, in processes of their own."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from support.tiny_runs import same_tensors, tiny, weights

from mmtlib.core.errors import ConfigError
from mmtlib.experiment import load_run, make_fabric, run_all

COMMAND = [
    sys.executable, "-m", "mmtlib", "train", "--preset", "tiny", "--device", "cpu",
    "--devices", "2", "--epochs", "12",
]  # fmt: skip


def train(cache, *more):
    environment = {**os.environ, "MMTLIB_CACHE": str(cache)}
    return subprocess.Popen(
        [*COMMAND, *more], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    )  # fmt: skip


def the_run(cache):
    (folder,) = (path for path in (cache / "runs").iterdir() if path.is_dir())
    return folder


def test_killed_and_started_again_two_processes_end_with_the_same_bits(
    own_cache, fresh_cache, tmp_path
):
    child = train(fresh_cache)
    out, err = child.communicate()
    assert (child.returncode, err) == (0, ""), err
    assert out.count("validation accuracy") == 1, "only one of the processes speaks"
    whole = load_run(the_run(fresh_cache))
    assert whole.config.devices == 2

    other = tmp_path / "other"
    other.mkdir()
    (other / "synthetic").symlink_to(own_cache / "synthetic")
    child = train(other)
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline and not list(other.glob("runs/*/state.pt")):
        time.sleep(0.005)
    os.killpg(child.pid, signal.SIGKILL)
    child.communicate()
    assert (the_run(other) / "state.pt").exists()
    assert not (the_run(other) / "run.json").exists()
    child = train(other)
    assert child.communicate()[1] == ""
    resumed = load_run(the_run(other))
    assert resumed.identity == whole.identity
    assert resumed.history == whole.history
    for m in whole.config.modalities:
        assert same_tensors(weights(whole.path, m), weights(resumed.path, m))
        first, second = (r.predictions()[m] for r in (whole, resumed))
        assert np.array_equal(first.scores, second.scores)


def test_two_processes_train_a_teacher_and_then_its_student(fresh_cache):
    settings = ("method=kd", "teacher=depth", "epochs=2")
    child = train(fresh_cache, *(word for s in settings for word in ("--set", s)))
    out, err = child.communicate()
    assert (child.returncode, err) == (0, ""), err
    teacher, student = sorted(
        (load_run(path) for path in (fresh_cache / "runs").iterdir() if path.is_dir()),
        key=lambda found: len(found.config.modalities),
    )
    assert student.facts["teacher"] == teacher.identity
    assert student.config.devices == teacher.config.devices == 2
    assert same_tensors(weights(student.path, "depth"), weights(teacher.path, "depth"))
    assert out.count("validation accuracy") == 1


@pytest.mark.parametrize("name", ["ps1", "argv"])
def test_not_in_a_notebook_nor_without_a_file_to_run_again(monkeypatch, name):
    monkeypatch.delattr(sys, "ps1", raising=False)  # left by a notebook's shell in this process
    monkeypatch.setattr(sys, name, {"ps1": ">>> ", "argv": ["-c"]}[name], raising=False)
    with pytest.raises(ConfigError, match=r"which a notebook cannot start.*: use `mmt train"):
        make_fabric("cpu", "float32", devices=2)


def test_fewer_gpus(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["mmt"])  # the tests may run in a process started by -c
    monkeypatch.delattr(sys, "ps1", raising=False)  # left by a notebook's shell in this process
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    with pytest.raises(ConfigError, match="devices=2, but torch sees 1 GPUs"):
        make_fabric("cuda", "float32", devices=2)


def test_wrong_shares(mmt, fresh_cache):
    said = mmt("train", "--preset", "tiny", "--device", "cpu", "--set", "sync_batchnorm=true")
    assert said.failed_with("sync_batchnorm works between GPUs only")
    said = mmt("train", "--preset", "tiny", "--devices", "0")
    assert said.failed_with("devices must be in [1, 1,024], got 0")


def test_runs_that_share_batches_are_made_one_after_the_other(monkeypatch):
    seen = []
    monkeypatch.setattr("mmtlib.experiment.train._stored", lambda _: None)
    monkeypatch.setattr("mmtlib.experiment.train.run", seen.append)
    configs = [tiny(devices=2, seed=seed) for seed in (0, 1)]
    run_all(configs, workers=2)
    assert seen == configs
