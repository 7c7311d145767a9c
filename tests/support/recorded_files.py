"""Write recordings as phones, webcams and depth cameras do: with odd times, turned, deep, cut off.

Knows nothing of mmtlib: what a player shows, and when, is what was written.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

FRAMES = 40
CLOCK = Fraction(1, 1000)
CODECS = {".mp4": "libx264", ".mov": "libx264", ".mkv": "libx264", ".webm": "libvpx"}
"""Container -> how its frames are usually coded; AVI as cameras do."""
EXIF_TURNS = {0: 1, 90: 6, 180: 3, 270: 8}
"""Degrees clockwise to be shown upright -> EXIF's number for it."""


def counted(n: int = FRAMES, height: int = 32, width: int = 48) -> np.ndarray:
    """Return uint8 ``(n, H, W, 3)``: even grey, whose brightness is the number of the frame."""
    levels = (30 + 5 * np.arange(n)).astype(np.uint8)
    return np.broadcast_to(levels[:, None, None, None], (n, height, width, 3)).copy()


def numbers(pixels: np.ndarray) -> list[int]:
    """Read the numbers back from uint8 ``(T, H, W)`` or ``(T, H, W, 3)``."""
    means = pixels.reshape(len(pixels), -1).mean(axis=1)
    return np.rint((means - 30) / 5).astype(int).tolist()


def slowing(n: int = FRAMES) -> list[float]:
    """Return times of a phone in the dark: 30 frames a second, then 10."""
    fast = 2 * n // 3
    return [i / 30 for i in range(fast)] + [fast / 30 + i / 10 for i in range(n - fast)]


def webcam(n: int = FRAMES) -> list[float]:
    """Return times of a webcam: whole milliseconds, 15 a second and up to 9 ms off."""
    return [round(i / 15, 3) + (7 * i % 10) / 1000 for i in range(n)]


def write_recording(
    path: Path,
    pictures: np.ndarray,
    *,
    times: Sequence[float] | None = None,
    rate: int = 30,
    codec: str | None = None,
    pix_fmt: str = "yuv420p",
    rotation: int = 0,
    transfer: int | None = None,
    options: Mapping[str, str] | None = None,
) -> Path:
    """Write a video.

    Args:
        path: the file; its ending says the container.
        pictures: uint8 ``(T, H, W, 3)``, or uint16 ``(T, H, W)`` of one channel.
        times: when each is shown, seconds; None = evenly, by the rate.
        rate: what the header says.
        codec, pix_fmt: how it is coded.
        rotation: degrees clockwise by which a player turns the pictures.
        transfer: the transfer function of HDR, as ITU-T H.273 numbers it.
        options: of the container.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", options=dict(options or {})) as container:
        stream = container.add_stream(codec or CODECS.get(path.suffix, "mpeg4"), rate=rate)
        stream.height, stream.width = pictures.shape[1:3]
        stream.pix_fmt = pix_fmt
        stream.codec_context.thread_count = 1
        stream.codec_context.bit_rate = 4_000_000
        if times is not None:
            stream.codec_context.time_base = CLOCK
        if transfer is not None:
            stream.codec_context.color_trc = transfer
        if rotation:
            stream.set_display_rotation(-rotation)
        for number, picture in enumerate(pictures):
            form = "gray16le" if picture.dtype == np.uint16 else "rgb24"
            frame = av.VideoFrame.from_ndarray(picture, format=form)
            if times is not None:
                frame.pts, frame.time_base = round(times[number] / CLOCK), CLOCK
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def trim(path: Path, start: float, seconds: float) -> None:
    """Make the edit list of an MP4 or MOV file show a part, as a phone's editor does."""
    data = bytearray(path.read_bytes())

    def clock(box: bytes) -> int:
        return struct.unpack(">I", data[(at := data.index(box) + 16) : at + 4])[0]

    at = data.index(b"elst") + 12  # after the name, version and flags, and the number of entries
    _, begins = struct.unpack(">Ii", data[at : at + 8])
    edit = round(seconds * clock(b"mvhd")), begins + round(start * clock(b"mdhd"))
    data[at : at + 8] = struct.pack(">Ii", *edit)
    path.write_bytes(bytes(data))


def write_numbered(folder: Path, pictures: np.ndarray, *, rotation: int = 0) -> Path:
    """Write pictures as JPEG with a camera's note on how they are turned, or as 16-bit PNG."""
    folder.mkdir(parents=True, exist_ok=True)
    tiff = b"II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00"
    note = b"Exif\x00\x00" + tiff + struct.pack("<HHI", EXIF_TURNS[rotation], 0, 0)
    for number, picture in enumerate(pictures, 1):
        if picture.dtype == np.uint16:
            assert cv2.imwrite(str(folder / f"{number:06d}.png"), picture)
            continue
        data = cv2.imencode(".jpg", picture[..., ::-1])[1].tobytes()
        app1 = b"\xff\xe1" + struct.pack(">H", len(note) + 2) + note
        (folder / f"{number:06d}.jpg").write_bytes(data[:2] + app1 + data[2:])
    return folder
