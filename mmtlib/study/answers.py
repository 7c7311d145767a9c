"""What the study found: paired differences, question by question, with intervals and p values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from mmtlib.core.errors import ConfigError
from mmtlib.evaluation import (
    PairedDifference,
    Predictions,
    expected_calibration_error,
    holm,
    mean_interval,
)
from mmtlib.results import Grid, load_results
from mmtlib.study import parts, plan
from mmtlib.study.measured import Measured, baseline_arm, difference, mean_accuracy

COLUMNS = (
    "question", "study", "arm", "target", "against", "before", "after", "difference", "low", "high",
    "seeds", "people", "p", "per_seed",
)  # fmt: skip
LATE_FUSION = "late fusion of RGB and depth, each alone"
_COMPARISON = "comparison"
ALL_TARGETS = ("H1", "S1")
"""Questions about every network that was trained, not about RGB alone."""
PARTNERS_TOLD = ("S8",)
"""Questions about RGB beside whose answer the page tells what became of the partner."""

Arm = Sequence[Sequence[Predictions]]


def answers(folder: str | Path | None = None) -> pd.DataFrame:
    """Return every comparison of the study with the networks alone, on test clips.

    Args:
        folder: the results store; None = the cache's, beside the package's.

    Returns:
        One row per arm and target of the questions whose grids are in the store: `question`
        (``"H1"``, ``"S1"`` ...), `study`, `arm`, `target`, `against` (the arm compared with),
        accuracies `before` and `after`, their paired `difference` with the 95 % interval `low` to
        `high` over people and seeds, `seeds`, `people`, `p` (paired t over seeds), `p_holm`
        (adjusted over all secondary comparisons; H1 about RGB stands alone), `per_seed`.

    Raises:
        DataError: if a grid is in the store but not complete.
    """
    rows = []
    for question, grid in complete_grids(folder).items():
        measured = Measured(grid, folder=folder)
        for arm in dict.fromkeys(task.arm for task in grid.tasks):
            for target in _targets(question, grid, arm):
                against = baseline_arm(grid, arm, target)
                if against is not None:
                    pair = measured.of_arm(against, target), measured.of_arm(arm, target)
                    row = _row(question, grid, (arm, target, against), *pair)
                    rows.append({**row, _COMPARISON: _comparison(grid, arm, target, against)})
        if question == "S2":
            rows.append({**_late_fusion(question, measured), _COMPARISON: LATE_FUSION})
    table = pd.DataFrame(rows, columns=[*COLUMNS, _COMPARISON])
    return table.assign(p_holm=_adjusted(table)).drop(columns=_COMPARISON)


def focal_contrasts(folder: str | Path | None = None) -> pd.DataFrame:
    """Return RGB with focal regularization minus RGB without it, at every weight and noise (S4).

    Returns:
        `ssa_weight`, `corruption_strength` and the columns of `answers` from `before` on; empty if
        S4 is not in the store.
    """
    grid = complete_grids(folder).get("S4")
    rows = []
    if grid is not None:
        measured = Measured(grid, folder=folder)
        levels = {task.arm: task.levels for task in grid.tasks if "focal" in task.levels}
        for arm, level in levels.items():
            if level["focal"] == "true":
                other = next(
                    name for name, found in levels.items() if found == {**level, "focal": "false"}
                )
                pair = measured.of_arm(other, plan.TARGET), measured.of_arm(arm, plan.TARGET)
                named = (arm, plan.TARGET, other)
                shown = {k: float(v) for k, v in level.items() if k != "focal"}
                rows.append({**shown, **_row("S4", grid, named, *pair)})
    return pd.DataFrame(rows)


def control_contrasts(folder: str | Path | None = None) -> pd.DataFrame:
    """Return RGB trained by SSA and focal regularization minus RGB of every control (S3).

    What a control leaves of the gain is regularization or another teacher's; the rest is transfer.

    Returns:
        `arm` (the control) and the columns of `answers` from `before` (the control's accuracy) on;
        empty if S3 is not in the store.
    """
    grid = complete_grids(folder).get("S3")
    rows = []
    if grid is not None:
        measured = Measured(grid, folder=folder)
        whole = measured.of_arm("mtut", plan.TARGET)
        for control in grid.arms:
            if control != "mtut":
                named = (control, plan.TARGET, control)
                rows.append(_row("S3", grid, named, measured.of_arm(control, plan.TARGET), whole))
    return pd.DataFrame(rows)


def partner_changes(question: str, folder: str | Path | None = None) -> pd.DataFrame:
    """Return what became of the partners in the runs of a question about RGB.

    Shown beside the answer, outside the family of tests: a recipe may help RGB at depth's expense.

    Returns:
        `arm`, `target` (the partner) and the columns of `answers` from `before` on; empty if the
        question is not in the store.
    """
    grid = complete_grids(folder).get(question)
    rows = []
    if grid is not None:
        measured = Measured(grid, folder=folder)
        for arm in dict.fromkeys(task.arm for task in grid.tasks):
            for target in _trained(grid, arm):
                against = baseline_arm(grid, arm, target)
                if target != plan.TARGET and against is not None:
                    pair = measured.of_arm(against, target), measured.of_arm(arm, target)
                    rows.append(_row(question, grid, (arm, target, against), *pair))
    return pd.DataFrame(rows)


def calibration_and_cost(folder: str | Path | None = None) -> pd.DataFrame:
    """Return expected calibration error and seconds of training of the runs of H1 (S9).

    Returns:
        One row per arm and target: `arm`, `target`, `accuracy`, `ece` (mean, 15 bins), its
        difference from the network alone `ece_difference` with the t interval over seeds `low`
        to `high`, `seconds` (median of a training; the networks of a joint one share it). Empty if
        H1 is not in the store.
    """
    grid = complete_grids(folder).get("H1")
    if grid is None:
        return pd.DataFrame()
    measured, rows = Measured(grid, folder=folder), []
    results = load_results(grid.name, folder=folder)
    for arm in dict.fromkeys(task.arm for task in grid.tasks):
        for target in _targets("H1", grid, arm):
            errors = _calibration(measured.of_arm(arm, target))
            against = baseline_arm(grid, arm, target)
            row = {
                "arm": arm,
                "target": target,
                "accuracy": mean_accuracy(measured.of_arm(arm, target)),
                "ece": sum(errors) / len(errors),
            }
            if against is not None:
                before = _calibration(measured.of_arm(against, target))
                step = mean_interval([b - a for a, b in zip(before, errors, strict=True)])
                row |= {"ece_difference": step.mean, "low": step.low, "high": step.high}
            mine = results[(results["arm"] == arm) & (results["target"] == target)]
            rows.append({**row, "seconds": mine["seconds"].median()})
    return pd.DataFrame(rows)


def complete_grids(folder: str | Path | None = None) -> Mapping[str, Grid]:
    """Return the grids whose test results are in the store, by the number of their question."""
    try:
        studies = load_results(folder=folder)
    except ConfigError:
        return {}
    measured = set(studies.loc[studies["split"] == "test", "study"])
    found: dict[str, Grid] = {}
    for part in ("primary", "secondary"):
        if plan.PRIMARY in measured:
            grids = parts.grids_of(part, folder)
            found |= {key: grid for key, grid in grids.items() if grid.name in measured}
    return found


def _targets(question: str, grid: Grid, arm: str) -> tuple[str, ...]:
    trained = _trained(grid, arm)
    return trained if question in ALL_TARGETS else tuple(m for m in trained if m == plan.TARGET)


def _trained(grid: Grid, arm: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(m for t in grid.tasks if t.arm == arm for m in t.config.modalities))


def _row(
    question: str, grid: Grid, names: tuple[str, str, str], before: Arm, after: Arm
) -> dict[str, object]:
    found, p = difference(before, after)
    arm, target, against = names
    return {
        "question": question,
        "study": grid.name,
        "arm": arm,
        "target": target,
        "against": against,
        "before": mean_accuracy(before),
        "after": mean_accuracy(after),
        **_interval(found),
        "p": p,
    }


def _interval(found: PairedDifference) -> dict[str, object]:
    return {
        "difference": found.mean,
        "low": found.low,
        "high": found.high,
        "seeds": found.n_seeds,
        "people": found.n_subjects,
        "per_seed": found.per_seed,
    }


def _late_fusion(question: str, measured: Measured) -> dict[str, object]:
    """Return the upper reference: the scores of two networks trained apart, at test time both."""
    alone = "alone"
    before = measured.of_arm(alone, plan.TARGET)
    after = measured.fused([(alone, plan.TARGET), (alone, "depth")])
    return _row(question, measured.grid, (LATE_FUSION, "fused", alone), before, after)


def _calibration(arm: Arm) -> list[float]:
    """Return the mean calibration error of each seed."""
    return [sum(expected_calibration_error(p) for p in seed) / len(seed) for seed in arm]


def _comparison(grid: Grid, arm: str, target: str, against: str) -> str:
    """Return what is equal for comparisons of the same runs, whatever question asks for them."""
    runs = ["+".join(sorted(t.key for t in grid.tasks if t.arm == a)) for a in (arm, against)]
    return " ".join((target, *runs))


def _adjusted(table: pd.DataFrame) -> pd.Series:
    """Return Holm's p values over all secondary comparisons; the reference and H1 have none.

    A comparison that two questions show is one test: it counts once and has one adjusted p.
    """
    family = ((table["question"] != "H1") | (table["target"] != plan.TARGET)) & (
        table["target"] != "fused"
    )
    adjusted = pd.Series(float("nan"), index=table.index, dtype=float)
    if family.any():
        p = table[family].groupby(_COMPARISON, sort=False)["p"].max()
        once = pd.Series(holm(p.to_numpy()), index=p.index)
        adjusted[family] = table.loc[family, _COMPARISON].map(once)
    return adjusted
