"""What is odd in a user's folder of videos, each with its line in the list."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from mmtlib.core.errors import DataError
from mmtlib.core.executor import in_order
from mmtlib.datasets.reader import ClipReader
from mmtlib.datasets.recordings import Recording, RecordingFacts
from mmtlib.datasets.records import Remark
from mmtlib.datasets.verify import PARALLEL_CLIPS
from mmtlib.datasets.video_list import VideoList, VideoRow

Place = tuple[Path, dict[str, int]]
"""A recording, and split -> the first line of the list in which it is."""


def on_disk(listed: VideoList, root: Path, find: Callable[[str], Path]) -> VideoList:
    """Return the list with what its paths say of the files that are there.

    Args:
        listed: as it was read.
        root: its folder.
        find: from a path below the root to the file (`ClipReader.find`).
    """
    rows, faults, said = [], list(listed.faults), list(listed.said)
    clips: dict[tuple[Path, object], int] = {}
    for row in listed.rows:
        try:
            paths = {file: find(file) for file in row.files.values()}
            _check_row(row, list(paths.values()), clips)
        except DataError as error:
            faults.append(Remark(row.line, str(error).rstrip(".")))
            continue
        rows.append(row)
        said += [
            Remark(row.line, f"{path.relative_to(root)} for {file!r}")
            for file, path in paths.items()
            if path != root / file
        ]
    sorted_faults, sorted_said = tuple(sorted(faults)), tuple(sorted(said))
    return replace(listed, rows=tuple(rows), said=sorted_said, faults=sorted_faults)


def _check_row(row: VideoRow, paths: Sequence[Path], clips: dict[tuple[Path, object], int]) -> None:
    """Check that a row is no clip of `clips`, where it is entered, and has no pictures' seconds."""
    line = clips.setdefault((paths[0], row.span), row.line)
    if line != row.line:
        raise DataError(f"this clip is in line {line} already")
    if row.seconds and row.span != (None, None) and any(path.is_dir() for path in paths):
        raise DataError("a folder of pictures has no seconds; give start_frame and end_frame")


def leaks(rows: Sequence[VideoRow], parts: Mapping[int, str]) -> list[Remark]:
    """Return a remark for each person who is in more than one split.

    Args:
        rows: of the list.
        parts: line -> split.
    """
    seen: dict[str, dict[str, int]] = defaultdict(dict)
    for row in rows:
        seen[row.subject].setdefault(parts[row.line], row.line)
    return [
        Remark(
            max(where.values()),
            f"{name} is in more than one split ({_listed(where)}): accuracies then say little "
            "about people who are new",
        )
        for name, where in seen.items()
        if len(where) > 1
    ]


def untrained(rows: Sequence[VideoRow], parts: Mapping[int, str]) -> list[Remark]:
    """Return a remark for each class that has no training clip."""
    first: dict[str, int] = {}
    for row in rows:
        first.setdefault(row.label, row.line)
    for row in rows:
        if parts[row.line] == "train":
            first.pop(row.label, None)
    return [Remark(line, f"there is no training clip of {name}") for name, line in first.items()]


def oddities(splits: Mapping[str, ClipReader], processes: int | None = None) -> list[Remark]:
    """Return what is odd in the recordings: how they are stored, and the same bytes twice.

    Args:
        splits: the splits of a folder.
        processes: how many look at them side by side; default one per core if there are many.
    """
    places = _places(splits)
    paths = [path for path, _ in places.values()]
    used = processes or (1 if len(paths) < PARALLEL_CLIPS else None)
    looked_at = zip(places, in_order(_facts, paths, processes=used), strict=True)
    facts = {name: fact for name, fact in looked_at if fact is not None}
    found = [*_same_bytes(places)]
    for name, text in [*_stored(facts), *_other_rates(facts)]:
        found.append(Remark(_first(places[name]), text))
    return found


def _facts(path: Path) -> RecordingFacts | None:
    try:
        return Recording(path).facts()
    except DataError:  # who reads the clip finds the same and says so
        return None


def _places(splits: Mapping[str, ClipReader]) -> dict[str, Place]:
    """Return name -> recording, and split -> the first line in which it is."""
    places: dict[str, Place] = {}
    for split, folder in splits.items():
        for record in folder.records:
            for span in record.spans.values():
                path = folder.find(span.file)
                if path.exists():
                    name = path.relative_to(folder.root).as_posix()
                    places.setdefault(name, (path, {}))[1].setdefault(split, record.list_line)
    return places


def _first(place: Place) -> int:
    return min(place[1].values())


def _stored(facts: Mapping[str, RecordingFacts]) -> Iterator[tuple[str, str]]:
    """Tell what is unusual in how a recording is stored: its name, and a sentence."""
    for name, fact in facts.items():
        if fact.rotation:
            yield name, f"{name} is stored turned, and shown upright by {fact.rotation} degrees"
        if fact.varies:
            yield name, f"{name} has a variable rate, about {fact.frame_rate:.3g} frames a second"
        if fact.bits > 8:
            scale = "as brightness it needs the raw_range of its modality"
            yield name, f"{name} stores {fact.bits} bits a value; {scale}"
        if fact.cut_short:
            yield name, fact.cut_short.rstrip(".")


def _other_rates(facts: Mapping[str, RecordingFacts]) -> Iterator[tuple[str, str]]:
    """Tell recordings with another rate than most."""
    rates = {name: round(f.frame_rate) for name, f in facts.items() if f.frame_rate}
    most = Counter(rates.values()).most_common(1)
    for name, rate in rates.items():
        if rate != most[0][0]:
            yield name, f"{name} has {rate} frames a second, most have {most[0][0]}"


def _listed(where: Mapping[str, int]) -> str:
    return ", ".join(f"{split}: line {line}" for split, line in where.items())


def _same_bytes(places: Mapping[str, Place]) -> Iterator[Remark]:
    """Tell recordings that are the same file in several splits, or copies of another one."""
    for name, (_, where) in places.items():
        if len(where) > 1:
            text = f"{name} is in more than one split ({_listed(where)})"
            yield Remark(max(where.values()), text)
    for same in _copies(places):
        first, *others = sorted(same, key=lambda name: _first(places[name]))
        for name in others:
            here, there = (_listed(places[each][1]) for each in (name, first))
            said = f"{name} ({here}) has the same bytes as {first} ({there})"
            yield Remark(_first(places[name]), said)


def _copies(places: Mapping[str, Place]) -> list[list[str]]:
    """Return groups of recordings with the same bytes; only those of one size are read."""
    names = list(places)
    for question in (Recording.sizes, Recording.hash):
        groups: dict[str, list[str]] = defaultdict(list)
        for name in names:
            with suppress(DataError):  # a folder without pictures: who reads the clip says so
                groups[str(question(Recording(places[name][0])))].append(name)
        alike = [group for group in groups.values() if len(group) > 1]
        names = [name for group in alike for name in group]
    return alike
