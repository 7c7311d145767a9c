"""The columns of the study's tables, on its page and in the gallery."""

from __future__ import annotations

import pandas as pd

from mmtlib.core.tables import Columns, interval_text, p_value, percent, points
from mmtlib.study.wording import NAMES, arm_name

NETWORK: Columns = {"what": lambda r: arm_name(r.arm), "tested": lambda r: NAMES[r.target]}
STEP: Columns = {
    "difference": lambda r: points(r.difference),
    "95 % interval": lambda r: interval_text(r.low, r.high, points),
}
SEEDS: Columns = {"seeds": lambda r: str(r.seeds)}
DIFFERENCES: Columns = {
    **NETWORK,
    "alone (%)": lambda r: percent(r.before),
    "this way (%)": lambda r: percent(r.after),
    **STEP,
    **SEEDS,
    "adjusted p": lambda r: p_value(r.p_holm),
}
"""Of `mmtlib.study.answers`."""
CONTROLS: Columns = {
    "control": lambda r: arm_name(r.arm),
    "control (%)": lambda r: percent(r.before),
    "SSA + focal (%)": lambda r: percent(r.after),
    **STEP,
}
"""Of `mmtlib.study.control_contrasts`."""
FOCAL: Columns = {
    "weight": lambda r: f"{r.ssa_weight:g}",
    "noise": lambda r: f"{r.corruption_strength:g}",
    "without focal (%)": lambda r: percent(r.before),
    "with focal (%)": lambda r: percent(r.after),
    **STEP,
}
"""Of `mmtlib.study.focal_contrasts`."""
CALIBRATION: Columns = {
    **NETWORK,
    "accuracy (%)": lambda r: percent(r.accuracy),
    "calibration error (%)": lambda r: percent(r.ece),
    "against alone (points, 95 % t interval)": lambda r: (
        "-" if pd.isna(r.ece_difference)
        else f"{points(r.ece_difference)} ({interval_text(r.low, r.high, points)})"
    ),
    "training (s)": lambda r: f"{r.seconds:.0f}",
}  # fmt: skip
"""Of `mmtlib.study.calibration_and_cost`."""
