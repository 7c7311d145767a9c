"""The embedded benchmark: an articulated hand, 25 gestures, four pixel-aligned modalities."""

from mmtlib.synthetic.dataset import SyntheticGestures, depth_to_8bit
from mmtlib.synthetic.gestures import GESTURES
from mmtlib.synthetic.presets import PRESETS, SPLITS, SyntheticPreset, get_preset

__all__ = [
    "GESTURES",
    "PRESETS",
    "SPLITS",
    "SyntheticGestures",
    "SyntheticPreset",
    "depth_to_8bit",
    "get_preset",
]
