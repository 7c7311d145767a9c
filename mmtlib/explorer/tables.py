"""From a selection to tidy tables: pure functions of the prepared results and the state.

Accuracies are fractions. Intervals are Student t intervals over training seeds: runs of one seed on
several sets of people (generator seeds, folds) are averaged first. With numbers instead of texts
ten thousand runs take milliseconds.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from mmtlib.core.errors import unknown_name
from mmtlib.evaluation import holm
from mmtlib.explorer.factors import REPEATS, Runs
from mmtlib.explorer.state import ARM, ExplorerState

CONFIDENCE = 0.95


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


def accuracy_table(runs: Runs, state: ExplorerState, x: str | None = None) -> pd.DataFrame:
    """Return the accuracy of every arm and tested network.

    Args:
        runs: the results.
        state: the selection; `x` splits arms further where the runs of one differ in it.
        x: another factor than the state's.

    Returns:
        `group`, `target`, `x` (level of the factor, as text), `mean`, `sd` and the 95 % interval
        `low` to `high` (empty with one seed), `seeds`, `runs`.

    Raises:
        ConfigError: if there is no such factor or level.
    """
    rows = selected(runs, state)
    return _by_seed(runs, rows, runs.accuracy[rows], x or state.x)


def gain_table(runs: Runs, state: ExplorerState, x: str | None = None) -> pd.DataFrame:
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
    rows, difference, _ = paired(runs, state)
    table = _by_seed(runs, rows, difference, x or state.x)
    return table.assign(**_significance(table))


def _significance(table: pd.DataFrame) -> dict[str, np.ndarray]:
    mean, sd, n = (table[name].to_numpy(dtype=float) for name in ("mean", "sd", "seeds"))
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * stats.t.sf(np.abs(mean / (sd / np.sqrt(n))), np.maximum(n - 1, 1))
    p = np.where(sd == 0, np.where(mean == 0, 1.0, 0.0), p)
    p = np.where(n > 1, p, np.nan)
    adjusted, known = np.full(len(p), np.nan), np.isfinite(p)
    adjusted[known] = holm(p[known])
    return {"p": p, "p_holm": adjusted}


def paired(runs: Runs, state: ExplorerState) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the selected rows that have a partner: their places, differences, partners' places.

    Raises:
        ConfigError: if there is no such factor, level or reference.
    """
    rows = selected(runs, state)
    if state.reference:
        rows = rows[~runs.is_level("group", state.reference, strict=True)[rows]]
        partner = _partners(runs, state)[rows]
    else:
        partner = runs.partner[rows]
    there = partner >= 0
    rows, partner = rows[there], partner[there]
    return rows, runs.accuracy[rows] - runs.accuracy[partner], partner


def _partners(runs: Runs, state: ExplorerState) -> np.ndarray:
    """Return the place of each row's counterpart in the reference arm, or -1."""
    key = runs.combine("split", "target", *REPEATS)
    place = np.full(key.max(initial=0) + 1, -1)
    reference = np.flatnonzero(runs.is_level("group", state.reference))
    place[key[reference]] = reference
    return place[key]


def heat_table(runs: Runs, state: ExplorerState, *, gain: bool = False) -> pd.DataFrame:
    """Return the mean over the arms of every pair of levels of two factors.

    Args:
        runs: the results.
        state: the selection; `x` and `y` are the factors.
        gain: paired differences instead of accuracies.

    Returns:
        `x`, `y` (levels as text), `x_place`, `y_place` (their order), `mean`, `arms`, `runs`.

    Raises:
        ConfigError: if there is no such factor, level or reference.
    """
    rows = selected(runs, state)
    value = runs.accuracy[rows]
    if gain:
        rows, value, _ = paired(runs, state)
    x, y = runs.code(_place(state.x))[rows], runs.code(_place(state.y))[rows]
    cell = x.astype(np.int64) * len(runs.texts(_place(state.y))) + y
    cells, first, of = np.unique(cell, return_index=True, return_inverse=True)
    count = np.bincount(of, minlength=len(cells))
    groups = len(runs.texts("group"))
    arms = np.unique(of * groups + runs.code("group")[rows]) // max(groups, 1)
    return pd.DataFrame(
        {
            "x": np.array(runs.texts(_place(state.x)), dtype=object)[x[first]],
            "y": np.array(runs.texts(_place(state.y)), dtype=object)[y[first]],
            "mean": np.bincount(of, value, len(cells)) / np.maximum(count, 1),
            "x_place": x[first],
            "y_place": y[first],
            "arms": np.bincount(arms, minlength=len(cells)),
            "runs": count,
        }
    )


def _place(factor: str) -> str:
    return "group" if factor == ARM else factor


def _by_seed(runs: Runs, rows: np.ndarray, value: np.ndarray, x: str) -> pd.DataFrame:
    """Return mean and interval over seeds of every group, tested network and level."""
    names = (_place(x), "group", "target")  # in this order they are sorted
    key = runs.combine(*names)[rows]
    keys, first, group = np.unique(key, return_index=True, return_inverse=True)
    # Runs of a seed on several sets of people count as one.
    pair = group * (runs.code("seed").max(initial=0) + 1) + runs.code("seed")[rows]
    _, once, of = np.unique(pair, return_index=True, return_inverse=True)
    per_seed = np.bincount(of, value) / np.maximum(np.bincount(of), 1) if len(rows) else value
    owner, k = group[once], len(keys)
    n = np.bincount(owner, minlength=k)
    mean = np.bincount(owner, per_seed, k) / np.maximum(n, 1)
    squares = np.bincount(owner, (per_seed - mean[owner]) ** 2, k)
    with np.errstate(divide="ignore", invalid="ignore"):
        sd = np.where(n > 1, np.sqrt(squares / (n - 1)), np.nan)
    counts, which = np.unique(np.maximum(n - 1, 1), return_inverse=True)
    half = stats.t.ppf((1 + CONFIDENCE) / 2, counts)[which] * sd / np.sqrt(np.maximum(n, 1))
    chosen = rows[first]
    columns = {
        label: np.array(runs.texts(name), dtype=object)[runs.code(name)[chosen]]
        for label, name in (("group", "group"), ("target", "target"), ("x", _place(x)))
    }
    return pd.DataFrame(
        {
            **columns, "mean": mean, "sd": sd, "low": mean - half, "high": mean + half,
            "seeds": n, "runs": np.bincount(group, minlength=k),
        }
    )  # fmt: skip


def runs_of(runs: Runs, state: ExplorerState) -> pd.DataFrame:
    """Return the runs of the chosen arm, one row a run.

    Returns:
        `identity`, `run_id`, `modalities`, `seed`, `generator_seed`, `seconds`, `origin`, and the
        accuracy of every tested network on the split (a column each); empty if no arm is chosen.

    Raises:
        ConfigError: if there is no such arm.
    """
    names = ["identity", "run_id", "modalities", "seed", "generator_seed", "seconds", "origin"]
    if not state.chosen:
        return pd.DataFrame(columns=names)
    keep = runs.is_level("group", state.chosen, strict=True) & runs.is_level("split", state.split)
    rows = runs.table[keep]
    facts = rows[names].drop_duplicates("identity").sort_values(["seed", "generator_seed"])
    scores = rows.pivot_table(index="identity", columns="target", values="accuracy")
    shown = [name for name in runs.texts("target") if name in scores.columns]
    return facts.join(scores[shown], on="identity").reset_index(drop=True)


def arms(runs: Runs, state: ExplorerState) -> tuple[str, ...]:
    """Return the arms of a selection, in order.

    Raises:
        ConfigError: if there is no such factor or level.
    """
    codes = np.unique(runs.code("group")[selected(runs, state)])
    return tuple(np.array(runs.texts("group"), dtype=object)[codes])


def check_known(runs: Runs, state: ExplorerState) -> None:
    """Raise a `ConfigError` if a state names what these results do not have."""
    selected(runs, state)
    for name in (state.x, state.y):
        if name != ARM and name not in runs.levels:
            raise unknown_name("factor", name, (*runs.levels, ARM))
    for name in (state.reference, state.chosen):
        if name:
            runs.is_level("group", name, strict=True)
