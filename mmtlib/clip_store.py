"""Clips as memory-mapped arrays: made once, opened in milliseconds, read without copies.

A store is a folder with one ``.npy`` file per field, first axis = clip, and an ``index.json`` that
names the fields, the rows (label, subject, clip id) and what the store was made from. It is written
whole or not at all, and checked when it is opened.

| field | type | meaning |
|---|---|---|
| ``rgb``, ``ir`` | uint8 ``(n, C, T, H, W)`` | brightness * 255 |
| ``depth`` | uint8 ``(n, 1, T, H, W)`` | 8-bit level, 0 = no reading |
| ``depth_mm`` | uint16 ``(n, 1, T, H, W)`` | millimetres, 0 = no reading |
| ``flow`` | int8 ``(n, 2, T, H, W)`` | pixels per frame / ``flow_scale`` |
| ``mask`` | uint8 ``(n, T, H, W)`` | 1 where the hand is |
| ``joints`` | float32 ``(n, T, J, 3)`` | metres, camera axes |
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmtlib.cache import locked, whole_folder
from mmtlib.clips import GestureClip
from mmtlib.errors import DataError

STORE_VERSION = 2
FLOW_SCALE = 1 / 16
"""Pixels per frame of one step of the stored flow, unless the writer says otherwise."""
FULL_CHECK_BYTES = 512 * 2**20
"""Fields up to this size are read and checked in full on opening; larger ones by their size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreInfo:
    """What a store says of itself.

    Attributes:
        name: the data set's name.
        class_names: one name per label.
        fingerprint: a hash of what the store was made from (not of its bytes); part of a run's
            identity.
        frame_rate: frames per second.
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


def write_clip_store(
    folder: Path,
    info: StoreInfo,
    rows: list[StoreRow],
    clips: Iterable[tuple[int, Mapping[str, np.ndarray]]],
    *,
    allow_missing: bool = False,
) -> None:
    """Write a store, whole or not at all; does nothing if it is already there.

    Args:
        folder: the store's folder; its parent is made.
        info: what the store says of itself.
        rows: one row per clip.
        clips: pairs of row number and fields of that clip, in any order, each row once.
        allow_missing: rows that were not given are left out of the store (broken videos).

    Raises:
        DataError: if the disk is full, a row (or every row) is missing or given twice, clips
            differ in their fields, or the folder is there but is no store.
    """
    with locked(folder):
        if (folder / "index.json").exists():
            return
        if folder.exists():
            raise DataError(
                f"{folder} is there but has no index.json, so it is no clip store; "
                "delete the folder and run the same command again."
            )
        with whole_folder(folder) as temporary:
            arrays: dict[str, np.memmap] = {}
            done = np.zeros(len(rows), bool)
            for index, fields in clips:
                if not arrays:
                    arrays = _create_arrays(temporary, len(rows), fields)
                if done[index]:
                    raise DataError(f"Row {index} of {folder} was given twice.")
                _check_fields(f"Row {index} of {folder}", arrays, fields)
                for name, values in fields.items():
                    arrays[name][index] = values
                done[index] = True
            if not (done.any() if allow_missing else done.all()):
                missing = int((~done).sum())
                raise DataError(f"{folder}: {missing} of {len(rows)} clips were not given.")
            for array in arrays.values():
                array.flush()
            checks = {name: _check_sum(temporary / f"{name}.npy") for name in arrays}
            del arrays
            _write_index(temporary, info, rows, np.flatnonzero(done).tolist(), checks)


def _create_arrays(folder: Path, n: int, fields: Mapping[str, np.ndarray]) -> dict[str, np.memmap]:
    arrays = {}
    for name, values in fields.items():
        path = folder / f"{name}.npy"
        arrays[name] = np.lib.format.open_memmap(
            path, mode="w+", dtype=values.dtype, shape=(n, *values.shape)
        )
        # A mapped file is sparse: without its space set aside, a full disk kills the process
        # (bus error) at some later write instead of failing here.
        if hasattr(os, "posix_fallocate"):
            with open(path, "r+b") as file:
                os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return arrays


def _check_fields(
    what: str, arrays: Mapping[str, np.ndarray], fields: Mapping[str, np.ndarray]
) -> None:
    expected = {name: (array.dtype.name, array.shape[1:]) for name, array in arrays.items()}
    found = {name: (values.dtype.name, values.shape) for name, values in fields.items()}
    if found != expected:
        raise DataError(f"{what}: expected the first clip's fields {expected}, got {found}.")


def _check_sum(path: Path) -> dict[str, int]:
    """Return the size and CRC-32 of a file: against damage, not against malice."""
    crc = 0
    with open(path, "rb") as file:
        while block := file.read(2**24):
            crc = zlib.crc32(block, crc)
    return {"bytes": path.stat().st_size, "crc32": crc}


def _write_index(
    folder: Path,
    info: StoreInfo,
    rows: list[StoreRow],
    places: list[int],
    checks: Mapping[str, Mapping[str, int]],
) -> None:
    content = {
        "name": info.name,
        "class_names": info.class_names,
        "fingerprint": info.fingerprint,
        "frame_rate": info.frame_rate,
        "flow_scale": info.flow_scale,
        "made_from": info.made_from,
        "fields": checks,
        "rows": [[rows[i].label, rows[i].subject, rows[i].clip_id, i] for i in places],
    }
    index = {"version": STORE_VERSION, "crc32": _check_sum_of(content), "content": content}
    (folder / "index.json").write_text(json.dumps(index))


def _check_sum_of(content: Any) -> int:
    return zlib.crc32(json.dumps(content).encode())


class ClipStore:
    """A store opened for reading; safe to share between processes (it pickles as its path).

    Args:
        folder: the store's folder.
        fields: the fields that will be read; default all. Only these are checked and opened.

    Raises:
        DataError: if the folder is no store, is of another version, or a file is damaged.
    """

    def __init__(self, folder: str | Path, fields: Iterable[str] | None = None) -> None:
        self.folder = Path(folder)
        index = self._read_index()
        self.info = StoreInfo(
            name=index["name"],
            class_names=tuple(index["class_names"]),
            fingerprint=index["fingerprint"],
            frame_rate=index["frame_rate"],
            flow_scale=index["flow_scale"],
            made_from=index["made_from"],
        )
        self.labels = np.array([row[0] for row in index["rows"]], dtype=np.int64)
        self.subjects = np.array([row[1] for row in index["rows"]], dtype=np.int64)
        self.clip_ids = tuple(row[2] for row in index["rows"])
        self._places = [row[3] for row in index["rows"]]
        names = tuple(index["fields"]) if fields is None else tuple(fields)
        missing = [name for name in names if name not in index["fields"]]
        if missing:
            raise DataError(
                f"{self.folder} has no field {', '.join(missing)}; it has "
                f"{', '.join(index['fields'])}."
            )
        self.arrays = {name: self._open_field(name, index["fields"][name]) for name in names}

    def _read_index(self) -> dict[str, Any]:
        path = self.folder / "index.json"
        try:
            index = json.loads(path.read_text())
            version, content = index["version"], index.get("content")
            if version == STORE_VERSION and index["crc32"] != _check_sum_of(content):
                raise ValueError("its check sum differs")
        except FileNotFoundError:
            raise DataError(f"{self.folder} is no clip store (it has no index.json).") from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise self._damaged(path, error) from None
        if version != STORE_VERSION:
            raise DataError(
                f"{self.folder} is a clip store of version {version}, this mmtlib reads version "
                f"{STORE_VERSION}; delete the folder and it will be made again."
            )
        return content

    def _open_field(self, name: str, check: Mapping[str, int]) -> np.ndarray:
        path = self.folder / f"{name}.npy"
        try:
            size = path.stat().st_size
            if size != check["bytes"]:
                raise ValueError(f"expected {check['bytes']} bytes, got {size}")
            if size <= FULL_CHECK_BYTES and _check_sum(path) != dict(check):
                raise ValueError("its check sum differs")
            return np.load(path, mmap_mode="r")
        except (OSError, ValueError) as error:
            raise self._damaged(path, error) from None

    def _damaged(self, path: Path, why: object) -> DataError:
        return DataError(
            f"{path} is damaged ({why}); delete the folder {self.folder} and it will be made again."
        )

    def __len__(self) -> int:
        return len(self.clip_ids)

    def __iter__(self) -> Iterator[GestureClip]:
        return (self[i] for i in range(len(self)))

    def __reduce__(self) -> tuple[Any, ...]:
        return ClipStore, (self.folder, tuple(self.arrays))

    def __getitem__(self, index: int) -> GestureClip:
        """Return clip `index` with every opened field, in physical units.

        A field ``depth_mm`` becomes ``frames["depth"]`` in metres where ``depth`` is not opened.

        Raises:
            IndexError: if `index` is out of range.
        """
        if not -len(self) <= index < len(self):
            raise IndexError(f"clip {index} of {len(self)} in {self.folder}")
        place = self._places[index]
        frames = {
            "depth" if name == "depth_mm" else name: self.decode(name, array[place])
            for name, array in self.arrays.items()
            if name not in ("mask", "joints")
            and not (name == "depth_mm" and "depth" in self.arrays)
        }
        mask, joints = self.arrays.get("mask"), self.arrays.get("joints")
        return GestureClip(
            frames=frames,
            label=int(self.labels[index]),
            subject=int(self.subjects[index]),
            clip_id=self.clip_ids[index],
            frame_rate=self.info.frame_rate,
            mask=None if mask is None else torch.from_numpy(mask[place] != 0),
            joints=None if joints is None else torch.from_numpy(joints[place].copy()),
        )

    def decode(self, name: str, values: np.ndarray) -> Tensor:
        """Return stored values of a picture field as float32 in physical units."""
        scale = {"flow": self.info.flow_scale, "depth_mm": 1e-3}.get(name, 1 / 255)
        return torch.from_numpy(values.astype(np.float32)).mul_(scale)


def encode_frames(
    frames: Mapping[str, Tensor], flow_scale: float = FLOW_SCALE
) -> dict[str, np.ndarray]:
    """Return the frames of a clip as fields of a store (`ClipStore.decode` is the way back).

    Args:
        frames: modality -> float ``(C, T, H, W)`` in the modality's unit.
        flow_scale: pixels per frame of one step of ``flow``; larger values are cut at 127 steps.
    """
    fields = {}
    for name, x in frames.items():
        if name == "flow":
            fields[name] = (x / flow_scale).round().clamp(-127, 127).to(torch.int8).numpy()
        else:
            fields[name] = (x * 255).round().clamp(0, 255).to(torch.uint8).numpy()
    return fields
