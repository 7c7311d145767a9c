"""What the networks of a grid predicted, clip by clip, and how they compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from mmtlib.core.errors import DataError
from mmtlib.evaluation import Predictions, fuse, pooled
from mmtlib.results import Grid, ResultsStore, paired
from mmtlib.results.schema import FUSED
from mmtlib.results.store import RunKey


@dataclass(frozen=True)
class Measured:
    """The results and predictions of one grid on one split.

    Attributes:
        grid: a grid that is complete in the results store.
        split: ``"validation"`` or ``"test"``.
        folder: the results store; None = the cache's, beside the package's.
        known: predictions that were read already; None = those of the grid are read now.
    """

    grid: Grid
    split: str = "test"
    folder: str | Path | None = None
    known: Mapping[RunKey, Predictions] | None = None

    @cached_property
    def rows(self) -> pd.DataFrame:
        """The results of the grid on the split (`mmtlib.load_results`)."""
        rows = ResultsStore(self.folder).results(self.grid.name)
        arms = {task.arm for task in self.grid.tasks}
        return rows[(rows["split"] == self.split) & rows["arm"].isin(arms)]

    @cached_property
    def predictions(self) -> Mapping[RunKey, Predictions]:
        """What the networks predicted, as far as it is stored; read once, as it is much."""
        if self.known is not None:
            return self.known
        networks = self.rows[self.rows["target"] != FUSED]
        return ResultsStore(self.folder).predictions_of(networks)

    @cached_property
    def _keys(self) -> dict[tuple[str, str], dict[tuple[int, int], RunKey]]:
        """(arm, target) -> (generator seed, seed) -> the key of the network."""
        found: dict[tuple[str, str], dict[tuple[int, int], RunKey]] = {}
        columns = ["arm", "target", "generator_seed", "seed", "identity"]
        for arm, target, generator, seed, run in self.rows[columns].itertuples(index=False):
            found.setdefault((arm, target), {})[generator, seed] = (run, target, self.split)
        return found

    def compared(
        self, rows: pd.DataFrame, against: Mapping[str, Any] | str | None = None
    ) -> pd.DataFrame:
        """Return `mmtlib.results.paired` of some of the rows, with intervals over people."""
        return paired(rows, against, predictions=self.predictions)

    def of_arm(self, arm: str, target: str) -> list[list[Predictions]]:
        """Return the predictions of an arm: for each of its seeds, one for each generator seed.

        Raises:
            DataError: if a run of the arm is missing.
        """
        found = {
            repeat: self.predictions[key]
            for repeat, key in self._keys.get((arm, target), {}).items()
            if key in self.predictions
        }
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
        return [pooled(seed) for seed in self.of_arm(arm, target)]

    def fused(self, arms: Sequence[tuple[str, str]]) -> list[list[Predictions]]:
        """Return the late fusion of networks trained apart: (arm, target) of each, as `of_arm`."""
        each = [self.of_arm(arm, target) for arm, target in arms]
        return [
            [fuse(list(parts)) for parts in zip(*seed, strict=True)]
            for seed in zip(*each, strict=True)
        ]
