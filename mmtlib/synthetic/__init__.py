"""The embedded benchmark: an articulated hand, 25 gestures, four pixel-aligned modalities."""

from mmtlib.config.presets import PRESETS, SyntheticPreset, get_preset
from mmtlib.synthetic.benchmark import SPLITS
from mmtlib.synthetic.dataset import SyntheticGestures, depth_to_8bit
from mmtlib.synthetic.gestures import GESTURES

__all__ = [
    "GESTURES",
    "PRESETS",
    "SPLITS",
    "SyntheticGestures",
    "SyntheticPreset",
    "depth_to_8bit",
    "get_preset",
]
