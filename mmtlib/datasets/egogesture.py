"""EgoGesture: 83 gestures seen from the person's own head, 50 people, colour and depth pictures."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from mmtlib.core.errors import DataError
from mmtlib.datasets.base import GestureDataset
from mmtlib.datasets.reader import entries, wrong_root
from mmtlib.datasets.records import ClipRecord, SensorSpan, read_rows

SUBJECTS: dict[str, tuple[int, ...]] = {
    "train": (
        3, 4, 5, 6, 8, 10, 15, 16, 17, 20, 21, 22, 23, 25, 26, 27, 30, 32, 36, 38, 39, 40, 42, 43,
        44, 45, 46, 48, 49, 50,
    ),
    "validation": (1, 7, 12, 13, 24, 29, 33, 34, 35, 37),
    "test": (2, 9, 11, 14, 18, 19, 28, 31, 41, 47),
}  # fmt: skip
"""The people of each official part."""
LABEL_FOLDER = "labels-final-revised1"
PICTURE_FOLDERS = ("", "images", "frames")
"""Where the folders ``SubjectNN`` may be, below the root."""
LONGEST_GESTURE = 300
"""Frames. A longer span is taken for a damaged row: gestures last 38 frames on average, and the
longest of the official test part has 135."""

_GROUP = re.compile(r"subject([0-9]{2})/scene([0-9]{1,2})/group([0-9]{1,3})\.csv", re.ASCII)
_ROW = re.compile(r"\s*([0-9]{1,4})\s*,\s*([0-9]{1,7})\s*,\s*([0-9]{1,7})\s*", re.ASCII)


def read_group(path: str | Path) -> list[ClipRecord]:
    """Return the rows of a label file, e.g. ``labels-final-revised1/subject02/Scene1/Group1.csv``.

    A row is ``label,start,end``: the label 1..83, and the numbers of the first and the last picture
    that show the gesture. Both belong to it: in the official rows a gesture never begins with the
    picture at which another ends, but three times with the next one. Blank rows, also such as
    ``,,``, are passed over; anything else that is not exactly a row is an error.

    Args:
        path: the file; subject, scene and group are taken from its path, in upper or lower case.

    Raises:
        DataError: if the file is missing, is not at such a place, or a row is malformed; the
            message names file and line.
    """
    path = Path(path)
    place = _GROUP.fullmatch("/".join(path.parts[-3:]).lower())
    if not place:
        raise DataError(f"{path}: expected a label file at .../subjectNN/SceneN/GroupN.csv.")
    subject, scene, group = map(int, place.groups())
    folder = f"Subject{subject:02d}/Scene{scene}"

    def parse(line: str, number: int) -> ClipRecord:
        label, start, end = _parse_row(line)
        return ClipRecord(
            folder=folder,
            label=label - 1,
            subject=subject,
            clip_id=f"{folder}/Group{group}/{start:06d}-{end:06d}",
            spans={
                "color": SensorSpan(f"Color/rgb{group}", start - 1, end),
                "depth": SensorSpan(f"Depth/depth{group}", start - 1, end),
            },
            list_file=path,
            list_line=number,
        )

    return read_rows(path, parse, blank=b" \t\f\v,;")


def _parse_row(line: str) -> tuple[int, int, int]:
    """Return label, first and last picture, all counted from 1."""
    match = _ROW.fullmatch(line)
    if not match:
        raise ValueError(f"expected a row 'label,start,end', got {line[:80]!r}")
    label, start, end = map(int, match.groups())
    if not 1 <= label <= len(EgoGesture.classes):
        raise ValueError(f"expected a label from 1 to {len(EgoGesture.classes)}, got {label}")
    if not 1 <= start <= end < start + LONGEST_GESTURE:
        raise ValueError(
            f"expected 1 to {LONGEST_GESTURE} pictures counted from 1, got those from {start} to "
            f"{end}"
        )
    return label, start, end


class EgoGesture(GestureDataset):
    """The official labels and pictures of EgoGesture; nothing is downloaded.

    The root holds ``SubjectNN/SceneN/{Color/rgbN,Depth/depthN}/000001.jpg, ...`` (the subjects may
    also be in a folder ``images`` or ``frames``) and the labels
    ``labels-final-revised1/subjectNN/SceneN/GroupN.csv`` (`read_group`); upper and lower case may
    differ anywhere. A label file or folder that is missing although its pictures are there is an
    error, or with `skip_broken` counted in `passed_over`.

    ``clip.frames``, float32 ``(C, T, H, W)``, holds the annotated pictures alone:

    - ``rgb``: ``Color/rgbN``, 0 to 1;
    - ``depth``: ``Depth/depthN``, 8-bit level / 255. What a level is in metres is not published,
      and as JPEG keeps no value exactly, 0 = no reading holds only roughly;
    - ``flow``: computed from ``rgb`` beforehand (`mmtlib.datasets.optical_flow`), pixels per frame.

    Length: T is the gesture's own, and differs from clip to clip; `transforms.SampleFrames` brings
    clips to one length, and a shorter clip stands still at its last frame. Test time: frames spread
    evenly over the whole annotated span, and the whole picture brought to a square (augment
    ``crop``: the square in its middle).

    Args:
        root: the folder with subjects and labels.
        split: ``"train"``, ``"validation"``, ``"test"`` (official, by `SUBJECTS`) or
            ``"train+validation"``.
        modalities: any of ``rgb``, ``depth`` and ``flow``, in the order wanted.
        skip_broken: leave out clips whose files are missing or broken, and list them in `skipped`.
        shared: `flow`, `flow_folder` and `complete_for`, see `GestureDataset`.

    Raises:
        ConfigError: if a split or modality is unknown.
        DataError: see `GestureDataset`.
    """

    name = "egogesture"
    classes = (
        "scroll hand towards right", "scroll hand towards left", "scroll hand downward",
        "scroll hand upward", "scroll hand forward", "scroll hand backward", "cross index fingers",
        "zoom in with fists", "zoom out with fists", "rotate fists clockwise",
        "rotate fists counterclockwise", "zoom in with fingers", "zoom out with fingers",
        "rotate fingers clockwise", "rotate fingers counterclockwise", "click with index finger",
        "sweep diagonal", "sweep circle", "sweep cross", "sweep checkmark", "static fist",
        "measure (distance)", "photo frame", "number 0", "number 1", "number 2", "number 3",
        "number 4", "number 5", "number 6", "number 7", "number 8", "number 9", "OK",
        "another number 3", "pause", "shape C", "make a phone call", "wave hand", "wave finger",
        "knock", "beckon", "palm to fist", "fist to palm", "trigger with thumb",
        "trigger with index finger", "hold fist in the other hand", "grasp", "walk",
        "gather fingers", "snap fingers", "applaud", "dual hands heart", "put two fingers together",
        "take two fingers apart", "turn over", "move fist upwards", "move fist downward",
        "move fist toward left", "move fist toward right", "bring hand close", "push away",
        "thumb upward", "thumb downward", "thumb toward right", "thumb toward left",
        "thumbs backward", "thumbs forward", "move hand upward", "move hand downward",
        "move hand towards left", "move hand towards right",
        "draw circle with hand in horizontal surface", "bent number 2", "bent another number 3",
        "dual fingers heart", "scroll fingers toward left", "scroll fingers toward right",
        "move fingers upward", "move fingers downward", "move fingers left", "move fingers right",
        "move fingers forward",
    )  # fmt: skip
    # Left and right, clockwise and counterclockwise. A checkmark or a diagonal has a mirror image
    # too, but no class of its own for it.
    label_swaps: Mapping[int, int] | None = {
        0: 1, 1: 0, 9: 10, 10: 9, 13: 14, 14: 13, 58: 59, 59: 58, 64: 65, 65: 64, 70: 71, 71: 70,
        76: 77, 77: 76, 80: 81, 81: 80,
    }  # fmt: skip
    published: Mapping[str, int] = {"train": 14416, "validation": 4768, "test": 4977}
    first_picture = 1
    citation = (
        "Y. Zhang, C. Cao, J. Cheng, H. Lu: EgoGesture: A New Dataset and Benchmark for Egocentric "
        "Hand Gesture Recognition. IEEE Transactions on Multimedia 20 (5), 2018."
    )
    source = (
        "from its authors, who ask for a signed agreement (http://www.nlpr.ia.ac.cn/iva/yfzhang/"
        "datasets/egogesture.html): archives of pictures, and the labels"
    )

    def rows(self) -> Iterable[ClipRecord]:
        """Return the rows of the part's people, after checking that the root is EgoGesture's."""
        self._pictures = _picture_folder(self.root)
        subjects = sorted(n for part in self.parts for n in SUBJECTS[part])
        files, missing = _label_files(self.root, self._pictures, subjects)
        if missing and self.skip_broken is False:
            raise DataError(
                f"{missing[0]} is missing ({len(missing):,} label files or folders in all). "
                "Complete the data set, or leave their clips out with skip_broken=True "
                "(--skip-broken)."
            )
        if missing:
            self.passed_over = (
                f"{len(missing):,} label files or folders are missing (e.g. {missing[0]})."
            )
        return [record for path in files for record in read_group(path)]

    def recording(self, record: ClipRecord, modality: str) -> str:
        """Return the folder of pictures of a modality, as a path below the root."""
        file = super().recording(record, modality)
        return "/".join(filter(None, (self._pictures, record.folder, file)))


def _picture_folder(root: Path) -> str:
    """Return which of `PICTURE_FOLDERS` is used, after checking that the root is EgoGesture's."""
    there = entries(root)
    for folder in PICTURE_FOLDERS if LABEL_FOLDER in there else ():
        place = there.get(folder) if folder else root
        if place and any(re.fullmatch("subject[0-9]{2}", name) for name in entries(place)):
            return folder
    raise wrong_root(root, EgoGesture, f"Subject01, Subject02, ... and {LABEL_FOLDER}")


def _label_files(
    root: Path, pictures: str, subjects: Iterable[int]
) -> tuple[list[Path], list[Path]]:
    """Return the label files of some subjects, and those missing although their pictures exist."""
    labels = entries(root)[LABEL_FOLDER]
    labelled = entries(labels)
    shown = entries(entries(root)[pictures] if pictures else root)
    found, missing = [], []
    for name in (f"subject{subject:02d}" for subject in subjects):
        if name not in labelled:
            missing.append(labels / name)
            continue
        files = _groups(labelled[name], r"group([0-9]{1,3})\.csv")
        found += [files[place] for place in sorted(files)]
        folders = _groups(shown.get(name), r"rgb([0-9]{1,3})", "color")
        missing += [
            labelled[name] / f"Scene{scene}" / f"Group{group}.csv"
            for scene, group in sorted(folders.keys() - files.keys())
        ]
    return found, missing


def _groups(
    folder: Path | None, pattern: str, inside: str | None = None
) -> dict[tuple[int, int], Path]:
    """Return (scene, group) -> what is named so in the scenes of a subject (in their `inside`)."""
    groups = {}
    for scene, place in (entries(folder) if folder else {}).items():
        if not re.fullmatch("scene[0-9]{1,2}", scene):
            continue
        if inside:
            place = entries(place).get(inside, place / inside)
        for name, path in entries(place).items():
            if match := re.fullmatch(pattern, name):
                groups[int(scene[5:]), int(match[1])] = path
    return groups
