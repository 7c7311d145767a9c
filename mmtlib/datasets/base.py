"""What all data sets of real clips share: records, missing files, and the way to a clip.

A data set is a list of `ClipRecord`, made by its own parser of the official list, plus one answer:
which recording shows a modality. `GestureDataset` does the rest.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import numpy as np

from mmtlib.clips import GestureClip
from mmtlib.datasets.recordings import check_recording, read_recording, recording_sizes
from mmtlib.datasets.records import ClipRecord, SensorSpan, SkippedClip
from mmtlib.datasets.video_io import READER_VERSION, to_frames
from mmtlib.errors import DataError
from mmtlib.modalities import check_modalities, get_modality


class GestureDataset(ABC):
    """Clips of real recordings, read from disk when asked for.

    A subclass sets the class attributes, parses its lists, and implements `recording`. The settings
    of an experiment that it takes are in `mmtlib.config.DATA_SETTINGS`.

    Attributes:
        name: the name in `mmtlib.datasets.DATASETS`.
        classes: one readable name per label.
        label_swaps: label -> label, for the classes that a horizontal flip exchanges; None = not
            known, so clips of this set may not be mirrored.
        frame_rate: frames per second of the clips returned.
        splits: the names of the parts.
        sensors: modality -> the name in a record's `spans`.
        first_picture: the number of frame 0 in a folder of pictures; None = 0 or 1, as found.
        citation, licence: how to cite the set, and on which terms it is given.
        records: the clips that are there, in the order of the list.
        skipped: the clips that were left out.
        passed_over: one sentence on what is there but has no record, or an empty string.

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
    label_swaps: ClassVar[Mapping[int, int] | None]
    frame_rate: ClassVar[float]
    splits: ClassVar[tuple[str, ...]]
    sensors: ClassVar[Mapping[str, str]]
    first_picture: ClassVar[int | None] = None
    citation: ClassVar[str]
    licence: ClassVar[str]
    passed_over: str = ""

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

    @classmethod
    def held(cls, modalities: str | Iterable[str]) -> tuple[str, ...]:
        """Return the names as a tuple, each known and recorded in this data set.

        Raises:
            ConfigError: if one is unknown or named twice.
            DataError: if the data set does not hold one.
        """
        names = check_modalities(modalities)
        for name in names:
            if name not in cls.sensors:
                why = ": it must first be computed from the colour videos" * (name == "flow")
                raise DataError(
                    f"{cls.__name__} holds no {get_modality(name).title.lower()}{why}. Choose from "
                    f"{', '.join(cls.sensors)}."
                )
        return names

    @abstractmethod
    def recording(self, record: ClipRecord, modality: str) -> str:
        """Return the video or folder of pictures of a modality, as a path below the root."""

    @property
    def alignment_note(self) -> str | None:
        """One sentence if equal positions may not show equal places, None if they do.

        The spatiotemporal alignment loss compares position with position.
        """
        if len({"rgb" if m == "flow" else m for m in self.modalities}) < 2:
            return None
        return (
            f"How well the colour and depth pictures of {type(self).__name__} cover each other is "
            "not published; the alignment loss takes equal positions for equal places."
        )

    def span(self, record: ClipRecord, modality: str) -> SensorSpan:
        """Return which frames of the recording show the gesture."""
        return record.spans[self.sensors[modality]]

    def files(self, record: ClipRecord) -> dict[str, Path]:
        """Return modality -> the video or folder of pictures it is read from."""
        return {m: self.find(self.recording(record, m)) for m in self.modalities}

    def check(self, record: ClipRecord) -> None:
        """Raise a `DataError` if a file of the record is seen to be broken, without decoding it."""
        for modality, path in self.files(record).items():
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
            pixels = {m: self.pixels(record, m, path) for m, path in files.items()}
            _check_shapes(files, pixels)
        except DataError as error:
            raise DataError(f"{error} ({record.source})") from None
        return GestureClip(
            frames={m: to_frames(x) for m, x in pixels.items()},
            label=record.label,
            subject=record.subject,
            clip_id=record.clip_id,
            frame_rate=self.frame_rate,
        )

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
            return self.passed_over
        passed_over = {skip.record.clip_id for skip in self.skipped}
        total = len(passed_over | {record.clip_id for record in self.records})
        missing = sum(skip.missing for skip in self.skipped)
        broken = len(self.skipped) - missing
        # A broken clip says more than the first of many that were never copied here.
        first = next((skip for skip in self.skipped if not skip.missing), self.skipped[0])
        reason = first.reason.rstrip(".").replace(f"({first.record.source})", "").strip()
        return (
            f"{len(self.skipped):,} of {total:,} clips skipped: {missing:,} with missing files, "
            f"{broken:,} broken (e.g. {first.record.source}: {reason}). {self.passed_over}"
        ).strip()

    @cached_property
    def fingerprint(self) -> str:
        """A hash of all that determines the clips: rows, settings, file sizes, reader's version."""
        digest = hashlib.blake2b(digest_size=16)
        digest.update(repr((self.name, READER_VERSION, self.modalities, self.settings())).encode())
        for record in self.records:
            spans = sorted((s, p.file, p.first, p.last) for s, p in record.spans.items())
            row = (record.folder, record.label, record.subject, spans, self._sizes(record))
            digest.update(repr(row).encode())
        return digest.hexdigest()

    def _sizes(self, record: ClipRecord) -> list[int]:
        sizes = []
        try:
            for modality, path in self.files(record).items():
                span = record.spans[self.sensors[modality]]
                sizes += recording_sizes(
                    path, span.first, span.last, first_picture=self.first_picture
                )
        except DataError as error:
            raise DataError(f"{error} ({record.source})") from None
        return sizes

    def settings(self) -> dict[str, str]:
        """Return the subclass's own settings that change what a clip holds, for `fingerprint`."""
        return {}


def entries(folder: Path) -> dict[str, Path]:
    """Return lower-case name -> path of what is in a folder; nothing where it cannot be listed."""
    try:
        return {path.name.lower(): path for path in sorted(folder.iterdir())}
    except OSError:
        return {}


def wrong_root(root: Path, kind: type[GestureDataset], expected: str) -> DataError:
    """Return the error for a folder that does not hold what a data set's folder holds."""
    found = ", ".join(list(entries(root))[:5]) or ("an empty folder" if root.is_dir() else "none")
    return DataError(
        f"{root} is not {kind.__name__}'s folder: expected {expected} in it, found {found}. "
        "Give the folder that holds both."
    )


def _check_shapes(files: Mapping[str, Path], pixels: Mapping[str, np.ndarray]) -> None:
    for a, b in pairwise(pixels):
        (frames, h, w), (t, height, width) = pixels[b].shape[:3], pixels[a].shape[:3]
        if frames != t:
            raise DataError(
                f"{files[b]} has {frames} frames, {files[a].name} {t}; expected the same number"
            )
        if (h, w) != (height, width):
            raise DataError(
                f"{files[b]} has pictures of {w} x {h} pixels, {files[a].name} of {width} x "
                f"{height}; expected the same size"
            )
