"""Data sets of real clips, read from where they lie on disk; nothing is ever downloaded."""

from mmtlib.datasets.base import GestureDataset
from mmtlib.datasets.egogesture import EgoGesture
from mmtlib.datasets.nvgesture import NVGesture, alignment_note
from mmtlib.datasets.optical_flow import compute_flow
from mmtlib.datasets.recordings import read_recording
from mmtlib.datasets.records import ClipRecord, SensorSpan, SkippedClip
from mmtlib.datasets.selection import select_clips
from mmtlib.datasets.silhouette import hand_silhouette
from mmtlib.datasets.video_folder import VideoFolder
from mmtlib.datasets.video_io import VideoInfo, clip_from_video, read_video, video_info
from mmtlib.datasets.video_windows import video_windows
from mmtlib.datasets.viva import VIVA

DATASETS: dict[str, type[GestureDataset]] = {
    kind.name: kind for kind in (NVGesture, EgoGesture, VIVA, VideoFolder)
}
"""The data sets by name."""

__all__ = [
    "DATASETS",
    "VIVA",
    "ClipRecord",
    "EgoGesture",
    "GestureDataset",
    "NVGesture",
    "SensorSpan",
    "SkippedClip",
    "VideoFolder",
    "VideoInfo",
    "alignment_note",
    "clip_from_video",
    "compute_flow",
    "hand_silhouette",
    "read_recording",
    "read_video",
    "select_clips",
    "video_info",
    "video_windows",
]
