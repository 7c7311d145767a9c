"""Figures of the method itself: nothing in them is a result."""

from __future__ import annotations

from mmtlib import figures
from mmtlib.analysis import stage_correlations
from mmtlib.experiment.inspection import staged_network
from mmtlib.figures import ONE_COLUMN, TWO_COLUMN, StyledFigure
from mmtlib.figures.pictures import modality_to_rgb
from mmtlib.gallery.entry import entry
from mmtlib.gallery.inspected_run import pair_of, shown_clip
from mmtlib.gallery.material import DRAWN_FROM_FORMULAS, Material

BETAS = (1.0, 2.0, 3.0)


@entry(
    name="training-schemes",
    title="Three schemes of training and testing",
    see="MTUT trains as several modalities do and tests as one does: the second network helps "
    "while the first one learns, and costs nothing when it is used.",
    function="training_schemes",
)
def _training_schemes(material: Material, width: float) -> StyledFigure:
    material.note(DRAWN_FROM_FORMULAS)
    return figures.training_schemes(width=width)


@entry(
    name="method-overview",
    title="How a network learns from another one",
    see="Only maps of which positions are alike are compared, so the channels of the two "
    "networks need not mean the same. How much network m listens follows from how much better "
    "network n does. The gradient goes to m alone; n has an objective of its own.",
    function="method_overview",
    widths=(TWO_COLUMN,),
    of_run=True,
)
def _method_overview(material: Material, width: float) -> StyledFigure:
    run, shown = material.run(), shown_clip(material)
    pictures, maps = {}, {}
    for modality in pair_of(run):
        frames = modality_to_rgb(modality, shown.clips[0].frames[modality])
        pictures[modality] = frames[len(frames) // 2]
        found = stage_correlations(staged_network(run, modality), shown.frames(modality))
        maps[modality] = found.maps[0].numpy()
    return figures.method_overview(pictures, maps, width=width)


@entry(
    name="focal-curve",
    title="The focal regularization parameter for several beta",
    see="Left of zero the learner is the better one and does not listen at all. To the right "
    "rho grows faster than the difference of the losses; beta sets how fast.",
    function="focal_curve",
    widths=(ONE_COLUMN,),
)
def _focal_curve(material: Material, width: float) -> StyledFigure:
    material.note(DRAWN_FROM_FORMULAS)
    return figures.focal_curve(BETAS, width=width)
