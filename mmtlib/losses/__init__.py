"""Losses: correlation maps and their alignment, the rivals, and the objective of them all."""

from mmtlib.losses.attention_transfer import attention_map as attention_map
from mmtlib.losses.attention_transfer import attention_transfer_loss as attention_transfer_loss
from mmtlib.losses.correlation import NORMALIZATIONS as NORMALIZATIONS
from mmtlib.losses.correlation import ROW_EPS as ROW_EPS
from mmtlib.losses.correlation import correlation_map as correlation_map
from mmtlib.losses.correlation import normalize_positions as normalize_positions
from mmtlib.losses.distillation import distillation_loss as distillation_loss
from mmtlib.losses.focal_regularization import RHO_MAX as RHO_MAX
from mmtlib.losses.focal_regularization import focal_regularization as focal_regularization
from mmtlib.losses.mtut import MtutObjective as MtutObjective
from mmtlib.losses.mtut import mtut_objective as mtut_objective
from mmtlib.losses.mutual_learning import mutual_learning_loss as mutual_learning_loss
from mmtlib.losses.objective import MtutLoss as MtutLoss
from mmtlib.losses.objective import transfer_objective as transfer_objective
from mmtlib.losses.objective_checks import RHO_SCOPES as RHO_SCOPES
from mmtlib.losses.pair_distances import REDUCTIONS as REDUCTIONS
from mmtlib.losses.similarity_preserving import batch_similarity as batch_similarity
from mmtlib.losses.similarity_preserving import (
    similarity_preserving_loss as similarity_preserving_loss,
)
from mmtlib.losses.ssa import SSALoss as SSALoss
from mmtlib.losses.ssa import equivalent_weight as equivalent_weight
from mmtlib.losses.ssa import ssa_distance as ssa_distance
from mmtlib.losses.ssa import ssa_loss as ssa_loss
