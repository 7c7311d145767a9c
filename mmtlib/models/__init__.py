"""Networks: a compact one for the CPU, the paper's I3D, and their weights as files."""

from mmtlib.config import NETWORKS
from mmtlib.models.blocks import StagedNetwork, staged
from mmtlib.models.build import StreamSet, build_model, channels_last
from mmtlib.models.checkpoints import load_weights, read_metadata, save_weights
from mmtlib.models.compact_i3d import CompactI3D
from mmtlib.models.inception_i3d import InceptionI3D
from mmtlib.models.kinetics import fit_i3d_checkpoint, load_i3d_checkpoint, read_i3d_checkpoint
from mmtlib.models.starting_weights import start_from_weights
from mmtlib.models.with_features import WithFeatures

__all__ = [
    "NETWORKS",
    "CompactI3D",
    "InceptionI3D",
    "StagedNetwork",
    "StreamSet",
    "WithFeatures",
    "build_model",
    "channels_last",
    "fit_i3d_checkpoint",
    "load_i3d_checkpoint",
    "load_weights",
    "read_i3d_checkpoint",
    "read_metadata",
    "save_weights",
    "staged",
    "start_from_weights",
]
