"""Transforms of clips: drawn once, applied to every modality alike, recorded in the history."""

from mmtlib.transforms.base import TRANSFORMS, Transform, replay
from mmtlib.transforms.compose import ClipTransform, Compose
from mmtlib.transforms.corruption import Corrupt
from mmtlib.transforms.geometric import CenterCrop, HorizontalFlip, RandomCrop, RandomShift
from mmtlib.transforms.photometric import DepthNoise, PhotometricJitter, Standardize
from mmtlib.transforms.resampling import RandomAffine, RandomResizedCrop, Resize
from mmtlib.transforms.temporal import (
    RandomSampleFrames,
    RandomSpeed,
    RandomTemporalCrop,
    Reverse,
    SampleFrames,
    TemporalCrop,
    TemporalStride,
)

__all__ = [
    "TRANSFORMS",
    "CenterCrop",
    "ClipTransform",
    "Compose",
    "Corrupt",
    "DepthNoise",
    "HorizontalFlip",
    "PhotometricJitter",
    "RandomAffine",
    "RandomCrop",
    "RandomResizedCrop",
    "RandomSampleFrames",
    "RandomShift",
    "RandomSpeed",
    "RandomTemporalCrop",
    "Resize",
    "Reverse",
    "SampleFrames",
    "Standardize",
    "TemporalCrop",
    "TemporalStride",
    "Transform",
    "replay",
]
