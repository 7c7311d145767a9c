"""A user's own folder of videos, with one list: ``--data videos``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mmtlib.core.errors import DataError
from mmtlib.core.files import possible_path
from mmtlib.core.modalities import MODALITIES
from mmtlib.datasets.base import GestureDataset
from mmtlib.datasets.people import leave_out, people_numbers, split_people
from mmtlib.datasets.reader import COMPUTED, wrong_root
from mmtlib.datasets.recordings import Recording
from mmtlib.datasets.records import PARTS, ClipRecord, Remark, SensorSpan
from mmtlib.datasets.verify import VerifyReport, verify
from mmtlib.datasets.video_doubts import leaks, oddities, on_disk, untrained
from mmtlib.datasets.video_io import DEFAULT_RATE
from mmtlib.datasets.video_list import (
    LIST,
    VideoList,
    VideoRow,
    in_short,
    place,
    scan_video_list,
)

LISTED_SPANS = ("rgb", "depth", "ir")
"""Modalities that have a span in every record, named or not: that is part of the fingerprint."""


class VideoFolder(GestureDataset):
    """Your own videos, described by one list, ``videos.csv``; nothing is downloaded.

    The root holds the list and, at any place below it, the recordings: videos (MP4, MOV, MKV, WebM,
    AVI, ...; `video_io.CONTAINERS`), or folders of numbered pictures (``000001.jpg``, ...). A row
    of the list is a clip (all columns: `mmtlib.datasets.video_list`)::

        path,depth,label,subject,start,end
        anna/rgb.mp4,anna/depth.mp4,wave,anna,1.5,3.2
        anna/rgb.mp4,anna/depth.mp4,point,anna,4.0,5.1

    ``path`` is colour; ``depth`` and ``ir``, and ``start`` and ``end`` (seconds; or ``start_frame``
    and ``end_frame``) may be left out: then a clip is the whole recording. All recordings of a clip
    show the same span, with the same rate and size, and for SSA the same view.

    The classes are the labels of the list, in alphabetical order, the same for every split. Without
    a column ``split``, people are shared out: a fifth tests, a fifth validates, the others train;
    or one is left out, ``VideoFolder(root, "test", leave_out="anna")``.

    A recording whose name is spelt otherwise on disk (case, blanks, Unicode form) is found if it is
    the only one that fits; `passed_over` says so, and what else is doubtful.

    ``clip.frames``, float32 ``(C, T, H, W)``, holds the span alone:

    - ``rgb``: colour, 0 to 1;
    - ``depth``, ``ir``: brightness of the recording / 255. For the library's changes to be right,
      depth is stored as levels: near is bright, 0 = no reading;
    - recordings of more than 8 bits: colour is rounded to 8; depth and infrared are refused, unless
      a modality of your own says with ``raw_range`` what its values become;
    - any other modality that you have registered, by the column of its name: brightness / 255 of
      one with 1 channel, colour of one with 3;
    - ``flow``: computed from ``rgb`` beforehand (`mmtlib.datasets.optical_flow`), pixels per frame.

    Length: T is the span's own; `transforms.SampleFrames` brings clips to one length. `label_swaps`
    is None, as it is not known which gesture is which in a mirror: clips are not mirrored.

    Args:
        root: the folder with ``videos.csv``.
        split: ``"train"``, ``"validation"``, ``"test"``, ``"train+validation"`` or ``"all"``.
        modalities: any of those that the list has a column for, and ``flow``.
        leave_out: the person, or with a column ``fold`` the fold, that tests; the next one in order
            validates, the others train. With folds it is by default the first one.
        skip_broken: leave out clips whose files are missing or broken, and list them in `skipped`.
        faulty: take the rows without a fault of a list with faults, for `verify`.
        shared: `flow`, `flow_folder` and `complete_for`, see `GestureDataset`.

    Attributes:
        people: subject number -> the name in the list.
        video_list: the list, with all faults.
        doubts: what makes a measurement doubtful.

    Raises:
        ConfigError: if a name is unknown.
        DataError: see `GestureDataset`; also if the list has too few people to share out.
    """

    name = "videos"
    splits = (*PARTS, "train+validation", "all")
    sensors: Mapping[str, str] = {}
    citation = "your own"
    licence = "yours: ask the people whom you film"
    source = "from your own cameras"

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        modalities: str | Iterable[str] | None = None,
        skip_broken: bool | None = False,
        leave_out: str | None = None,
        faulty: bool = False,
        **shared: Any,
    ) -> None:
        self.leave_out, self.faulty = leave_out, faulty
        super().__init__(root, split, modalities, skip_broken, **shared)

    def rows(self) -> Iterable[ClipRecord]:
        """Return the clips of the part, after a look at the whole list."""
        self.video_list = on_disk(_listed(self.root), self.root, self.find)
        rows = (
            self.video_list.rows
            if self.faulty and self.video_list.rows
            else self.video_list.sound().rows
        )
        parts = self._shared_out(rows)
        numbers = people_numbers(row.subject for row in rows)
        self.sensors = {m: m for m in _named(rows)}
        self.classes = _classes(rows)
        self.people = {number: name for name, number in numbers.items()}
        self.published = {p: n for p in PARTS if (n := list(parts.values()).count(p))}
        self.doubts = [*leaks(rows, parts), *untrained(rows, parts)]
        doubts = f"{in_short(self.doubts)}." if self.doubts else ""
        self.passed_over = f"{self.video_list.as_read()} {doubts}".strip()
        self.frame_rate = _frame_rate(self.find, rows)
        spans = {*LISTED_SPANS, *self.sensors}
        return [
            ClipRecord(
                folder="",
                label=self.classes.index(row.label),
                subject=numbers[row.subject],
                clip_id=row.clip_id,
                spans={m: _span(row, m) for m in spans},
                list_file=self.root / LIST,
                list_line=row.line,
            )
            for row in rows
            if parts[row.line] in self.parts
        ]

    def _shared_out(self, rows: Sequence[VideoRow]) -> dict[int, str]:
        """Return line -> split; that people cannot be shared out is one more fault of the list."""
        try:
            return _parts(self.root, rows, self.leave_out)
        except DataError as error:
            if not self.faulty:
                raise
            fault = Remark(0, str(error).removeprefix(f"{self.video_list.path}: ").rstrip("."))
            faults = (fault, *self.video_list.faults)
            self.video_list = replace(self.video_list, faults=faults)
            return {row.line: "train" for row in rows}

    @classmethod
    def classes_in(cls, root: str | Path | None) -> tuple[str, ...]:
        """Return the labels of the list in a folder, in alphabetical order."""
        return () if root is None else _classes(_rows(possible_path(root)))

    @classmethod
    def modalities_in(cls, root: str | Path) -> tuple[str, ...]:
        """Return the modalities that the list in a folder names recordings of."""
        return _named(_listed(possible_path(root)).rows)

    @classmethod
    def verify(
        cls,
        root: str | Path,
        modalities: str | Iterable[str] | None = None,
        *,
        colour: str | None = None,
        **how: Any,
    ) -> VerifyReport:
        """Report on the list and on every file; see `GestureDataset.verify`.

        A list with faults is reported on as well: `notes` has them all, with everything else that
        is odd, each with its line. The clips are those of the rows without a fault.

        Raises:
            DataError: if no row can be read.
        """
        names = cls.modalities_in(root) if modalities is None else modalities
        splits = cls.every_split(root, names or "rgb", colour, faulty=True)
        first = next(iter(splits.values()))
        found = [*first.video_list.faults, *first.video_list.said, *first.doubts]
        found += oddities(splits, how.get("processes"))
        notes = [f"{place(Path(LIST), each)}: {each.text}." for each in sorted(set(found))]
        return verify(splits, notes=notes, sound=not first.video_list.faults, **how)

    def rate(self, record: ClipRecord, modality: str) -> float:
        """Return the frames per second of a clip, by its own recording: sets may mix rates."""
        return self.recorded(record, COMPUTED.get(modality, modality)).rate() or DEFAULT_RATE

    def seconds(self, record: ClipRecord, modality: str) -> float:
        """Return how long a clip lasts, by the times of its own frames."""
        lasting = self.recorded(record, COMPUTED.get(modality, modality)).seconds()
        return super().seconds(record, modality) if lasting is None else lasting

    def settings(self) -> dict[str, str]:
        """Return the classes' names: in other sets they are fixed, here a list may rename them."""
        return {"classes": "\n".join(self.classes)}

    @property
    def alignment_note(self) -> str | None:
        """A reminder, where two modalities are compared position by position."""
        if super().alignment_note is None:
            return None
        return (
            "The alignment loss takes equal positions for equal places: make sure that your "
            "recordings share one view (look at a clip with figures.clip_strip)."
        )


def _listed(root: Path) -> VideoList:
    if not (root / LIST).is_file():
        raise wrong_root(root, VideoFolder, f"the list {LIST}")
    return scan_video_list(root / LIST)


def _rows(root: Path) -> Sequence[VideoRow]:
    return _listed(root).sound().rows


def _named(rows: Sequence[VideoRow]) -> tuple[str, ...]:
    return tuple(m for m in MODALITIES if any(m in row.files for row in rows))


def _classes(rows: Sequence[VideoRow]) -> tuple[str, ...]:
    return tuple(sorted({row.label for row in rows}))


def _parts(root: Path, rows: Sequence[VideoRow], left: str | None = None) -> dict[int, str]:
    """Return line -> split."""
    split = rows[0].split is not None
    try:
        if split and left is not None:
            raise DataError("the column split says who tests; leave out leave_out, or the column")
        if split:
            return {row.line: str(row.split) for row in rows}
        if left is None and rows[0].fold is None:
            of = split_people(row.subject for row in rows)
            return {row.line: of[row.subject] for row in rows}
        groups = {row.line: row.subject if row.fold is None else row.fold for row in rows}
        of = leave_out(groups.values(), left)
        return {line: of[group] for line, group in groups.items()}
    except DataError as error:
        raise DataError(f"{root / LIST}: {error}.") from None


def _frame_rate(find: Callable[[str], Path], rows: Sequence[VideoRow]) -> float:
    """Return the rate of the first recording that can be opened: that of all, as far as we know."""
    for row in rows:
        for file in row.files.values():
            try:
                return Recording(find(file)).rate() or DEFAULT_RATE
            except DataError:
                continue
    return DEFAULT_RATE


def _span(row: VideoRow, modality: str) -> SensorSpan:
    """Return where a row's gesture is in one recording; no end = that of the recording."""
    if modality not in row.files:  # no file has this name: asked for, the clip counts as missing
        return SensorSpan(f"({modality} is not named)", 0, None)
    file, (first, last) = row.files[modality], row.span
    if row.seconds and row.span != (None, None):
        return SensorSpan(file, 0, None, seconds=row.span)
    return SensorSpan(file, int(first or 0), None if last is None else int(last))
