"""From a decoded frame to pixels: upright, and no bit lost in silence.

A picture is shown as a viewer shows it: turned as the container (or a camera's EXIF note) says.
Colour of more than 8 bits becomes the nearest 8 bits, as on a screen. Depth, infrared and any other
brightness of more than 8 bits are measurements, whose low byte counts: they are read with the scale
that their modality declares (`RawScale`), or refused.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import av
import cv2
import numpy as np
from av.video.reformatter import VideoReformatter

from mmtlib.core.errors import DataError

MAX_CLIP_BYTES = 8 * 2**30
"""A clip is read into memory as a whole."""
_LIMITED = ("yuv420p", "yuv422p", "yuv444p")
_FULL = ("yuvj420p", "yuvj422p", "yuvj444p", "gray")
_LIMITED_TO_FULL = np.clip(np.rint((np.arange(256) - 16) * (255 / 219)), 0, 255).astype(np.uint8)
_HDR = {16: "PQ", 18: "HLG"}  # transfer functions of ITU-T H.273
_UNREADABLE = (
    "its {bits}-bit values need a scale: register a modality with raw_range=(dark, bright)"
)


@dataclass(frozen=True, slots=True)
class RawScale:
    """How measurements of more than 8 bits become levels, uint8.

    Attributes:
        dark: the raw value that becomes the darkest level; for depth the far end.
        bright: the raw value that becomes 255; for depth the near end. Values beyond are cut.
        missing: whether raw 0 is no reading and stays 0; the darkest level is then 1.
    """

    dark: float
    bright: float
    missing: bool

    def levels(self, raw: np.ndarray) -> np.ndarray:
        """Return raw values (any unsigned integers) as levels, uint8."""
        lowest = 1 if self.missing else 0
        share = (raw.astype(np.float32) - self.dark) / (self.bright - self.dark)
        levels = np.rint(lowest + (255 - lowest) * share.clip(0, 1)).astype(np.uint8)
        if self.missing:
            levels[raw == 0] = 0
        return levels


def empty_clip(path: object, frames: int, shape: tuple[int, ...]) -> np.ndarray:
    """Return room for so many pictures, uint8 ``(frames, *shape)``.

    Raises:
        DataError: if that is more than `MAX_CLIP_BYTES`; names the recording.
    """
    if frames * math.prod(shape) > MAX_CLIP_BYTES:
        raise DataError(
            f"{path}: {frames:,} frames of {shape[1]} x {shape[0]} pixels are too many to be read "
            "as one clip; say which frames."
        )
    return np.empty((frames, *shape), np.uint8)


def frame_pixels(
    frame: Any, reformatter: VideoReformatter, *, gray: bool, scale: RawScale | None
) -> np.ndarray:
    """Return the pixels of a decoded frame as it is shown, valid until the next one.

    Raises:
        DataError: if it has more than 8 bits and may not be cut to 8 (the reason alone).
    """
    pixels = _brightness(frame, reformatter, scale) if gray else _colour(frame, reformatter)
    turns, mirrored = orientation(frame)
    return upright(pixels, turns, mirrored) if turns or mirrored else pixels


@lru_cache(maxsize=64)
def component_bits(form: str) -> tuple[int, ...]:
    """Return how many bits each component of a pixel has, by FFmpeg's name of the form."""
    return tuple(component.bits for component in av.VideoFormat(form, 16, 16).components)


def needs_scale(bits: int) -> DataError:
    """Return the reason why values of so many bits cannot be read."""
    return DataError(_UNREADABLE.format(bits=bits))


def colour_levels(raw: np.ndarray) -> np.ndarray:
    """Return colour of 16 bits as the nearest 8."""
    return ((raw.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _colour(frame: Any, reformatter: VideoReformatter) -> np.ndarray:
    components = component_bits(frame.format.name)
    if (bits := max(components)) > 8:
        if len(components) == 1:
            raise needs_scale(bits)
        if frame.color_trc in _HDR:
            raise DataError(
                f"it is HDR video ({_HDR[frame.color_trc]}), which looks pale as it is stored: "
                "convert it to SDR first"
            )
    return reformatter.reformat(frame, format="rgb24").to_ndarray()


def _brightness(frame: Any, reformatter: VideoReformatter, scale: RawScale | None) -> np.ndarray:
    """Return the brightness, which most codings store by itself: no way round by colour."""
    if (bits := max(component_bits(frame.format.name))) > 8:
        if scale is None:
            raise needs_scale(bits)
        return scale.levels(_raw(frame, reformatter))
    name, plane = frame.format.name, frame.planes[0]
    if name not in _LIMITED + _FULL or plane.line_size < frame.width:
        return reformatter.reformat(frame, format="gray").to_ndarray()
    lines = np.frombuffer(plane, np.uint8, count=frame.height * plane.line_size)
    brightness = lines.reshape(frame.height, plane.line_size)[:, : frame.width]
    full = name in _FULL or frame.color_range == av.video.reformatter.ColorRange.JPEG
    return brightness if full else cv2.LUT(brightness, _LIMITED_TO_FULL)


def _raw(frame: Any, reformatter: VideoReformatter) -> np.ndarray:
    """Return the stored values of a frame's first plane, uint16, changed in no bit."""
    if frame.format.name == "gray16be":
        frame = reformatter.reformat(frame, format="gray16le")
    if not frame.format.name.startswith(("gray", "yuv")) or not frame.format.name.endswith("le"):
        raise DataError(f"it has pixels of the form {frame.format.name}: store it as gray16le")
    plane = frame.planes[0]
    lines = np.frombuffer(plane, "<u2", count=frame.height * plane.line_size // 2)
    return lines.reshape(frame.height, plane.line_size // 2)[:, : frame.width]


def orientation(frame: Any) -> tuple[int, bool]:
    """Return how a frame is turned to be shown: quarter turns clockwise, after being mirrored.

    Raises:
        DataError: if it is to be turned by anything else (the reason alone).
    """
    note = frame.side_data.get("DISPLAYMATRIX")
    if note is None:
        return 0, False
    a, b, _, c, d = np.frombuffer(bytes(note), np.int32)[:5].tolist()
    signs = tuple(int(np.sign(x)) for x in (a, b, c, d))
    if signs not in _TURNS or (a and abs(a) != abs(d)) or (b and abs(b) != abs(c)):
        raise DataError("it is to be shown slanted or stretched: convert it first")
    return _TURNS[signs]


_TURNS = {
    (1, 0, 0, 1): (0, False), (0, 1, -1, 0): (1, False),
    (-1, 0, 0, -1): (2, False), (0, -1, 1, 0): (3, False),
    (-1, 0, 0, 1): (0, True), (0, -1, -1, 0): (1, True),
    (1, 0, 0, -1): (2, True), (0, 1, 1, 0): (3, True),
}  # fmt: skip
"""Signs of a display matrix, ``x' = a x + c y``, ``y' = b x + d y`` -> see `orientation`."""


def upright(pixels: np.ndarray, turns: int, mirrored: bool) -> np.ndarray:
    """Return pixels ``(H, W, ...)`` mirrored left to right if asked for, then turned clockwise."""
    return np.ascontiguousarray(np.rot90(pixels[:, ::-1] if mirrored else pixels, -turns))
