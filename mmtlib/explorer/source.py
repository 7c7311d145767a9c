"""The results that the explorer draws, read once for each state of the store."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa

from mmtlib.evaluation import Predictions
from mmtlib.explorer.factors import Runs
from mmtlib.results import ResultsStore
from mmtlib.results.schema import RECORDED
from mmtlib.results.store import RunKey

T = TypeVar("T")
HISTORY = {"streams": ("modality", "split"), "pairs": ("learner", "teacher")}
"""Table -> its columns of few different texts, besides who they belong to."""
KEPT = 24
"""Sets of predictions that are kept; each is a few megabytes."""


@dataclass
class Source:
    """A results store, with what was read of it.

    Attributes:
        folder: where the store is; None = ``MMTLIB_CACHE/results``.
    """

    folder: Path | None = None
    _kept: dict[Hashable, tuple[Hashable, Any]] = field(default_factory=dict, repr=False)

    @property
    def store(self) -> ResultsStore:
        """The store, where it is now."""
        return ResultsStore(self.folder)

    def runs(self) -> Runs:
        """Return all results, prepared for quick selection.

        Raises:
            DataError: if a file of the store is damaged; names the file.
        """
        return self._once("results", "results", lambda: Runs.of(self.store.results()))

    def history(self, kind: str, identities: Sequence[str]) -> pd.DataFrame:
        """Return what was measured in these trainings, epoch by epoch.

        Args:
            kind: ``"streams"`` or ``"pairs"``, see `mmtlib.load_history`.
            identities: of the runs.

        Returns:
            The rows, with `identity`; without any, a frame without rows.

        Raises:
            DataError: if a file of the store is damaged; names the file.
        """
        table, first = self._once(kind, kind, lambda: self._histories(kind))
        rows = [np.arange(*first[name]) for name in dict.fromkeys(identities) if name in first]
        return table.take(np.concatenate(rows)).to_pandas() if rows else pd.DataFrame()

    def _histories(self, kind: str) -> tuple[pa.Table, dict[str, tuple[int, int]]]:
        """Return all histories, those of a run side by side, and where each run's are."""
        texts = ("identity", "run_id", RECORDED, *HISTORY[kind])
        table = self.store.table(kind, encode=texts)
        if not table.num_rows:
            return table, {}
        table = table.drop_columns(["run_id", RECORDED, "stored"])
        owner = table["identity"].chunk(0)
        codes = owner.indices.to_numpy()
        order = np.argsort(codes, kind="stable")
        ends = np.cumsum(np.bincount(codes, minlength=len(owner.dictionary))).tolist()
        places = zip([0, *ends[:-1]], ends, strict=True)
        return table.take(order), dict(zip(owner.dictionary.to_pylist(), places, strict=True))

    def predictions(
        self, identities: Sequence[str], target: str, split: str
    ) -> dict[RunKey, Predictions]:
        """Return what a network of these runs predicted for every clip.

        Runs without stored predictions are not there.

        Raises:
            DataError: if a file of the store is damaged; names the file.
        """
        names = tuple(dict.fromkeys(identities))
        rows = pd.DataFrame({"identity": names, "target": target, "split": split}, dtype=object)
        key = names, target, split
        return self._once(key, "predictions", lambda: self.store.predictions_of(rows))

    def measured(self, target: str, split: str) -> set[str]:
        """Return the identities of the runs with stored predictions of a network and a split.

        Raises:
            DataError: if a file of the store is damaged; names the file.
        """
        found = self._once("measured", "predictions", self._have)
        return found.get((target, split), set())

    def _have(self) -> dict[tuple[str, str], set[str]]:
        found: dict[tuple[str, str], set[str]] = {}
        key = ["identity", "target", "split"]
        for identity, target, split in self.store.distinct("predictions", key):
            found.setdefault((target, split), set()).add(identity)
        return found

    def _once(self, key: Hashable, kind: str, read: Callable[[], T]) -> T:
        """Return what `read` returns; it is called again only when the table has changed."""
        now = self.store.stamp(kind)
        if key not in self._kept or self._kept[key][0] != now:
            if len(self._kept) > KEPT:
                self._kept = {k: v for k, v in self._kept.items() if isinstance(k, str)}
            self._kept[key] = (now, read())
        found: T = self._kept[key][1]
        return found
