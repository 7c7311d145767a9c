"""``videos.csv``: the list of a user's own folder of videos, read and checked row by row.

The first row names the columns, in any order; every other row is one clip:

==================  ===============================================================================
``path``            the colour video (or folder of numbered pictures), below the list's folder, with
                    forward slashes; ``rgb`` is another name of this column
``depth``, ``ir``   the same clip in other modalities, by the name of each, those registered by the
                    user included; an empty cell = there is none
``label``           the name of the class
``subject``         who is in the clip: a number or a name
``split``           ``train``, ``validation`` or ``test``; without this column people are shared out
                    (`split_people`)
``start``, ``end``  where the gesture is, in seconds; an empty cell = beginning or end of the video
``start_frame``,    the same in frames, counted from 0, the end excluded; either these or seconds
``end_frame``
``_anything``       names that begin with ``_`` are the user's own notes
==================  ===============================================================================

One column of recordings, ``label`` and ``subject`` are needed. Empty lines are passed over.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path, PurePosixPath, PureWindowsPath

from mmtlib.core.errors import DataError, unknown_name
from mmtlib.core.modalities import MODALITIES
from mmtlib.core.seeding import derive_seed
from mmtlib.datasets.records import PARTS

LIST = "videos.csv"
SECONDS, FRAMES = ("start", "end"), ("start_frame", "end_frame")
COLUMNS = ("label", "subject", "split", *SECONDS, *FRAMES)
"""The columns that are the same whatever the modalities (`modality_columns`)."""
HELD_OUT = 0.2
"""Share of the people for validation, and for testing, where the list does not say."""
LONGEST_SECONDS = 24 * 3600
_WHOLE = re.compile(r"[0-9]{1,8}", re.ASCII)
_SECONDS = re.compile(r"[0-9]{1,6}(?:\.[0-9]{0,9})?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoRow:
    """One row of the list.

    Attributes:
        files: modality -> the recording, below the list's folder.
        label: name of the class.
        subject: the person's name or number, as written.
        split: as written, None where there is no such column.
        span: first frame or second and the one after the last; None = beginning, end.
        seconds: whether the span is in seconds, not frames.
        line: in the list, counted from 1.
    """

    files: Mapping[str, str]
    label: str
    subject: str
    split: str | None
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


def modality_columns() -> dict[str, str]:
    """Return column -> the modality whose recording it names: all that a video can show."""
    shown = {name.lower(): name for name, m in MODALITIES.items() if m.kind != "vector"}
    return {"path": "rgb", **shown}


def read_video_list(path: str | Path) -> list[VideoRow]:
    """Return the rows of a list, in its order.

    Args:
        path: the CSV file: commas, UTF-8, quotes (``"``) around cells that hold a comma.

    Raises:
        DataError: if the file is missing, holds no row, or a column or row is not as described
            above; names the file and the line.
    """
    path = Path(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DataError(f"Cannot read the list {path} ({error.strerror}).") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 (byte {error.start}): save it as UTF-8.") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    columns: list[str] = []
    found: dict[str, VideoRow] = {}
    try:
        for cells in reader:
            where = f"{path}:{reader.line_num}"
            cells = [cell.strip() for cell in cells]
            if not any(cells):
                continue
            if not columns:
                columns = _columns(cells, where)
                continue
            row = _row(columns, cells, where, reader.line_num)
            earlier = found.setdefault(row.clip_id, row)
            if earlier is not row:
                raise DataError(f"{where}: this clip is in line {earlier.line} already.")
    except csv.Error as error:
        raise DataError(f"{path}:{reader.line_num}: this is no CSV ({error}).") from None
    if not found:
        raise DataError(f"{path}: expected a row of column names and a row for every clip.")
    return list(found.values())


def _columns(names: list[str], where: str) -> list[str]:
    names, recordings = [name.lower() for name in names], modality_columns()
    for name in names:
        if name not in (*recordings, *COLUMNS) and not name.startswith("_"):
            raise DataError(
                f"{where}: {unknown_name('column', name, (*recordings, *COLUMNS))} Columns are "
                "separated by commas; let names of your own begin with _."
            )
        if names.count(name) > 1:
            raise DataError(f"{where}: the column {name!r} is there {names.count(name)} times.")
    for needed, why in (("label", "the class of every clip"), ("subject", "who is in every clip")):
        if needed not in names:
            raise DataError(f"{where}: there is no column {needed!r}: {why}.")
    if not recordings.keys() & set(names):
        raise DataError(f"{where}: there is no column 'path' that names the videos.")
    for a, b in (("path", "rgb"), *product(SECONDS, FRAMES)):
        if a in names and b in names:
            raise DataError(f"{where}: {a!r} and {b!r} are both there; expected one of them.")
    return names


def _row(columns: Sequence[str], cells: Sequence[str], where: str, line: int) -> VideoRow:
    if len(cells) != len(columns):
        raise DataError(
            f"{where}: expected {len(columns)} cells ({', '.join(columns)}), found {len(cells)}."
        )
    row = dict(zip(columns, cells, strict=True))
    for name in ("label", "subject", "split"):
        if name in row and not row[name]:
            raise DataError(f"{where}: the cell {name!r} is empty.")
    split = row.get("split")
    if split is not None and split not in PARTS:
        raise DataError(f"{where}: expected a split of {', '.join(PARTS)}, found {split!r}.")
    files = {m: _below(row[c], c, where) for c, m in modality_columns().items() if row.get(c)}
    if not files:
        raise DataError(f"{where}: no recording is named.")
    seconds = bool(set(SECONDS) & set(row))
    return VideoRow(
        files=files,
        label=row["label"],
        subject=row["subject"],
        split=split,
        span=_span(row, seconds, where),
        seconds=seconds,
        line=line,
    )


def _below(text: str, column: str, where: str) -> str:
    """Return a path if it stays below the folder of the list."""
    path = PurePosixPath(text)
    outside = path.is_absolute() or ".." in path.parts or not path.parts or "\0" in text
    if outside or PureWindowsPath(text).drive or "\\" in text:
        raise DataError(
            f"{where}: expected in {column!r} a path below the folder of the list, with forward "
            f"slashes, found {text!r}."
        )
    return path.as_posix()


def _span(row: Mapping[str, str], seconds: bool, where: str) -> tuple[float | None, float | None]:
    first, last = (
        _number(row.get(name, ""), name, seconds, where)
        for name in (SECONDS if seconds else FRAMES)
    )
    if last is not None and last <= (first or 0):
        raise DataError(f"{where}: the gesture ends ({last:g}) before it starts ({first or 0:g}).")
    return first, last


def _number(text: str, name: str, seconds: bool, where: str) -> float | None:
    if not text:
        return None
    if not (_SECONDS if seconds else _WHOLE).fullmatch(text):
        kind = "seconds, e.g. 1.5" if seconds else "a frame, counted from 0"
        raise DataError(f"{where}: expected in {name!r} {kind}, found {text!r}.")
    value = float(text) if seconds else int(text)
    if seconds and value > LONGEST_SECONDS:
        raise DataError(f"{where}: {name} = {text} seconds is longer than a day.")
    return value


def people_numbers(names: Iterable[str]) -> dict[str, int]:
    """Return subject -> number: its own where all are numbers, else 1, 2, ... in order of names."""
    every = sorted(set(names))
    if all(_WHOLE.fullmatch(name) for name in every) and len({int(n) for n in every}) == len(every):
        return {name: int(name) for name in every}
    return {name: number for number, name in enumerate(every, 1)}


def split_people(names: Iterable[str]) -> dict[str, str]:
    """Return subject -> split, where the list has no such column.

    A fifth of the people (at least one) is for testing, a fifth for validation, the others are
    trained with. Who is where depends on the names alone: not on their order, nor on the clips.

    Raises:
        DataError: if there are fewer than three people.
    """
    every = sorted(set(names), key=lambda name: (derive_seed("video folder", name), name))
    if len(every) < 3:
        raise DataError(
            f"found {len(every)} people; to train, validate and test with different ones takes at "
            "least three. Film more people, or add a column 'split' and know what you measure"
        )
    held_out = max(1, math.floor(HELD_OUT * len(every) + 0.5))
    return {
        name: "test" if i < held_out else "validation" if i < 2 * held_out else "train"
        for i, name in enumerate(every)
    }
