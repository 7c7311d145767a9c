"""Figures of the method itself: nothing in them is measured."""

from __future__ import annotations

from mmtlib import figures
from mmtlib.figures import ONE_COLUMN, StyledFigure
from mmtlib.gallery.entry import Entry
from mmtlib.gallery.material import DRAWN_FROM_FORMULAS, Material

BETAS = (1.0, 2.0, 3.0)


def _focal_curve(material: Material, width: float) -> StyledFigure:
    material.note(DRAWN_FROM_FORMULAS)
    return figures.focal_curve(BETAS, width=width)


CONCEPTS = (
    Entry(
        name="focal-curve",
        title="The focal regularization parameter for several beta",
        see="Left of zero the learner is the better one and does not listen at all. To the right "
        "rho grows faster than the difference of the losses; beta sets how fast.",
        function="focal_curve",
        draw=_focal_curve,
        widths=(ONE_COLUMN,),
    ),
)
