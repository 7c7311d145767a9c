"""What is known of a clip before a file is opened: one row of an official list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class SensorSpan:
    """Where a gesture is in one sensor's recording.

    Attributes:
        file: the recording's name in the clip's folder (NVGesture: without extension).
        first: the first frame, counted from 0.
        last: the frame after the last one; None = the end of the recording.
    """

    file: str
    first: int
    last: int | None

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
