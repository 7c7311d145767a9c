"""Losses: correlation maps, their alignment, and the objective of multimodal training."""

from mmtlib.losses.correlation import (
    NORMALIZATIONS,
    ROW_EPS,
    correlation_map,
    normalize_positions,
)
from mmtlib.losses.focal_regularization import RHO_MAX, focal_regularization
from mmtlib.losses.mtut import RHO_SCOPES, MtutLoss, MtutObjective, mtut_objective
from mmtlib.losses.pair_distances import REDUCTIONS
from mmtlib.losses.ssa import SSALoss, equivalent_weight, ssa_distance, ssa_loss

__all__ = [
    "NORMALIZATIONS",
    "REDUCTIONS",
    "RHO_MAX",
    "RHO_SCOPES",
    "ROW_EPS",
    "MtutLoss",
    "MtutObjective",
    "SSALoss",
    "correlation_map",
    "equivalent_weight",
    "focal_regularization",
    "mtut_objective",
    "normalize_positions",
    "ssa_distance",
    "ssa_loss",
]
