"""The grids of `docs/study_plan.md`, and what is chosen in between."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from mmtlib.core.errors import DataError
from mmtlib.results import Grid

Settings = dict[str, Any]

TARGET = "rgb"
WEIGHT = "ssa_weight"
"""The setting that S4 varies beside the noise."""
TUNING, PRIMARY = "study-tuning", "study-primary"
TUNING_SEEDS = (300, 301)
SEEDS = tuple(range(400, 412))
GENERATORS = (1001, 1002)
SIX, FOUR = SEEDS[:6], SEEDS[:4]
BASE: Settings = {"preset": "tutorial", "modalities": ["rgb", "depth"], "guard": "warn"}
_SSA_WEIGHTS = (3.0, 10.0, 30.0, 100.0)
_FROM_DEPTH: Settings = {"teacher": "depth"}

METHODS: dict[str, Settings] = {
    "mtut": {},
    "ssa": {"focal": False},
    "one_way": {"method": "one_way", **_FROM_DEPTH},
    "kd": {"method": "kd", **_FROM_DEPTH},
    "dml": {"method": "dml"},
    "attention": {"method": "attention", **_FROM_DEPTH},
    "similarity": {"method": "similarity", **_FROM_DEPTH},
}
"""What each method sets beside its weight."""

TRIALS: dict[str, dict[str, Settings]] = {
    "alone": {
        "as it is": {"modalities": [TARGET]},
        "dropout 0.3": {"modalities": [TARGET], "dropout": 0.3},
        "weight decay 0.2": {"modalities": [TARGET], "weight_decay": 0.2},
        "strong augmentation": {"modalities": [TARGET], "augment": "strong"},
    },
    **{m: {f"{w:g}": {"ssa_weight": w} for w in _SSA_WEIGHTS} for m in ("mtut", "ssa", "one_way")},
    **{
        m: {f"{w:g}": {"transfer_weight": w} for w in weights}
        for m, weights in {
            "kd": (0.3, 1.0, 3.0, 10.0),
            "dml": (0.3, 1.0, 3.0, 10.0),
            "attention": (1.0, 10.0, 100.0, 1000.0),
            "similarity": (10.0, 100.0, 1000.0, 3000.0),
        }.items()
    },
}
"""Method -> trial -> what it sets: as many trials for each, the baseline included."""


def tuning() -> Grid:
    """Return the trials: on generator seed 0, measured on validation people."""
    arms = {
        f"{method} {trial}": {**METHODS.get(method, {}), **settings}
        for method, trials in TRIALS.items()
        for trial, settings in trials.items()
    }
    return Grid(name=TUNING, seeds=TUNING_SEEDS, base=BASE, arms=arms)


def trial_table(results: pd.DataFrame) -> pd.DataFrame:
    """Return the mean accuracy of RGB of every trial, and which one of its method is the best.

    Args:
        results: of the grid `tuning`, every trial with every seed.

    Returns:
        One row per trial: `method`, `trial`, `accuracy` (on validation clips), `chosen`: of equal
        ones the first, which is the weakest.

    Raises:
        DataError: if a trial is missing.
    """
    rows = results[(results["target"] == TARGET) & (results["split"] == "validation")]
    found = rows.groupby("arm")["accuracy"].agg(["mean", "size"])
    named = {f"{method} {trial}": (method, trial) for method in TRIALS for trial in TRIALS[method]}
    for arm in named:
        if arm not in found.index or found.loc[arm, "size"] < len(TUNING_SEEDS):
            raise DataError(f"The tuning of the study lacks runs of {arm!r}; start it again.")
    table = pd.DataFrame(named.values(), columns=["method", "trial"])
    table = table.assign(accuracy=found.loc[list(named), "mean"].to_numpy())
    best = table.groupby("method")["accuracy"].idxmax()
    return table.assign(chosen=table.index.isin(best))


def choose(results: pd.DataFrame) -> dict[str, Settings]:
    """Return, for every method, what its best trial sets: that of the highest mean accuracy of RGB.

    Args:
        results: of the grid `tuning` on the validation split, every trial with every seed.

    Returns:
        Method (and ``"alone"``) -> settings beyond `BASE`.

    Raises:
        DataError: if a trial is missing.
    """
    table = trial_table(results)
    return {
        row.method: {**METHODS.get(row.method, {}), **TRIALS[row.method][row.trial]}
        for row in table[table["chosen"]].itertuples()
    }


def primary(chosen: Mapping[str, Settings]) -> Grid:
    """Return the grid of H1: RGB alone against RGB with depth, 12 seeds, two sets of people."""
    return Grid(
        name=PRIMARY,
        seeds=SEEDS,
        baselines=True,
        base=BASE,
        factors={"generator_seed": list(GENERATORS)},
        arms={"mtut": dict(chosen["mtut"])},
    )


def secondary(chosen: Mapping[str, Settings], rho: float) -> dict[str, Grid]:
    """Return the grids of the secondary questions S1 to S8, by their number.

    Args:
        chosen: of `choose`.
        rho: mean of focal regularization's rho for RGB as learner of depth, over the runs of H1.
    """
    mtut, first = dict(chosen["mtut"]), {**BASE, "generator_seed": GENERATORS[0]}

    def grid(name: str, seeds: tuple[int, ...], **more: Any) -> Grid:
        return Grid(name=f"study-{name}", seeds=seeds, **{"base": first, "baselines": True, **more})

    paper = {
        "recipe": "paper-literal", "network": "compact_i3d", "dropout": 0.0, "augment": "shift",
        "threads": 1,
    }  # fmt: skip
    return {
        "S1": grid("modalities", SIX, arms={
            "+".join(names): {**mtut, "modalities": list(names)}
            for names in (("rgb", "flow"), ("rgb", "ir"), ("rgb", "depth", "flow"),
                          ("rgb", "depth", "flow", "ir"))
        }),
        "S2": grid("rivals", SIX, arms={m: dict(chosen[m]) for m in METHODS}),
        "S3": grid("controls", SIX, arms={
            "mtut": mtut,
            **{name: {**mtut, "control": name} for name in (
                "other_clip_same_class", "other_clip_other_class")},
            "frozen random teacher": {**mtut, "control": "frozen_random", "focal": False,
                                      "rho_constant": rho},
            "second rgb": {**mtut, "modalities": [TARGET], "control": "same_modality"},
            "constant rho": {**mtut, "focal": False, "rho_constant": rho},
            "alone, twice the epochs": {"modalities": [TARGET], "epochs": 80},
            "alone, regularized": dict(chosen["alone"]),
        }),
        "S4": grid("corruption", FOUR, base={**first, "corrupt": "depth", "corruption": "noise"},
                   factors={WEIGHT: [10.0, 100.0], "focal": [True, False],
                            "corruption_strength": [0.0, 0.5, 1.0]}),
        "S5": grid("clutter", FOUR, base={**first, **mtut},
                   factors={"clutter": [0.1, 0.2, 0.35, 0.5, 0.7]}),
        "S6": grid("clips", FOUR, base={**first, **mtut},
                   factors={"train_clips": [120, 240, 480]}),
        "S7": grid("stage", FOUR, base={**first, **mtut},
                   factors={"feature_stage": ["mixed_1", "mixed_2", "mixed_3"]}),
        "S8": grid("recipe", FOUR, base={**first, **paper}, arms={"paper": {}}),
    }  # fmt: skip
