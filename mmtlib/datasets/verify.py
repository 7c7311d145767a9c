"""Look at every clip of a data set on disk, and report what is there, missing or broken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from mmtlib.core.clips import check_finite
from mmtlib.core.errors import DataError
from mmtlib.core.executor import in_order
from mmtlib.core.files import write_whole
from mmtlib.core.modalities import MODALITIES
from mmtlib.datasets.reader import COMPUTED, ClipReader
from mmtlib.datasets.records import ClipRecord

STATES = ("complete", "partly", "missing", "broken")
"""Of a clip: all files good, some there and good, none there, at least one that cannot be read."""
SAVE_EVERY = 250
"""Clips between two calls of `save`."""
PARALLEL_CLIPS = 32
"""Fewer clips are looked at in the calling process: other ones take seconds to start."""
NOTES = 100
"""Notes that the text has; `VerifyReport.notes` has them all."""
SHOWN = 10
"""Missing and broken clips that the text names, each; the table has them all."""
_TEXT = dict.fromkeys(("split", "clip", "list", "state", "problem", "files", "checked"), str)
_KEPT = {"split", "clip", "state", "files", "bytes", "checked"}


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What `verify` found.

    Attributes:
        name: the data set.
        root: its folder.
        modalities: what was looked at.
        decoded: whether every span was decoded, or only the files' headers were read.
        published: split -> clips it is said to have.
        classes: one name per label.
        clips: one row per row of the lists: ``split``, ``clip``, ``list`` (its line), ``label``
            (0-based), ``subject``, ``frames``, ``seconds``, ``state`` (`STATES`), one column per
            modality (ok, missing, broken), ``problem``, ``files``, ``bytes``, ``checked``, and what
            the set measures itself.
        notes: what is there but has no row, and what is odd, one sentence each.
        sound: whether the list has no fault, where the set says so.
    """

    name: str
    root: Path
    modalities: tuple[str, ...]
    decoded: bool
    published: Mapping[str, int]
    classes: tuple[str, ...]
    clips: pd.DataFrame
    notes: tuple[str, ...] = ()
    sound: bool = True

    @property
    def complete(self) -> bool:
        """Whether every published clip is listed and complete, in lists without a fault."""
        found = self.clips["split"].value_counts().to_dict() == dict(self.published)
        return self.sound and found and bool((self.clips["state"] == "complete").all())

    def counts(self) -> pd.DataFrame:
        """Return one row per split: clips published, listed, and in each state."""
        rows = []
        for split, published in self.published.items():
            states = self.clips.loc[self.clips["split"] == split, "state"]
            each = {state: int((states == state).sum()) for state in STATES}
            rows.append({"split": split, "published": published, "listed": len(states), **each})
        return pd.DataFrame(rows)

    def text(self) -> str:
        """Return the report: what is there, what was measured, what is missing or broken."""
        clips, done = self.clips, "decoded" if self.decoded else "opened"
        there = clips[clips["state"].isin(("complete", "partly"))]
        looked_at = ", ".join(self.modalities)
        more = len(self.notes) - NOTES
        lines = [*self.notes[:NOTES], *([f"and {more:,} notes more"] if more > 0 else [])]
        lines += [f"{len(there):,} of {len(clips):,} clips {done} ({looked_at})."]
        for m in self.modalities:
            states = Counter(clips[m])
            lines.append(f"{m}: " + ", ".join(f"{n:,} {s}" for s, n in sorted(states.items())))
        seen = sorted(set(there["label"]))
        lines.append(f"classes with a clip: {len(seen)} of {len(self.classes)}")
        measured = clips.columns[clips.columns.get_loc("checked") + 1 :]
        for name in ("frames", "seconds", *measured):
            values = there[name].dropna()
            if len(values):
                low, middle, high = values.min(), values.median(), values.max()
                lines.append(
                    f"{name}: {low:.4g} to {high:.4g}, median {middle:.4g} ({len(values):,} clips)"
                )
        for state in ("broken", "partly", "missing"):
            rows = clips[clips["state"] == state]
            lines += [f"{state}: {row.clip} ({row.list}): {row.problem}"
                      for row in rows.head(SHOWN).itertuples()]  # fmt: skip
            if len(rows) > SHOWN:
                lines.append(f"{state}: and {len(rows) - SHOWN:,} more")
        return "\n".join(lines)

    def save(self, path: str | Path) -> None:
        """Write the table as CSV, whole or not at all.

        Raises:
            DataError: if the file cannot be written.
        """
        save_clips(self.clips, path)


def save_clips(clips: pd.DataFrame, path: str | Path) -> None:
    """Write a report's table as CSV, whole or not at all (see `VerifyReport.save`)."""
    write_whole(path, clips.to_csv(index=False))


def load_clips(path: str | Path) -> pd.DataFrame:
    """Read what `save_clips` wrote.

    Raises:
        DataError: if the file is missing or is no such table.
    """
    try:
        # A clip may be called NA, or 007.
        clips = pd.read_csv(path, dtype=_TEXT, keep_default_na=False, na_values=[""])
        if missing := _KEPT - set(clips.columns):
            raise ValueError(f"it has no column {min(missing)}")
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is no table of clips ({error}); name another one.") from None
    return clips.fillna({"problem": ""})


def verify(
    splits: Mapping[str, ClipReader],
    *,
    quick: bool = False,
    known: pd.DataFrame | None = None,
    save: Callable[[pd.DataFrame], None] | None = None,
    processes: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    notes: Sequence[str] | None = None,
    sound: bool = True,
) -> VerifyReport:
    """Open every file and decode every clip's span.

    Args:
        splits: the splits of a data set with the clips of all rows
            (`mmtlib.datasets.GestureDataset.every_split`).
        quick: read the files' headers only: damage inside a file stays unseen.
        known: the table of an earlier report. Clips that were complete, and whose files have the
            size they had, are not looked at again.
        save: called with the table so far, every `SAVE_EVERY` clips.
        processes: how many work side by side; default one per core.
        progress: called with (done, all).
        notes, sound: of the report; by default the notes are what each split has `passed_over`.

    Returns:
        The report; that clips are missing or broken is no error.

    Raises:
        DataError: if the lists name no clip at all.
    """
    first = next(iter(splits.values()))
    earlier = _earlier(known, first.modalities, quick)
    rows: list[dict[str, Any]] = []
    total = sum(len(dataset.records) for dataset in splits.values())
    if not total:
        raise DataError(f"The lists in {first.root} name no clip of {first.name}.")
    used = processes or (1 if _few_to_open(splits, earlier) else None)
    for split, dataset in splits.items():
        look = partial(_look, dataset.without_records(), split, quick)
        jobs = [(record, earlier.get((split, record.clip_id))) for record in dataset.records]
        for row in in_order(look, jobs, processes=used):
            rows.append(row)
            if progress is not None:
                progress(len(rows), total)
            if save is not None and len(rows) % SAVE_EVERY == 0 and len(rows) > len(earlier):
                save(pd.DataFrame(rows))
    if notes is None:
        notes = list(dict.fromkeys(d.passed_over for d in splits.values() if d.passed_over))
    return VerifyReport(
        name=first.name,
        root=first.root,
        modalities=first.modalities,
        decoded=not quick,
        published=first.published,
        classes=first.classes,
        clips=pd.DataFrame(rows),
        notes=tuple(notes),
        sound=sound,
    )


def _earlier(
    known: pd.DataFrame | None, modalities: tuple[str, ...], quick: bool
) -> dict[tuple[str, str], dict[str, Any]]:
    """Return (split, clip) -> row of an earlier report, of the clips that need no second look."""
    if known is None or {m for m in MODALITIES if m in known.columns} != set(modalities):
        return {}
    good = known["state"] == "complete"
    if not quick:
        good &= known["checked"] == "decoded"
    return {(row["split"], row["clip"]): row for row in known[good].to_dict("records")}


def _few_to_open(
    splits: Mapping[str, ClipReader], earlier: Mapping[tuple[str, str], Mapping[str, Any]]
) -> bool:
    """Return whether fewer clips than `PARALLEL_CLIPS` are there and not known yet."""
    there = (
        record
        for split, dataset in splits.items()
        for record in dataset.records
        if (split, record.clip_id) not in earlier
        and any(path.exists() for path in dataset.files(record).values())
    )
    return next(islice(there, PARALLEL_CLIPS - 1, None), None) is None


def _look(
    dataset: ClipReader,
    split: str,
    quick: bool,
    job: tuple[ClipRecord, Mapping[str, Any] | None],
) -> dict[str, Any]:
    """Return the row of one clip (see `VerifyReport`)."""
    record, earlier = job
    files = dataset.files(record)
    names = "; ".join(_short(dataset, path) for path in files.values())
    size = sum(_size(dataset, record, m, path) for m, path in files.items())
    if earlier is not None and (earlier["files"], earlier["bytes"]) == (names, size):
        return dict(earlier)
    states: dict[str, str] = {}
    problems: list[str] = []
    pixels: dict[str, np.ndarray] = {}
    for modality, path in files.items():
        try:
            states[modality] = "ok" if path.exists() else "missing"
            if not path.exists():
                problems.append(f"{_short(dataset, path)} is missing")
            elif quick:
                dataset.check(record, [modality])
            elif modality in COMPUTED:
                pixels[modality] = dataset.frames(record, modality).numpy()
            else:
                pixels[modality] = dataset.pixels(record, modality)
            if (seen := pixels.get(modality)) is not None and seen.dtype.kind == "f":
                clip = torch.from_numpy(seen if modality in COMPUTED else seen[None])
                check_finite(record.clip_id, {modality: clip})
        except DataError as error:
            states[modality] = "broken"
            problems.append(str(error))
    shapes = {m: x.shape[1:] if m in COMPUTED else x.shape[:3] for m, x in pixels.items()}
    alike = len(set(shapes.values())) < 2
    if not alike:
        problems.append(f"lengths or sizes differ: {shapes}")
    if not 0 <= record.label < len(dataset.classes):
        problems.append(f"label {record.label} is none of the {len(dataset.classes)} classes")
    frames = next(iter(shapes.values()), [None])[0]
    seconds = None if frames is None else dataset.seconds(record, next(iter(shapes)))
    return {
        "split": split,
        "clip": record.clip_id,
        "list": record.source,
        "label": record.label,
        "subject": record.subject,
        "frames": frames,
        "seconds": seconds,
        "state": _state(set(states.values()), problems),
        **states,
        "problem": "; ".join(problems),
        "files": names,
        "bytes": size,
        "checked": "opened" if quick else "decoded",
        **(dataset.measure(pixels) if alike else {}),
    }


def _size(dataset: ClipReader, record: ClipRecord, modality: str, path: Path) -> int:
    """Return the bytes of a video, of the span's pictures or of a file of flow; 0 if missing."""
    try:
        if modality in COMPUTED:
            return path.stat().st_size
        return sum(dataset.listed(record, modality).sizes())
    except (OSError, DataError):
        return 0


def _short(dataset: ClipReader, path: Path) -> str:
    return str(path.relative_to(dataset.root) if path.is_relative_to(dataset.root) else path)


def _state(states: set[str], problems: list[str]) -> str:
    """Return one of `STATES`."""
    if states == {"missing"}:
        return "missing"
    if "broken" in states or (problems and "missing" not in states):
        return "broken"
    return "partly" if "missing" in states else "complete"
