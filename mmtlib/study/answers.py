"""What the study found: paired differences, question by question, with intervals and p values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path

import pandas as pd

from mmtlib.core.errors import ConfigError
from mmtlib.evaluation import Predictions, accuracy, expected_calibration_error, holm, mean_interval
from mmtlib.results import Grid, ResultsStore, load_results, paired
from mmtlib.results.schema import FUSED
from mmtlib.results.store import RunKey
from mmtlib.results.tasks import levels_name
from mmtlib.study import parts, plan
from mmtlib.study.measured import Measured

COLUMNS = [
    "question", "study", "arm", "target", "against", "before", "after", "difference", "low", "high",
    "seeds", "people", "p", "per_seed",
]  # fmt: skip
LATE_FUSION = "late fusion of RGB and depth, each alone"
ALL_TARGETS = ("H1", "S1")
"""Questions about every network that was trained, not about RGB alone."""
PARTNERS_TOLD = ("S8",)
"""Questions about RGB beside whose answer the page tells what became of the partner."""
ALONE, WHOLE = "alone", "mtut"
"""Arms of the grids: a network alone; SSA with focal regularization."""


class Findings:
    """What a results store says about the questions of the study, read once.

    The tables of questions that are not in the store are empty.

    Args:
        folder: the results store; None = the cache's, beside the package's.
    """

    def __init__(self, folder: str | Path | None = None) -> None:
        self.folder = folder
        self._measured: dict[str, Measured] = {}
        self._known: Mapping[RunKey, Predictions] | None = None

    @cached_property
    def grids(self) -> Mapping[str, Grid]:
        """The grids whose test results are in the store, by the number of their question."""
        return complete_grids(self.folder)

    def measured(self, question: str) -> Measured:
        """Return the test results and predictions of a question of `grids`."""
        if question not in self._measured:
            grid = self.grids[question]
            self._measured[question] = Measured(grid, "test", self.folder, self._known)
        return self._measured[question]

    def answers(self) -> pd.DataFrame:
        """Return every comparison of the study with the networks alone, see `answers`."""
        tables, store = [], ResultsStore(self.folder)
        rows = store.rows("results", study=[grid.name for grid in self.grids.values()])
        rows = rows[(rows["split"] == "test") & (rows["target"] != FUSED)]
        self._known = self._known or store.predictions_of(rows)  # of all questions at once
        for question in self.grids:
            tables.append(self._answer(question))
            if question == "S2":
                tables.append(self._late_fusion())
        if not tables:
            return pd.DataFrame(columns=[*COLUMNS, "p_holm"])
        table = pd.concat(tables, ignore_index=True)
        return table.assign(p_holm=_adjusted(table))[[*COLUMNS, "p_holm"]]

    def _answer(self, question: str, *, partners: bool = False) -> pd.DataFrame:
        """Return the comparisons of a question, in the order of its grid, and what they rest on."""
        measured = self.measured(question)
        wanted = list(_networks(question, measured.grid, partners=partners))
        for arm, target in wanted:
            measured.of_arm(arm, target)  # refuses a part for the whole
        rows = measured.rows[measured.rows["target"].isin({target for _, target in wanted})]
        table = measured.compared(rows).set_index(["arm", "target"])
        table = table[table["missing"] == ""]
        table = table.loc[[network for network in wanted if network in table.index]].reset_index()
        runs = rows.groupby("arm")["identity"].agg(lambda found: "+".join(sorted(set(found))))
        # Equal for comparisons of the same runs, whatever question asks for them.
        same = table["target"] + " " + table["arm"].map(runs) + " " + table["against"].map(runs)
        return table.assign(question=question, comparison=same)

    def _late_fusion(self) -> pd.DataFrame:
        """Return the upper reference: two networks trained apart, at test time both."""
        measured = self.measured("S2")
        rows = measured.rows[measured.rows["arm"] == ALONE]
        alone = rows[rows["target"] == plan.TARGET].sort_values(["seed", "generator_seed"])
        fused = measured.fused([(ALONE, plan.TARGET), (ALONE, "depth")])
        said = [predictions for seed in fused for predictions in seed]
        both = alone.assign(arm=LATE_FUSION, accuracy=[accuracy(each) for each in said])
        both["identity"] = "late fusion of " + alone["identity"]
        keys = both[["identity", "target", "split"]].itertuples(index=False, name=None)
        known = {**measured.predictions, **dict(zip(keys, said, strict=True))}
        table = paired(pd.concat([alone, both]), ALONE, predictions=known)
        table = table[table["arm"] == LATE_FUSION]
        return table.assign(question="S2", target=FUSED, comparison=LATE_FUSION)

    def focal_contrasts(self) -> pd.DataFrame:
        """Return RGB with focal regularization minus RGB without it, see `focal_contrasts`."""
        tasks = self.grids["S4"].tasks if "S4" in self.grids else ()
        levels = {task.arm: task.levels for task in tasks if task.levels.get("focal") == "true"}
        tables = [
            self._against("S4", arm, levels_name({**level, "focal": "false"})).assign(
                **{name: float(level[name]) for name in _STRENGTHS}
            )
            for arm, level in levels.items()
        ]
        return (
            pd.concat(tables, ignore_index=True)[[*_STRENGTHS, *COLUMNS]]
            if tables
            else pd.DataFrame()
        )

    def control_contrasts(self) -> pd.DataFrame:
        """Return SSA and focal regularization minus every control, see `control_contrasts`."""
        controls = (
            [arm for arm in self.grids["S3"].arms if arm != WHOLE] if "S3" in self.grids else []
        )
        tables = [self._against("S3", WHOLE, control).assign(arm=control) for control in controls]
        return pd.concat(tables, ignore_index=True)[COLUMNS] if tables else pd.DataFrame()

    def _against(self, question: str, arm: str, other: str) -> pd.DataFrame:
        """Return RGB of one arm against RGB of another one."""
        measured = self.measured(question)
        rows = measured.rows[measured.rows["target"] == plan.TARGET]
        table = measured.compared(rows[rows["arm"].isin([arm, other])], other)
        return table[table["arm"] == arm].assign(question=question)

    def partner_changes(self, question: str) -> pd.DataFrame:
        """Return what became of the partners in the runs of a question, see `partner_changes`."""
        if question not in self.grids:
            return pd.DataFrame()
        return self._answer(question, partners=True)[COLUMNS]

    def calibration_and_cost(self) -> pd.DataFrame:
        """Return calibration error and seconds of the runs of H1, see `calibration_and_cost`."""
        if "H1" not in self.grids:
            return pd.DataFrame()
        measured, found = self.measured("H1"), []
        against = self._answer("H1").set_index(["arm", "target"])["against"].to_dict()
        for arm, target in _networks("H1", measured.grid):
            runs = measured.of_arm(arm, target)
            rows = measured.rows[
                (measured.rows["arm"] == arm) & (measured.rows["target"] == target)
            ]
            errors = _calibration(runs)
            row = {
                "arm": arm,
                "target": target,
                "accuracy": rows["accuracy"].mean(),
                "ece": sum(errors) / len(errors),
            }
            if (other := against.get((arm, target))) is not None:
                before = _calibration(measured.of_arm(other, target))
                step = mean_interval([b - a for a, b in zip(before, errors, strict=True)])
                row |= {"ece_difference": step.mean, "low": step.low, "high": step.high}
            found.append({**row, "seconds": rows["seconds"].median()})
        return pd.DataFrame(found)


_STRENGTHS = ("ssa_weight", "corruption_strength")
"""Factors of S4 beside focal regularization."""


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
    return Findings(folder).answers()


def focal_contrasts(folder: str | Path | None = None) -> pd.DataFrame:
    """Return RGB with focal regularization minus RGB without it, at every weight and noise (S4).

    Returns:
        `ssa_weight`, `corruption_strength` and the columns of `answers`; empty if S4 is not in the
        store.
    """
    return Findings(folder).focal_contrasts()


def control_contrasts(folder: str | Path | None = None) -> pd.DataFrame:
    """Return RGB trained by SSA and focal regularization minus RGB of every control (S3).

    What a control leaves of the gain is regularization or another teacher's; the rest is transfer.

    Returns:
        `arm` (the control) and the columns of `answers` from `before` (the control's accuracy) on;
        empty if S3 is not in the store.
    """
    return Findings(folder).control_contrasts()


def partner_changes(question: str, folder: str | Path | None = None) -> pd.DataFrame:
    """Return what became of the partners in the runs of a question about RGB.

    Shown beside the answer, outside the family of tests: a recipe may help RGB at depth's expense.

    Returns:
        `arm`, `target` (the partner) and the columns of `answers` from `before` on; empty if the
        question is not in the store.
    """
    return Findings(folder).partner_changes(question)


def calibration_and_cost(folder: str | Path | None = None) -> pd.DataFrame:
    """Return expected calibration error and seconds of training of the runs of H1 (S9).

    Returns:
        One row per arm and target: `arm`, `target`, `accuracy`, `ece` (mean, 15 bins), its
        difference from the network alone `ece_difference` with the t interval over seeds `low`
        to `high`, `seconds` (median of a training; the networks of a joint one share it). Empty if
        H1 is not in the store.
    """
    return Findings(folder).calibration_and_cost()


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


def _networks(question: str, grid: Grid, *, partners: bool = False) -> Iterator[tuple[str, str]]:
    """Yield (arm, target) of every network that a question is about, or of the partners."""
    trained = {(task.arm, m): m for task in grid.tasks for m in task.config.modalities}
    for network, target in trained.items():
        if partners != (target == plan.TARGET) or question in ALL_TARGETS:
            yield network


def _calibration(arm: list[list[Predictions]]) -> list[float]:
    """Return the mean calibration error of each seed."""
    return [sum(expected_calibration_error(p) for p in seed) / len(seed) for seed in arm]


def _adjusted(table: pd.DataFrame) -> pd.Series:
    """Return Holm's p values over all secondary comparisons; the reference and H1 have none.

    A comparison that two questions show is one test: it counts once and has one adjusted p.
    """
    family = ((table["question"] != "H1") | (table["target"] != plan.TARGET)) & (
        table["target"] != FUSED
    )
    adjusted = pd.Series(float("nan"), index=table.index, dtype=float)
    if family.any():
        p = table[family].groupby("comparison", sort=False)["p"].max()
        once = pd.Series(holm(p.to_numpy()), index=p.index)
        adjusted[family] = table.loc[family, "comparison"].map(once)
    return adjusted
