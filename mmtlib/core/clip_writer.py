"""Writes clip stores (`clip_store`) shard by shard; a killed writer goes on where it was."""

from __future__ import annotations

import dataclasses
import re
import shutil
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np

from mmtlib.core.clip_store import (
    INDEX,
    PART,
    STORE_VERSION,
    Form,
    StoreInfo,
    StoreRow,
    check_size,
    damaged,
    field_bytes,
    read_sealed,
    shard_folder,
)
from mmtlib.core.errors import DataError
from mmtlib.core.files import whole_folder, write_part_of
from mmtlib.core.locks import locked
from mmtlib.core.sealed import check_sum_of, sealed, write_json

SHARD_BYTES = 256 * 2**20
"""Most bytes of a shard, all fields together; also what the writer holds in memory."""
SHARD_CLIPS = 64
"""Most clips of a shard: what a killed writer has to make again."""

Fields = Mapping[str, np.ndarray]
Made = Iterable[tuple[int, Fields]]
_OURS = re.compile(r"shard-\d{4,}|\.shard-\d{4,}\.partial-\w+|\.index\.json\.\w+\.tmp")


def write_clip_store(
    folder: Path,
    info: StoreInfo,
    rows: Sequence[StoreRow],
    make: Callable[[list[int]], Made],
    *,
    allow_missing: bool = False,
) -> None:
    """Write a store, or what is missing of it; does nothing if it is whole.

    Every shard appears whole or not at all, and the store is one when all of them are there. Killed
    at any moment and called again, the writer asks only for the clips of the shards still missing.
    To have a damaged shard made again, delete its folder. Several processes may write the same
    store: one does, the others wait.

    Args:
        folder: the store's folder; its parent is made.
        info: what the store says of itself.
        rows: one row per clip.
        make: called with row numbers in rising order; yields (row number, fields) in that order.
            The fields of all clips have the same names, types and shapes.
        allow_missing: rows that `make` passes over are left out of the store (broken videos).

    Raises:
        DataError: if the disk is full, a row (or every row) is missing or not in order, clips
            differ in their fields, the folder is there but is no such store, or part of it is
            damaged. What was finished stays.
    """
    key = check_sum_of([info.fingerprint, [_values(row) for row in rows]])
    if _is_whole(folder, key, len(rows), allow_missing):
        return
    with locked(folder):
        if _is_whole(folder, key, len(rows), allow_missing):
            return
        _refuse_foreign(folder)
        shards = _Shards(folder, key, len(rows))
        todo = shards.missing(allow_missing)
        if todo:
            shards.write(make(todo), todo)
        kept = [i for number in sorted(shards.parts) for i in shards.parts[number]["rows"]]
        if len(kept) < (bool(rows) if allow_missing else len(rows)):
            missing = len(rows) - len(kept)
            raise DataError(f"{folder}: {missing} of {len(rows)} clips were not given.")
        _write_index(folder, info, rows, shards, kept)


def _values(row: StoreRow) -> list[Any]:
    return [row.label, row.subject, row.clip_id]


def _is_whole(folder: Path, key: int, n: int, allow_missing: bool) -> bool:
    """Tell whether the index and every shard that it names are there."""
    try:
        index = read_sealed(path := folder / "index.json", INDEX, remedy=path)
    except FileNotFoundError:
        return False
    if index["key"] != key:
        raise _of_another_store(folder)
    numbers = {row[3] // index["shard_clips"] for row in index["rows"]}
    complete = allow_missing or len(index["rows"]) == n
    return complete and all(shard_folder(folder, number).is_dir() for number in numbers)


def _refuse_foreign(folder: Path) -> None:
    """Raise a `DataError` if something is in the way that no writer of stores has put there."""
    if not folder.exists() or (folder / "index.json").exists():
        return
    if not folder.is_dir() or not all(_OURS.fullmatch(path.name) for path in folder.iterdir()):
        raise DataError(
            f"{folder} is there but has no index.json, so it is no clip store; "
            "move the folder away and run the same command again."
        )


def _of_another_store(path: Path) -> DataError:
    return DataError(
        f"{path} belongs to a clip store of other clips; move it away and run the same "
        "command again."
    )


@dataclass
class _Shards:
    """The shards of a store in the making.

    Attributes:
        folder, key: the store's folder, and a check sum of what it is made from.
        n: rows of the store.
        parts: number -> what a finished shard says of itself.
        shard_clips, fields: rows of a shard, and name -> (type, shape); from the first clip on.
    """

    folder: Path
    key: int
    n: int
    parts: dict[int, dict[str, Any]] = field(default_factory=dict)
    shard_clips: int = SHARD_CLIPS
    fields: dict[str, Form] = field(default_factory=dict)

    def missing(self, allow_missing: bool) -> list[int]:
        """Find what was finished; return the rows of all other shards."""
        for shard in sorted(self.folder.glob("shard-*")):
            part = _read_part(shard, self.key)
            self.shard_clips = part["shard_clips"]
            self.fields = {name: (kind, shape) for name, (kind, shape) in part["fields"].items()}
            number = int(shard.name.removeprefix("shard-"))
            if allow_missing or part["rows"] == list(self._rows(number)):
                self.parts[number] = part
        return [i for i in range(self.n) if i // self.shard_clips not in self.parts]

    def _rows(self, number: int) -> range:
        return range(number * self.shard_clips, min((number + 1) * self.shard_clips, self.n))

    def write(self, clips: Made, todo: Sequence[int]) -> None:
        """Write clips that come in the order of `todo`, each shard as soon as it is complete."""
        asked, held = iter(todo), list[tuple[int, Fields]]()
        for index, fields in clips:
            if index not in asked:  # reads on to it: what was passed over cannot come any more
                raise DataError(f"Row {index} of {self.folder} is out of order, or given twice.")
            self._check_fields(index, fields)
            if held and held[0][0] // self.shard_clips != index // self.shard_clips:
                self._save(held)
                held = []
            held.append((index, fields))
            if index == self._rows(index // self.shard_clips)[-1]:
                self._save(held)
                held = []
        if held:
            self._save(held)

    def _check_fields(self, index: int, fields: Fields) -> None:
        found = {name: (x.dtype.str, list(x.shape)) for name, x in fields.items()}
        if not self.fields:
            size = sum(map(field_bytes, found.values()))
            self.fields = found
            self.shard_clips = min(SHARD_CLIPS, max(1, SHARD_BYTES // max(1, size)))
        if found != self.fields:
            raise DataError(
                f"Row {index} of {self.folder}: expected the first clip's fields {self.fields}, "
                f"got {found}."
            )

    def _save(self, clips: Sequence[tuple[int, Fields]]) -> None:
        number = clips[0][0] // self.shard_clips
        shard, check_sums = shard_folder(self.folder, number), {}
        shutil.rmtree(shard, ignore_errors=True)  # one that lacks clips that are there by now
        with whole_folder(shard) as temporary:
            for name in self.fields:
                values = [np.ascontiguousarray(fields[name]) for _, fields in clips]
                check_sums[name] = [zlib.crc32(x.data) for x in values]
                write_part_of(temporary / f"{name}.bin", partial(_write_all, values), sync=True)
            self.parts[number] = {
                "key": self.key,
                "shard_clips": self.shard_clips,
                "fields": self.fields,
                "rows": [index for index, _ in clips],
                "check_sums": check_sums,
            }
            text = sealed(self.parts[number], STORE_VERSION)
            write_part_of(temporary / "part.json", text, sync=True)


def _read_part(shard: Path, key: int) -> dict[str, Any]:
    """Return what a shard says of itself, after checking that its files are there."""
    try:
        part = read_sealed(shard / "part.json", PART, remedy=shard)
    except FileNotFoundError:
        raise damaged(shard / "part.json", "it is missing", shard) from None
    if part["key"] != key:
        raise _of_another_store(shard.parent)
    for name, form in part["fields"].items():
        check_size(shard / f"{name}.bin", field_bytes(form) * len(part["rows"]))
    return part


def _write_all(values: Iterable[np.ndarray], file: IO[bytes]) -> None:
    file.writelines(x.data for x in values)


def _write_index(
    folder: Path, info: StoreInfo, rows: Sequence[StoreRow], shards: _Shards, kept: Sequence[int]
) -> None:
    parts = [shards.parts[number] for number in sorted(shards.parts)]
    content = {
        **{field.name: getattr(info, field.name) for field in dataclasses.fields(info)},
        "key": shards.key,
        "shard_clips": shards.shard_clips,
        "fields": shards.fields,
        "rows": [[*_values(rows[i]), i] for i in kept],
        "check_sums": {
            name: [check for part in parts for check in part["check_sums"][name]]
            for name in shards.fields
        },
    }
    write_json(folder / "index.json", content, STORE_VERSION)
