"""What all data sets of real clips share: missing and broken files, and the way to a clip.

A data set is a list of `ClipRecord`, made by its own parser of the official list, plus two answers:
which recording shows a modality, and from which to which frame. `GestureDataset` does the rest:
missing and broken files, the way to a `GestureClip`, optical flow (`optical_flow`) and `verify`.
"""

from __future__ import annotations

import copy
import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from torch import Tensor

from mmtlib.clips import GestureClip
from mmtlib.datasets.clip_flow import flow_files, flow_origin
from mmtlib.datasets.records import ClipRecord, SensorSpan, SkippedClip
from mmtlib.datasets.verify import VerifyReport, every_split, verify
from mmtlib.datasets.video_io import READER_VERSION, check_video, read_video, to_frames
from mmtlib.errors import DataError
from mmtlib.modalities import check_modalities


class GestureDataset(ABC):
    """Clips of real recordings, read from disk when asked for.

    A subclass sets the class attributes, parses its lists, and implements `recording`.

    Attributes:
        name: the name in `mmtlib.datasets.DATASETS`.
        classes: one readable name per label.
        label_swaps: label -> label, for the classes that a horizontal flip exchanges.
        frame_rate: frames per second of the clips returned.
        splits: the names of the parts.
        published: split -> clips it has by the official lists; together they are the whole set.
        sensors: modality -> the name in a record's `spans`.
        colours: the choices for `colour`, where there is a choice.
        citation, licence: how to cite the set, and on which terms it is given.
        source: where the set is to be had, and what arrives.
        colour: which of several colour recordings ``rgb`` and ``flow`` are from.
        records: the clips that are there, in the order of the list.
        skipped: the clips that were left out.
        flow: where optical flow lies, and how it is made.

    Args:
        root: the data set's folder.
        records: the rows of the part asked for.
        modalities: checked names, in the order wanted.
        skip_broken: leave out clips with missing or broken files instead of raising. None keeps all
            of them in `records`, to be looked into one by one (`verify`).
        flow: the method of optical flow, ``"dis"`` or ``"farneback"``.
        flow_folder: where its files are; default: a folder of the cache named by data set, root,
            colour and method.
        complete_for: with `skip_broken`, leave out every clip that these modalities would leave
            out too, so that networks trained alone and together see the same clips.

    Raises:
        ConfigError: if the method of optical flow is unknown.
        DataError: if a file is missing and `skip_broken` is false, if no clip is left, or if a file
            of optical flow was made from something else.
    """

    name: ClassVar[str]
    classes: ClassVar[tuple[str, ...]]
    label_swaps: ClassVar[Mapping[int, int]]
    frame_rate: ClassVar[float]
    splits: ClassVar[tuple[str, ...]]
    published: ClassVar[Mapping[str, int]]
    sensors: ClassVar[Mapping[str, str]]
    colours: ClassVar[tuple[str, ...]] = ()
    citation: ClassVar[str]
    licence: ClassVar[str]
    source: ClassVar[str]
    colour: str = "colour"

    def __init__(
        self,
        *,
        root: Path,
        records: Sequence[ClipRecord],
        modalities: tuple[str, ...],
        skip_broken: bool | None,
        flow: str = "dis",
        flow_folder: str | Path | None = None,
        complete_for: Iterable[str] = (),
    ) -> None:
        self.root, self.modalities, self.skip_broken = root, modalities, skip_broken
        extra = check_modalities(complete_for) if skip_broken and complete_for else ()
        self.complete_for = tuple(m for m in extra if m not in modalities)
        self.flow = flow_files(self, flow, flow_folder)
        self.skipped: list[SkippedClip] = []
        self._listings: dict[Path, dict[str, str]] = {}
        if skip_broken is None:
            self.records = tuple(records)
            return
        whole = self.only(*modalities, *self.complete_for)
        self.records = tuple(record for record in records if whole._is_there(record))
        missing = [skip for skip in self.skipped if skip.missing]
        if missing and not skip_broken:
            raise DataError(
                f"{missing[0].reason} ({missing[0].record.source}); {len(missing):,} of "
                f"{len(records):,} clips have missing files. Complete the data set, or leave these "
                "clips out with skip_broken=True (--skip-broken)."
            )
        if not self.records:
            raise DataError(
                f"{root}: none of the {len(records):,} clips of this part can be read. "
                f"{self.skipped_summary()}"
            )

    @classmethod
    def verify(
        cls,
        root: str | Path,
        modalities: str | Iterable[str] = ("rgb", "depth"),
        *,
        colour: str | None = None,
        **how: Any,
    ) -> VerifyReport:
        """Open every file, decode every span, and report; see `mmtlib.datasets.verify`."""
        return verify(every_split(cls, root, modalities, colour), **how)

    def measure(self, pixels: Mapping[str, np.ndarray]) -> dict[str, float]:
        """Return what `verify` measures about a clip beyond its being there; names to numbers.

        Args:
            pixels: modality -> what `pixels` returned, those that could be read.
        """
        return {}

    def only(self, *modalities: str) -> Self:
        """Return the same data set with these modalities; what is skipped is noted in both."""
        other = copy.copy(self)
        other.modalities, other.complete_for = modalities, ()
        other.__dict__.pop("fingerprint", None)
        return other

    def without_records(self) -> Self:
        """Return the same data set without its rows, small enough to be sent to other processes."""
        other = self.only(*self.modalities)
        other.records, other.skipped, other._listings = (), [], {}
        return other

    @abstractmethod
    def recording(self, record: ClipRecord, modality: str) -> str:
        """Return the video (or folder of pictures) of a modality, as a path below the root."""

    def span(self, record: ClipRecord, modality: str) -> SensorSpan:
        """Return which frames of the recording show the gesture."""
        return record.spans[self.sensors[modality]]

    def pixels(self, record: ClipRecord, modality: str, path: Path) -> np.ndarray:
        """Return the record's pictures, uint8 ``(T, H, W, 3)`` for rgb, else ``(T, H, W)``."""
        span = self.span(record, modality)
        return read_video(path, span.first, span.last, gray=modality != "rgb")

    def files(self, record: ClipRecord) -> dict[str, Path]:
        """Return modality -> the file (or folder of pictures) it is read from."""
        return {m: self.file(record, m) for m in self.modalities}

    def file(self, record: ClipRecord, modality: str) -> Path:
        """Return the file (or folder of pictures) that a modality is read from."""
        if modality == "flow":
            return self.flow.path(record.clip_id)
        return self.find(self.recording(record, modality))

    def check(self, record: ClipRecord) -> None:
        """Raise a `DataError` if a file of the record is seen to be broken, without decoding it."""
        for modality, path in self.files(record).items():
            if modality == "flow":
                self.flow.header(record.clip_id, flow_origin(self, record))
            else:
                check_video(path, self.span(record, modality).last)

    def read(self, record: ClipRecord) -> GestureClip:
        """Return the record's clip; a `DataError` names the file and the list's line."""
        files = self.files(record)
        try:
            frames = {m: self._frames(record, m, path) for m, path in files.items()}
            _check_sizes(files, frames)
        except DataError as error:
            raise DataError(f"{error} ({record.source})") from None
        return GestureClip(
            frames=frames,
            label=record.label,
            subject=record.subject,
            clip_id=record.clip_id,
            frame_rate=self.frame_rate,
        )

    def read_complete(self, record: ClipRecord) -> GestureClip:
        """Return the record's clip, if the modalities of `complete_for` can be read too.

        Raises:
            DataError: if any of them cannot.
        """
        whole = self.only(*self.modalities, *self.complete_for).read(record)
        return whole.with_frames({m: whole.frames[m] for m in self.modalities})

    def _frames(self, record: ClipRecord, modality: str, path: Path) -> Tensor:
        if modality == "flow":
            return self.read_flow(record)
        return to_frames(self.pixels(record, modality, path))

    def read_flow(self, record: ClipRecord) -> Tensor:
        """Return the record's optical flow from its file (see `FlowFiles.read`)."""
        return self.flow.read(record.clip_id, flow_origin(self, record, content=True))

    def _is_there(self, record: ClipRecord) -> bool:
        files = self.files(record)
        for path in (*files.values(), *([self.file(record, "rgb")] if "flow" in files else [])):
            if not path.exists():
                made = f": make it with `{self.flow.command}`" if path == files.get("flow") else ""
                self.skipped.append(SkippedClip(record, f"{path} is missing{made}", missing=True))
                return False
        if "flow" in files:  # can be made again, so it is no reason to skip a clip
            self.flow.header(record.clip_id, flow_origin(self, record))
        if self.skip_broken:
            try:
                self.check(record)
            except DataError as error:
                self.skipped.append(SkippedClip(record, str(error), missing=False))
                return False
        return True

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

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[GestureClip]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: int) -> GestureClip:
        """Return clip `index`; frames are float32 ``(C, T, H, W)`` in each modality's unit.

        Raises:
            IndexError: if `index` is out of range.
            DataError: if a file is missing or broken.
        """
        if not -len(self) <= index < len(self):
            raise IndexError(f"clip {index} of {len(self)} in {self.root}")
        return self.read(self.records[index])

    def readable(self) -> Iterator[tuple[int, GestureClip]]:
        """Yield (index, clip) in order, to read all clips once, e.g. into a clip store.

        With `skip_broken` a clip whose damage shows only on decoding is added to `skipped` and
        passed over; `records` and the indices stay as they are.

        Raises:
            DataError: if a clip cannot be decoded and `skip_broken` is false.
        """
        for index, record in enumerate(self.records):
            try:
                clip = self.read_complete(record)
            except DataError as error:
                if not self.skip_broken:
                    raise
                self._skip_once(record, str(error))
            else:
                yield index, clip

    def _skip_once(self, record: ClipRecord, reason: str) -> None:
        if all(skip.record.clip_id != record.clip_id for skip in self.skipped):
            self.skipped.append(SkippedClip(record, reason, missing=False))

    @property
    def labels(self) -> np.ndarray:
        """int64 ``(n,)``, the label of every clip."""
        return np.array([record.label for record in self.records], dtype=np.int64)

    @property
    def subjects(self) -> np.ndarray:
        """int64 ``(n,)``, the subject of every clip."""
        return np.array([record.subject for record in self.records], dtype=np.int64)

    def skipped_summary(self) -> str:
        """Return one line on the clips that were left out, or an empty string if none was."""
        if not self.skipped:
            return ""
        passed_over = {skip.record.clip_id for skip in self.skipped}
        total = len(passed_over | {record.clip_id for record in self.records})
        missing = sum(skip.missing for skip in self.skipped)
        broken = len(self.skipped) - missing
        # A broken clip says more than the first of many that were never copied here.
        first = next((skip for skip in self.skipped if not skip.missing), self.skipped[0])
        reason = first.reason.rstrip(".").replace(f"({first.record.source})", "").strip()
        return (
            f"{len(self.skipped):,} of {total:,} clips skipped: {missing:,} with missing files, "
            f"{broken:,} broken (e.g. {first.record.source}: {reason})."
        )

    @cached_property
    def fingerprint(self) -> str:
        """A hash of all that determines the clips: rows, settings, file sizes, reader's version."""
        digest = hashlib.blake2b(digest_size=16)
        made_from = (self.name, READER_VERSION, self.modalities, self.settings())
        made_from += (self.complete_for,) if self.complete_for else ()
        digest.update(repr(made_from).encode())
        whole = self.only(*self.modalities, *self.complete_for)
        for record in self.records:
            sizes = [
                self.flow.header(record.clip_id)["content"] if m == "flow" else path.stat().st_size
                for m, path in whole.files(record).items()
            ]
            spans = sorted((s, p.file, p.first, p.last) for s, p in record.spans.items())
            row = (record.folder, record.label, record.subject, spans, sizes)
            digest.update(repr(row).encode())
        return digest.hexdigest()

    def settings(self) -> dict[str, str]:
        """Return the subclass's own settings that change what a clip holds, for `fingerprint`."""
        return {}


def _check_sizes(files: Mapping[str, Path], frames: Mapping[str, Tensor]) -> None:
    sizes = {m: x.shape[2:] for m, x in frames.items()}
    for a, b in pairwise(sizes):
        if sizes[a] != sizes[b]:
            raise DataError(
                f"{files[b]} has pictures of {sizes[b][1]} x {sizes[b][0]} pixels, {files[a].name} "
                f"of {sizes[a][1]} x {sizes[a][0]}; expected the same size"
            )
