"""Write a miniature EgoGesture folder: the official layout, made-up gestures, tiny pictures.

Knows nothing of mmtlib, so that tests compare two independent readings of the format. The spellings
of folders and label files vary, and label files have blank rows, as in the official set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from support.moving_discs import disc_pictures

LABELS = "labels-final-revised1"
BLANK_ROWS = ("", ",,", "  ", ",,\r")


@dataclass(frozen=True)
class TreeGesture:
    """One gesture that was written: label (1-based), and its first and last picture (from 1)."""

    subject: int
    scene: int
    group: int
    label: int
    start: int
    end: int
    line: int

    @property
    def folder(self) -> str:
        """The scene's folder below the root."""
        return f"Subject{self.subject:02d}/Scene{self.scene}"

    @property
    def pictures(self) -> range:
        """The numbers of its pictures."""
        return range(self.start, self.end + 1)


def write_egogesture_tree(
    root: Path,
    *,
    subjects: Sequence[int] = (3, 4, 1, 2),
    labels: Sequence[int] = (1, 2, 9),
    groups: Sequence[tuple[int, int]] = ((1, 1), (1, 2)),
    inside: str = "",
) -> list[TreeGesture]:
    """Write pictures and labels; return the gestures by subject, scene, group and line.

    The other ones of the 50 subjects get a label file without rows, so that the parts are complete.

    Args:
        root: the folder to write in; made if need be.
        subjects: 3 and 4 are for training, 1 for validation, 2 for testing in the official parts.
        labels: the gestures of every group, 1-based.
        groups: (scene, group) of every subject.
        inside: a folder for the pictures below the root.
    """
    gestures = []
    for subject in set(range(1, 51)).difference(subjects):
        write_rows(root, subject, 1, 1, [])
    for subject in sorted(subjects):
        for scene, group in groups:
            rows, start = [], 1  # the first gesture begins with the first picture
            for label in labels:
                length = 9 + (3 * label + subject + group) % 7
                rows += BLANK_ROWS[len(gestures) % 4 :][:1]
                rows.append(f"{label},{start},{start + length - 1}")
                gestures.append(
                    TreeGesture(subject, scene, group, label, start, start + length - 1, len(rows))
                )
                start += length + 2
            write_rows(root, subject, scene, group, rows)
            mine = [g for g in gestures if (g.subject, g.scene, g.group) == (subject, scene, group)]
            _write_pictures(root / inside / gestures[-1].folder, group, mine)
    return gestures


def write_rows(root: Path, subject: int, scene: int, group: int, rows: Sequence[str]) -> Path:
    """Write a label file: ``Subject02/Scene1/group1.csv``, but ``subject03/Scene1/Group1.csv``."""
    person = f"Subject{subject:02d}" if subject % 2 == 0 else f"subject{subject:02d}"
    name = f"group{group}.csv" if subject % 2 == 0 else f"Group{group}.csv"
    path = root / LABELS / person / f"Scene{scene}" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(f"{row}\n" for row in rows).encode())
    return path


def _write_pictures(scene: Path, group: int, gestures: Sequence[TreeGesture]) -> None:
    for sensor, colour in (("Color/rgb", (210, 140, 90)), ("Depth/depth", (180, 180, 180))):
        last = gestures[-1].end + 2
        pictures = disc_pictures(last, label=1, number=1)
        for g in gestures:
            shown = disc_pictures(len(g.pictures), label=g.label, colour=colour, number=g.start)
            pictures[g.start - 1 : g.end] = shown
        write_pictures(scene / f"{sensor}{group}", pictures)


def write_pictures(
    folder: Path, pictures: np.ndarray, *, first: int = 1, name: str = "{:06d}.jpg"
) -> None:
    """Write ``(T, H, W, 3)`` uint8 (red, green, blue) as numbered pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, picture in enumerate(pictures, first):
        path = str(folder / name.format(number))
        assert cv2.imwrite(path, picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 98])
