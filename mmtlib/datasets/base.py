"""What all data sets of real clips share: missing and broken files, and the way to a clip.

A data set is a list of `ClipRecord`, made by its own parser of the official list, plus one answer:
which recording shows a modality. `GestureDataset` does the rest, optical flow (`clip_flow`) and
`verify` included.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from mmtlib.core.clips import GestureClip
from mmtlib.core.compute import in_order
from mmtlib.core.errors import DataError
from mmtlib.datasets.reader import ClipReader
from mmtlib.datasets.recordings import recording_sizes
from mmtlib.datasets.records import ClipRecord, SkippedClip
from mmtlib.datasets.verify import VerifyReport, every_split, verify
from mmtlib.datasets.video_io import READER_VERSION


class GestureDataset(ClipReader):
    """Clips of real recordings, read from disk when asked for.

    A subclass sets the class attributes, parses its lists, and implements `recording`. The settings
    of an experiment that it takes are in `mmtlib.config.recipes.DATA_SETTINGS`.

    Attributes:
        classes: one readable name per label.
        label_swaps: label -> label, for the classes that a horizontal flip exchanges; None = not
            known, so clips of this set may not be mirrored.
        reversed_labels: label -> label, for the classes that are gestures when played backwards.
        splits: the names of the parts.
        published: split -> clips it has by the official lists; together they are the whole set.
        citation, licence: how to cite the set, and on which terms it is given.
        source: where the set is to be had, and what arrives.
        records: the clips that are there, in the order of the list.
        skipped: the clips that were left out.
        passed_over: one sentence on what is there but has no record, or an empty string.

    Args:
        root: the data set's folder.
        records: the rows of the part asked for.
        modalities: checked names, in the order wanted.
        skip_broken: leave out clips with missing or broken files instead of raising. None keeps all
            of them in `records`, to be looked into one by one (`verify`).
        flow, flow_folder: see `ClipReader`.
        complete_for: with `skip_broken`, leave out every clip that these modalities would leave
            out too, so that networks trained alone and together see the same clips.

    Raises:
        ConfigError: if the method of optical flow is unknown.
        DataError: if a file is missing and `skip_broken` is false, if no clip is left, or if a file
            of optical flow was made from something else.
    """

    classes: ClassVar[tuple[str, ...]]
    label_swaps: ClassVar[Mapping[int, int] | None]
    reversed_labels: ClassVar[Mapping[int, int]] = {}
    splits: ClassVar[tuple[str, ...]]
    published: ClassVar[Mapping[str, int]]
    citation: ClassVar[str]
    licence: ClassVar[str]
    source: ClassVar[str]
    passed_over: str = ""

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
        super().__init__(root=root, modalities=modalities, flow=flow, flow_folder=flow_folder)
        self.skip_broken = skip_broken
        extra = self.held(complete_for) if skip_broken and complete_for else ()
        self.complete_for = tuple(m for m in extra if m not in modalities)
        self.skipped: list[SkippedClip] = []
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
    def classes_in(cls, root: str | Path | None) -> tuple[str, ...]:
        """Return the names of the classes; of some sets, those in this folder."""
        return cls.classes

    @classmethod
    def verify(
        cls,
        root: str | Path,
        modalities: str | Iterable[str] | None = None,
        *,
        colour: str | None = None,
        **how: Any,
    ) -> VerifyReport:
        """Open every file, decode every span, and report; see `mmtlib.datasets.verify`."""
        names = cls.modalities_in(root) if modalities is None else modalities
        return verify(every_split(cls, root, names, colour), **how)

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
        other = copy.copy(self)
        other.records, other.skipped, other._listings = (), [], {}
        other.__dict__.pop("fingerprint", None)
        if "flow" in (*self.modalities, *self.complete_for):
            other.flow = self.flow  # looked up here: an older process may know another cache
        return other

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

    def read_complete(self, record: ClipRecord) -> GestureClip:
        """Return the record's clip, if the modalities of `complete_for` can be read too.

        Raises:
            DataError: if any of them cannot.
        """
        whole = self.only(*self.modalities, *self.complete_for).read(record)
        return whole.with_frames({m: whole.frames[m] for m in self.modalities})

    def _is_there(self, record: ClipRecord) -> bool:
        recorded = self.only(*dict.fromkeys("rgb" if m == "flow" else m for m in self.modalities))
        for modality, path in {**recorded.files(record), **self.files(record)}.items():
            if not path.exists():
                made = f": make it with `{self.flow.command}`" if modality == "flow" else ""
                self.skipped.append(SkippedClip(record, f"{path} is missing{made}", missing=True))
                return False
        if self.skip_broken:
            try:
                recorded.check(record)
            except DataError as error:
                self.skipped.append(SkippedClip(record, str(error), missing=False))
                return False
        if "flow" in self.modalities:  # can be made again, so it is no reason to leave a clip out
            try:
                self.only("flow").check(record)
            except DataError as error:
                raise DataError(f"{error} ({record.source})") from None
        return True

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

    def readable(
        self,
        indices: Iterable[int] | None = None,
        *,
        use: Callable[[GestureClip], Any] | None = None,
        processes: int | None = 1,
    ) -> Iterator[tuple[int, Any]]:
        """Yield (index, clip) in order, to read clips once, e.g. into a clip store.

        With `skip_broken` a clip whose damage shows only on decoding is added to `skipped` and
        passed over; `records` and the indices stay as they are.

        Args:
            indices: which clips; default all.
            use: what is done to a clip where it was read; its result is yielded in its place.
            processes: how many read side by side, as in `mmtlib.core.compute.in_order`.

        Raises:
            DataError: if a clip cannot be decoded and `skip_broken` is false.
        """
        indices = range(len(self)) if indices is None else list(indices)
        read = partial(_read, self.without_records(), use)
        made = in_order(read, [self.records[i] for i in indices], processes=processes)
        for index, result in zip(indices, made, strict=True):
            if not isinstance(result, DataError):
                yield index, result
            elif self.skip_broken:
                self.skip(self.records[index], str(result))
            else:
                raise result

    def skip(self, record: ClipRecord, reason: str) -> None:
        """Note in `skipped`, once, that a clip is broken."""
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
        made_from = (self.name, READER_VERSION, self.modalities, self.settings())
        made_from += (self.complete_for,) if self.complete_for else ()
        digest.update(repr(made_from).encode())
        for record in self.records:
            spans = sorted((s, p.file, p.first, p.last) for s, p in record.spans.items())
            row = (record.folder, record.label, record.subject, spans, self._sizes(record))
            digest.update(repr(row).encode())
        return digest.hexdigest()

    def _sizes(self, record: ClipRecord) -> list[int | str]:
        sizes: list[int | str] = []
        try:
            for modality in (*self.modalities, *self.complete_for):
                path = self.file(record, modality)
                if modality == "flow":  # its size says nothing: it is compressed
                    sizes.append(self.flow.header(record.clip_id)["content"])
                    continue
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


def _read(
    dataset: GestureDataset, use: Callable[[GestureClip], Any] | None, record: ClipRecord
) -> Any:
    """Return what `use` makes of a record's clip, or the error that says why it cannot be read."""
    try:
        clip = dataset.read_complete(record)
    except DataError as error:
        return error
    return clip if use is None else use(clip)
