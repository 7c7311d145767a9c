"""Figures of how the networks learnt, epoch by epoch."""

from __future__ import annotations

from mmtlib import figures
from mmtlib.analysis import rho_over_epochs
from mmtlib.figures import StyledFigure
from mmtlib.gallery.entry import Entry
from mmtlib.gallery.material import Material
from mmtlib.study import plan


def _rho_over_time(material: Material, width: float) -> StyledFigure:
    material.grid("H1")
    pairs = material.history(plan.PRIMARY, "pairs", method="mtut")
    runs = pairs.groupby(["generator_seed", "seed"], sort=False)
    table = rho_over_epochs(dict(iter(runs)))
    return figures.rho_curves(table, width=width)


LEARNING = (
    Entry(
        name="rho-over-time",
        title="Who listens to whom: rho over the epochs",
        see="RGB, the weaker network, listens to depth until its own loss on the training clips is "
        "as low; depth hardly ever listens to RGB. Bands: 95 % t intervals over the runs of H1.",
        function="rho_curves",
        draw=_rho_over_time,
    ),
)
