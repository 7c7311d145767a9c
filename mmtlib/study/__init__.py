"""The study of docs/study_plan.md: its grids, how they are run, what came of them.

`conduct` runs the grids of `plan` in their order: the trials on validation clips, what `choose`
takes from them, the primary and the secondary questions on test clips. `answers` says what came of
it; `Measured` gives the predictions that it rests on.
"""

from mmtlib.study.answers import LATE_FUSION as LATE_FUSION
from mmtlib.study.answers import Findings as Findings
from mmtlib.study.answers import answers as answers
from mmtlib.study.answers import calibration_and_cost as calibration_and_cost
from mmtlib.study.answers import complete_grids as complete_grids
from mmtlib.study.answers import control_contrasts as control_contrasts
from mmtlib.study.answers import focal_contrasts as focal_contrasts
from mmtlib.study.answers import partner_changes as partner_changes
from mmtlib.study.checking import check_stored as check_stored
from mmtlib.study.measured import Measured as Measured
from mmtlib.study.parts import PARTS as PARTS
from mmtlib.study.parts import QUESTIONS as QUESTIONS
from mmtlib.study.parts import conduct as conduct
from mmtlib.study.parts import grids_of as grids_of
from mmtlib.study.reporting import report_text as report_text
from mmtlib.study.reporting import write_report as write_report
from mmtlib.study.shipping import ship_study as ship_study
from mmtlib.study.wording import arm_name as arm_name
