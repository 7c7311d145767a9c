"""What all data sets of real clips share: which clips there are, missing and broken files.

A data set is a list of `ClipRecord`, made by its own parser of the official list (`rows`), and what
`ClipReader` asks of it. `GestureDataset` does the rest, optical flow and `verify` included.
"""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import astuple
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Self

import numpy as np

from mmtlib.core.clips import GestureClip
from mmtlib.core.errors import DataError, unknown_name
from mmtlib.core.executor import in_order
from mmtlib.core.modalities import get_modality
from mmtlib.datasets.reader import COMPUTED, ClipReader
from mmtlib.datasets.records import PARTS, ClipRecord, SkippedClip
from mmtlib.datasets.verify import VerifyReport, verify
from mmtlib.datasets.video_io import READER_VERSION


class GestureDataset(ClipReader):
    """Clips of real recordings, read from disk when asked for.

    A subclass sets the class attributes (`ClipReader`) and implements `rows`. It is declared in
    `mmtlib.config.DATA_SETS`, or made known with `mmtlib.register_dataset`.

    Attributes:
        records: the clips that are there, in the order of the list.
        skipped: the clips that were left out.

    Args:
        root: the data set's folder.
        split: one of `splits`.
        modalities: names, in the order wanted; default `modalities_in` the root.
        skip_broken: leave out clips with missing or broken files instead of raising. None keeps all
            of them in `records`, to be looked into one by one (`verify`).
        flow, flow_folder: see `ClipReader`.
        complete_for: with `skip_broken`, leave out every clip that these modalities would leave
            out too, so that networks trained alone and together see the same clips.

    Raises:
        ConfigError: if the split, a modality or the method of optical flow is unknown.
        DataError: if the root or a list is not as expected, a modality is not held, a file is
            missing and `skip_broken` is false, no clip is left, or a file of optical flow was made
            from something else.
    """

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        modalities: str | Iterable[str] | None = None,
        skip_broken: bool | None = False,
        *,
        flow: str = "dis",
        flow_folder: str | Path | None = None,
        complete_for: Iterable[str] = (),
    ) -> None:
        super().__init__(root, flow=flow, flow_folder=flow_folder)
        if split not in self.splits:
            raise unknown_name(f"split of {type(self).__name__}", split, self.splits)
        self.split, self.skip_broken = split, skip_broken
        self.skipped: list[SkippedClip] = []
        records = self.records = tuple(self.rows())
        self.modalities = self.held(self.modalities_in(root) if modalities is None else modalities)
        extra = self.held(complete_for) if skip_broken and complete_for else ()
        self.complete_for = tuple(m for m in extra if m not in self.modalities)
        if skip_broken is None:
            return
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
    def rows(self) -> Iterable[ClipRecord]:
        """Return the rows of the part asked for, in the order of the list.

        Raises:
            DataError: if the root or a list is not as expected.
        """

    @property
    def parts(self) -> Sequence[str]:
        """The parts of which the split consists: those of `PARTS` that do not overlap."""
        return PARTS if self.split == "all" else self.split.split("+")

    @classmethod
    def classes_in(cls, root: str | Path | None) -> tuple[str, ...]:
        """Return the names of the classes; of some sets, those in this folder."""
        return cls.classes

    @classmethod
    def modalities_in(cls, root: str | Path) -> tuple[str, ...]:
        """Return what a folder of this set is looked at for where nobody says."""
        return ("rgb", "depth")

    @classmethod
    def every_split(
        cls,
        root: str | Path,
        modalities: str | Iterable[str],
        colour: str | None = None,
        **settings: Any,
    ) -> dict[str, Self]:
        """Return every published split with the clips of all its rows, there or not.

        Args:
            root: the data set's folder.
            modalities: names.
            colour: which of several colour recordings; default the set's own choice.
            settings: more arguments of the class.

        Raises:
            ConfigError: if a name is unknown, or there is no choice of colour.
            DataError: if the root or a list is not as expected.
        """
        if colour is not None:
            if colour not in cls.colours:
                known = cls.colours or ["none, as there is one recording only"]
                raise unknown_name(f"colour of {cls.__name__}", colour, known)
            settings["colour"] = colour
        # Of a user's own videos nothing is published.
        opened = {
            split: cls(root, split, modalities, skip_broken=None, **settings)
            for split in cls.published or PARTS
        }
        return {s: found for s, found in opened.items() if cls.published or len(found)}

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
        return verify(cls.every_split(root, names, colour), **how)

    @property
    def alignment_note(self) -> str | None:
        """One sentence if equal positions may not show equal places, None if they do.

        The spatiotemporal alignment loss compares position with position.
        """
        if len({COMPUTED.get(m, m) for m in self.modalities}) < 2:
            return None
        return (
            f"How well the colour and depth pictures of {type(self).__name__} cover each other is "
            "not published; the alignment loss takes equal positions for equal places."
        )

    def _is_there(self, record: ClipRecord) -> bool:
        recorded = tuple(dict.fromkeys(COMPUTED.get(m, m) for m in self.needed))
        for modality in dict.fromkeys((*recorded, *self.needed)):
            path = self.file(record, modality)
            if not path.exists():
                made = f": make it with `{self.flow.command}`" if modality in COMPUTED else ""
                self.skipped.append(SkippedClip(record, f"{path} is missing{made}", missing=True))
                return False
        if self.skip_broken:
            try:
                self.check(record, recorded)
            except DataError as error:
                self.skipped.append(SkippedClip(record, str(error), missing=False))
                return False
        try:  # can be made again, so it is no reason to leave a clip out
            self.check(record, [m for m in self.needed if m in COMPUTED])
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
        passed over; `records` and the indices stay as they are. Clips that the modalities of
        `complete_for` make unreadable are among them.

        Args:
            indices: which clips; default all.
            use: what is done to a clip where it was read; its result is yielded in its place.
            processes: how many read side by side, as in `mmtlib.core.executor.in_order`.

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
        """A hash of all that determines the clips.

        That is rows, settings, the reader's version, and of the files the sizes and some of the
        bytes (`Recording.marks`).
        """
        made_from: tuple[Any, ...] = (
            self.name, READER_VERSION, self.modalities, self.settings(),
        )  # fmt: skip
        made_from += (self.complete_for,) if self.complete_for else ()
        scales = {m: scale for m in self.needed if (scale := get_modality(m).raw_range)}
        made_from += (scales,) if scales else ()
        digest = hashlib.blake2b(repr(made_from).encode(), digest_size=16)
        for record in self.records:
            spans = sorted((s, *astuple(p)) for s, p in record.spans.items())
            row = (record.folder, record.label, record.subject, spans, self._marks(record))
            digest.update(repr(row).encode())
        return digest.hexdigest()

    def _marks(self, record: ClipRecord) -> list[int | str]:
        marks: list[int | str] = []
        try:
            for modality in self.needed:
                if modality in COMPUTED:  # its size says nothing: it is compressed
                    marks.append(self.flow.header(record.clip_id)["content"])
                else:
                    marks += self.listed(record, modality).marks()
        except DataError as error:
            raise DataError(f"{error} ({record.source})") from None
        return marks

    def settings(self) -> dict[str, str]:
        """Return the subclass's own settings that change what a clip holds, for `fingerprint`."""
        return {}


def _read(
    dataset: GestureDataset, use: Callable[[GestureClip], Any] | None, record: ClipRecord
) -> Any:
    """Return what `use` makes of a record's clip, or the error that says why it cannot be read."""
    try:
        clip = dataset.read(record, dataset.needed).select(dataset.modalities)
    except DataError as error:
        return error
    return clip if use is None else use(clip)
