"""Data sets of real clips, read from where they lie on disk; nothing is ever downloaded."""

from collections.abc import Iterator, Mapping

from mmtlib.config import DATA_SETS
from mmtlib.core.errors import unknown_name
from mmtlib.datasets.base import GestureDataset
from mmtlib.datasets.egogesture import EgoGesture
from mmtlib.datasets.nvgesture import NVGesture, alignment_note
from mmtlib.datasets.optical_flow import compute_flow
from mmtlib.datasets.recording_facts import RecordingFacts
from mmtlib.datasets.recordings import Recording, read_recording, video_info
from mmtlib.datasets.records import ClipRecord, SensorSpan, SkippedClip
from mmtlib.datasets.selection import select_clips
from mmtlib.datasets.silhouette import hand_silhouette
from mmtlib.datasets.video_clips import clip_from_video
from mmtlib.datasets.video_folder import VideoFolder
from mmtlib.datasets.video_io import read_video
from mmtlib.datasets.video_windows import video_windows
from mmtlib.datasets.viva import VIVA


class _Readers(Mapping[str, type[GestureDataset]]):
    """The classes behind `mmtlib.config.DATA_SETS` that read real clips."""

    def __getitem__(self, name: str) -> type[GestureDataset]:
        found = DATA_SETS[name].load()
        if not (isinstance(found, type) and issubclass(found, GestureDataset)):
            raise unknown_name("data set of real clips", name, self)
        return found

    def __contains__(self, name: object) -> bool:
        return name in DATA_SETS and name != "synthetic"

    def __iter__(self) -> Iterator[str]:
        return (name for name in DATA_SETS if name != "synthetic")

    def __len__(self) -> int:
        return len(DATA_SETS) - 1


DATASETS = _Readers()
"""The data sets of real clips by name: the classes that read them."""

__all__ = [
    "DATASETS",
    "VIVA",
    "ClipRecord",
    "EgoGesture",
    "GestureDataset",
    "NVGesture",
    "Recording",
    "RecordingFacts",
    "SensorSpan",
    "SkippedClip",
    "VideoFolder",
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
