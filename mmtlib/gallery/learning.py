"""Figures of how the networks learnt, epoch by epoch."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from mmtlib import figures
from mmtlib.analysis import rho_over_epochs
from mmtlib.evaluation import mean_interval
from mmtlib.figures import StyledFigure
from mmtlib.gallery.entry import entry
from mmtlib.gallery.material import Material
from mmtlib.study import plan

METHODS = {"alone": "alone", "mtut": "SSA with focal", "ssa": "SSA without focal"}
"""Arm of S2 -> what its curve is called."""
LEAST_SEEDS = 3
"""A t interval of two seeds is wider than the figure."""


@entry(
    name="training-curves",
    title="Training curves with and without focal regularization",
    see="Left and middle: the loss of each network on its training clips. Right: how far apart "
    "the correlation maps of the two are: without focal they become one. Bands, from three "
    "seeds on: 95 % t intervals over seeds.",
    function="compared_curves",
)
def _training_curves(material: Material, width: float) -> StyledFigure:
    study = material.grid("S2").name
    streams = material.history(study)
    pairs = material.history(study, "pairs")
    rows: list[dict] = []
    for arm, method in METHODS.items():
        mine = streams[(streams["arm"] == arm) & (streams["split"] == "train")]
        for modality, title in ((plan.TARGET, "RGB"), ("depth", "depth")):
            found = mine[mine["modality"] == modality]
            rows += _curve(found, "loss", f"Loss of {title}, training clips", method)
        found = pairs[(pairs["arm"] == arm) & (pairs["learner"] == plan.TARGET)]
        rows += _curve(found, "ssa", "Distance of the maps", method)
    return figures.compared_curves(pd.DataFrame(rows), width=width)


def _curve(rows: pd.DataFrame, value: str, measure: str, method: str) -> Iterator[dict]:
    for epoch, group in rows.groupby("epoch"):
        found = mean_interval(group[value].to_numpy())
        point = {"measure": measure, "method": method, "x": epoch, "value": found.mean}
        if found.n_seeds >= LEAST_SEEDS:
            point |= {"low": found.low, "high": found.high}
        yield point


@entry(
    name="rho-over-time",
    title="Who listens to whom: rho over the epochs",
    see="A learner listens while its loss on the training clips is above its teacher's: a "
    "curve near zero belongs to the network that was ahead. Bands: 95 % t intervals over the "
    "runs of H1.",
    function="rho_curves",
)
def _rho_over_time(material: Material, width: float) -> StyledFigure:
    material.grid("H1")
    pairs = material.history(plan.PRIMARY, "pairs", method="mtut")
    runs = pairs.groupby(["generator_seed", "seed"], sort=False)
    return figures.rho_curves(rho_over_epochs(dict(iter(runs))), width=width)
