"""What is odd in a user's folder of videos, each with its line in the list."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
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
    faults, said = list(listed.faults), list(listed.said)
    clips: dict[tuple[Path, object], int] = {}
    for row in listed.rows:
        for number, file in enumerate(row.files.values()):
            try:
                path = find(file)
            except DataError as error:
                faults.append(Remark(row.line, str(error).rstrip(".")))
                continue
            if path != root / file:
                said.append(Remark(row.line, f"{path.relative_to(root)} for {file!r}"))
            line = row.line if number else clips.setdefault((path, row.span), row.line)
            if line != row.line:
                faults.append(Remark(row.line, f"this clip is in line {line} already"))
    return replace(listed, said=tuple(sorted(said)), faults=tuple(sorted(faults)))


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
    return list(_same_bytes(splits))


def _listed(where: Mapping[str, int]) -> str:
    return ", ".join(f"{split}: line {line}" for split, line in where.items())


def _same_bytes(splits: Mapping[str, ClipReader]) -> Iterable[Remark]:
    """Tell recordings that are the same file in several splits, or copies of another one."""
    places: dict[Path, dict[str, int]] = defaultdict(dict)
    for split, folder in splits.items():
        for record in folder.records:
            for span in record.spans.values():
                path = folder.find(span.file)
                if path.exists():
                    places[path].setdefault(split, record.list_line)
    for path, where in places.items():
        if len(where) > 1:
            text = f"{path.name} is in more than one split ({_listed(where)})"
            yield Remark(max(where.values()), text)
    for same in _copies(places):
        first, *others = sorted(same, key=lambda path: min(places[path].values()))
        for path in others:
            here, there = _listed(places[path]), _listed(places[first])
            said = f"{path.name} ({here}) has the same bytes as {first.name} ({there})"
            yield Remark(min(places[path].values()), said)


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
