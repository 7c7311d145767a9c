"""What a data set says of itself, and how one of its clips is found and read.

Recordings lie below a root; optical flow, which no data set holds, lies in files of its own
(`mmtlib.datasets.optical_flow`).
"""

from __future__ import annotations

import copy
import hashlib
import shlex
from abc import ABC
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import numpy as np
from torch import Tensor

from mmtlib.core.cache import cache_dir
from mmtlib.core.clips import GestureClip
from mmtlib.core.declared import HERE
from mmtlib.core.errors import DataError, unknown_name
from mmtlib.core.files import possible_path
from mmtlib.core.modalities import MODALITIES, check_modalities, get_modality
from mmtlib.core.words import word_key
from mmtlib.datasets.optical_flow import FLOW_VERSION, METHODS, FlowFiles
from mmtlib.datasets.recordings import Recording
from mmtlib.datasets.records import ClipRecord, SensorSpan
from mmtlib.datasets.video_clips import picture_form, to_frames
from mmtlib.datasets.video_io import DEFAULT_RATE, READER_VERSION

COMPUTED = {"flow": "rgb"}
"""Modality that is computed beforehand -> the recorded one that it is computed from."""


class ClipReader(ABC):
    """A data set's facts, and the way from a record to its clip.

    Attributes:
        name: the name in `mmtlib.datasets.DATASETS`.
        classes: one readable name per label.
        label_swaps: label -> label, for the classes that a horizontal flip exchanges; None = not
            known, so clips of this set may not be mirrored.
        reversed_labels: label -> label, for the classes that are gestures when played backwards.
        frame_rate: frames per second of the clips returned, unless each has its own (`rate`).
        splits: the names of the parts.
        published: split -> clips it has by the official lists; together they are the whole set.
        sensors: modality -> the name in a record's `spans`.
        first_picture: the number of frame 0 in a folder of pictures; None = 0 or 1, as found.
        colour, colours: which of several colour recordings ``rgb`` and ``flow`` are from.
        citation, licence: how to cite the set, and on which terms it is given.
        source: where the set is to be had, and what arrives.
        records: the clips, in the order of the list.
        passed_over: one sentence on what is there but has no record, or an empty string.

    Args:
        root: the data set's folder.
        flow: the method of optical flow, ``"dis"`` or ``"farneback"``.
        flow_folder: where its files are; default: a folder of the cache named by data set, root,
            colour and method.

    Raises:
        ConfigError: if the method of optical flow is unknown.
    """

    name: str
    classes: tuple[str, ...] = ()
    label_swaps: Mapping[int, int] | None = None
    reversed_labels: Mapping[int, int] = {}
    frame_rate: float = DEFAULT_RATE
    splits: tuple[str, ...] = ("train", "validation", "test", "train+validation")
    published: Mapping[str, int] = {}
    sensors: Mapping[str, str] = {"rgb": "color", "depth": "depth"}
    first_picture: int | None = None
    colours: tuple[str, ...] = ()
    colour: str = "colour"
    citation: str
    licence: str = "given by its authors on their own terms, for research; not ours"
    source: str
    passed_over: str = ""
    modalities: tuple[str, ...]
    complete_for: tuple[str, ...] = ()
    records: Sequence[ClipRecord]

    def __init__(self, root: str | Path, *, flow: str, flow_folder: str | Path | None) -> None:
        if flow not in METHODS:
            raise unknown_name("method of optical flow", flow, METHODS)
        self.root, self._flow = possible_path(root), (flow, flow_folder)
        self._listings: dict[Path, dict[str, list[Path]]] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Take along the modalities of a user's own (or the list's), unknown to other processes."""
        own = [m for name, m in MODALITIES.items() if not MODALITIES.is_own(name)]
        return {**self.__dict__, "_own_modalities": own}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for modality in state.pop("_own_modalities"):
            if modality.name not in MODALITIES:
                MODALITIES.register(modality, HERE)
        self.__dict__.update(state)

    def held(self, modalities: str | Iterable[str]) -> tuple[str, ...]:
        """Return the names as a tuple, each known and recorded here, or computed (flow).

        Raises:
            ConfigError: if one is unknown or named twice.
            DataError: if the data set does not hold one.
        """
        names = check_modalities(modalities)
        there = [*self.sensors, *(m for m, origin in COMPUTED.items() if origin in self.sensors)]
        for name in names:
            if name not in there:
                raise DataError(
                    f"{self.root}: {type(self).__name__} holds no "
                    f"{get_modality(name).title.lower()}. Choose from {', '.join(there)}."
                )
        return names

    @property
    def needed(self) -> tuple[str, ...]:
        """What must be readable of a clip: its modalities, and those of `complete_for`."""
        return (*self.modalities, *self.complete_for)

    def changed(self, **attributes: Any) -> Self:
        """Return a copy with other attributes; its fingerprint is worked out anew."""
        other = copy.copy(self)
        other.__dict__.pop("fingerprint", None)
        other.__dict__.update(attributes)
        return other

    def without_records(self) -> Self:
        """Return the same data set without its rows, small enough to be sent to other processes."""
        found: dict[str, Any] = {"records": (), "skipped": [], "_listings": {}}
        if not COMPUTED.keys().isdisjoint(self.needed):
            found["flow"] = self.flow  # looked up here: an older process may know another cache
        return self.changed(**found)

    def recording(self, record: ClipRecord, modality: str) -> str:
        """Return the video or folder of pictures of a modality, as a path below the root."""
        return record.spans[self.sensors[modality]].file

    def span(self, record: ClipRecord, modality: str) -> SensorSpan:
        """Return which frames show the gesture; seconds and an open end are looked up in the file.

        Raises:
            DataError: if the recording cannot be read, or does not last so long.
        """
        span = record.spans[self.sensors[modality]]
        if span.last is not None:
            return span
        if span.seconds is not None:
            found = Recording(self.file(record, modality)).between(*span.seconds)
            return SensorSpan(span.file, found.first, found.last)
        return SensorSpan(span.file, span.first, self.recorded(record, modality, span).count())

    def recorded(
        self, record: ClipRecord, modality: str, span: SensorSpan | None = None
    ) -> Recording:
        """Return the frames of the recording that show the gesture, or those of another span."""
        span = self.span(record, modality) if span is None else span
        return Recording(self.file(record, modality), span.first, span.last, self.first_picture)

    def rate(self, record: ClipRecord, modality: str) -> float:
        """Return the frames per second of a clip: here those of all clips of the set."""
        return self.frame_rate

    def seconds(self, record: ClipRecord, modality: str) -> float:
        """Return how long a clip lasts."""
        return len(self.span(record, COMPUTED.get(modality, modality))) / self.frame_rate

    def listed(self, record: ClipRecord, modality: str) -> Recording:
        """Return the frames that the list says: no recording is opened to learn its length."""
        return self.recorded(record, modality, record.spans[self.sensors[modality]])

    def files(self, record: ClipRecord) -> dict[str, Path]:
        """Return modality -> the video or folder of pictures (or file of flow) it is read from."""
        return {m: self.file(record, m) for m in self.modalities}

    def file(self, record: ClipRecord, modality: str) -> Path:
        """Return the video or folder of pictures (or file of flow) of one modality."""
        if modality in COMPUTED:
            return self.flow.path(record.clip_id)
        return self.find(self.recording(record, modality))

    def check(self, record: ClipRecord, modalities: Iterable[str] | None = None) -> None:
        """Raise a `DataError` if a file of the record is seen to be broken, without decoding it."""
        for modality in self.modalities if modalities is None else modalities:
            if modality in COMPUTED:
                self.flow.header(record.clip_id, self.flow_origin(record))
            else:
                self.recorded(record, modality).check()

    def pixels(self, record: ClipRecord, modality: str) -> np.ndarray:
        """Return the record's pictures, uint8 ``(T, H, W, 3)``, or ``(T, H, W)`` of one channel."""
        gray, scale = picture_form(modality)
        return self.recorded(record, modality).read(gray=gray, scale=scale)

    def frames(self, record: ClipRecord, modality: str) -> Tensor:
        """Return the record's frames, float32 ``(C, T, H, W)`` in the modality's unit."""
        if modality in COMPUTED:
            return self.flow.read(record.clip_id, self.flow_origin(record, content=True))
        return to_frames(self.pixels(record, modality))

    def read(self, record: ClipRecord, modalities: Iterable[str] | None = None) -> GestureClip:
        """Return the record's clip; a `DataError` names the file and the list's line."""
        names = self.modalities if modalities is None else tuple(modalities)
        try:
            frames = {m: self.frames(record, m) for m in names}
            rate = self.rate(record, names[0])
            _check_shapes({m: self.file(record, m) for m in names}, frames)
        except DataError as error:
            raise DataError(f"{error} ({record.source})") from None
        return GestureClip(
            frames=frames,
            label=record.label,
            subject=record.subject,
            clip_id=record.clip_id,
            frame_rate=rate,
        )

    def measure(self, pixels: Mapping[str, np.ndarray]) -> dict[str, float]:
        """Return what `verify` measures about a clip beyond its being there; names to numbers.

        Args:
            pixels: modality -> what `pixels` returned, those that could be read.
        """
        return {}

    @cached_property
    def flow(self) -> FlowFiles:
        """Where optical flow lies, and how it is made; the cache is touched by those who ask."""
        (method, folder), root = self._flow, str(self.root)
        command = ["python", "data_scripts/compute_optical_flow.py", self.name, root]
        command += [] if self.colour == type(self).colour else ["--colour", self.colour]
        command += [] if method == "dis" else ["--method", method]
        if folder is None:
            place = folder_mark(self.root)
            folder = cache_dir() / "flow" / f"{self.name}-{self.colour}-{method}-{place}"
        else:
            command += ["--flow-folder", str(folder)]
        return FlowFiles(Path(folder), method, shlex.join(command))

    def flow_origin(self, record: ClipRecord, *, content: bool = False) -> dict[str, Any]:
        """Return what the flow of a clip is made from.

        Args:
            record: the clip.
            content: with a hash of the colour recording, which has to be read for it.

        Raises:
            DataError: if the colour recording is missing.
        """
        recorded = self.recorded(record, "rgb")
        origin = {
            "flow version": FLOW_VERSION,
            "reader version": READER_VERSION,
            "data set": self.name,
            "method": self.flow.method,
            "recording": self.recording(record, "rgb"),
            "frames": [recorded.first, recorded.last],
            "size": sum(recorded.sizes()),
        }
        return {**origin, "hash": recorded.hash()} if content else origin

    def find(self, relative: str) -> Path:
        """Return the path below the root as it is spelt on disk, where it is spelt otherwise.

        Case, blanks and Unicode forms may differ (`word_key`) if one file alone fits. Where there
        is no such file, the path is returned as it was asked for.

        Raises:
            DataError: if there is no such file, and several fit.
        """
        path = self.root / relative
        if path.exists():
            return path
        fits = [self.root]
        for part in Path(relative).parts:
            fits = [p for folder in fits for p in self._listing(folder).get(word_key(part), ())]
        if len(fits) > 1:
            names = " and ".join(str(fit.relative_to(self.root)) for fit in fits)
            raise DataError(f"{path} is missing, and {names} both fit; rename one, or say which")
        return fits[0] if fits else path

    def _listing(self, folder: Path) -> dict[str, list[Path]]:
        """Return the paths of what is in a folder by `word_key`; listed once."""
        if folder not in self._listings:
            found = self._listings[folder] = {}
            for path in _paths(folder):
                found.setdefault(word_key(path.name), []).append(path)
        return self._listings[folder]


def folder_mark(folder: Path) -> str:
    """Return eight characters that stand for a folder in the names of files made of it."""
    return hashlib.blake2b(str(folder.resolve()).encode(), digest_size=4).hexdigest()


def entries(folder: Path) -> dict[str, Path]:
    """Return lower-case name -> path of what is in a folder; nothing where it cannot be listed."""
    return {path.name.lower(): path for path in _paths(folder)}


def _paths(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


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
