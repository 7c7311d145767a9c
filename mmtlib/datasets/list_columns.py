"""The columns of ``videos.csv`` (`mmtlib.datasets.video_list`): which are there, how called."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field

from mmtlib.core.errors import MmtlibError
from mmtlib.core.modalities import KINDS, MODALITIES
from mmtlib.core.words import word_key
from mmtlib.datasets.list_cells import Cells
from mmtlib.datasets.records import Remark

SECONDS, FRAMES = ("start", "end"), ("start_frame", "end_frame")
COLUMNS = ("label", "subject", "split", "fold", *SECONDS, *FRAMES)
"""The columns that are the same whatever the modalities (`modality_columns`)."""
NEEDED = {"label": "the class of every clip", "subject": "who is in every clip"}
NOT_TOGETHER = (
    ("path", "rgb"), ("split", "fold"), *((a, b) for a in SECONDS for b in FRAMES),
)  # fmt: skip
ELSEWHERE = {
    "path": ("video", "file", "filename", "file_name", "name", "clip", "video_id", "id"),
    "label": ("class", "gesture", "category", "class_name", "action", "target", "label_name"),
    "subject": ("person", "user", "signer", "participant", "performer", "actor", "subject_id"),
    "split": ("set", "subset", "part", "partition", "phase"),
    "fold": ("group", "cv"),
    "start": ("t_start", "begin", "onset", "from", "start_s", "start_time"),
    "end": ("t_end", "stop", "offset", "to", "end_s", "end_time"),
    "start_frame": ("first", "first_frame", "frame_start", "t_start"),
    "end_frame": ("last", "last_frame", "frame_end", "t_end"),
}
"""Column -> what other people's lists call it: a hint, as they may mean something else."""


@dataclass(slots=True)
class Columns:
    """What was found.

    Attributes:
        names: of the columns, in order, as `COLUMNS` or the modality columns have them.
        recordings: name of a column of recordings -> its modality.
        known: whether there is any that is known.
    """

    names: list[str] = field(default_factory=list)
    recordings: dict[str, str] = field(default_factory=dict)
    known: bool = False


def modality_columns() -> dict[str, str]:
    """Return column -> the modality whose recording it names: all that a video can show."""
    shown = {_plain(name): name for name, m in MODALITIES.items() if m.kind != "vector"}
    return {"path": "rgb", **shown}


def column_of(name: str) -> str | None:
    """Return what a column is called here, None for an unknown one."""
    plain = _plain(name)
    known = plain in COLUMNS or plain in modality_columns() or plain.startswith("_")
    return plain if known or ":" in plain else None


def read_columns(cells: Cells) -> Columns:
    """Return the columns that the first row names; what is wrong is added to the faults.

    A modality that the list declares is known from then on.
    """
    found = Columns()
    faults: list[str] = []
    unknown: list[str] = []
    for name in cells.names:
        plain = column_of(name) or _plain(name)
        if ":" in plain and not plain.startswith("_"):
            plain = _declared(name, faults)
        elif name and column_of(name) is None:
            unknown.append(name)
        found.names.append(plain)
    found.recordings = {n: m for n, m in modality_columns().items() if n in found.names}
    found.known = bool(found.recordings) or any(name in COLUMNS for name in found.names)
    missing = [name for name in NEEDED if name not in found.names]
    missing = missing if found.recordings else ["path", *missing]
    if cells.names and not found.known:
        faults = [f"the first row names no column, e.g. path,label,subject; it is {cells.names}"]
    elif cells.names:
        faults += _named_otherwise(missing, unknown) + _twice(found.names)
    cells.faults += [Remark(cells.first_line, text) for text in faults]
    return found


def _plain(name: str) -> str:
    return word_key(name).replace(" ", "_")


def _declared(name: str, faults: list[str]) -> str:
    """Return the column of a modality that is declared by its name and kind."""
    try:
        found = MODALITIES.described(name)
    except MmtlibError as error:
        faults.append(str(error).rstrip("."))
        return name
    if found is None:
        faults.append(
            f"{name!r} is no modality's name and kind; kinds are {', '.join(KINDS)}, or a known "
            "modality that it is like"
        )
        return name
    return _plain(found.name)


def _named_otherwise(missing: list[str], unknown: list[str]) -> list[str]:
    """Return what is missing and unknown in one sentence."""
    parts = []
    for name in missing:
        near = [each for each in unknown if name in _near(each)]
        hint = f"is it {near[0]!r}?" if near else NEEDED.get(name, "the videos")
        parts.append(f"no column {name!r} ({hint})")
    said = [f"there is {' and '.join(parts)}"] if parts else []
    if unknown:
        hints = (" or ".join(map(repr, _near(name))) for name in unknown)
        named = (f"{n!r}{f' ({h}?)' if h else ''}" for n, h in zip(unknown, hints, strict=True))
        said.append(
            f"unknown columns: {', '.join(named)}; rename them, name a modality with its kind "
            "(thermal:level), or let names of your own begin with _"
        )
    return ["; ".join(said)] if said else []


def _near(name: str) -> list[str]:
    """Return the columns that an unknown name may stand for."""
    plain = _plain(name)
    called = [column for column, names in ELSEWHERE.items() if plain in names]
    return called or difflib.get_close_matches(
        plain, [*modality_columns(), *COLUMNS], n=1, cutoff=0.7
    )


def _twice(names: list[str]) -> list[str]:
    counts: Mapping[str, int] = {name: names.count(name) for name in names}
    faults = [f"the column {name!r} is there {n} times" for name, n in counts.items() if n > 1]
    return faults + [
        f"{a!r} and {b!r} are both there; expected one of them"
        for a, b in NOT_TOGETHER
        if a in counts and b in counts
    ]
