"""What is known of one arm beyond its accuracy: learning curves, confusion, classes, people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from mmtlib.core.errors import DataError
from mmtlib.evaluation import PairedDifference, Predictions
from mmtlib.experiment.data import class_names
from mmtlib.explorer import tables
from mmtlib.explorer.factors import FUSED, Runs
from mmtlib.explorer.source import Source
from mmtlib.explorer.state import SPLITS, ExplorerState
from mmtlib.results.comparison import over_people, over_seeds
from mmtlib.results.schema import config_of

MOST_ARMS = 6
"""Arms whose curves are drawn at most."""


@dataclass(frozen=True, slots=True, eq=False)
class Predicted:
    """What the networks of an arm, and their baselines, predicted for every clip.

    Attributes:
        group, target, reference: whose it is, and what it is compared with.
        classes: one name per label.
        after, before: of each run; `before` is empty where a baseline is missing, has no stored
            predictions, or was measured on other clips.
        seeds: ``(runs,)``, the training seeds.
        difference: of all clips, with its interval over people and seeds; None where there is none.
    """

    group: str
    target: str
    reference: str
    classes: tuple[str, ...]
    after: Sequence[Predictions]
    before: Sequence[Predictions]
    seeds: np.ndarray
    difference: PairedDifference | None = field(repr=False)

    def confusion(self, runs: Sequence[Predictions]) -> np.ndarray:
        """Return the share of each true class (row) that is taken for each class, ``(K, K)``."""
        k = len(self.classes)
        cells = np.concatenate([each.labels * k + each.predicted for each in runs])
        counts = np.bincount(cells, minlength=k * k).reshape(k, k)
        clips = counts.sum(axis=1, keepdims=True)
        return np.divide(counts, clips, out=np.full((k, k), np.nan), where=clips > 0)

    def class_gains(self) -> pd.DataFrame:
        """Return one row per class: `label`, `name`, `clips`, `before`, `after`, `difference`.

        `low` and `high` are the 95 % t interval over training seeds (empty for one seed). Without
        baselines `before` and what depends on it are empty. Shares of clips; runs of one seed on
        several sets of people count together.
        """
        rows = []
        for label, name in enumerate(self.classes):
            clips = np.array([(each.labels == label).sum() for each in self.after])
            row = {"label": label, "name": name, "clips": int(clips.mean())}
            if clips.all():
                after = self._right(self.after, label)
                row["after"] = self._over_seeds(after, clips)["mean"]
                if self.before:
                    before = self._right(self.before, label)
                    row["before"] = self._over_seeds(before, clips)["mean"]
                    step = self._over_seeds(after - before, clips)
                    row |= {"difference": step["mean"], "low": step["low"], "high": step["high"]}
            rows.append(row)
        numbers = ("after", "before", "difference", "low", "high")
        return pd.DataFrame(rows, columns=["label", "name", "clips", *numbers])

    def _right(self, runs: Sequence[Predictions], label: int) -> np.ndarray:
        return np.array([each.correct[each.labels == label].mean() for each in runs])

    def _over_seeds(self, value: np.ndarray, clips: np.ndarray) -> pd.Series:
        return over_seeds(value, np.zeros(len(value), dtype=np.int64), self.seeds, clips).iloc[0]


def predicted_by(source: Source, state: ExplorerState) -> Predicted:
    """Return what the networks of the chosen arm and their baselines predicted for every clip.

    Args:
        source: the results.
        state: `chosen` is the arm, else the first of the selection; `target` the network, else the
            first that the arm has.

    Raises:
        DataError: if the selection is empty, or the store holds no predictions of it.
    """
    runs = source.runs()
    arms = (state.chosen,) if state.chosen else tables.arms(runs, state)
    if not arms:
        raise DataError("No run is selected: clear a filter.")
    targets = (state.target,) if state.target else runs.texts("target")
    for target in targets:
        known = source.measured(target, state.split)
        for group in arms:
            only = state.replace(where=(), chosen=group, target=target)
            if known & set(runs.table["identity"].to_numpy()[_rows(runs, only)]):
                return _predicted(source, only)
    others = " and the others" if len(arms) > 1 else ""
    there = [split for split in SPLITS if any(source.measured(t, split) for t in targets)]
    here = not there or state.split in there
    other = "another arm or other clips" if here else f"{' or '.join(there)} clips"
    raise DataError(
        f"The store holds accuracies of {arms[0]}{others}, but not what the networks predicted "
        f"for every {state.split} clip; choose {other}, or train it here."
    )


def _rows(runs: Runs, state: ExplorerState) -> np.ndarray:
    return np.flatnonzero(
        runs.is_level("group", state.chosen, strict=True)
        & runs.is_level("split", state.split)
        & runs.is_level("target", state.target)
    )


def _predicted(source: Source, state: ExplorerState) -> Predicted:
    runs = source.runs()
    names = runs.table["identity"].to_numpy()
    known = source.measured(state.target, state.split)
    there = np.array([i for i in _rows(runs, state) if names[i] in known])
    others = tables.pairing(runs, state).place[there]
    keys = [(name, state.target, state.split) for name in names]
    wanted = [*names[there], *names[others[others >= 0]]]
    found = source.predictions(wanted, state.target, state.split)
    after = [found[keys[i]] for i in there]
    before = [found[keys[i]] for i in others if i >= 0 and keys[i] in found]
    if len({len(each) for each in after}) > 1:
        raise DataError(
            f"The runs of {state.chosen} were measured on sets of clips of different sizes; filter "
            "to runs with the same clips."
        )
    same = [one.clip_ids == other.clip_ids for one, other in zip(after, before, strict=False)]
    paired = len(before) == len(after) and all(same)
    return Predicted(
        group=state.chosen, target=state.target,
        reference=state.reference or "the same network alone",
        classes=tuple(class_names(config_of(runs.table.iloc[there[0]]))),
        after=after, before=before if paired else (), seeds=runs.table["seed"].to_numpy()[there],
        difference=over_people(runs.table, there, others, found) if paired else None,
    )  # fmt: skip


def curve_table(source: Source, state: ExplorerState, kind: str = "streams") -> pd.DataFrame:
    """Return learning curves, or rho over time, of the chosen arm or the first of the selection.

    Args:
        source: the results.
        state: the selection.
        kind: ``"streams"`` or ``"pairs"``.

    Returns:
        One row per arm, network (or learner and teacher), split and epoch: means over the runs and
        `runs`. `group`, `epoch`, then for streams `modality`, `split`, `loss`, `accuracy`; for
        pairs `learner`, `teacher`, `rho`, `ssa`. Empty without any history. At most `MOST_ARMS`
        arms.

    Raises:
        ConfigError: if there is no such factor, level or arm.
        DataError: if a file of the store is damaged.
    """
    runs = source.runs()
    groups = (state.chosen,) if state.chosen else tables.arms(runs, state)[:MOST_ARMS]
    everyone = state.replace(target="", where=()) if state.chosen else state.replace(target="")
    rows = tables.selected(runs, everyone)
    owner = runs.table[["identity", "group"]].iloc[rows]
    owner = owner[owner["group"].isin(groups)].drop_duplicates()
    found = source.history(kind, owner["identity"].tolist()) if len(owner) else pd.DataFrame()
    keys = ["group", "modality", "split"] if kind == "streams" else ["group", "learner", "teacher"]
    values = ["loss", "accuracy"] if kind == "streams" else ["rho", "ssa"]
    if found.empty:
        return pd.DataFrame(columns=[*keys, "epoch", *values, "runs"])
    values = [name for name in values if name in found.columns]
    if state.target not in ("", FUSED):
        found = found[found[keys[1]] == state.target]
    found = found.astype(dict.fromkeys(keys[1:], "category"))
    merged = found.merge(owner, on="identity")
    grouped = merged.groupby([*keys, "epoch"], observed=True, sort=True)
    return grouped[values].mean().assign(runs=grouped.size()).reset_index()
