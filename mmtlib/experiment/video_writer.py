"""Writing frames as a video file that the library's own reader reads back nearly unchanged."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import IO

import av
import cv2
import numpy as np
from torch import Tensor

from mmtlib.core.files import write_part_of


def write_video(path: Path, frames: Tensor, *, rate: int, quality: int) -> None:
    """Write frames ``(C, T, S, S)`` in [0, 1], C = 1 or 3, as motion JPEG of that quality.

    Args:
        path: the file; its ending says the container, e.g. ``.avi``.
        frames: what to write.
        rate: frames per second.
        quality: of JPEG, up to 100.

    Raises:
        DataError: if the file cannot be written.
    """
    pixels = (frames * 255).round_().byte().permute(1, 2, 3, 0).numpy()
    write_part_of(path, lambda file: _write_frames(file, path.suffix[1:], pixels, rate, quality))


def _write_frames(file: IO[bytes], kind: str, pixels: np.ndarray, rate: int, quality: int) -> None:
    with av.open(file, "w", format=kind) as container:
        stream = container.add_stream("mjpeg", rate=rate)
        stream.height, stream.width = pixels.shape[1:3]
        stream.pix_fmt = "yuvj420p"
        for number, picture in enumerate(pixels):
            packet = av.Packet(_jpeg(picture, quality))
            packet.stream, packet.time_base = stream, Fraction(1, rate)
            packet.pts = packet.dts = number
            packet.is_keyframe = True
            container.mux(packet)


def _jpeg(picture: np.ndarray, quality: int) -> bytes:
    """Return a picture ``(S, S, C)`` as JPEG; OpenCV's reaches a quality that FFmpeg's does not."""
    ordered = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR) if picture.shape[-1] == 3 else picture
    full = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    return cv2.imencode(".jpg", ordered, [cv2.IMWRITE_JPEG_QUALITY, quality, *full])[1].tobytes()
