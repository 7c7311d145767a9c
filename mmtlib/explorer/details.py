"""What is known of one arm beyond its accuracy: learning curves, confusion, classes, people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mmtlib.core.errors import DataError
from mmtlib.evaluation import PairedDifference, mean_interval, paired_means
from mmtlib.experiment.data import class_names
from mmtlib.explorer import tables
from mmtlib.explorer.configs import config_of
from mmtlib.explorer.factors import FUSED, Runs
from mmtlib.explorer.source import Source
from mmtlib.explorer.state import SPLITS, ExplorerState

MOST_ARMS = 6
"""Arms whose curves are drawn at most."""
PEOPLE = 1_000_000
"""Sets apart the people of different generator seeds, who are numbered alike."""


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """What the networks of an arm, and their partners, said about every clip.

    Attributes:
        group, target, reference: whose it is, and what it is compared with.
        classes: one name per label.
        runs: of the arm that have stored predictions.
        before, after: ``(runs, clips)``, the class that each network chose; `before` is None where
            the partners have no stored predictions, or there are none.
        labels, subjects: ``(runs, clips)``, the true classes and the people.
        seeds: ``(runs,)``, the training seeds.
    """

    group: str
    target: str
    reference: str
    classes: tuple[str, ...]
    runs: int
    after: np.ndarray
    before: np.ndarray | None
    labels: np.ndarray
    subjects: np.ndarray
    seeds: np.ndarray

    def confusion(self, said: np.ndarray) -> np.ndarray:
        """Return the share of each true class (row) that is taken for each class, ``(K, K)``."""
        k = len(self.classes)
        counts = np.bincount((self.labels * k + said).ravel(), minlength=k * k).reshape(k, k)
        clips = counts.sum(axis=1, keepdims=True)
        return np.divide(counts, clips, out=np.full((k, k), np.nan), where=clips > 0)

    def class_gains(self) -> pd.DataFrame:
        """Return one row per class: `label`, `name`, `clips`, `before`, `after`, `difference`.

        `low` and `high` are the 95 % t interval over training seeds (empty for one seed). Without
        partners `before` and what depends on it are empty. Shares of clips; runs of one seed on
        several sets of people count as one.
        """
        rows = []
        for label, name in enumerate(self.classes):
            of = self.labels == label
            clips = int(of.sum() / self.runs)
            row = {"label": label, "name": name, "clips": clips, "after": np.nan, "before": np.nan,
                   "difference": np.nan, "low": np.nan, "high": np.nan}  # fmt: skip
            if clips:
                right = _by_seed(self.after == label, of, self.seeds)
                row["after"] = right.mean()
                if self.before is not None:
                    other = _by_seed(self.before == label, of, self.seeds)
                    step = mean_interval(right - other)
                    row |= {"before": other.mean(), "difference": step.mean}
                    row |= {"low": step.low, "high": step.high}
            rows.append(row)
        return pd.DataFrame(rows).astype({"low": float, "high": float})

    def over_people(self) -> PairedDifference | None:
        """Return the difference with the bootstrap interval over people and seeds, or None."""
        if self.before is None:
            return None
        seeds = np.unique(self.seeds)
        counts = {int((self.seeds == seed).sum()) for seed in seeds}
        if len(counts) > 1:  # seeds with other sets of people: nothing to cross
            return None
        first, second, people = [], [], []
        for seed in seeds:
            mine = self.seeds == seed
            first.append((self.before == self.labels)[mine].ravel())
            second.append((self.after == self.labels)[mine].ravel())
            offset = np.arange(mine.sum())[:, None] * PEOPLE
            people.append((self.subjects[mine] + offset).ravel())
        if any(not np.array_equal(people[0], other) for other in people):
            return None
        return paired_means(np.array(first), np.array(second), people[0])


def _by_seed(right: np.ndarray, of: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    per_run = (right & of).sum(axis=1) / of.sum(axis=1)
    return np.array([per_run[seeds == seed].mean() for seed in np.unique(seeds)])


def said_by(source: Source, state: ExplorerState) -> Said:
    """Return what the networks of the chosen arm and of their partners said about every clip.

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
    group = target = ""
    targets = (state.target,) if state.target else runs.texts("target")
    for target in targets:
        known = source.measured(target, state.split)
        group = next((each for each in arms if known & _identities(runs, state, each, target)), "")
        if group:
            break
    else:
        others = " and the others" if len(arms) > 1 else ""
        there = [split for split in SPLITS if any(source.measured(t, split) for t in targets)]
        here = not there or state.split in there
        other = "another arm or other clips" if here else f"{' or '.join(there)} clips"
        raise DataError(
            f"The store holds accuracies of {arms[0]}{others}, but not what the networks said "
            f"about every {state.split} clip; choose {other}, or train it here."
        )
    only = state.replace(where=(), chosen=group, target=target)
    return _said(source, only)


def _identities(runs: Runs, state: ExplorerState, group: str, target: str) -> set[str]:
    rows = _rows(runs, state.replace(chosen=group, target=target))
    return set(runs.table["identity"].to_numpy()[rows])


def _rows(runs: Runs, state: ExplorerState) -> np.ndarray:
    return np.flatnonzero(
        runs.is_level("group", state.chosen, strict=True)
        & runs.is_level("split", state.split)
        & runs.is_level("target", state.target)
    )


def _said(source: Source, state: ExplorerState) -> Said:
    runs, of = source.runs(), source.runs().table["identity"].to_numpy()
    places, _, partners = tables.paired(runs, state)
    partner = dict(zip(places.tolist(), partners.tolist(), strict=True))
    known = source.measured(state.target, state.split)
    there = [i for i in _rows(runs, state).tolist() if of[i] in known]
    others = [of[partner[i]] for i in there if i in partner]
    after = _clips(source, [of[i] for i in there], state)
    if len({len(clips) for clips in after.values()}) > 1:
        raise DataError(
            f"The runs of {state.chosen} were measured on sets of clips of different sizes; filter "
            "to runs with the same clips."
        )
    before = _clips(source, others, state) if known.issuperset(others) else {}
    full = len(others) == len(there) and all(
        other in before and np.array_equal(before[other]["clip_id"], after[of[i]]["clip_id"])
        for i, other in zip(there, others, strict=True)
    )
    stacked = {
        name: np.array([after[of[i]][name].to_numpy() for i in there])
        for name in ("predicted", "label", "subject")
    }
    return Said(
        group=state.chosen, target=state.target,
        reference=state.reference or "the same network alone",
        classes=tuple(class_names(config_of(runs.table.iloc[there[0]]))), runs=len(there),
        after=stacked["predicted"], labels=stacked["label"], subjects=stacked["subject"],
        before=np.array([before[o]["predicted"].to_numpy() for o in others]) if full else None,
        seeds=runs.table["seed"].to_numpy()[there],
    )  # fmt: skip


def _clips(source: Source, identities: list[str], state: ExplorerState) -> dict[str, pd.DataFrame]:
    rows = source.predictions(tuple(dict.fromkeys(identities)), state.target, state.split)
    return dict(iter(rows.groupby("identity", sort=False)))


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
    group = np.array(runs.texts("group"), dtype=object)[runs.code("group")[rows]]
    owner = pd.DataFrame({"identity": runs.table["identity"].to_numpy()[rows], "group": group})
    owner = owner[owner["group"].isin(groups)].drop_duplicates(["identity", "group"])
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
