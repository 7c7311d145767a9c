"""Write a miniature folder of a user's own videos with its list.

Knows nothing of mmtlib, so that tests compare two independent readings of the format.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from support.moving_discs import disc_pictures
from support.nvgesture_tree import write_video

LABELS = ("wave", "point", "a, quoted name")
SPAN = 10
"""Frames of a gesture in a recording of a person, each after so many frames of rest."""
REST = 5


def write_list(root: Path, rows: Sequence[dict[str, object]]) -> Path:
    """Write ``videos.csv`` with the columns of the first row."""
    path = root / "videos.csv"
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_videos_tree(
    root: Path,
    *,
    people: Sequence[str] = ("anna", "ben", "chen", "dora", "emil"),
    labels: Sequence[str] = LABELS,
    rate: int = 30,
) -> list[dict[str, object]]:
    """Write a colour and a depth video of every person with all gestures, one after the other.

    Frame n of a video has the number n in its corner.

    Args:
        root: the folder to write in; made if need be.
        people: names; a folder each.
        labels: the gestures of everyone.
        rate: frames per second.

    Returns:
        The rows of the list, with start and end in seconds.
    """
    rows = []
    for person in people:
        for name, light in (("rgb", (210, 140, 90)), ("depth", (180, 180, 180))):
            every = len(labels) * (REST + SPAN) + REST
            pictures = np.concatenate([
                disc_pictures(REST + SPAN, label=1 + i, colour=light, number=i * (REST + SPAN))
                for i in range(len(labels) + 1)
            ])  # fmt: skip
            write_video(root / person / f"{name}.avi", pictures[:every], rate=rate)
        for i, label in enumerate(labels):
            first = REST + i * (REST + SPAN)
            rows.append(
                {
                    "path": f"{person}/rgb.avi",
                    "depth": f"{person}/depth.avi",
                    "label": label,
                    "subject": person,
                    "start": f"{first / rate:.4f}",
                    "end": f"{(first + SPAN) / rate:.4f}",
                }
            )
    write_list(root, rows)
    return rows
