"""What was measured while training, epoch by epoch."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from mmtlib.losses import MtutLoss


@dataclass(slots=True)
class History:
    """Rows of losses and of transfer, in tidy form.

    Attributes:
        streams: one row per epoch, modality and split: loss and accuracy.
        pairs: one row per epoch, learner and teacher: mean rho and mean distance of the maps.
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


class EpochSums:
    """Sums over the steps of one epoch, from which its rows of the history are made."""

    def __init__(self, sums: dict[str, float] | None = None) -> None:
        self.sums: defaultdict[str, float] = defaultdict(float, sums or {})

    def add(self, loss: MtutLoss, correct: dict[str, int], clips: int) -> None:
        """Add one step: its losses, the number of right answers, and the number of clips."""
        self.sums["clips"] += clips
        for m, value in loss.classification.items():
            self.sums[f"loss/{m}"] += float(value.detach()) * clips
            self.sums[f"correct/{m}"] += correct[m]
        for (m, n), rho in loss.rho.items():
            self.sums[f"rho/{m}/{n}"] += float(rho.mean()) * clips
            self.sums[f"ssa/{m}/{n}"] += float(loss.ssa[m, n]) * clips

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
