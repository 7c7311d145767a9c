"""The embedded benchmark: an articulated hand, 25 gestures, four pixel-aligned modalities."""

from mmtlib.config.presets import PRESETS as PRESETS
from mmtlib.config.presets import SyntheticPreset as SyntheticPreset
from mmtlib.config.presets import get_preset as get_preset
from mmtlib.synthetic.benchmark import SPLITS as SPLITS
from mmtlib.synthetic.dataset import SyntheticGestures as SyntheticGestures
from mmtlib.synthetic.dataset import depth_to_8bit as depth_to_8bit
from mmtlib.synthetic.gestures import GESTURES as GESTURES
