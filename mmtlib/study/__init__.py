"""The study of docs/study_plan.md: its grids, how they are run, what came of them.

`conduct` runs the grids of `plan` in their order: the trials on validation clips, what `choose`
takes from them, the primary and the secondary questions on test clips.
"""

from mmtlib.study.answers import answers, calibration_and_cost, complete_grids, focal_contrasts
from mmtlib.study.parts import PARTS, conduct, grids_of
from mmtlib.study.plan import choose, primary, secondary, tuning

__all__ = [
    "PARTS",
    "answers",
    "calibration_and_cost",
    "choose",
    "complete_grids",
    "conduct",
    "focal_contrasts",
    "grids_of",
    "primary",
    "secondary",
    "tuning",
]
