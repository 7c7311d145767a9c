"""What is known of a clip before a file is opened: one row of an official list."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mmtlib.core.errors import DataError

PARTS = ("train", "validation", "test")
"""The parts of a data set; none has a clip of another one."""


@dataclass(frozen=True, slots=True, order=True)
class Remark:
    """What is to be said of a line of a list, counted from 1, or of all of it (0)."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class SensorSpan:
    """Where a gesture is in one sensor's recording.

    Attributes:
        file: the recording's name in the clip's folder (NVGesture: without extension).
        first: the first frame, counted from 0.
        last: the frame after the last one; None = the end of the recording.
        seconds: where the list gives seconds, start and end instead, each None = that of the
            recording: `ClipReader.span` finds the frames.
    """

    file: str
    first: int
    last: int | None
    seconds: tuple[float | None, float | None] | None = None

    def __len__(self) -> int:
        if self.last is None:
            raise TypeError(f"the length of {self.file} is known when it is opened")
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
        list_line: its line there, counted from 1; 0 = the file's name takes the place of a row.
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
        line = f":{self.list_line}" if self.list_line else ""
        return f"{self.list_file.name}{line}"


@dataclass(frozen=True, slots=True)
class SkippedClip:
    """A clip that was left out: its record, why, and whether a file is missing (or broken)."""

    record: ClipRecord
    reason: str
    missing: bool


def read_rows(
    path: str | Path, parse: Callable[[str, int], ClipRecord], *, blank: bytes | None = None
) -> list[ClipRecord]:
    """Return the records of a list, one for each line that is not blank.

    Args:
        path: a text file in ASCII.
        parse: from a line and its number, counted from 1, to its record; what it finds wrong with
            the line is a `ValueError`.
        blank: the bytes that a blank line may consist of; None = white space.

    Raises:
        DataError: if the file cannot be read, a line is wrong or a clip is there twice; names the
            file and the line.
    """
    path = Path(path)
    found: dict[str, ClipRecord] = {}
    try:
        lines = path.read_bytes().removeprefix(b"\xef\xbb\xbf").splitlines()
    except OSError as error:
        raise DataError(f"Cannot read the list {path} ({error.strerror}).") from None
    for number, line in enumerate(lines, 1):
        if not line.strip(blank):
            continue
        try:
            record = parse(line.decode("ascii"), number)
        except UnicodeDecodeError:
            raise DataError(f"{path}:{number}: expected plain ASCII text.") from None
        except ValueError as error:
            raise DataError(f"{path}:{number}: {error}.") from None
        earlier = found.setdefault(record.clip_id, record)
        if earlier is not record:
            raise DataError(
                f"{path}:{number}: clip {record.clip_id} is in line {earlier.list_line} already."
            )
    return list(found.values())
