"""What tests run in processes of their own; importable there, as `tests` is on the path."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any


def train_slowly(config_json: str, cache: str) -> None:
    """Train with a state saved after every step, slowed down so that kills find it at work."""
    os.environ["MMTLIB_CACHE"] = cache
    from mmtlib.config import ExperimentConfig
    from mmtlib.experiment import run
    from mmtlib.training import trainer

    save = trainer.save_state

    def save_slowly(path: Path, state: dict) -> None:
        save(path, state)
        time.sleep(0.02)

    trainer.CHECKPOINT_SECONDS = -1.0
    trainer.save_state = save_slowly
    run(ExperimentConfig.from_json(config_json))


def train_and_tell(config_json: str, cache: str, note: str) -> None:
    """Ask for a run; write one line per epoch trained here, none if the run was loaded."""
    os.environ["MMTLIB_CACHE"] = cache
    from mmtlib.config import ExperimentConfig
    from mmtlib.experiment import run

    epochs: list[int] = []
    run(ExperimentConfig.from_json(config_json), progress=lambda done, *_: epochs.append(done))
    Path(note).write_text("".join(f"{epoch}\n" for epoch in epochs))


def make_flow_slowly(root: str, folder: str) -> None:
    """Compute the flow of an NVGesture folder, slowed down so that kills find it at work."""
    import cv2

    from mmtlib.datasets import NVGesture, clip_flow

    estimate = clip_flow.compute_flow

    def compute_slowly(pictures: Any, method: str) -> Any:
        time.sleep(0.05)
        return estimate(pictures, method)

    cv2.setNumThreads(1)
    clip_flow.compute_flow = compute_slowly
    dataset = NVGesture(root, "train+validation", "rgb", skip_broken=None, flow_folder=folder)
    clip_flow.make_flow(dataset, processes=1)
