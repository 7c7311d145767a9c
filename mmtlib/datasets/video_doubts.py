"""What is odd in a user's folder of videos, each with its line in the list."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mmtlib.core.errors import DataError
from mmtlib.datasets.reader import ClipReader
from mmtlib.datasets.recordings import Recording
from mmtlib.datasets.records import Remark
from mmtlib.datasets.video_list import VideoList, VideoRow


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


def oddities(splits: Mapping[str, ClipReader]) -> list[Remark]:
    """Return what is odd in the recordings: the same bytes twice."""
    places = _places(splits)
    return list(_same_bytes(places))


def _places(splits: Mapping[str, ClipReader]) -> dict[Path, dict[str, int]]:
    """Return recording -> split -> the first line in which it is."""
    places: dict[Path, dict[str, int]] = defaultdict(dict)
    for split, folder in splits.items():
        for record in folder.records:
            for span in record.spans.values():
                path = folder.find(span.file)
                if path.exists():
                    places[path].setdefault(split, record.list_line)
    return places


def _first(where: Mapping[str, int]) -> int:
    return min(where.values())


def _listed(where: Mapping[str, int]) -> str:
    return ", ".join(f"{split}: line {line}" for split, line in where.items())


def _same_bytes(places: Mapping[Path, Mapping[str, int]]) -> Iterator[Remark]:
    """Tell recordings that are the same file in several splits, or copies of another one."""
    for path, where in places.items():
        if len(where) > 1:
            text = f"{path.name} is in more than one split ({_listed(where)})"
            yield Remark(max(where.values()), text)
    for same in _copies(places):
        first, *others = sorted(same, key=lambda path: _first(places[path]))
        for path in others:
            here, there = _listed(places[path]), _listed(places[first])
            said = f"{path.name} ({here}) has the same bytes as {first.name} ({there})"
            yield Remark(_first(places[path]), said)


def _copies(paths: Iterable[Path]) -> list[list[Path]]:
    """Return groups of recordings with the same bytes; only those of one size are read."""
    for question in (Recording.sizes, Recording.hash):
        groups: dict[str, list[Path]] = defaultdict(list)
        for path in paths:
            try:
                groups[str(question(Recording(path)))].append(path)
            except DataError:  # a folder without pictures: who reads the clip says so
                continue
        alike = [group for group in groups.values() if len(group) > 1]
        paths = [path for group in alike for path in group]
    return alike
