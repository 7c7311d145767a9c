"""Clips as memory-mapped arrays: opened in milliseconds, read without copies, checked when read.

A store is a folder. Its clips lie in shards, a bounded number of consecutive clips each, so that a
killed writer (`clip_writer`) goes on at the first missing one and damage costs one of them:

| file | holds |
|---|---|
| ``index.json`` | formats, rows (label, subject, clip id) and check sums; written last |
| ``shard-0000/NAME.bin`` | a field of the shard's clips, one after another, as the index says |
| ``shard-0000/part.json`` | which rows these are, and their check sums |

| field | type | meaning |
|---|---|---|
| a modality | uint8 ``(C, T, H, W)`` | brightness or level * 255 |
| one of directions | int8 ``(2, T, H, W)`` | pixels per frame / ``flow_scale`` |
| ``depth_mm`` | uint16 ``(1, T, H, W)`` | millimetres, 0 = missing |
| ``mask`` | uint8 ``(T, H, W)`` | 1 where the hand is |
| ``joints`` | float32 ``(T, J, 3)`` | metres, camera axes |
| ``frame_rate`` | float32 ``(1,)`` | frames per second of this clip, where clips differ |
"""

from __future__ import annotations

import dataclasses
import math
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmtlib.core.cache import cache_dir
from mmtlib.core.clips import GestureClip
from mmtlib.core.errors import DataError
from mmtlib.core.files import reading
from mmtlib.core.modalities import get_modality
from mmtlib.core.sealed import read_json

STORE_VERSION = 3
FLOW_SCALE = 1 / 16
"""Pixels per frame of one step of the stored flow, unless the writer says otherwise."""
CHECK_AT_ONCE_BYTES = 64 * 2**20
"""A store with no more to read than this is checked whole on opening; else each clip when read."""
FRAME_RATE = "frame_rate"
"""The field that holds a clip's own frame rate; every reader opens it."""
OPEN_FILES = 256
"""Files of a store that are kept mapped at a time (each holds one of the system's file handles)."""
_SHARED = {
    "key": int, "shard_clips": int, "fields": dict[str, list[Any]],
    "check_sums": dict[str, list[int]],
}  # fmt: skip
PART = {**_SHARED, "rows": list[int]}
"""What ``part.json`` must have."""
INDEX = {
    **_SHARED, "rows": list[list[Any]], "name": str, "class_names": list[str], "fingerprint": str,
    "frame_rate": float, "flow_scale": float, "made_from": dict[str, Any],
}  # fmt: skip
"""What ``index.json`` must have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreInfo:
    """What a store says of itself.

    Attributes:
        name: the data set's name.
        class_names: one name per label.
        fingerprint: a hash of what the store was made from (not of its bytes); part of a run's
            identity.
        frame_rate: frames per second; of clips that do not say it themselves.
        flow_scale: pixels per frame of one step of ``flow``.
        made_from: everything that determined the content, for people to read.
    """

    name: str
    class_names: tuple[str, ...]
    fingerprint: str
    frame_rate: float
    flow_scale: float = FLOW_SCALE
    made_from: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreRow:
    """One clip's row: label (0-based), subject number, and a name unique in the store."""

    label: int
    subject: int
    clip_id: str


Form = tuple[str, list[int]]
"""A field's format: type and shape of one clip's values."""


def store_folder(kind: str, name: str, fingerprint: str) -> Path:
    """Return where the cache keeps a store; another layout has another folder beside the old one.

    Args:
        kind: the folder of the cache.
        name: begins the store's name.
        fingerprint: as in `StoreInfo`.
    """
    return cache_dir(kind) / f"{name}-{fingerprint[:12]}-v{STORE_VERSION}"


def shard_folder(folder: Path, number: int) -> Path:
    """Return the folder of a store's shard."""
    return folder / f"shard-{number:04d}"


def field_bytes(form: Form) -> int:
    """Return the bytes of one clip's field from its format: type and shape."""
    return np.dtype(form[0]).itemsize * math.prod(form[1])


def read_sealed(path: Path, types: Mapping[str, Any], remedy: Path) -> dict[str, Any]:
    """Return the content of a store's JSON file after checking seal, version and types.

    Raises:
        FileNotFoundError: if it is missing.
        DataError: if it is of another version, or damaged; `remedy` is then to be deleted.
    """
    return read_json(path, types, remedy=_made_anew(remedy), version=STORE_VERSION)


def _made_anew(folder: Path) -> str:
    return f"delete {folder} and run the same command again: only what is missing is made anew"


def check_size(path: Path, size: int) -> None:
    """Raise a `DataError` if a shard's file is missing or not of this size."""
    try:
        found = path.stat().st_size
    except OSError as error:
        raise damaged(path, error.strerror, path.parent) from None
    if found != size:
        raise damaged(path, f"expected {size} bytes, got {found}", path.parent)


def damaged(path: Path, why: object, remedy: Path) -> DataError:
    """Return the error for a damaged file; `remedy` is what to delete so that it is made again."""
    return DataError(f"{path} is damaged ({why}); {_made_anew(remedy)}.")


class ClipStore:
    """A store opened for reading; safe to share between processes (it pickles as its path).

    On opening the index is checked and every file's size. The bytes of a clip are checked the first
    time this process reads them, or on opening where there are few (`CHECK_AT_ONCE_BYTES`).

    Attributes:
        folder, info: where it is, and what it says of itself.
        fields: the names of the opened fields, `FRAME_RATE` not among them.
        labels, subjects: int64 ``(n,)``.
        clip_ids: n names.

    Args:
        folder: the store's folder.
        fields: the fields that will be read; default all. Only these are checked and opened.
        tables: field of whole numbers from 0 up -> float32 ``(n,)``, what each of them stands for,
            where that is not the usual unit.

    Raises:
        DataError: if the folder is no store, is of another version, or a file is damaged.
    """

    def __init__(
        self,
        folder: str | Path,
        fields: Iterable[str] | None = None,
        *,
        tables: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        self.folder, self.tables = Path(folder), dict(tables or {})
        try:
            index = read_sealed(path := self.folder / "index.json", INDEX, remedy=path)
        except FileNotFoundError:
            raise DataError(f"{self.folder} is no clip store (it has no index.json).") from None
        with reading(path, _made_anew(path)):
            self._take(index, fields)
        self._check()

    def _take(self, index: Mapping[str, Any], fields: Iterable[str] | None) -> None:
        said = {field.name: index[field.name] for field in dataclasses.fields(StoreInfo)}
        self.info = StoreInfo(**{**said, "class_names": tuple(said["class_names"])})
        self.labels = np.array([row[0] for row in index["rows"]], dtype=np.int64)
        self.subjects = np.array([row[1] for row in index["rows"]], dtype=np.int64)
        self.clip_ids = tuple(row[2] for row in index["rows"])
        there = [name for name in index["fields"] if name != FRAME_RATE]
        self.fields = tuple(there) if fields is None else tuple(fields)
        missing = [name for name in self.fields if name not in there]
        if missing:
            raise DataError(
                f"{self.folder} has no field {', '.join(missing)}; it has {', '.join(there)}."
            )
        opened = [*self.fields, *(name for name in index["fields"] if name == FRAME_RATE)]
        self._forms = {name: index["fields"][name] for name in opened}
        self._shards = np.array([row[3] for row in index["rows"]], int) // index["shard_clips"]
        self._places = np.arange(len(self)) - np.searchsorted(self._shards, self._shards)
        self._check_sums = {name: index["check_sums"][name] for name in opened}
        self._unchecked = {name: np.ones(len(self), bool) for name in opened}
        self._mapped = lru_cache(OPEN_FILES)(self._map)

    def _check(self) -> None:
        numbers, counts = np.unique(self._shards, return_counts=True)
        sizes = {name: field_bytes(form) for name, form in self._forms.items()}
        for name, size in sizes.items():
            for number, count in zip(numbers, counts, strict=True):
                path = shard_folder(self.folder, number) / f"{name}.bin"
                check_size(path, size * int(count))
        if sum(sizes.values()) * len(self) <= CHECK_AT_ONCE_BYTES:
            for name in self._forms:
                for index in range(len(self)):
                    self.stored(name, index)

    def _map(self, name: str, number: int) -> np.ndarray:
        path, (dtype, shape) = shard_folder(self.folder, number) / f"{name}.bin", self._forms[name]
        try:
            return np.asarray(np.memmap(path, dtype, mode="r")).reshape(-1, *shape)
        except (OSError, ValueError) as error:
            raise damaged(path, error, path.parent) from None

    def __len__(self) -> int:
        return len(self.clip_ids)

    def __iter__(self) -> Iterator[GestureClip]:
        return (self[i] for i in range(len(self)))

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(ClipStore, tables=self.tables), (self.folder, self.fields)

    def __getitem__(self, index: int) -> GestureClip:
        """Return clip `index` with every opened field, in physical units.

        A field ``depth_mm`` becomes ``frames["depth"]`` in metres where ``depth`` is not opened.

        Raises:
            IndexError: if `index` is out of range.
            DataError: if what is stored of the clip is damaged.
        """
        there = {name: self.stored(name, index) for name in self.fields}
        mask, joints = there.pop("mask", None), there.pop("joints", None)
        frames = {
            "depth" if name == "depth_mm" else name: self.decode(name, values)
            for name, values in there.items()
            if name != "depth_mm" or "depth" not in there
        }
        return GestureClip(
            frames=frames,
            label=int(self.labels[index]),
            subject=int(self.subjects[index]),
            clip_id=self.clip_ids[index],
            frame_rate=(
                float(self.stored(FRAME_RATE, index)[0])
                if FRAME_RATE in self._forms
                else self.info.frame_rate
            ),
            mask=None if mask is None else torch.from_numpy(mask != 0),
            joints=None if joints is None else torch.from_numpy(joints.copy()),
        )

    def stored(self, name: str, index: int) -> np.ndarray:
        """Return a field of clip `index` as it is stored: a read-only view of the file, no copy.

        Raises:
            IndexError: if `index` is out of range.
            DataError: if it is damaged.
        """
        if not -len(self) <= index < len(self):
            raise IndexError(f"clip {index} of {len(self)} in {self.folder}")
        number = int(self._shards[index])
        values = self._mapped(name, number)[self._places[index]]
        if self._unchecked[name][index]:
            if zlib.crc32(values) != self._check_sums[name][index]:
                shard = shard_folder(self.folder, number)
                why = f"the check sum of clip {self.clip_ids[index]} differs"
                raise damaged(shard / f"{name}.bin", why, shard)
            self._unchecked[name][index] = False
        return values

    def decode(self, name: str, values: np.ndarray) -> Tensor:
        """Return stored values of a picture field as float32 in physical units (or `tables`')."""
        if name in self.tables:
            return torch.from_numpy(self.tables[name].take(values))
        scale = 1e-3 if name == "depth_mm" else step_of(name, self.info.flow_scale)
        return torch.from_numpy(values.astype(np.float32)).mul_(scale)


def step_of(modality: str, flow_scale: float = FLOW_SCALE) -> float:
    """Return what one step of a modality's stored values stands for, in its unit."""
    return flow_scale if get_modality(modality).kind == "vector" else 1 / 255


def encode_frames(
    frames: Mapping[str, Tensor], flow_scale: float = FLOW_SCALE
) -> dict[str, np.ndarray]:
    """Return the frames of a clip as fields of a store (`ClipStore.decode` is the way back).

    Args:
        frames: modality -> float ``(C, T, H, W)`` in the modality's unit.
        flow_scale: pixels per frame of one step of a direction; larger values are cut at 127 steps.
    """
    fields = {}
    for name, x in frames.items():
        if get_modality(name).kind == "vector":
            fields[name] = (x / flow_scale).round().clamp(-127, 127).to(torch.int8).numpy()
        else:
            fields[name] = (x * 255).round().clamp(0, 255).to(torch.uint8).numpy()
    return fields
