"""The study of docs/study_plan.md: its grids, how they are run, what came of them.

`conduct` runs the grids of `plan` in their order: the trials on validation clips, what `choose`
takes from them, the primary and the secondary questions on test clips. `answers` says what came of
it; `Measured` gives the predictions that it rests on.
"""

from mmtlib.study.answers import (
    LATE_FUSION,
    Findings,
    answers,
    calibration_and_cost,
    complete_grids,
    control_contrasts,
    focal_contrasts,
    partner_changes,
)
from mmtlib.study.checking import check_stored
from mmtlib.study.measured import Measured
from mmtlib.study.parts import PARTS, QUESTIONS, conduct, grids_of
from mmtlib.study.reporting import report_text, write_report
from mmtlib.study.shipping import ship_study
from mmtlib.study.wording import arm_name

__all__ = [
    "LATE_FUSION",
    "PARTS",
    "QUESTIONS",
    "Findings",
    "Measured",
    "answers",
    "arm_name",
    "calibration_and_cost",
    "check_stored",
    "complete_grids",
    "conduct",
    "control_contrasts",
    "focal_contrasts",
    "grids_of",
    "partner_changes",
    "report_text",
    "ship_study",
    "write_report",
]
