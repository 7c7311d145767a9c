"""What is known of a clip before a file is opened: one row of an official list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


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
