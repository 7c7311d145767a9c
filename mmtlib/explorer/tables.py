"""From a selection to tidy tables: pure functions of the prepared results and the state.

Accuracies are fractions. Intervals are Student t intervals over training seeds: runs of one seed on
several sets of people (generator seeds, folds) count together. With numbers instead of texts
ten thousand runs take milliseconds.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from mmtlib.core.errors import unknown_name
from mmtlib.evaluation import holm
from mmtlib.explorer.factors import Runs
from mmtlib.explorer.state import ARM, ExplorerState
from mmtlib.results.baselines import REASONS, Pairing
from mmtlib.results.comparison import over_seeds


def selected(runs: Runs, state: ExplorerState) -> np.ndarray:
    """Return the places of the rows that a state asks for: split, network, levels of factors.

    Raises:
        ConfigError: if there is no such factor or level (a link from elsewhere).
    """
    keep = runs.is_level("split", state.split)
    if state.target:
        keep = keep & runs.is_level("target", state.target)
    for name, wanted in state.where:
        keep = keep & np.any([runs.is_level(name, level, strict=True) for level in wanted], axis=0)
    return np.flatnonzero(keep)


def accuracy_table(runs: Runs, state: ExplorerState) -> pd.DataFrame:
    """Return the accuracy of every arm and tested network.

    Args:
        runs: the results.
        state: the selection; `x` splits arms further where the runs of one differ in it.

    Returns:
        `group`, `target`, `x` (what the level of the factor is called), `mean`, `sd` and the 95 %
        interval `low` to `high` (empty with one seed), `seeds`, `runs`.

    Raises:
        ConfigError: if there is no such factor or level.
    """
    rows = selected(runs, state)
    return _by_seed(runs, rows, runs.accuracy[rows], state.x).drop(columns="p")


def gain_table(runs: Runs, state: ExplorerState) -> pd.DataFrame:
    """Return every arm's paired difference from the reference.

    With the reference "" a run is compared with the same network trained alone with the same seed
    and clips, from whatever study; else with the run of the reference arm that has the same seed,
    clips and tested network.

    Returns:
        As `accuracy_table`, of differences, with `p` (paired t test over seeds; empty with one
        seed) and `p_holm` (adjusted for all rows of the table). Arms without a partner are left
        out.

    Raises:
        ConfigError: if there is no such factor, level or reference.
    """
    table = _by_seed(runs, *_steps(runs, state), state.x)
    known = table["p"].dropna()
    return table.assign(p_holm=pd.Series(holm(known), index=known.index, dtype=float))


def pairing(runs: Runs, state: ExplorerState) -> Pairing:
    """Return what every row is compared with: a baseline, or a run of the reference.

    Raises:
        ConfigError: if there is no such reference.
    """
    if not state.reference:
        return runs.baselines
    return runs.counterparts.of(runs.is_level("group", state.reference, strict=True))


def _steps(runs: Runs, state: ExplorerState) -> tuple[np.ndarray, np.ndarray]:
    """Return the places of the selected rows that have a pair, and their differences."""
    rows, place = selected(runs, state), pairing(runs, state).place
    rows = rows[place[rows] >= 0]
    return rows, runs.accuracy[rows] - runs.accuracy[place[rows]]


def unpaired(runs: Runs, state: ExplorerState) -> str:
    """Return why selected rows have no pair, the reason of most first; "" = all have one.

    Raises:
        ConfigError: if there is no such factor, level or reference.
    """
    counts = np.bincount(pairing(runs, state).reason[selected(runs, state)])
    reasons = [i for i in np.argsort(-counts, kind="stable") if i and counts[i]]
    return " ".join(f"{REASONS[i]} ({counts[i]} results)" for i in reasons)


def heat_table(runs: Runs, state: ExplorerState, *, gain: bool = False) -> pd.DataFrame:
    """Return the mean over the arms of every pair of levels of two factors.

    Args:
        runs: the results.
        state: the selection; `x` and `y` are the factors.
        gain: paired differences instead of accuracies.

    Returns:
        `x`, `y` (what the levels are called), `x_place`, `y_place` (their order), `mean`, `arms`,
        `runs`.

    Raises:
        ConfigError: if there is no such factor, level or reference.
    """
    rows = selected(runs, state)
    value = runs.accuracy[rows]
    if gain:
        rows, value = _steps(runs, state)
    names = {"x": _place(state.x), "y": _place(state.y), "arm": "group"}
    cells = pd.DataFrame({key: runs.titled(name).iloc[rows] for key, name in names.items()})
    found = cells.assign(value=value).groupby(["x", "y"], observed=True)
    table = found.agg(mean=("value", "mean"), arms=("arm", "nunique"), runs=("arm", "size"))
    table = table.reset_index()
    places = {f"{name}_place": table[name].cat.codes for name in ("x", "y")}
    return table.astype({"x": object, "y": object}).assign(**places)


def _place(factor: str) -> str:
    return "group" if factor == ARM else factor


def _by_seed(runs: Runs, rows: np.ndarray, value: np.ndarray, x: str) -> pd.DataFrame:
    """Return mean and interval over seeds of every group, tested network and level, in order."""
    columns = {"x": runs.titled(_place(x)), "group": runs.factor("group")}
    columns["target"] = runs.factor("target")
    named = pd.DataFrame({key: levels.iloc[rows] for key, levels in columns.items()})
    group = named.groupby(list(columns), observed=True, sort=True).ngroup().to_numpy()
    seed, clips = (runs.table[name].to_numpy()[rows] for name in ("seed", "n_clips"))
    found = over_seeds(value, group, seed, clips).drop(columns="per_seed")
    first = named.iloc[np.unique(group, return_index=True)[1]].reset_index(drop=True)
    return first.astype(object)[["group", "target", "x"]].join(found)


RUN_FACTS = ["identity", "run_id", "modalities", "seed", "generator_seed", "seconds", "origin"]


def runs_of(runs: Runs, state: ExplorerState) -> pd.DataFrame:
    """Return the runs of the chosen arm, one row a run.

    Returns:
        `identity`, `run_id`, `modalities`, `seed`, `generator_seed`, `seconds`, `origin`, and the
        accuracy of every tested network on the split (a column each); empty if no arm is chosen.

    Raises:
        ConfigError: if there is no such arm.
    """
    if not state.chosen:
        return pd.DataFrame(columns=RUN_FACTS)
    keep = runs.is_level("group", state.chosen, strict=True) & runs.is_level("split", state.split)
    rows = runs.table[keep]
    facts = rows[RUN_FACTS].drop_duplicates("identity").sort_values(["seed", "generator_seed"])
    scores = rows.pivot_table(index="identity", columns="target", values="accuracy")
    shown = [name for name in runs.texts("target") if name in scores.columns]
    return facts.join(scores[shown], on="identity").reset_index(drop=True)


def arms(runs: Runs, state: ExplorerState) -> tuple[str, ...]:
    """Return the arms of a selection, in order.

    Raises:
        ConfigError: if there is no such factor or level.
    """
    return tuple(runs.factor("group").iloc[selected(runs, state)].sort_values().unique())


def check_known(runs: Runs, state: ExplorerState) -> None:
    """Raise a `ConfigError` if a state names what these results do not have."""
    selected(runs, state)
    for name in (state.x, state.y):
        if name != ARM and name not in runs.levels:
            raise unknown_name("factor", name, (*runs.levels, ARM))
    for name in (state.reference, state.chosen):
        if name:
            runs.is_level("group", name, strict=True)
