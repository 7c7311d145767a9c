"""Losses: correlation maps and their alignment, the rivals, and the objective of them all."""

from mmtlib.losses.attention_transfer import attention_map, attention_transfer_loss
from mmtlib.losses.correlation import (
    NORMALIZATIONS,
    ROW_EPS,
    correlation_map,
    normalize_positions,
)
from mmtlib.losses.distillation import distillation_loss
from mmtlib.losses.focal_regularization import RHO_MAX, focal_regularization
from mmtlib.losses.mtut import MtutObjective, mtut_objective
from mmtlib.losses.mutual_learning import mutual_learning_loss
from mmtlib.losses.objective import MtutLoss, transfer_objective
from mmtlib.losses.objective_checks import RHO_SCOPES
from mmtlib.losses.pair_distances import REDUCTIONS
from mmtlib.losses.similarity_preserving import batch_similarity, similarity_preserving_loss
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
    "attention_map",
    "attention_transfer_loss",
    "batch_similarity",
    "correlation_map",
    "distillation_loss",
    "equivalent_weight",
    "focal_regularization",
    "mtut_objective",
    "mutual_learning_loss",
    "normalize_positions",
    "similarity_preserving_loss",
    "ssa_distance",
    "ssa_loss",
    "transfer_objective",
]
