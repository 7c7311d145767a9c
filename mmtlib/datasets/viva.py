"""VIVA hand gestures: 19 gestures in a car, 8 people, colour and depth videos."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mmtlib.core.errors import ConfigError, DataError
from mmtlib.core.files import possible_path
from mmtlib.datasets.base import GestureDataset
from mmtlib.datasets.reader import entries, wrong_root
from mmtlib.datasets.records import ClipRecord, SensorSpan

PATTERN = r"(?P<session>[0-9]{2})_(?P<gesture>[0-9]{2})_(?P<repetition>[0-9]{2})"
"""The name of a clip. The format is known from the code of one user of the set, so another pattern
may be given: with a group ``gesture`` and a group ``subject``, or ``session``, two of which belong
to one subject (1 and 2 to subject 1, ...)."""
GESTURES = (1, 2, 3, 4, 6, 7, 8, 13, 14, 15, 16, 21, 23, 27, 28, 29, 30, 31, 32)
"""The gesture ids of the benchmark: label 0 is id 1, ..., label 18 is id 32."""
ALIASES = {70: 7, 80: 8}
"""Ids in names that stand for another one."""
SUBJECTS = 8
COLOUR_FOLDERS = ("rgb", "color", "colour", "intensity")
"""Where the colour recordings may be; without one of these, they are in the root itself."""
DEPTH_FOLDER = "depth"


def read_names(root: str | Path, *, pattern: str = PATTERN) -> list[ClipRecord]:
    """Return the clips of the benchmark that a folder holds, by name; nothing is opened.

    Label and subject are read from a recording's name, ``SS_GG_RR`` (session, gesture, repetition),
    whatever comes after a dot. A clip is listed if any of its recordings is there. Names with
    another gesture id than `GESTURES` or `ALIASES`, and other names, are passed over.

    Args:
        root: the folder, see `VIVA`.
        pattern: a regular expression for the whole name, see `PATTERN`.

    Raises:
        ConfigError: if the pattern is none or lacks a group.
        DataError: if the folder holds no such recordings, two of the same name, or a name of
            somebody else than subjects 1 to 8; names the file.
    """
    return _scan(possible_path(root), pattern)[0]


def _scan(root: Path, pattern: str) -> tuple[list[ClipRecord], str]:
    """Return the clips, and a sentence on the names that were passed over."""
    expression = _compiled(pattern)
    there = entries(root)
    folders = {
        "color": next((there[name] for name in COLOUR_FOLDERS if name in there), root),
        "depth": there.get(DEPTH_FOLDER, root / DEPTH_FOLDER),
    }
    files = {sensor: _recordings(folder) for sensor, folder in folders.items()}
    records: list[ClipRecord] = []
    outside: Counter[int] = Counter()
    others: list[str] = []
    for name in sorted(files["color"] | files["depth"]):
        path = next(paths[name] for paths in files.values() if name in paths)
        match = expression.fullmatch(_name(path))
        if match is None:
            others.append(path.name)
            continue
        gesture, subject = _numbers(match, path)
        if gesture not in GESTURES:
            outside[gesture] += 1
            continue
        if not 1 <= subject <= SUBJECTS:
            raise DataError(
                f"{path}: expected a subject from 1 to {SUBJECTS} (sessions 1 to {2 * SUBJECTS}), "
                f"got {subject}."
            )
        places = {s: files[s].get(name, folders[s] / f"{_name(path)}.avi") for s in files}
        records.append(
            ClipRecord(
                folder=".",
                label=GESTURES.index(gesture),
                subject=subject,
                clip_id=_name(path),
                spans={
                    sensor: SensorSpan(place.relative_to(root).as_posix(), 0, None)
                    for sensor, place in places.items()
                },
                list_file=path,
                list_line=0,
            )
        )
    if not records and not outside:
        raise wrong_root(root, VIVA, f"recordings named like 01_07_02.avi and {DEPTH_FOLDER}")
    return records, _passed_over(outside, others)


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        expression = re.compile(pattern, re.ASCII | re.IGNORECASE)
    except re.error as error:
        raise ConfigError(f"{pattern!r} is no regular expression: {error}.") from None
    groups = expression.groupindex
    if "gesture" not in groups or ("session" in groups) == ("subject" in groups):
        raise ConfigError(
            f"The pattern of VIVA's names needs a group (?P<gesture>...) and either "
            f"(?P<session>...) or (?P<subject>...), got {pattern!r}."
        )
    return expression


def _recordings(folder: Path) -> dict[str, Path]:
    """Return lower-case name -> recording; hidden files and the folders of a sensor are none."""
    found: dict[str, Path] = {}
    for entry, path in entries(folder).items():
        if entry.startswith(".") or entry in (*COLOUR_FOLDERS, DEPTH_FOLDER):
            continue
        other = found.setdefault(_name(path).lower(), path)
        if other != path:
            raise DataError(f"{other} and {path.name} have one name; expected one recording of it.")
    return found


def _name(path: Path) -> str:
    return path.name.partition(".")[0]


def _numbers(match: re.Match[str], path: Path) -> tuple[int, int]:
    """Return gesture id and subject of a name."""
    try:
        numbers = {name: int(text) for name, text in match.groupdict().items() if text is not None}
        gesture = numbers["gesture"]
        subject = numbers["subject"] if "subject" in numbers else (numbers["session"] + 1) // 2
    except (ValueError, KeyError):
        raise DataError(f"{path}: expected numbers in the name, found {match[0]!r}.") from None
    return ALIASES.get(gesture, gesture), subject


def _passed_over(outside: Mapping[int, int], others: list[str]) -> str:
    parts = []
    if outside:
        ids = ", ".join(map(str, sorted(outside)))
        parts.append(f"{sum(outside.values()):,} clips of other gestures than the 19 (ids {ids})")
    if others:
        parts.append(f"{len(others):,} files with other names (e.g. {others[0]})")
    return f"Passed over: {' and '.join(parts)}." if parts else ""


class VIVA(GestureDataset):
    """The recordings of the VIVA hand gesture challenge; nothing is downloaded.

    The root holds one recording per clip and sensor, a video (`video_io.CONTAINERS`) or a folder
    of numbered pictures: ``SS_GG_RR.avi`` for colour (or grey intensity), in the root or in one of
    `COLOUR_FOLDERS`, and ``depth/SS_GG_RR.avi``. Upper and lower case may differ. The
    official protocol leaves one subject out: fold f tests on subject f + 1 and trains on the other
    seven. Of these, the one after the tested subject (after 8 comes 1) is ours for validation.

    ``clip.frames``, float32 ``(C, T, H, W)``, holds the whole recording, which is the gesture:

    - ``rgb``: colour, or the intensity three times, 0 to 1;
    - ``depth``: 8-bit level / 255. What a level is in metres is not published, nor whether 0 is
      kept for no reading;
    - ``flow``: computed from ``rgb`` beforehand (`mmtlib.datasets.optical_flow`), pixels per frame.

    Length: T is the recording's own, and differs from clip to clip, but not between the sensors of
    a clip; `transforms.SampleFrames` brings clips to one length, and a shorter clip stands still at
    its last frame. Test time: frames spread evenly over the whole recording, and the whole picture
    brought to a square (augment ``crop``: the square in its middle).

    Papers on the set speak of swipes (left, down, +, X, ...), scrolls and rotations both ways, but
    which id is which could not be established from a source. So classes are named by their id, and
    `label_swaps` is None: a mirrored clip might need another label, so clips may not be mirrored.
    Nor is the rate published: 30 frames per second are what the camera, a Kinect, gives.

    Args:
        root: the folder with the recordings.
        split: ``"train"`` (six subjects), ``"validation"`` (one), ``"test"`` (one) or
            ``"train+validation"`` (all but the tested one), ``"all"`` (of no fold).
        modalities: any of ``rgb``, ``depth`` and ``flow``, in the order wanted.
        fold: 0 to 7, which subject is left out.
        pattern: what clips are named like, see `PATTERN`.
        skip_broken: leave out clips whose files are missing or broken, and list them in `skipped`.
        shared: `flow`, `flow_folder` and `complete_for`, see `GestureDataset`.

    Raises:
        ConfigError: if a split, modality, fold or the pattern is not as expected.
        DataError: see `GestureDataset`; also if a name is not as expected.
    """

    name = "viva"
    classes = tuple(f"gesture {number}" for number in GESTURES)
    splits = ("train", "validation", "test", "train+validation", "all")
    published: Mapping[str, int] = {"all": 885}
    citation = (
        "E. Ohn-Bar, M. M. Trivedi: Hand Gesture Recognition in Real Time for Automotive "
        "Interfaces: A Multimodal Vision-Based Approach and Evaluations. IEEE Transactions on "
        "Intelligent Transportation Systems 15 (6), 2014."
    )
    source = (
        "from the VIVA challenge of the Laboratory for Intelligent and Safe Automobiles "
        "(University of California San Diego): one recording per clip and sensor"
    )

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        modalities: str | Iterable[str] | None = None,
        fold: int = 0,
        pattern: str = PATTERN,
        skip_broken: bool | None = False,
        **shared: Any,
    ) -> None:
        if fold not in range(SUBJECTS):
            raise ConfigError(f"fold of VIVA must be from 0 to {SUBJECTS - 1}, got {fold!r}.")
        self.fold, self.pattern = fold, pattern
        super().__init__(root, split, modalities, skip_broken, **shared)

    def rows(self) -> Iterable[ClipRecord]:
        """Return the clips of the part's subjects, after a look at all names."""
        records, self.passed_over = _scan(self.root, self.pattern)
        own = {self.fold + 1: "test", (self.fold + 1) % SUBJECTS + 1: "validation"}
        return [record for record in records if own.get(record.subject, "train") in self.parts]

    def check(self, record: ClipRecord, modalities: Iterable[str] | None = None) -> None:
        """Check that every recording can be opened, and that they have the same length."""
        super().check(record, modalities)
        names = self.modalities if modalities is None else modalities
        lengths = {m: self.span(record, m).last for m in names if m in self.sensors}
        if len(set(lengths.values())) > 1:
            found = ", ".join(f"{m} {frames}" for m, frames in lengths.items())
            raise DataError(
                f"Clip {record.clip_id} in {self.root}: expected recordings of the same number of "
                f"frames, found {found}."
            )
