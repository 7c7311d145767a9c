"""What all data sets of real clips share: records, missing files, and the way to a clip.

A data set is a list of `ClipRecord`, made by its own parser of the official list, plus two answers:
which files a record needs, and how they become a `GestureClip`. `GestureDataset` does the rest.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np

from mmtlib.clips import GestureClip
from mmtlib.datasets.video_io import READER_VERSION
from mmtlib.errors import DataError


@dataclass(frozen=True, slots=True)
class SensorSpan:
    """Where a gesture is in one sensor's recording.

    Attributes:
        file: the recording's name in the clip's folder, without extension.
        first: the first frame, counted from 0.
        last: the frame after the last one.
    """

    file: str
    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipRecord:
    """One row of an official list.

    Attributes:
        folder: the clip's folder below the root, with forward slashes.
        label: class index, 0-based, as the list says (not the folder's name).
        subject: the person's number in the data set.
        clip_id: a name that is unique in the data set.
        spans: sensor -> where the gesture is in its recording.
        list_file: the list that the row is from.
        list_line: its line there, counted from 1.
    """

    folder: str
    label: int
    subject: int
    clip_id: str
    spans: Mapping[str, SensorSpan] = field(hash=False)
    list_file: Path
    list_line: int

    @property
    def source(self) -> str:
        """The list's name and line, for messages."""
        return f"{self.list_file.name}:{self.list_line}"


@dataclass(frozen=True, slots=True)
class SkippedClip:
    """A clip that was left out: its record, why, and whether a file is missing (or broken)."""

    record: ClipRecord
    reason: str
    missing: bool


class GestureDataset(ABC):
    """Clips of real recordings, read from disk when asked for.

    A subclass sets the class attributes, parses its lists, and implements `files`, `check` and
    `read`.

    Attributes:
        name: the name in `mmtlib.datasets.DATASETS`.
        classes: one readable name per label.
        label_swaps: label -> label, for the classes that a horizontal flip exchanges.
        reversed_labels: label -> label, for the classes that are gestures when played backwards.
        frame_rate: frames per second of the clips returned.
        splits: the names of the parts.
        citation, licence: how to cite the set, and on which terms it is given.
        records: the clips that are there, in the order of the list.
        skipped: the clips that were left out.

    Args:
        root: the data set's folder.
        records: the rows of the part asked for.
        modalities: checked names, in the order wanted.
        skip_broken: leave out clips with missing or broken files instead of raising.

    Raises:
        DataError: if a file is missing and `skip_broken` is false, or if no clip is left.
    """

    name: ClassVar[str]
    classes: ClassVar[tuple[str, ...]]
    label_swaps: ClassVar[Mapping[int, int]]
    reversed_labels: ClassVar[Mapping[int, int]] = {}
    frame_rate: ClassVar[float]
    splits: ClassVar[tuple[str, ...]]
    citation: ClassVar[str]
    licence: ClassVar[str]

    def __init__(
        self,
        *,
        root: Path,
        records: Sequence[ClipRecord],
        modalities: tuple[str, ...],
        skip_broken: bool,
    ) -> None:
        self.root, self.modalities, self.skip_broken = root, modalities, skip_broken
        self.skipped: list[SkippedClip] = []
        self._listings: dict[Path, dict[str, str]] = {}
        self.records = tuple(record for record in records if self._is_there(record))
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

    @abstractmethod
    def files(self, record: ClipRecord) -> dict[str, Path]:
        """Return modality -> the file (or folder of pictures) it is read from."""

    @abstractmethod
    def check(self, record: ClipRecord) -> None:
        """Raise a `DataError` if a file of the record is seen to be broken, without decoding it."""

    @abstractmethod
    def read(self, record: ClipRecord) -> GestureClip:
        """Return the record's clip; a `DataError` names the file and the list's line."""

    def _is_there(self, record: ClipRecord) -> bool:
        for path in self.files(record).values():
            if not path.exists():
                self.skipped.append(SkippedClip(record, f"{path} is missing", missing=True))
                return False
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
                clip = self.read(record)
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
        digest.update(repr((self.name, READER_VERSION, self.modalities, self.settings())).encode())
        for record in self.records:
            sizes = [path.stat().st_size for path in self.files(record).values()]
            spans = sorted((s, p.file, p.first, p.last) for s, p in record.spans.items())
            row = (record.folder, record.label, record.subject, spans, sizes)
            digest.update(repr(row).encode())
        return digest.hexdigest()

    def settings(self) -> dict[str, str]:
        """Return the subclass's own settings that change what a clip holds, for `fingerprint`."""
        return {}
