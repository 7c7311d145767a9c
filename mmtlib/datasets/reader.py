"""How one clip of a data set is found and read: recordings below a root, spans, pixels, flow."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import numpy as np
from torch import Tensor

from mmtlib.core.clips import GestureClip
from mmtlib.core.errors import DataError, unknown_name
from mmtlib.core.modalities import check_modalities, get_modality
from mmtlib.datasets.clip_flow import flow_files, flow_origin
from mmtlib.datasets.optical_flow import METHODS, FlowFiles
from mmtlib.datasets.recordings import check_recording, read_recording
from mmtlib.datasets.records import ClipRecord, SensorSpan
from mmtlib.datasets.video_io import to_frames


class ClipReader(ABC):
    """Reads the clips of one data set, given their records.

    Attributes:
        name: the name in `mmtlib.datasets.DATASETS`.
        frame_rate: frames per second of the clips returned.
        sensors: modality -> the name in a record's `spans`.
        first_picture: the number of frame 0 in a folder of pictures; None = 0 or 1, as found.
        colour, colours: which of several colour recordings ``rgb`` and ``flow`` are from.

    Args:
        root: the data set's folder.
        modalities: checked names, in the order wanted.
        flow: the method of optical flow, ``"dis"`` or ``"farneback"``.
        flow_folder: where its files are; default: a folder of the cache named by data set, root,
            colour and method.

    Raises:
        ConfigError: if the method of optical flow is unknown.
    """

    name: ClassVar[str]
    frame_rate: ClassVar[float]
    sensors: ClassVar[Mapping[str, str]]
    first_picture: ClassVar[int | None] = None
    colours: ClassVar[tuple[str, ...]] = ()
    colour: str = "colour"

    def __init__(
        self,
        *,
        root: Path,
        modalities: tuple[str, ...],
        flow: str = "dis",
        flow_folder: str | Path | None = None,
    ) -> None:
        if flow not in METHODS:
            raise unknown_name("method of optical flow", flow, METHODS)
        self.root, self.modalities = root, modalities
        self._flow = flow, flow_folder
        self._listings: dict[Path, dict[str, str]] = {}

    @cached_property
    def flow(self) -> FlowFiles:
        """Where optical flow lies, and how it is made; the cache is touched by those who ask."""
        return flow_files(self, *self._flow)

    @classmethod
    def held(cls, modalities: str | Iterable[str]) -> tuple[str, ...]:
        """Return the names as a tuple, each known and recorded here, or computed (flow).

        Raises:
            ConfigError: if one is unknown or named twice.
            DataError: if the data set does not hold one.
        """
        names = check_modalities(modalities)
        for name in names:
            if name not in (*cls.sensors, "flow"):
                raise DataError(
                    f"{cls.__name__} holds no {get_modality(name).title.lower()}. Choose from "
                    f"{', '.join(cls.sensors)}, flow."
                )
        return names

    @classmethod
    def modalities_in(cls, root: str | Path) -> tuple[str, ...]:
        """Return what a folder of this set is looked at for where nobody says."""
        return ("rgb", "depth")

    @abstractmethod
    def recording(self, record: ClipRecord, modality: str) -> str:
        """Return the video or folder of pictures of a modality, as a path below the root."""

    def span(self, record: ClipRecord, modality: str) -> SensorSpan:
        """Return which frames of the recording show the gesture."""
        return record.spans[self.sensors[modality]]

    def files(self, record: ClipRecord) -> dict[str, Path]:
        """Return modality -> the video or folder of pictures (or file of flow) it is read from."""
        return {m: self.file(record, m) for m in self.modalities}

    def file(self, record: ClipRecord, modality: str) -> Path:
        """Return the video or folder of pictures (or file of flow) of one modality."""
        if modality == "flow":
            return self.flow.path(record.clip_id)
        return self.find(self.recording(record, modality))

    def check(self, record: ClipRecord) -> None:
        """Raise a `DataError` if a file of the record is seen to be broken, without decoding it."""
        for modality, path in self.files(record).items():
            if modality == "flow":
                self.flow.header(record.clip_id, flow_origin(self, record))
                continue
            span = self.span(record, modality)
            check_recording(path, span.first, span.last, first_picture=self.first_picture)

    def pixels(self, record: ClipRecord, modality: str, path: Path) -> np.ndarray:
        """Return the record's pictures, uint8 ``(T, H, W, 3)`` for rgb, else ``(T, H, W)``."""
        span, gray = self.span(record, modality), modality != "rgb"
        return read_recording(
            path, span.first, span.last, gray=gray, first_picture=self.first_picture
        )

    def read(self, record: ClipRecord) -> GestureClip:
        """Return the record's clip; a `DataError` names the file and the list's line."""
        files = self.files(record)
        try:
            frames = {
                m: self.read_flow(record)
                if m == "flow"
                else to_frames(self.pixels(record, m, path))
                for m, path in files.items()
            }
            _check_shapes(files, frames)
        except DataError as error:
            raise DataError(f"{error} ({record.source})") from None
        return GestureClip(
            frames=frames,
            label=record.label,
            subject=record.subject,
            clip_id=record.clip_id,
            frame_rate=self.frame_rate,
        )

    def _frames(self, record: ClipRecord, modality: str, path: Path) -> Tensor:
        if modality == "flow":
            return self.read_flow(record)
        return to_frames(self.pixels(record, modality, path))

    def read_flow(self, record: ClipRecord) -> Tensor:
        """Return the record's optical flow from its file (see `FlowFiles.read`)."""
        return self.flow.read(record.clip_id, flow_origin(self, record, content=True))

    def find(self, relative: str) -> Path:
        """Return the path below the root as it is spelt on disk; upper and lower case may differ.

        Where there is no such file, the path is returned as it was asked for.
        """
        path = self.root / relative
        if path.exists():
            return path
        found = self.root
        for part in Path(relative).parts:
            found = found / self._names(found).get(part.lower(), part)
        return found if found.exists() else path

    def _names(self, folder: Path) -> dict[str, str]:
        if folder not in self._listings:
            names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
            self._listings[folder] = {name.lower(): name for name in names}
        return self._listings[folder]


def entries(folder: Path) -> dict[str, Path]:
    """Return lower-case name -> path of what is in a folder; nothing where it cannot be listed."""
    try:
        return {path.name.lower(): path for path in sorted(folder.iterdir())}
    except OSError:
        return {}


def wrong_root(root: Path, kind: type[ClipReader], expected: str) -> DataError:
    """Return the error for a folder that does not hold what a data set's folder holds."""
    found = ", ".join(list(entries(root))[:5]) or ("an empty folder" if root.is_dir() else "none")
    return DataError(
        f"{root} is not {kind.__name__}'s folder: expected {expected} in it, found {found}. "
        "Give the folder that holds both."
    )


def _check_shapes(files: Mapping[str, Path], frames: Mapping[str, Tensor]) -> None:
    for a, b in pairwise(frames):
        (frames_b, h, w), (frames_a, height, width) = frames[b].shape[1:], frames[a].shape[1:]
        if frames_b != frames_a:
            raise DataError(
                f"{files[b]} has {frames_b} frames, {files[a].name} {frames_a}; expected the same "
                "number"
            )
        if (h, w) != (height, width):
            raise DataError(
                f"{files[b]} has pictures of {w} x {h} pixels, {files[a].name} of {width} x "
                f"{height}; expected the same size"
            )
