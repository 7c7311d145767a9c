"""Transforms of clips: drawn once, applied to every modality alike, recorded in the history."""

from mmtlib.transforms.base import TRANSFORMS as TRANSFORMS
from mmtlib.transforms.base import Transform as Transform
from mmtlib.transforms.base import replay as replay
from mmtlib.transforms.compose import ClipTransform as ClipTransform
from mmtlib.transforms.compose import Compose as Compose
from mmtlib.transforms.corruption import Corrupt as Corrupt
from mmtlib.transforms.geometric import CenterCrop as CenterCrop
from mmtlib.transforms.geometric import HorizontalFlip as HorizontalFlip
from mmtlib.transforms.geometric import RandomCrop as RandomCrop
from mmtlib.transforms.geometric import RandomShift as RandomShift
from mmtlib.transforms.photometric import DepthNoise as DepthNoise
from mmtlib.transforms.photometric import PhotometricJitter as PhotometricJitter
from mmtlib.transforms.photometric import Standardize as Standardize
from mmtlib.transforms.resampling import RandomAffine as RandomAffine
from mmtlib.transforms.resampling import RandomResizedCrop as RandomResizedCrop
from mmtlib.transforms.resampling import Resize as Resize
from mmtlib.transforms.temporal import RandomSampleFrames as RandomSampleFrames
from mmtlib.transforms.temporal import RandomSpeed as RandomSpeed
from mmtlib.transforms.temporal import RandomTemporalCrop as RandomTemporalCrop
from mmtlib.transforms.temporal import Reverse as Reverse
from mmtlib.transforms.temporal import SampleFrames as SampleFrames
from mmtlib.transforms.temporal import TemporalCrop as TemporalCrop
from mmtlib.transforms.temporal import TemporalStride as TemporalStride
