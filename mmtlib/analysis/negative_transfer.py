"""When does learning from another network help, and when does it harm: tables, ready to draw.

Inputs are what trainings leave behind: tables of their history and the predictions of their
networks. Intervals are those of `mmtlib.evaluation`: over subjects and seeds where clips are
compared, Student t over seeds where there is one number per seed.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from mmtlib.core.errors import DataError
from mmtlib.core.tables import need_columns
from mmtlib.evaluation import (
    PairedDifference,
    Predictions,
    mean_interval,
    paired_difference,
    paired_means,
)
from mmtlib.evaluation.significance import check_paired

RESULT_COLUMNS = ("method", "focal", "corruption_strength", "target", "seed", "accuracy")
"""What a table of results needs: a row per training and network measured (`target`)."""


def rho_over_epochs(
    histories: Mapping[Hashable, pd.DataFrame], *, confidence: float = 0.95
) -> pd.DataFrame:
    """Return how much every network listened to every other one, epoch by epoch, over seeds.

    Args:
        histories: seed -> table with the columns ``epoch``, ``learner``, ``teacher`` and ``rho``
            (`mmtlib.training.History.pair_table`).
        confidence: of the Student t intervals over seeds.

    Returns:
        One row per pair and epoch, in the order met: ``learner``, ``teacher``, ``epoch``, ``rho``
        (mean over seeds), ``low`` and ``high`` (NaN for one seed) and ``seeds``.

    Raises:
        DataError: if there is no history, or one has no rows, lacks a column or has an epoch twice.
        ConfigError: if `confidence` is out of range.
    """
    if not histories:
        raise DataError("No history was given; expected one table per seed.")
    keys = ["learner", "teacher", "epoch"]
    for seed, table in histories.items():
        need_columns(table, (*keys, "rho"), f"history of seed {seed}")
        if table.duplicated(keys).any():
            raise DataError(f"The history of seed {seed} has a pair and epoch twice.")
    return _over_seeds(pd.concat(histories.values()), keys, "rho", confidence)


def gain_by_learner(
    alone: Mapping[str, Sequence[Predictions]],
    together: Mapping[str, Sequence[Predictions]],
    *,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return what each network gained by training with others.

    Args:
        alone: learner -> predictions of the network trained alone, one per seed.
        together: learner -> those of the one trained with others, with the same seeds and clips.
        confidence: of the intervals, see `mmtlib.evaluation.paired_difference`.

    Returns:
        One row per learner: ``learner``, ``clips``, ``subjects``, ``seeds``, ``alone``,
        ``together`` and ``gain`` (accuracies and their difference, as fractions), ``low``, ``high``
        (NaN for one subject) and ``transfer``: ``"positive"`` or ``"negative"`` where the interval
        is on one side of 0, else ``"open"``.

    Raises:
        DataError: if the learners, seeds or clips of both differ.
        ConfigError: if `confidence` is out of range.
    """
    _check_learners(alone, together)
    rows = []
    for learner in alone:
        gain = paired_difference(alone[learner], together[learner], confidence=confidence)
        first, second = _correct(alone[learner]), _correct(together[learner])
        rows.append({"learner": learner, **_gain_row(first, second, gain)})
    return pd.DataFrame(rows)


def gain_by_class(
    alone: Mapping[str, Sequence[Predictions]],
    together: Mapping[str, Sequence[Predictions]],
    class_names: Sequence[str],
    *,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return what each network gained by training with others, class by class.

    A mean gain can hide classes that lose. But many classes are many chances: of 25 intervals at
    95 %, one or two leave out 0 even where nothing is gained or lost.

    Args:
        alone, together, confidence: as `gain_by_learner`.
        class_names: one name per label.

    Returns:
        As `gain_by_learner`, one row per learner and class, with the column ``class`` (its name);
        classes in order of their labels, those without a clip left out.

    Raises:
        DataError: as `gain_by_learner`, or if a class has no name.
        ConfigError: if `confidence` is out of range.
    """
    _check_learners(alone, together)
    rows = []
    for learner in alone:
        check_paired(alone[learner], together[learner])
        one = alone[learner][0]
        if one.classes != len(class_names):
            raise DataError(f"Expected {one.classes} class names, got {len(class_names)}.")
        first, second = _correct(alone[learner]), _correct(together[learner])
        for label in np.unique(one.labels):
            here = one.labels == label
            pair = first[:, here], second[:, here]
            gain = paired_means(*pair, one.subjects[here], confidence=confidence)
            row = {"learner": learner, "class": class_names[label], **_gain_row(*pair, gain)}
            rows.append(row)
    return pd.DataFrame(rows)


def accuracy_by_corruption(results: pd.DataFrame, *, confidence: float = 0.95) -> pd.DataFrame:
    """Return the accuracy against how badly a modality was spoilt, with and without rho.

    Args:
        results: the columns `RESULT_COLUMNS`, one row per training and network.
        confidence: of the Student t intervals over seeds.

    Returns:
        One row per method, focal, target and strength, strengths in order: ``method``, ``focal``,
        ``target``, ``corruption_strength``, ``accuracy`` (mean over seeds), ``low``, ``high`` (NaN
        for one seed) and ``seeds``.

    Raises:
        DataError: if the table has no rows, lacks a column, or has a training twice.
        ConfigError: if `confidence` is out of range.
    """
    keys = ["method", "focal", "target", "corruption_strength"]
    return _over_seeds(_checked(results), keys, "accuracy", confidence)


def focal_effect(results: pd.DataFrame, *, confidence: float = 0.95) -> pd.DataFrame:
    """Return what the focal regularization parameter rho changes, paired by seed.

    Args:
        results: as `accuracy_by_corruption`; `focal` is true or false.
        confidence: of the Student t intervals over seeds.

    Returns:
        One row per method, target and strength: ``method``, ``target``, ``corruption_strength``,
        ``difference`` (accuracy with rho minus without), ``low``, ``high`` (NaN for one seed) and
        ``seeds``, the number of pairs. A training without its partner is left out.

    Raises:
        DataError: as `accuracy_by_corruption`, or if there is no pair.
        ConfigError: if `confidence` is out of range.
    """
    keys = ["method", "target", "corruption_strength"]
    table = _checked(results)
    with_rho, without = (table[table["focal"].isin([focal])] for focal in (True, False))
    pairs = with_rho.merge(without, on=[*keys, "seed"], suffixes=("", "_without"))
    if pairs.empty:
        raise DataError("Nothing was trained both with and without focal; nothing to compare.")
    pairs["difference"] = pairs["accuracy"] - pairs["accuracy_without"]
    return _over_seeds(pairs, keys, "difference", confidence)


def _checked(results: pd.DataFrame) -> pd.DataFrame:
    need_columns(results, RESULT_COLUMNS, "table of results")
    table = results[list(RESULT_COLUMNS)]
    twice = table.duplicated([name for name in RESULT_COLUMNS if name != "accuracy"])
    if twice.any():
        row = table[twice].iloc[0].to_dict()
        raise DataError(f"The table of results has a training twice: {row}.")
    return table.sort_values("corruption_strength", kind="stable")


def _over_seeds(
    table: pd.DataFrame, keys: list[str], value: str, confidence: float
) -> pd.DataFrame:
    """Return mean and interval of `value` for each combination of `keys`."""
    rows = []
    for names, group in table.groupby(keys, sort=False, dropna=False):
        found = mean_interval(group[value].to_numpy(), confidence)
        row = dict(zip(keys, names, strict=True))
        ends = {"low": _number(found.low), "high": _number(found.high)}
        rows.append({**row, value: found.mean, **ends, "seeds": found.n_seeds})
    return pd.DataFrame(rows)


def _check_learners(alone: Mapping[str, Any], together: Mapping[str, Any]) -> None:
    if not alone or set(alone) != set(together):
        raise DataError(
            f"Expected the same learners in both, got {', '.join(alone) or 'none'} alone and "
            f"{', '.join(together) or 'none'} together."
        )


def _correct(predictions: Sequence[Predictions]) -> np.ndarray:
    return np.stack([p.correct for p in predictions])


def _gain_row(first: np.ndarray, second: np.ndarray, gain: PairedDifference) -> dict[str, Any]:
    low, high = _number(gain.low), _number(gain.high)
    return {
        "clips": first.shape[1],
        "subjects": gain.n_subjects,
        "seeds": gain.n_seeds,
        "alone": float(first.mean()),
        "together": float(second.mean()),
        "gain": gain.mean,
        "low": low,
        "high": high,
        "transfer": "positive" if low > 0 else "negative" if high < 0 else "open",
    }


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
