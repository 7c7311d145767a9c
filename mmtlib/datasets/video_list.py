"""``videos.csv``: the list of a user's own folder of videos, read and checked in one pass.

The first row names the columns, in any order; every other row is one clip:

==================  ===============================================================================
``path``            the colour video (or folder of numbered pictures), below the list's folder;
                    ``rgb`` is another name of this column
``depth``, ``ir``   the same clip in other modalities, by the name of each, those registered by the
                    user included; an empty cell = there is none
``thermal:level``   a modality of the list's own: its name and its kind, ``image`` (colour),
                    ``level`` (one value a pixel, 0 = none), or a modality that it is like
``label``           the name of the class: any word
``subject``         who is in the clip: a number or a name
``split``           ``train``, ``validation`` (``val``) or ``test``; without this column people are
                    shared out (`mmtlib.datasets.people`)
``fold``            in place of ``split``: clips of one word are left out together
                    (`VideoFolder`'s `leave_out`)
``start``, ``end``  where the gesture is, in seconds; an empty cell = beginning or end of the video
``start_frame``,    the same in frames, counted from 0, the end excluded; either these or seconds
``end_frame``
``_anything``       names that begin with ``_`` are the user's own notes
==================  ===============================================================================

One column of recordings, ``label`` and ``subject`` are needed. Empty lines are passed over. Commas,
semicolons or tabs, letters and leftovers of spreadsheets are read as `mmtlib.datasets.list_cells`
says; between semicolons and tabs seconds may have a decimal comma. One word has one spelling:
people, classes and folds that differ in case, blanks or Unicode form alone are a fault.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath

from mmtlib.core.errors import DataError
from mmtlib.core.words import other_spellings, word_key
from mmtlib.datasets.list_cells import Cells, read_cells
from mmtlib.datasets.list_columns import FRAMES, SECONDS, Columns, column_of, read_columns
from mmtlib.datasets.records import PARTS, Remark

LIST = "videos.csv"
LONGEST_SECONDS = 24 * 3600
LONGEST_NAME = 255
"""Bytes of a file's name."""
MOST_FAULTS = 20
"""So many faults of a list are named, the others counted."""
MOST_SAID = 5
OTHER_PARTS = {"val": "validation", "valid": "validation", "training": "train", "testing": "test"}
"""What others call the splits."""
_FRAME = re.compile(r"([0-9]{1,8})(?:\.0)?", re.ASCII)  # pandas has fractions where a cell is empty
_SECONDS = re.compile(r"[0-9]{1,6}(?:\.[0-9]{0,9})?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoRow:
    """One row of the list.

    Attributes:
        files: modality -> the recording, below the list's folder.
        label: name of the class.
        subject: the person's name or number, as written.
        split: one of `PARTS`, None where there is no such column.
        fold: as written, None where there is no such column.
        span: first frame or second and the one after the last; None = beginning, end.
        seconds: whether the span is in seconds, not frames.
        line: in the list, counted from 1.
    """

    files: Mapping[str, str]
    label: str
    subject: str
    split: str | None
    fold: str | None = None
    span: tuple[float | None, float | None]
    seconds: bool
    line: int

    @property
    def clip_id(self) -> str:
        """The first recording, with the span where there is one; unique in the list."""
        name = next(iter(self.files.values()))
        if self.span == (None, None):
            return name
        first, last = ("" if x is None else f"{x:.10g}" for x in self.span)
        return f"{name}/{first}-{last}{'s' if self.seconds else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoList:
    """A list as it was read.

    Attributes:
        path: the file.
        rows: those without a fault of their own, in the order of the list.
        said: how it was read, where that is not as the module says.
        faults: all that is wrong, in the order of the lines.
    """

    path: Path
    rows: tuple[VideoRow, ...]
    said: tuple[Remark, ...]
    faults: tuple[Remark, ...]

    def sound(self) -> VideoList:
        """Return the list if it has no fault.

        Raises:
            DataError: names all faults with their lines (the first `MOST_FAULTS`).
        """
        if not self.faults:
            return self
        named = [f"{place(self.path, each)}: {each.text}." for each in self.faults[:MOST_FAULTS]]
        if len(self.faults) == 1:
            raise DataError(named[0])
        if len(self.faults) > MOST_FAULTS:
            named.append(f"and {len(self.faults) - MOST_FAULTS:,} more.")
        raise DataError("\n".join([f"{self.path} has {len(self.faults):,} faults:", *named]))

    def as_read(self) -> str:
        """Return how the list was read in a sentence, or an empty string."""
        return f"{self.path.name} was read with {in_short(self.said)}." if self.said else ""


def in_short(remarks: Sequence[Remark]) -> str:
    """Return the first remarks with their lines in a row, and how many there are more."""
    told = [f"{r.text} (line {r.line})" if r.line else r.text for r in remarks[:MOST_SAID]]
    more = len(remarks) - MOST_SAID
    return "; ".join([*told, *([f"and {more:,} more"] if more > 0 else [])])


def place(path: Path, remark: Remark) -> str:
    """Return file and line, for messages."""
    return f"{path}:{remark.line}" if remark.line else str(path)


def read_video_list(path: str | Path) -> list[VideoRow]:
    """Return the rows of a list, in its order.

    Raises:
        DataError: if the file cannot be read, holds no row, or a column or row is not as described
            above; names the file and the lines.
    """
    return list(scan_video_list(path).sound().rows)


def scan_video_list(path: str | Path) -> VideoList:
    """Return a list with all that is wrong with it (see `VideoList`).

    Raises:
        DataError: if the file cannot be read at all.
    """
    path = Path(path)
    cells = read_cells(path, lambda name: column_of(name) is not None)
    columns = read_columns(cells)
    reading = _Reading(cells, columns)
    if columns.known:
        for line, row in cells.rows:
            reading.add(line, row)
        reading.check_words()
    faults = sorted(cells.faults)
    if not (reading.rows or faults):
        faults = [Remark(0, "expected a row of column names and a row for every clip")]
    rows = tuple(reading.rows.values())
    return VideoList(path=path, rows=rows, said=tuple(reading.told()), faults=tuple(faults))


@dataclass(slots=True)
class _Reading:
    """Rows so far, and what was read in another sense than it was written: text -> lines."""

    cells: Cells
    columns: Columns
    rows: dict[str, VideoRow] = field(default_factory=dict)
    words: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    otherwise: dict[str, list[int]] = field(default_factory=dict)
    decimal: str = "."

    def __post_init__(self) -> None:
        seconds = [i for i, name in enumerate(self.columns.names) if name in SECONDS]
        dots = any("." in row[i] for _, row in self.cells.rows for i in seconds if i < len(row))
        self.decimal = "." if dots or self.cells.separator == "," else ","

    def add(self, line: int, cells: Sequence[str]) -> None:
        """Read a row; what is wrong with it is added to the faults."""
        names, faults = self.columns.names, []
        if len(cells) != len(names):
            wanted = f"expected {len(names)} cells ({', '.join(names)}), found {len(cells)}"
            self.cells.faults.append(Remark(line, wanted))
            return
        row = dict(zip(names, cells, strict=True))
        self.words.append((line, row))
        needed = ("label", "subject", "split", "fold")
        faults += [f"the cell {name!r} is empty" for name in needed if row.get(name) == ""]
        files = {}
        for name, modality in self.columns.recordings.items():
            if row[name]:
                files[modality] = self._below(row[name], name, line, faults)
        if self.columns.recordings and not files:
            faults.append("no recording is named")
        split, span = self._split(row.get("split"), line, faults), self._span(row, line, faults)
        self.cells.faults += [Remark(line, text) for text in faults]
        if not faults and files and {"label", "subject"} <= row.keys():
            self._keep(VideoRow(
                files=files, label=row["label"], subject=row["subject"], split=split,
                fold=row.get("fold"), span=span, seconds=bool(set(SECONDS) & row.keys()), line=line,
            ))  # fmt: skip

    def _keep(self, row: VideoRow) -> None:
        earlier = self.rows.setdefault(row.clip_id, row)
        if earlier is not row:
            text = f"this clip is in line {earlier.line} already"
            self.cells.faults.append(Remark(row.line, text))

    def _note(self, text: str, line: int) -> None:
        self.otherwise.setdefault(text, []).append(line)

    def _below(self, text: str, column: str, line: int, faults: list[str]) -> str:
        """Return a path, which must stay below the folder of the list."""
        path = PurePosixPath(text)
        if "\\" in text:
            path = PurePosixPath(PureWindowsPath(text).as_posix())
            self._note("\\ in paths as /", line)
        outside = path.is_absolute() or ".." in path.parts or not path.parts or "\0" in text
        if outside or PureWindowsPath(text).drive:
            faults.append(
                f"expected in {column!r} a path below the folder of the list, found {text!r}"
            )
        elif max(len(part.encode()) for part in path.parts) > LONGEST_NAME or len(text) > 2000:
            faults.append(f"the path in {column!r} is longer than any file's: {text[:40]!r}...")
        return path.as_posix()

    def _split(self, text: str | None, line: int, faults: list[str]) -> str | None:
        if not text or text in PARTS:
            return text
        word = word_key(text)
        part = OTHER_PARTS.get(word, word)
        if part not in PARTS:
            faults.append(f"expected a split of {', '.join(PARTS)}, found {text!r}")
        else:
            self._note(f"{text!r} as the split {part}", line)
        return part

    def _span(
        self, row: Mapping[str, str], line: int, faults: list[str]
    ) -> tuple[float | None, float | None]:
        names = FRAMES if set(FRAMES) & row.keys() else SECONDS
        first, last = (self._number(row.get(name, ""), name, line, faults) for name in names)
        if last is not None and last <= (first or 0):
            faults.append(f"the gesture ends ({last:g}) before it starts ({first or 0:g})")
        return first, last

    def _number(self, text: str, name: str, line: int, faults: list[str]) -> float | None:
        if not text:
            return None
        if name in FRAMES:
            if whole := _FRAME.fullmatch(text):
                return int(whole[1])
            faults.append(f"expected in {name!r} a frame, counted from 0, found {text!r}")
            return None
        point = text.replace(self.decimal, ".")
        if not _SECONDS.fullmatch(point):
            faults.append(f"expected in {name!r} seconds, e.g. 1{self.decimal}5, found {text!r}")
            return None
        if point != text:
            self._note("commas in seconds as decimal ones", line)
        if float(point) > LONGEST_SECONDS:
            faults.append(f"{name} = {text} seconds is longer than a day")
        return float(point)

    def check_words(self) -> None:
        """Add a fault for each word that has another spelling further up."""
        for name, title in (("label", "class"), ("subject", "person"), ("fold", "fold")):
            words = [(line, row[name]) for line, row in self.words if row.get(name)]
            written = dict(words)
            for line, (first, word) in other_spellings(words).items():
                text = (
                    f"the {title} {written[line]!r} is {word!r} in line {first}, written "
                    "otherwise; write both alike, or give one another name"
                )
                self.cells.faults.append(Remark(line, text))

    def told(self) -> list[Remark]:
        """Return all that is to be said of how the list was read."""
        found = list(self.cells.said)
        for text, lines in self.otherwise.items():
            often = f", {len(lines):,} times" if len(lines) > 1 else ""
            found.append(Remark(lines[0], text + often))
        return sorted(found)
