"""The results that the explorer draws, read once for each state of the store."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from mmtlib.core import cache
from mmtlib.explorer.factors import Runs, prepare
from mmtlib.results import load_results, load_rows, results_dir
from mmtlib.results.schema import RECORDED
from mmtlib.results.store import distinct, read_encoded

Stamp = tuple[tuple[str, int, int], ...]
HISTORY = {"streams": ("modality", "split"), "pairs": ("learner", "teacher")}
"""Table -> its columns of few different texts, besides who they belong to."""


@dataclass
class Source:
    """A results store, with what was read of it.

    Files of a store are named by their content and never changed, so their names and sizes tell
    whether anything is new.

    Attributes:
        folder: where the store is; None = ``MMTLIB_CACHE/results``.
    """

    folder: Path | None = None
    _kept: dict[Any, tuple[Stamp, Any]] = field(default_factory=dict, repr=False)

    def runs(self) -> Runs:
        """Return all results, prepared for quick selection.

        Raises:
            DataError: if a file of the store is damaged; names the file.
        """
        return self._once("results", "results", lambda: prepare(load_results(folder=self.folder)))

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
        folders = (cache.SHIPPED, self.folder or results_dir())
        texts = ("identity", "run_id", RECORDED, *HISTORY[kind])
        table = read_encoded(kind, folders, texts)
        if not table.num_rows:
            return table, {}
        table = table.drop_columns(["run_id", RECORDED, "store"])
        owner = table["identity"].chunk(0)
        codes = owner.indices.to_numpy()
        order = np.argsort(codes, kind="stable")
        ends = np.cumsum(np.bincount(codes, minlength=len(owner.dictionary))).tolist()
        places = zip([0, *ends[:-1]], ends, strict=True)
        return table.take(order), dict(zip(owner.dictionary.to_pylist(), places, strict=True))

    def predictions(self, identities: Sequence[str], target: str, split: str) -> pd.DataFrame:
        """Return what networks said about every clip, as far as the store has it.

        Returns:
            One row per run and clip, ordered alike for every run: `identity`, `clip_id`, `label`,
            `subject`, `predicted`.

        Raises:
            DataError: if a file of the store is damaged; names the file.
        """
        key = ("predictions", tuple(identities), target, split)
        return self._once(key, "predictions", lambda: self._said(identities, target, split))

    def measured(self, target: str, split: str) -> set[str]:
        """Return the identities of the runs with stored predictions of a network and a split.

        Raises:
            DataError: if a file of the store is damaged; names the file.
        """
        return self._once("measured", "predictions", lambda: self._have()).get(
            (target, split), set()
        )

    def _have(self) -> dict[tuple[str, str], set[str]]:
        found: dict[tuple[str, str], set[str]] = {}
        for folder in (cache.SHIPPED, self.folder or results_dir()):
            for name, *of in distinct("predictions", ("identity", "target", "split"), folder):
                found.setdefault(tuple(of), set()).add(name)
        return found

    def _said(self, identities: Sequence[str], target: str, split: str) -> pd.DataFrame:
        found = load_rows(
            "predictions", folder=self.folder, identity=list(identities), target=[target],
            split=[split],
        )  # fmt: skip
        columns = ["identity", "clip_id", "label", "subject", "predicted"]
        if found.empty:
            return pd.DataFrame(columns=columns)
        scores = np.stack(found["scores"].to_numpy())
        found = found.assign(predicted=scores.argmax(axis=1))[columns]
        return found.sort_values(["identity", "clip_id"], kind="stable", ignore_index=True)

    def _once(self, key: Any, kind: str, read: Any) -> Any:
        now = self.stamp(kind)
        if key not in self._kept or self._kept[key][0] != now:
            if len(self._kept) > KEPT:
                self._kept = {k: v for k, v in self._kept.items() if isinstance(k, str)}
            self._kept[key] = (now, read())
        return self._kept[key][1]

    def stamp(self, kind: str) -> Stamp:
        """Return what tells one state of a table from another."""
        files = []
        for folder in (cache.SHIPPED, self.folder or results_dir()):
            try:
                with os.scandir(folder / kind) as found:
                    files += [
                        (each.name, (about := each.stat()).st_size, about.st_mtime_ns)
                        for each in found
                        if each.name.endswith(".parquet")
                    ]
            except FileNotFoundError:
                continue
        return tuple(sorted(files))


KEPT = 24
"""Sets of predictions that are kept; each is a few megabytes."""
