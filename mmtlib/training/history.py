"""What was measured while training, epoch by epoch."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from mmtlib.losses import MtutLoss

ROWS = list[dict[str, float | str]]
"""What the rows of a history are when they are read again."""


@dataclass(slots=True)
class History:
    """Rows of losses and of transfer, in tidy form.

    Attributes:
        streams: one row per epoch, modality and split: loss and accuracy.
        pairs: one row per epoch, learner and teacher: mean rho, and as ``ssa`` the mean distance of
            the maps (or of what else the method compares).
    """

    streams: list[dict[str, Any]] = field(default_factory=list)
    pairs: list[dict[str, Any]] = field(default_factory=list)

    def stream_table(self) -> pd.DataFrame:
        """Return `streams` as a table: epoch, modality, split, loss, accuracy."""
        return pd.DataFrame(
            self.streams, columns=["epoch", "modality", "split", "loss", "accuracy"]
        )

    def pair_table(self) -> pd.DataFrame:
        """Return `pairs` as a table: epoch, learner, teacher, rho, ssa."""
        return pd.DataFrame(self.pairs, columns=["epoch", "learner", "teacher", "rho", "ssa"])


def step_sums(loss: MtutLoss, correct: dict[str, int], clips: int) -> dict[str, float]:
    """Return what is summed up over an epoch, of one step.

    Args:
        loss: the step's losses.
        correct: modality -> number of right answers.
        clips: number of clips.
    """
    sums = {"clips": float(clips)}
    for m, value in loss.classification.items():
        sums[f"loss/{m}"] = float(value.detach()) * clips
        sums[f"correct/{m}"] = float(correct[m])
    for (m, n), rho in loss.rho.items():
        sums[f"rho/{m}/{n}"] = float(rho.mean()) * clips
        sums[f"ssa/{m}/{n}"] = float(loss.ssa[m, n]) * clips
        sums[f"transfer/{m}/{n}"] = float(loss.transfer[m, n]) * clips
    return sums


class EpochSums:
    """Sums over the steps of one epoch, from which its rows of the history are made."""

    def __init__(self, sums: dict[str, float] | None = None) -> None:
        self.sums: defaultdict[str, float] = defaultdict(float, sums or {})

    def add(self, step: dict[str, float]) -> None:
        """Add the sums of one step, as `step_sums` gives them."""
        for key, value in step.items():
            self.sums[key] += value

    def close(self, history: History, epoch: int) -> None:
        """Append the epoch's rows to the history."""
        clips = self.sums["clips"]
        for key, total in self.sums.items():
            kind, *names = key.split("/")
            if kind == "loss":
                accuracy = self.sums[f"correct/{names[0]}"] / clips
                row = {"modality": names[0], "split": "train", "loss": total / clips}
                history.streams.append({"epoch": epoch, **row, "accuracy": accuracy})
            elif kind == "rho":
                m, n = names
                ssa = self.sums[f"ssa/{m}/{n}"] / clips
                row = {"learner": m, "teacher": n, "rho": total / clips, "ssa": ssa}
                history.pairs.append({"epoch": epoch, **row})
