"""Seeing: what trained networks see, where they look, what they share, as numbers and arrays.

Networks and clips, or the tables and predictions of trainings, go in; arrays and tables come out.
`mmtlib.figures` draws them.
"""

from mmtlib.analysis.cka import cka_over_clips as cka_over_clips
from mmtlib.analysis.cka import cka_over_positions as cka_over_positions
from mmtlib.analysis.cka import linear_cka as linear_cka
from mmtlib.analysis.correlation_maps import CorrelationMaps as CorrelationMaps
from mmtlib.analysis.correlation_maps import distances_by_class as distances_by_class
from mmtlib.analysis.correlation_maps import hand_contrast as hand_contrast
from mmtlib.analysis.correlation_maps import map_distances as map_distances
from mmtlib.analysis.correlation_maps import similarity_over_frames as similarity_over_frames
from mmtlib.analysis.correlation_maps import stage_correlations as stage_correlations
from mmtlib.analysis.embeddings import EMBEDDINGS as EMBEDDINGS
from mmtlib.analysis.embeddings import CommonSemantics as CommonSemantics
from mmtlib.analysis.embeddings import common_semantics as common_semantics
from mmtlib.analysis.embeddings import cross_modal_probes as cross_modal_probes
from mmtlib.analysis.embeddings import embed as embed
from mmtlib.analysis.embeddings import probe_matrix as probe_matrix
from mmtlib.analysis.features import pooled_features as pooled_features
from mmtlib.analysis.features import stage_features as stage_features
from mmtlib.analysis.negative_transfer import RESULT_COLUMNS as RESULT_COLUMNS
from mmtlib.analysis.negative_transfer import accuracy_by_corruption as accuracy_by_corruption
from mmtlib.analysis.negative_transfer import focal_effect as focal_effect
from mmtlib.analysis.negative_transfer import gain_by_class as gain_by_class
from mmtlib.analysis.negative_transfer import gain_by_learner as gain_by_learner
from mmtlib.analysis.negative_transfer import rho_over_epochs as rho_over_epochs
from mmtlib.analysis.pointing import MASK_SOURCES as MASK_SOURCES
from mmtlib.analysis.pointing import PointingDifference as PointingDifference
from mmtlib.analysis.pointing import compare_pointing as compare_pointing
from mmtlib.analysis.pointing import hand_masks as hand_masks
from mmtlib.analysis.pointing import pointing_energy as pointing_energy
from mmtlib.analysis.pointing import pointing_table as pointing_table
from mmtlib.analysis.saliency import SALIENCY_METHODS as SALIENCY_METHODS
from mmtlib.analysis.saliency import saliency as saliency
from mmtlib.analysis.sanity import randomized_networks as randomized_networks
from mmtlib.analysis.sanity import rank_correlation as rank_correlation
from mmtlib.analysis.sanity import saliency_sanity as saliency_sanity
from mmtlib.analysis.sanity import structural_similarity as structural_similarity
