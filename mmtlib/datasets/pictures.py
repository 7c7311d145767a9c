"""Pictures as files: JPEG, PNG or BMP, looked at before they are decoded, and shown upright.

What a header says is read before any decoder runs: a small file may claim pictures that fill the
memory. Turning and depth of bits follow the same rules as in videos (`mmtlib.datasets.pixels`).
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from mmtlib.core.errors import DataError
from mmtlib.datasets.pixels import RawScale, colour_levels, needs_scale
from mmtlib.datasets.video_io import MAX_SIDE

MAX_PICTURE_BYTES = 512 * 2**20
"""A larger file is no picture of a gesture."""
_PICTURE = re.compile(r"([0-9]{1,9})\.(?:jpe?g|png|bmp)", re.ASCII | re.IGNORECASE)
_JPEG_SIZES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
"""Markers of JPEG after which the size stands."""


@dataclass(frozen=True, slots=True)
class PictureHeader:
    """What a picture's header says: its kind, size as stored (pixels), bits of a value."""

    kind: str
    width: int
    height: int
    bits: int


@lru_cache(maxsize=16)
def numbered_pictures(folder: str, changed: int) -> Mapping[int, str]:
    """Return number -> name of the pictures in a folder; `changed` is when that was so.

    Many clips share a folder of thousands of pictures and are asked for one after the other.
    """
    names: dict[int, str] = {}
    with os.scandir(folder) as entries:
        for name in sorted(entry.name for entry in entries if entry.is_file()):
            match = _PICTURE.fullmatch(name)
            if match and names.setdefault(int(match[1]), name) != name:
                raise DataError(
                    f"{folder} has picture {int(match[1])} twice: {names[int(match[1])]} and "
                    f"{name}; keep one."
                )
    return names


@contextmanager
def naming_unreadable() -> Iterator[None]:
    """Turn the system's complaint about a file into a `DataError` that names it."""
    try:
        yield
    except OSError as error:
        raise DataError(f"Cannot read {error.filename} ({error.strerror}).") from None


def read_picture(name: str, gray: bool, scale: RawScale | None = None) -> np.ndarray:
    """Return a picture as a viewer shows it, uint8 ``(H, W, 3)``, or ``(H, W)`` with `gray`.

    Args:
        name: the file.
        gray: return brightness instead of colour.
        scale: with `gray`, what raw values of more than 8 bits become; None = they are refused.

    Raises:
        DataError: if the file is missing, no picture, damaged or too large, or has brightness of
            more than 8 bits and no scale.
    """
    data = _content(name)
    header = picture_header(name, data)
    flags = cv2.IMREAD_GRAYSCALE if gray else cv2.IMREAD_COLOR_RGB
    try:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), flags | cv2.IMREAD_ANYDEPTH)
    except cv2.error:
        picture = None
    if picture is None:
        raise _no_picture(name)
    if picture.dtype == np.uint8:
        return picture
    if picture.dtype != np.uint16 or (scale is None and (gray or _is_grey(data))):
        raise DataError(f"{name} cannot be read as it is: {needs_scale(header.bits)}.")
    return colour_levels(picture) if scale is None or not gray else scale.levels(picture)


def shown_header(name: str) -> tuple[PictureHeader, int]:
    """Return a picture's header, and by how many quarter turns clockwise a viewer turns it.

    Raises:
        DataError: as `read_picture`.
    """
    data = _content(name)
    header = picture_header(name, data)
    buffer, gray = np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE
    stored = cv2.imdecode(buffer, gray | cv2.IMREAD_IGNORE_ORIENTATION)
    shown = cv2.imdecode(buffer, gray)
    if stored is None or shown is None:
        raise _no_picture(name)
    turned = (k for k in range(4) if np.array_equal(np.rot90(stored, -k), shown))
    return header, next(turned, 0)  # mirrored pictures are none of them


def picture_header(name: str, data: bytes) -> PictureHeader:
    """Return what the header of a picture says.

    Raises:
        DataError: if it is none of the three kinds, or too large.
    """
    header = _parsed(data)
    if header is None:
        raise _no_picture(name)
    if not (0 < header.width <= MAX_SIDE and 0 < header.height <= MAX_SIDE):
        raise DataError(
            f"{name} would have {header.width:,} x {header.height:,} pixels; at most {MAX_SIDE:,} "
            "x {MAX_SIDE:,} are read.".replace("{MAX_SIDE:,}", f"{MAX_SIDE:,}")
        )
    return header


def _content(name: str) -> bytes:
    with naming_unreadable(), open(name, "rb") as file:
        state = os.fstat(file.fileno())
        if not stat.S_ISREG(state.st_mode) or state.st_size > MAX_PICTURE_BYTES:
            raise _no_picture(name)
        return file.read()


def _parsed(data: bytes) -> PictureHeader | None:
    if data[:8] == b"\x89PNG\r\n\x1a\n" and len(data) > 25:
        width, height = (int.from_bytes(data[i : i + 4], "big") for i in (16, 20))
        return PictureHeader("png", width, height, max(data[24], 8))
    if data[:2] == b"BM" and len(data) > 30:
        width, height = (int.from_bytes(data[i : i + 4], "little", signed=True) for i in (18, 22))
        return PictureHeader("bmp", width, abs(height), 8)
    return _jpeg(data) if data[:2] == b"\xff\xd8" else None


def _jpeg(data: bytes) -> PictureHeader | None:
    """Return what the first frame of a JPEG says; the parts before it begin with their length."""
    at = 2
    while at + 9 < len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in _JPEG_SIZES:
            height, width = (int.from_bytes(data[i : i + 2], "big") for i in (at + 5, at + 7))
            return PictureHeader("jpeg", width, height, data[at + 4])
        alone = marker == 0xFF or marker == 0x01
        at += (
            (1 if marker == 0xFF else 2)
            if alone
            else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        )
    return None


def _is_grey(data: bytes) -> bool:
    """Tell whether a PNG stores brightness alone (colour types 0 and 4)."""
    return data[1:4] == b"PNG" and data[25] in (0, 4)


def _no_picture(name: str) -> DataError:
    return DataError(f"{name} is no JPEG, PNG or BMP picture, or is damaged or cut off.")
