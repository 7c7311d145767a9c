"""The study of docs/study_plan.md: its grids, how they are run, what came of them.

`conduct` runs the grids of `plan` in their order: the trials on validation clips, what `choose`
takes from them, the primary and the secondary questions on test clips.
"""

from mmtlib.study.answers import answers, calibration_and_cost, complete_grids, focal_contrasts
from mmtlib.study.checking import check
from mmtlib.study.parts import PARTS, conduct, grids_of
from mmtlib.study.plan import choose, primary, secondary, tuning
from mmtlib.study.reporting import report, write_report
from mmtlib.study.shipping import ship

__all__ = [
    "PARTS",
    "answers",
    "calibration_and_cost",
    "check",
    "choose",
    "complete_grids",
    "conduct",
    "focal_contrasts",
    "grids_of",
    "primary",
    "report",
    "secondary",
    "ship",
    "tuning",
    "write_report",
]
