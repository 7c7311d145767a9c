"""Write a miniature VIVA folder: names ``SS_GG_RR``, made-up clips, pictures of a few pixels.

Knows nothing of mmtlib, so that tests compare two independent readings of the format.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from support.egogesture_tree import write_pictures
from support.moving_discs import disc_pictures
from support.nvgesture_tree import write_video

IDS = (1, 2, 3, 4, 6, 7, 8, 13, 14, 15, 16, 21, 23, 27, 28, 29, 30, 31, 32)


@dataclass(frozen=True)
class TreeRecording:
    """One clip that was written; `gesture` is the id in its name."""

    session: int
    gesture: int
    repetition: int
    frames: int

    @property
    def name(self) -> str:
        """The name without extension."""
        return f"{self.session:02d}_{self.gesture:02d}_{self.repetition:02d}"

    @property
    def subject(self) -> int:
        """Sessions 1 and 2 are subject 1, and so on."""
        return (self.session + 1) // 2

    @property
    def label(self) -> int | None:
        """The class, 0-based; None if the gesture is not of the benchmark."""
        gesture = {70: 7, 80: 8}.get(self.gesture, self.gesture)
        return IDS.index(gesture) if gesture in IDS else None


def write_viva_tree(
    root: Path,
    *,
    sessions: Sequence[int] = range(1, 17, 2),
    gestures: Sequence[int] = (1, 70, 80, 5),
    colour: str = "",
    depth: str = "depth",
    form: str = ".avi",
) -> list[TreeRecording]:
    """Write both recordings of every clip; return what was written, in the order of the names.

    Id 5 is not of the benchmark, 70 and 80 stand for 7 and 8. Lengths differ between the clips.

    Args:
        root: the folder to write in; made if need be.
        sessions, gestures: first and second number of the names.
        colour, depth: folders below the root.
        form: the videos' extension, or ``"/"`` for folders of pictures, numbered from 0.
    """
    clips = [
        TreeRecording(session, gesture, 1 + gesture % 3, 9 + (session + gesture) % 6)
        for session in sessions
        for gesture in sorted(gestures)
    ]
    for clip in clips:
        for folder, light in ((colour, (210, 140, 90)), (depth, (180, 180, 180))):
            direction = 1 if clip.label is None else clip.label + 1
            pictures = disc_pictures(clip.frames, label=direction, colour=light)
            path = root / folder / clip.name
            if form == "/":
                write_pictures(path, pictures, first=0, name="{:03d}.png")
            else:
                write_video(path.with_suffix(form), pictures)
    return clips
