"""NVGesture: 25 gestures at a car's dashboard, 20 people, colour, depth and infrared cameras."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from mmtlib.core.errors import unknown_name
from mmtlib.core.gesture_names import NVGESTURE_CLASSES
from mmtlib.datasets.base import GestureDataset
from mmtlib.datasets.reader import entries, wrong_root
from mmtlib.datasets.records import ClipRecord, SensorSpan, read_rows
from mmtlib.datasets.registration import registered_share

CLIP_FRAMES = 80
"""Annotated frames of every gesture, at 30 frames per second."""
INFRARED_RATE = 35.0
"""Frames per second of the infrared camera; the others run at `NVGesture.frame_rate`."""
VALIDATION_SUBJECTS = (3, 7)
"""Held out of the official training list for validation: both perform all 25 classes, and they have
193 of its 1,050 rows (18 %). The official lists have no validation part."""
LISTS = {
    "train": "nvgesture_train_correct_cvpr2016_v2.lst",
    "test": "nvgesture_test_correct_cvpr2016_v2.lst",
}
SENSORS = ("depth", "color", "duo_left")
"""The sensors that every row of a list gives a file and span for."""
COLOURS = {"registered": "sk_wrapped", "raw": None}
"""Setting `colour` -> file; raw colour has the name that the list gives."""

_FOLDER = re.compile(r"(?:\./)?([\w-]+(?:/[\w-]+)*/subject([0-9]{1,4})_r[0-9]{1,4})", re.ASCII)
_SPAN = re.compile(r"(\w{1,64}):([0-9]{1,7}):([0-9]{1,7})", re.ASCII)
_LABEL = re.compile(r"[0-9]{1,4}")


def read_list(path: str | Path) -> list[ClipRecord]:
    """Return the rows of an official list, e.g. ``nvgesture_train_correct_cvpr2016_v2.lst``.

    A row gives the folder, per sensor the file and its first and last frame (counted from 0, the
    last one not included), and the label 1..25. Blank lines are passed over; anything else that is
    not exactly a row is an error. The label is the row's own: in 23 of the 1,532 official rows it
    differs from the class in the folder's name.

    Raises:
        DataError: if the list is missing or a row is malformed; the message names file and line.
    """
    path = Path(path)

    def parse(line: str, number: int) -> ClipRecord:
        fields = _split(line)
        folder, subject = _parse_folder(fields["path"])
        return ClipRecord(
            folder=folder,
            label=_parse_label(fields["label"]),
            subject=subject,
            clip_id="/".join(PurePosixPath(folder).parts[-2:]),
            spans=_parse_spans(fields),
            list_file=path,
            list_line=number,
        )

    return read_rows(path, parse)


def _split(line: str) -> dict[str, str]:
    parts = [part.partition(":") for part in line.split()]
    keys = [key for key, _, _ in parts]
    expected = ("path", *SENSORS, "label")
    if sorted(keys) != sorted(expected):
        wanted, found = " ".join(f"{key}:..." for key in expected), " ".join(keys)[:80]
        raise ValueError(f"expected {wanted!r}, found the keys {found!r}")
    return {key: value for key, _, value in parts}


def _parse_folder(text: str) -> tuple[str, int]:
    match = _FOLDER.fullmatch(text)
    if not match:
        raise ValueError(
            "expected a folder like './Video_data/class_01/subject3_r0' below the root, "
            f"got {text[:80]!r}"
        )
    return match[1], int(match[2])


def _parse_label(text: str) -> int:
    n = len(NVGesture.classes)
    if not _LABEL.fullmatch(text) or not 1 <= int(text) <= n:
        raise ValueError(f"expected a label from 1 to {n}, got {text[:20]!r}")
    return int(text) - 1


def _parse_spans(fields: dict[str, str]) -> dict[str, SensorSpan]:
    spans = {}
    for sensor in SENSORS:
        match = _SPAN.fullmatch(fields[sensor])
        if not match or int(match[2]) >= int(match[3]):
            raise ValueError(f"expected {sensor}:FILE:FIRST:LAST, got {fields[sensor][:80]!r}")
        span = SensorSpan(match[1], int(match[2]), int(match[3]))
        # Infrared frames fall between the others', so their number may be rounded either way.
        infrared = sensor == "duo_left"
        rate = INFRARED_RATE if infrared else NVGesture.frame_rate
        wanted = CLIP_FRAMES * rate / NVGesture.frame_rate
        if abs(len(span) - wanted) > (1 if infrared else 0):
            raise ValueError(
                f"expected {wanted:.0f} frames of {sensor}, got {len(span)} "
                f"({span.first}:{span.last})"
            )
        spans[sensor] = span
    return spans


def alignment_note(modalities: Iterable[str], colour: str = "registered") -> str | None:
    """Return one sentence on modalities that show different views, or None if all are registered.

    The spatiotemporal alignment loss compares position with position, so it assumes that all
    modalities show the same place at the same position. In NVGesture only depth and registered
    colour do, and roughly: a part of the depth silhouette falls where no colour was recorded
    (`mmtlib.datasets.registration`; `verify` measures how much).
    """
    colour_view = "depth" if colour == "registered" else "colour"
    view_of = {"rgb": colour_view, "flow": colour_view, "depth": "depth", "ir": "infrared"}
    names = {"rgb": f"{colour} colour", "flow": "optical flow", "ir": "infrared"}
    modalities = tuple(modalities)
    if len({view_of[m] for m in modalities}) < 2:
        return None
    return (
        f"In NVGesture {', '.join(names.get(m, m) for m in modalities)} are not all seen from the "
        "same camera, so equal positions do not show equal places and the alignment loss means "
        "less; depth and registered colour share a view."
    )


class NVGesture(GestureDataset):
    """The official lists and videos of NVGesture; nothing is downloaded.

    The root holds ``Video_data/class_NN/subjectN_rN/*.avi`` and the two official lists
    (`read_list`); upper and lower case may differ anywhere.

    ``clip.frames``, float32 ``(C, 80, 240, 320)``, holds the annotated span alone:

    - ``rgb``: ``sk_wrapped.avi`` (colour brought into the depth camera's view; black where nothing
      was seen) or, with ``colour="raw"``, ``sk_color.avi``; 0 to 1;
    - ``depth``: ``sk_depth.avi``, 8-bit level / 255; near is bright, 0 = no reading. What a level
      is in metres is not published;
    - ``ir``: ``duo_left.avi``, 0 to 1, another view; its 35 frames per second are brought to the 80
      frames of the depth span, each taken from the nearest moment;
    - ``flow``: computed from ``rgb`` beforehand (`mmtlib.datasets.optical_flow`), pixels per frame.

    Directions in the class names are the driver's, who faces the camera: "move hand left" goes to
    the right in the picture, and "clockwise" is seen counter-clockwise (so in all clips looked at).

    Length: every gesture has 80 annotated frames; `transforms.SampleFrames` brings clips to another
    length, and if more frames are asked for, a clip stands still at its last one. Test time: frames
    spread evenly over the whole annotated span, and the whole picture brought to a square (augment
    ``crop``: the square in its middle).

    Args:
        root: the folder with the two lists and ``Video_data``.
        split: ``"train"``, ``"validation"`` (`VALIDATION_SUBJECTS` of the training list),
            ``"test"`` or ``"train+validation"`` (the whole official training list).
        modalities: names, in the order wanted.
        colour: ``"registered"`` or ``"raw"``.
        skip_broken: leave out clips whose files are missing or broken, and list them in `skipped`.
        shared: `flow`, `flow_folder` and `complete_for`, see `GestureDataset`.

    Raises:
        ConfigError: if a split, modality or colour is unknown.
        DataError: see `GestureDataset`.
    """

    name = "nvgesture"
    classes = NVGESTURE_CLASSES
    label_swaps: Mapping[int, int] | None = {0: 1, 1: 0, 4: 5, 5: 4, 19: 20, 20: 19}
    reversed_labels: Mapping[int, int] = {
        0: 1, 1: 0, 2: 3, 3: 2, 4: 5, 5: 4, 6: 7, 7: 6, 11: 11, 17: 18, 18: 17, 19: 20, 20: 19,
        22: 22,
    }  # fmt: skip
    published: Mapping[str, int] = {"train": 857, "validation": 193, "test": 482}
    colours = tuple(COLOURS)
    colour = "registered"
    sensors: Mapping[str, str] = {"rgb": "color", "depth": "depth", "ir": "duo_left"}
    citation = (
        "P. Molchanov, X. Yang, S. Gupta, K. Kim, S. Tyree, J. Kautz: Online Detection and "
        "Classification of Dynamic Hand Gestures with Recurrent 3D Convolutional Neural Networks. "
        "CVPR 2016."
    )
    source = (
        "from NVIDIA Research, on the page of the paper (https://research.nvidia.com/publication/"
        "2016-06_online-detection-and-classification-dynamic-hand-gestures-recurrent-3d): a 7z "
        "archive in several parts, which holds Video_data and the lists"
    )

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        modalities: str | Iterable[str] | None = None,
        colour: str = "registered",
        skip_broken: bool | None = False,
        **shared: Any,
    ) -> None:
        if colour not in COLOURS:
            raise unknown_name("colour of NVGesture", colour, COLOURS)
        self.colour = colour
        super().__init__(root, split, modalities, skip_broken, **shared)

    def rows(self) -> Sequence[ClipRecord]:
        """Return the rows of the part, after checking that the root looks like NVGesture."""
        name = LISTS["test" if self.split == "test" else "train"]
        there = entries(self.root)
        if name not in there or "video_data" not in there:
            raise wrong_root(self.root, NVGesture, f"{name} and Video_data")
        records = read_list(there[name])
        if self.split in ("test", "train+validation"):
            return records
        held_out = self.split == "validation"
        return [r for r in records if (r.subject in VALIDATION_SUBJECTS) == held_out]

    @property
    def alignment_note(self) -> str | None:
        """See the function `alignment_note`."""
        return alignment_note(self.modalities, self.colour)

    @property
    def registered(self) -> bool:
        """Whether all modalities show the same view (see `alignment_note`)."""
        return self.alignment_note is None

    def settings(self) -> dict[str, str]:
        """Return the settings that change what a clip holds."""
        return {"colour": self.colour}

    def recording(self, record: ClipRecord, modality: str) -> str:
        """Return the video of a modality, as a path below the root."""
        file = COLOURS[self.colour] if modality == "rgb" else None
        return f"{record.folder}/{file or self.span(record, modality).file}.avi"

    def pixels(self, record: ClipRecord, modality: str) -> np.ndarray:
        """Return the annotated frames; infrared ones are brought to the frames of the others."""
        pixels = super().pixels(record, modality)
        if modality != "ir":
            return pixels
        moments = (np.arange(CLIP_FRAMES) + 0.5) * (len(pixels) / CLIP_FRAMES)
        return pixels[moments.astype(int)]

    def measure(self, pixels: Mapping[str, np.ndarray]) -> dict[str, float]:
        """Return ``registered``: how much of the hand's silhouette falls on registered colour."""
        if self.colour != "registered" or not {"rgb", "depth"} <= pixels.keys():
            return {}
        return {"registered": registered_share(pixels["depth"], pixels["rgb"])}
