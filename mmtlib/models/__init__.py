"""Networks: a compact one for the CPU, the paper's I3D, and their weights as files."""

from mmtlib.config import NETWORKS as NETWORKS
from mmtlib.models.blocks import StagedNetwork as StagedNetwork
from mmtlib.models.blocks import staged as staged
from mmtlib.models.build import StreamSet as StreamSet
from mmtlib.models.build import build_model as build_model
from mmtlib.models.build import channels_last as channels_last
from mmtlib.models.checkpoints import load_weights as load_weights
from mmtlib.models.checkpoints import read_metadata as read_metadata
from mmtlib.models.checkpoints import save_weights as save_weights
from mmtlib.models.compact_i3d import CompactI3D as CompactI3D
from mmtlib.models.inception_i3d import InceptionI3D as InceptionI3D
from mmtlib.models.kinetics import fit_i3d_checkpoint as fit_i3d_checkpoint
from mmtlib.models.kinetics import load_i3d_checkpoint as load_i3d_checkpoint
from mmtlib.models.kinetics import read_i3d_checkpoint as read_i3d_checkpoint
from mmtlib.models.starting_weights import start_from_weights as start_from_weights
from mmtlib.models.with_features import WithFeatures as WithFeatures
