"""What the networks of a grid got right, clip by clip, and paired differences of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from mmtlib.config import ExperimentConfig
from mmtlib.core.errors import DataError
from mmtlib.evaluation import PairedDifference, Predictions, fuse, paired_means
from mmtlib.evaluation.predictions import check_same_clips
from mmtlib.results import Grid, load_results, load_rows
from mmtlib.results.tasks import task_key

Key = tuple[int, int]
"""(generator seed, seed): one run of an arm."""
_NETWORK = ("identity", "target")
PEOPLE_PER_GENERATOR = 1_000_000
"""Sets apart the people of different generator seeds, who are numbered alike."""


@dataclass(frozen=True)
class Measured:
    """The predictions of one grid on one split.

    Attributes:
        grid: a grid that is complete in the results store.
        split: ``"validation"`` or ``"test"``.
        folder: the results store; None = the cache's, beside the package's.
    """

    grid: Grid
    split: str = "test"
    folder: str | Path | None = None

    @cached_property
    def _rows(self) -> pd.DataFrame:
        """The results of the grid on the split."""
        rows = load_results(self.grid.name, folder=self.folder)
        return rows[rows["split"] == self.split]

    @cached_property
    def _clips(self) -> dict[tuple[str, str], Predictions]:
        """(identity, target) -> what that network said; read once, as the tables are large."""
        runs = self._rows["identity"].unique()
        rows = load_rows("predictions", folder=self.folder, identity=runs, split=[self.split])
        return {key: _predictions(clips) for key, clips in rows.groupby(list(_NETWORK), sort=False)}

    def predictions(self, arm: str, target: str) -> dict[Key, Predictions]:
        """Return what each run of an arm said about the clips, by (generator seed, seed).

        Runs without predictions are not there.

        Raises:
            ConfigError: if the study is not in the store.
            DataError: if the store is damaged.
        """
        rows = self._rows
        rows = rows[(rows["arm"] == arm) & (rows["target"] == target)]
        runs = zip(rows["generator_seed"], rows["seed"], rows["identity"], strict=True)
        return {
            (int(generator), int(seed)): self._clips[identity, target]
            for generator, seed, identity in runs
            if (identity, target) in self._clips
        }

    def of_arm(self, arm: str, target: str) -> list[list[Predictions]]:
        """Return the predictions of an arm: for each of its seeds, one for each generator seed.

        Raises:
            DataError: if a run of the arm is missing.
        """
        found = self.predictions(arm, target)
        configs = [task.config for task in self.grid.tasks if task.arm == arm]
        generators = sorted({config.generator_seed for config in configs})
        seeds = sorted({config.seed for config in configs})
        missing = [k for s in seeds for g in generators if (k := (g, s)) not in found]
        if missing or not seeds:
            raise DataError(
                f"{self.grid.name} has no {self.split} result of {arm!r} for {target}"
                f"{f' with seed {missing[0][1]}' if missing else ''}; `mmt study` makes it."
            )
        return [[found[g, s] for g in generators] for s in seeds]

    def pooled(self, arm: str, target: str) -> list[Predictions]:
        """Return the predictions of an arm, one for each seed: of all generator seeds together.

        Clips and people of different generator seeds, who are named alike, are told apart.

        Raises:
            DataError: if a run of the arm is missing.
        """
        return [_pooled(seed) for seed in self.of_arm(arm, target)]

    def fused(self, arms: Sequence[tuple[str, str]]) -> list[list[Predictions]]:
        """Return the late fusion of networks trained apart: (arm, target) of each, as `of_arm`."""
        each = [self.of_arm(arm, target) for arm, target in arms]
        return [
            [fuse(list(parts)) for parts in zip(*seed, strict=True)]
            for seed in zip(*each, strict=True)
        ]


def baseline_arm(grid: Grid, arm: str, target: str) -> str | None:
    """Return the arm that an arm is compared with: the same network alone, from the same clips.

    For an arm that is one network by itself (with other settings) it is the network as the grid's
    base has it.

    Returns:
        Its name, or None if the arm is that baseline, or has none.
    """
    by_key = {task.key: task.arm for task in grid.tasks}
    config = next(task.config for task in grid.tasks if task.arm == arm)
    same_clips = {"generator_seed": config.generator_seed, "seed": config.seed}
    plain = ExperimentConfig.make(**{**grid.base, **same_clips})
    for alone in (config.alone(target), plain.alone(target)):
        name = by_key.get(task_key(alone))
        if name not in (None, arm):
            return name
    return None


def difference(
    first: Sequence[Sequence[Predictions]], second: Sequence[Sequence[Predictions]]
) -> tuple[PairedDifference, float]:
    """Return the paired difference in accuracy, second minus first, and its p value.

    The clips and people of several generator seeds count together. p is that of a paired t test
    over the seeds (two-sided); 1 where all differences are 0, NaN for a single seed.

    Args:
        first, second: of `Measured.of_arm`: seeds x generator seeds.

    Raises:
        DataError: if they are not about the same seeds, clips and people.
    """
    if [len(seed) for seed in first] != [len(seed) for seed in second]:
        raise DataError("The two arms have other seeds or generator seeds; nothing can be paired.")
    _check_same(first, second)
    found = paired_means(_correct(first), _correct(second), _people(first[0]))
    steps = np.asarray(found.per_seed)
    if len(steps) < 2:
        return found, float("nan")
    if np.ptp(steps) == 0:
        return found, 1.0 if steps[0] == 0 else 0.0
    return found, float(stats.ttest_1samp(steps, 0.0).pvalue)


def mean_accuracy(arm: Sequence[Sequence[Predictions]]) -> float:
    """Return the mean accuracy over seeds and clips, 0 to 1."""
    return float(_correct(arm).mean())


def _predictions(clips: pd.DataFrame) -> Predictions:
    return Predictions(
        scores=np.stack(clips["scores"].to_numpy()),
        labels=clips["label"].to_numpy(),
        subjects=clips["subject"].to_numpy(),
        clip_ids=tuple(clips["clip_id"]),
    )


def _pooled(seed: Sequence[Predictions]) -> Predictions:
    return Predictions(
        scores=np.concatenate([p.scores for p in seed]),
        labels=np.concatenate([p.labels for p in seed]),
        subjects=_people(seed),
        clip_ids=tuple(f"{g}:{name}" for g, p in enumerate(seed) for name in p.clip_ids),
    )


def _correct(arm: Sequence[Sequence[Predictions]]) -> np.ndarray:
    """Return ``(seeds, clips of all generator seeds)``."""
    return np.stack([np.concatenate([p.correct for p in seed]) for seed in arm])


def _people(seed: Sequence[Predictions]) -> np.ndarray:
    return np.concatenate([p.subjects + PEOPLE_PER_GENERATOR * g for g, p in enumerate(seed)])


def _check_same(
    first: Sequence[Sequence[Predictions]], second: Sequence[Sequence[Predictions]]
) -> None:
    for arm in (first, second):
        for seed in arm:
            for one, other in zip(first[0], seed, strict=True):
                check_same_clips(one, other)
