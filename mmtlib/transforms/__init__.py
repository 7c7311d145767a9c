"""Transforms of clips: drawn once, applied to every modality alike, recorded in the history."""

from mmtlib.transforms.base import TRANSFORMS, Transform, replay
from mmtlib.transforms.compose import ClipTransform, Compose
from mmtlib.transforms.geometric import (
    CenterCrop,
    HorizontalFlip,
    RandomCrop,
    RandomShift,
    Resize,
)
from mmtlib.transforms.photometric import Standardize
from mmtlib.transforms.temporal import RandomTemporalCrop, SampleFrames, TemporalCrop

__all__ = [
    "TRANSFORMS",
    "CenterCrop",
    "ClipTransform",
    "Compose",
    "HorizontalFlip",
    "RandomCrop",
    "RandomShift",
    "RandomTemporalCrop",
    "Resize",
    "SampleFrames",
    "Standardize",
    "TemporalCrop",
    "Transform",
    "replay",
]
