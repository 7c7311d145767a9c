"""Data sets of real clips, read from where they lie on disk; nothing is ever downloaded."""

from mmtlib.datasets.base import ClipRecord, GestureDataset, SensorSpan, SkippedClip
from mmtlib.datasets.nvgesture import NVGesture, alignment_note
from mmtlib.datasets.video_io import VideoInfo, clip_from_video, read_video, video_info
from mmtlib.datasets.video_windows import video_windows

DATASETS: dict[str, type[GestureDataset]] = {NVGesture.name: NVGesture}
"""The data sets by name."""

__all__ = [
    "DATASETS",
    "ClipRecord",
    "GestureDataset",
    "NVGesture",
    "SensorSpan",
    "SkippedClip",
    "VideoInfo",
    "alignment_note",
    "clip_from_video",
    "read_video",
    "video_info",
    "video_windows",
]
