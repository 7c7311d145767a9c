"""Seeing: what trained networks see, where they look, what they share, as numbers and arrays.

Networks and clips, or the tables and predictions of trainings, go in; arrays and tables come out.
`mmtlib.figures` draws them.
"""

from mmtlib.analysis.cka import cka_over_clips, cka_over_positions, linear_cka
from mmtlib.analysis.correlation_maps import (
    CorrelationMaps,
    distances_by_class,
    hand_contrast,
    map_distances,
    similarity_over_frames,
    stage_correlations,
)
from mmtlib.analysis.embeddings import (
    EMBEDDINGS,
    CommonSemantics,
    common_semantics,
    cross_modal_probes,
    embed,
    probe_matrix,
)
from mmtlib.analysis.features import pooled_features, stage_features
from mmtlib.analysis.negative_transfer import (
    RESULT_COLUMNS,
    accuracy_by_corruption,
    focal_effect,
    gain_by_class,
    gain_by_learner,
    rho_over_epochs,
)
from mmtlib.analysis.pointing import (
    MASK_SOURCES,
    PointingDifference,
    compare_pointing,
    hand_masks,
    pointing_energy,
    pointing_table,
)
from mmtlib.analysis.saliency import SALIENCY_METHODS, saliency
from mmtlib.analysis.sanity import (
    randomized_networks,
    rank_correlation,
    saliency_sanity,
    structural_similarity,
)

__all__ = [
    "EMBEDDINGS",
    "MASK_SOURCES",
    "RESULT_COLUMNS",
    "SALIENCY_METHODS",
    "CommonSemantics",
    "CorrelationMaps",
    "PointingDifference",
    "accuracy_by_corruption",
    "cka_over_clips",
    "cka_over_positions",
    "common_semantics",
    "compare_pointing",
    "cross_modal_probes",
    "distances_by_class",
    "embed",
    "focal_effect",
    "gain_by_class",
    "gain_by_learner",
    "hand_contrast",
    "hand_masks",
    "linear_cka",
    "map_distances",
    "pointing_energy",
    "pointing_table",
    "pooled_features",
    "probe_matrix",
    "randomized_networks",
    "rank_correlation",
    "rho_over_epochs",
    "saliency",
    "saliency_sanity",
    "similarity_over_frames",
    "stage_correlations",
    "stage_features",
    "structural_similarity",
]
