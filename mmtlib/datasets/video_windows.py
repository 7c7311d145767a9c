"""A long video as overlapping clips, read once and in little memory."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mmtlib.core.clips import GestureClip
from mmtlib.core.errors import ConfigError, DataError
from mmtlib.datasets.video_clips import check_gesture, clip_of_pixels
from mmtlib.datasets.video_io import (
    DEFAULT_RATE,
    iterate_video,
    video_info,
)


def video_windows(
    path: str | Path, modality: str, *, window: int | str, stride: int | str | None = None
) -> Iterator[tuple[int, GestureClip]]:
    """Yield the windows of a video, each with the number of its first frame.

    Args:
        path: the video.
        modality: what it shows, as for `clip_from_video`.
        window: length, in frames (``80``) or seconds (``"2.5s"``).
        stride: from the beginning of a window to that of the next; default half a window.

    Raises:
        ConfigError: if the modality is unknown, or a length is none or under one frame.
        DataError: if the video cannot be read or is shorter than one window.
    """
    path, info = Path(path), video_info(path)
    rate = info.frame_rate or DEFAULT_RATE
    length = _frames("window", window, rate)
    step = max(length // 2, 1) if stride is None else _frames("stride", stride, rate)
    gray = check_gesture(path, modality, info, length)
    recent: deque[np.ndarray] = deque(maxlen=length)
    end = 0
    for picture in iterate_video(path, gray=gray):
        recent.append(picture.copy())
        end += 1
        if end >= length and (end - length) % step == 0:
            first, pixels = end - length, np.stack(recent)
            yield first, clip_of_pixels(modality, pixels, f"{path.stem}:{first}", info)
    if end < length:
        raise DataError(
            f"{path} is shorter than one window: it has {end} frames, the window {length}; "
            "choose a shorter window, or none for a video of one gesture."
        )


def _frames(name: str, length: int | str, rate: float) -> int:
    """Return a length in frames."""
    match = re.fullmatch(r"(\d{1,9})|(\d{0,9}\.?\d{1,9}) ?s", str(length).strip(), re.ASCII)
    frames = 0
    if match:
        frames = int(match[1]) if match[1] else round(float(match[2]) * rate)
    if frames < 1:
        raise ConfigError(
            f"{name}: expected at least one frame, as frames (80) or seconds (2.5s) at "
            f"{rate:g} frames a second, got {str(length)[:40]!r}."
        )
    return frames
