"""What tests run in processes of their own; importable there, as `tests` is on the path."""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any


def train_until_killed(config_json: str, cache: str, saves: int, delay: float) -> None:
    """Train with a state saved after every step; end as by SIGKILL soon after so many saves.

    Args:
        config_json, cache: the config, and where its run is kept.
        saves: of the state.
        delay: seconds from the last of them; every save takes 0.02 s longer than it needs.
    """
    os.environ["MMTLIB_CACHE"] = cache
    from mmtlib.config import ExperimentConfig
    from mmtlib.experiment import run
    from mmtlib.training import trainer

    save, done = trainer.save_state, itertools.count(1)

    def save_slowly(path: Path, state: dict) -> None:
        save(path, state)
        if next(done) == saves:
            threading.Timer(delay, die).start()
        time.sleep(0.02)

    trainer.CHECKPOINT_SECONDS = -1.0
    trainer.save_state = save_slowly
    run(ExperimentConfig.from_json(config_json))


def die() -> None:
    """End this process at once, as if it were killed from outside."""
    os.kill(os.getpid(), signal.SIGKILL)


def train_and_tell(config_json: str, cache: str, note: str) -> None:
    """Ask for a run; write one line per epoch trained here, none if the run was loaded."""
    os.environ["MMTLIB_CACHE"] = cache
    from mmtlib.config import ExperimentConfig
    from mmtlib.experiment import run

    epochs: list[int] = []
    run(ExperimentConfig.from_json(config_json), progress=lambda done, *_: epochs.append(done))
    Path(note).write_text("".join(f"{epoch}\n" for epoch in epochs))


def make_flow_until_killed(root: str, folder: str, files: int) -> None:
    """Compute the flow of an NVGesture folder; end as by SIGKILL once there are so many files."""
    import cv2

    from mmtlib.datasets import NVGesture, clip_flow

    estimate = clip_flow.compute_flow

    def compute(pictures: Any, method: str) -> Any:
        if len(list(Path(folder).rglob("*.npz"))) >= files:
            die()
        return estimate(pictures, method)

    cv2.setNumThreads(1)
    clip_flow.compute_flow = compute
    dataset = NVGesture(root, "train+validation", "rgb", skip_broken=None, flow_folder=folder)
    clip_flow.make_flow(dataset, processes=1)


def write_when_told(talk: Connection, folder: Path, clips: int) -> None:
    """Write a clip store, shards of three; before every clip say its number and wait for a word."""
    from support.numbered_clips import INFO, Maker, rows_of

    from mmtlib.core import clip_writer

    def make(indices: Iterable[int]) -> Iterator:
        for made in Maker()(indices):
            talk.send(made[0])
            talk.recv()
            yield made

    clip_writer.SHARD_CLIPS = 3
    talk.recv()
    clip_writer.write_clip_store(folder, INFO, rows_of(clips), make)
    talk.send("done")


def make_clips_when_told(talk: Connection, cache: str, stop_at: int) -> None:
    """Render the tiny validation clips, shards of eight; say after each how many there are.

    Args:
        talk: says what is to begin, and hears the numbers and at the end the sum of a clip.
        cache: where they are kept.
        stop_at: after so many clips wait for ever; 0 = never.
    """
    os.environ["MMTLIB_CACHE"] = cache
    import torch

    from mmtlib.core import clip_writer
    from mmtlib.synthetic import SyntheticGestures

    def progress(done: int, total: int) -> None:
        talk.send(done)
        if done == stop_at:
            talk.recv()

    clip_writer.SHARD_CLIPS = 8
    torch.set_num_threads(1)
    talk.recv()
    data = SyntheticGestures("tiny", "validation", progress=progress)
    talk.send(float(data[3].frames["rgb"].double().sum()))
    talk.send("done")


def write_twin_and_die(root: str) -> None:
    """Write a twin of NVGesture, and end with code 9 after its first clip."""
    from mmtlib.experiment.twin import write_nvgesture_twin

    write_nvgesture_twin(
        root, preset="tiny", size=24, clips_per_class=1, progress=lambda *_: os._exit(9)
    )
