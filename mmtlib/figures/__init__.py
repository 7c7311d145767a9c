"""Figures for papers and notebooks. They take arrays, tables and clips, never a network.

Every function returns a `StyledFigure` and neither shows nor saves it: the last line of a notebook
cell shows it, ``figure.savefig("name.pdf")`` writes it.
"""

from mmtlib.figures.bars import accuracy_bars, difference_bars, gain_bars
from mmtlib.figures.clips import class_sheet, clip_strip
from mmtlib.figures.correlation import correlation_maps, correlation_pairs
from mmtlib.figures.curves import compared_curves, corruption_curves, rho_curves, training_curves
from mmtlib.figures.diagrams import method_overview, training_schemes
from mmtlib.figures.embeddings import embedding_scatter
from mmtlib.figures.focal import focal_curve
from mmtlib.figures.matrices import confusion_change, confusion_matrix, probe_matrices
from mmtlib.figures.overlays import saliency_over, saliency_strip, similarity_strip
from mmtlib.figures.pairs import paired_seeds, pointing_by_person
from mmtlib.figures.pictures import flow_to_rgb, modality_to_rgb
from mmtlib.figures.recordings import annotated_span, depth_levels, silhouettes_on_colour
from mmtlib.figures.style import ONE_COLUMN, TWO_COLUMN, StyledFigure, figure_style
from mmtlib.figures.timeline import score_timeline

__all__ = [
    "ONE_COLUMN",
    "TWO_COLUMN",
    "StyledFigure",
    "accuracy_bars",
    "annotated_span",
    "class_sheet",
    "clip_strip",
    "compared_curves",
    "confusion_change",
    "confusion_matrix",
    "correlation_maps",
    "correlation_pairs",
    "corruption_curves",
    "depth_levels",
    "difference_bars",
    "embedding_scatter",
    "figure_style",
    "flow_to_rgb",
    "focal_curve",
    "gain_bars",
    "method_overview",
    "modality_to_rgb",
    "paired_seeds",
    "pointing_by_person",
    "probe_matrices",
    "rho_curves",
    "saliency_over",
    "saliency_strip",
    "score_timeline",
    "silhouettes_on_colour",
    "similarity_strip",
    "training_curves",
    "training_schemes",
]
