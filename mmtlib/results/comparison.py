"""Paired comparisons of results: differences from a baseline, with intervals and p values.

Runs are paired by network, seed and clips (`baselines`). Runs of one seed on several sets of people
(generator seeds, folds) count together, clip by clip.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from mmtlib.core.errors import unknown_name
from mmtlib.evaluation import PairedDifference, Predictions, paired_difference, pooled
from mmtlib.results.baselines import REASONS, REPEATS, Counterparts, find_baselines
from mmtlib.results.store import RUN_KEY, RunKey

CONFIDENCE = 0.95
GROUP = ("study", "arm", "target", "split")
"""What the runs that are compared as one have in common."""


def over_seeds(
    value: np.ndarray, group: np.ndarray, seed: np.ndarray, clips: np.ndarray
) -> pd.DataFrame:
    """Return means over training seeds, in milliseconds for many thousand rows.

    Args:
        value: ``(N,)``, e.g. accuracies or differences, 0 to 1.
        group: ``(N,)``, the group of each row, 0 to G - 1, none without a row.
        seed: ``(N,)``, whole numbers, the seed of each row.
        clips: ``(N,)``, what each row weighs among those of its seed.

    Returns:
        One row per group: `mean`, `sd` and the 95 % Student t interval `low` to `high` over seeds,
        `p` of the two-sided t test that the mean is 0 (all but the mean empty for one seed),
        `seeds` and `runs` (how many there are), `per_seed` (the mean of each).
    """
    pair = group * (seed.max(initial=0) + 1) + seed
    _, once, of = np.unique(pair, return_index=True, return_inverse=True)
    per_seed = np.bincount(of, value * clips) / np.maximum(np.bincount(of, clips), 1)
    owner = group[once]
    n = np.bincount(owner)
    mean = np.bincount(owner, per_seed) / n
    squares = np.bincount(owner, (per_seed - mean[owner]) ** 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        sd = np.where(n > 1, np.sqrt(squares / (n - 1)), np.nan)
        p = 2 * special.stdtr(np.maximum(n - 1, 1), -np.abs(mean) / (sd / np.sqrt(n)))
    different, which = np.unique(np.maximum(n - 1, 1), return_inverse=True)
    half = special.stdtrit(different, (1 + CONFIDENCE) / 2)[which] * sd / np.sqrt(n)
    return pd.DataFrame(
        {
            "mean": mean, "sd": sd, "low": mean - half, "high": mean + half,
            "p": np.where(sd == 0, np.where(mean == 0, 1.0, 0.0), p), "seeds": n,
            "runs": np.bincount(group), "per_seed": np.split(per_seed, np.cumsum(n))[:-1],
        }
    )  # fmt: skip


def means_over_seeds(results: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Return the accuracy of groups of rows of `mmtlib.load_results`.

    Args:
        results: the rows.
        by: columns whose values say which rows form a group.

    Returns:
        One row per group, in the order met: the columns of `by` and those of `over_seeds`.
    """
    group = results.groupby(list(by), sort=False, dropna=False).ngroup().to_numpy()
    columns = (results[name].to_numpy() for name in ("seed", "n_clips"))
    found = over_seeds(results["accuracy"].to_numpy(), group, *columns)
    named = results.iloc[np.unique(group, return_index=True)[1]]
    return named[list(by)].reset_index(drop=True).join(found.drop(columns="p"))


def paired(
    results: pd.DataFrame,
    against: Mapping[str, Any] | str | None = None,
    *,
    predictions: Mapping[RunKey, Predictions] | None = None,
    by: Sequence[str] = GROUP,
) -> pd.DataFrame:
    """Return the paired differences of groups of runs from their baselines.

    Args:
        results: rows of `mmtlib.load_results`, those of the baselines among them.
        against: None = the same network trained alone with the same seed and clips (a network that
            was itself trained alone with other settings: with the network alone of its study). Or
            the name of a group of runs (`arm`), or columns and their values, e.g.
            ``{"method": "ssa"}``: the run of that group with the same network, seed and clips.
        predictions: of `ResultsStore.predictions_of`: with them there are intervals over people.
        by: columns whose values say which rows form a group.

    Returns:
        One row per group, in the order met: the columns of `by`; `against` (the group compared
        with); accuracies `before` and `after` and their `difference`, as fractions, means over
        seeds; its 95 % interval `low` to `high` over people and seeds, the number of `people`, and
        all of it as `over_people`, see `mmtlib.evaluation.paired_difference` (empty without
        predictions); the interval `t_low` to `t_high` over seeds and `p` of the paired t test
        (empty for one seed); `seeds`, `runs`, `per_seed`; `missing`: why runs of the group have no
        pair, "" = all have one. A group without any pair has no numbers.

    Raises:
        ConfigError: if there is no such column or value.
        DataError: if pairs were not measured on the same clips.
    """
    rows = results.reset_index(drop=True)
    if against is None:
        place, reason = find_baselines(rows)
    else:
        place, reason = Counterparts(rows).of(_chosen(rows, against))
    group = rows.groupby(list(by), sort=False, dropna=False).ngroup().to_numpy()
    table = rows.loc[np.unique(group, return_index=True)[1], list(by)].reset_index(drop=True)
    here = np.flatnonzero(place >= 0)
    groups, of = np.unique(group[here], return_inverse=True)
    found = _numbers(rows, here, place[here], of, predictions or {})
    table = table.join(found.set_index(groups))
    counts = ["seeds", "people", "runs"]
    table[counts] = table[counts].fillna(0).astype(int)
    return table.assign(missing=pd.Series(reason).groupby(group).max().map(REASONS.__getitem__))


def _chosen(results: pd.DataFrame, against: Mapping[str, Any] | str) -> np.ndarray:
    """Return which rows are compared with."""
    keep = np.ones(len(results), dtype=bool)
    wanted = {"arm": against} if isinstance(against, str) else against
    for name, value in wanted.items():
        if name not in results.columns:
            raise unknown_name("column", name, results.columns)
        if value not in set(results[name]):
            raise unknown_name(name, value, results[name].dropna().unique())
        keep &= (results[name] == value).to_numpy(dtype=bool)
    return keep


def _numbers(
    rows: pd.DataFrame,
    here: np.ndarray,
    there: np.ndarray,
    group: np.ndarray,
    predictions: Mapping[RunKey, Predictions],
) -> pd.DataFrame:
    """Return the numbers of groups of pairs: the rows `here`, with those `there` as baselines."""
    accuracy, clips = rows["accuracy"].to_numpy(dtype=float), rows["n_clips"].to_numpy(dtype=float)
    before, after, step = (
        over_seeds(value, group, rows["seed"].to_numpy(dtype=np.int64)[here], clips[here])
        for value in (accuracy[there], accuracy[here], accuracy[here] - accuracy[there])
    )
    pairs = [(here[group == each], there[group == each]) for each in range(len(step))]
    people = [over_people(rows, *each, predictions) for each in pairs]
    return pd.DataFrame(
        {
            "against": [" and ".join(rows["arm"].iloc[other].unique()) for _, other in pairs],
            "before": before["mean"], "after": after["mean"], "difference": step["mean"],
            "low": pd.Series([each and each.low for each in people], dtype=float),
            "high": pd.Series([each and each.high for each in people], dtype=float),
            "t_low": step["low"], "t_high": step["high"], "seeds": step["seeds"],
            "people": [each.n_subjects if each else 0 for each in people],
            "runs": step["runs"], "p": step["p"], "per_seed": step["per_seed"].map(tuple),
            "over_people": pd.Series(people, dtype=object),
        }
    )  # fmt: skip


def over_people(
    rows: pd.DataFrame,
    here: np.ndarray,
    there: np.ndarray,
    predictions: Mapping[RunKey, Predictions],
) -> PairedDifference | None:
    """Return the difference of paired rows with its interval over people and seeds.

    Args:
        rows: rows of `mmtlib.load_results`.
        here, there: the places of rows and, one each, of what they are compared with.
        predictions: by the key of each network.

    Returns:
        The difference; None where predictions are missing, or seeds have other sets of people.

    Raises:
        DataError: if pairs were not measured on the same clips.
    """
    after, before = (
        rows[RUN_KEY].iloc[places].itertuples(index=False, name=None) for places in (here, there)
    )
    repeats = rows[list(REPEATS)].iloc[here].itertuples(index=False, name=None)
    seeds: dict[Any, list[tuple[Any, Predictions, Predictions]]] = {}
    for (seed, *clips), one, other in sorted(zip(repeats, before, after, strict=True)):
        if one not in predictions or other not in predictions:
            return None
        seeds.setdefault(seed, []).append((clips, predictions[one], predictions[other]))
    sets = [[clips for clips, *_ in seed] for seed in seeds.values()]
    if any(each != sets[0] for each in sets):
        return None
    return paired_difference(
        [pooled([one for _, one, _ in seed]) for seed in seeds.values()],
        [pooled([other for *_, other in seed]) for seed in seeds.values()],
    )
