"""Figures for papers and notebooks. They take arrays, tables and clips, never a network.

Every function returns a `StyledFigure` and neither shows nor saves it: the last line of a notebook
cell shows it, ``figure.savefig("name.pdf")`` writes it.
"""

from mmtlib.figures.bars import accuracy_bars as accuracy_bars
from mmtlib.figures.bars import difference_bars as difference_bars
from mmtlib.figures.bars import gain_bars as gain_bars
from mmtlib.figures.clips import class_sheet as class_sheet
from mmtlib.figures.clips import clip_strip as clip_strip
from mmtlib.figures.correlation import correlation_maps as correlation_maps
from mmtlib.figures.correlation import correlation_pairs as correlation_pairs
from mmtlib.figures.curves import compared_curves as compared_curves
from mmtlib.figures.curves import corruption_curves as corruption_curves
from mmtlib.figures.curves import rho_curves as rho_curves
from mmtlib.figures.curves import training_curves as training_curves
from mmtlib.figures.diagrams import method_overview as method_overview
from mmtlib.figures.diagrams import training_schemes as training_schemes
from mmtlib.figures.embeddings import embedding_scatter as embedding_scatter
from mmtlib.figures.focal import focal_curve as focal_curve
from mmtlib.figures.matrices import confusion_change as confusion_change
from mmtlib.figures.matrices import confusion_matrix as confusion_matrix
from mmtlib.figures.matrices import probe_matrices as probe_matrices
from mmtlib.figures.overlays import saliency_over as saliency_over
from mmtlib.figures.overlays import saliency_strip as saliency_strip
from mmtlib.figures.overlays import similarity_strip as similarity_strip
from mmtlib.figures.pairs import paired_seeds as paired_seeds
from mmtlib.figures.pairs import pointing_by_person as pointing_by_person
from mmtlib.figures.pictures import flow_to_rgb as flow_to_rgb
from mmtlib.figures.pictures import modality_to_rgb as modality_to_rgb
from mmtlib.figures.recordings import annotated_span as annotated_span
from mmtlib.figures.recordings import depth_levels as depth_levels
from mmtlib.figures.recordings import silhouettes_on_colour as silhouettes_on_colour
from mmtlib.figures.style import ONE_COLUMN as ONE_COLUMN
from mmtlib.figures.style import TWO_COLUMN as TWO_COLUMN
from mmtlib.figures.style import StyledFigure as StyledFigure
from mmtlib.figures.style import figure_style as figure_style
from mmtlib.figures.timeline import score_timeline as score_timeline
