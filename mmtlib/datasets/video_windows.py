"""A long video as overlapping clips, read once and in little memory."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path

import numpy as np

from mmtlib.core.clips import GestureClip
from mmtlib.core.errors import ConfigError, DataError
from mmtlib.datasets.recordings import Recording
from mmtlib.datasets.timeline import Timeline
from mmtlib.datasets.video_clips import check_gesture, clip_of_pixels, picture_form


@dataclass(frozen=True, slots=True)
class VideoWindow:
    """Some frames of a long video.

    Attributes:
        first, last: the frames, counted from 0, `last` excluded.
        start_s, end_s: when the first of them appears and the last one disappears, seconds.
        clip: the frames; its rate is theirs.
    """

    first: int
    last: int
    start_s: float
    end_s: float
    clip: GestureClip


def video_windows(
    path: str | Path, modality: str, *, window: int | str, stride: int | str | None = None
) -> Iterator[VideoWindow]:
    """Yield the windows of a video.

    Args:
        path: the video.
        modality: what it shows, as for `clip_from_video`.
        window: length, in frames (``80``) or seconds (``"2.5s"``), which are those of a player.
        stride: from the beginning of a window to that of the next, likewise; default half a window.

    Raises:
        ConfigError: if the modality is unknown, or a length is none or under one frame.
        DataError: if the video cannot be read or is shorter than one window.
    """
    recording = Recording(Path(path))
    gray, scale = picture_form(modality)
    line = recording.timeline()
    spans = _spans(recording.path, line, window, stride)
    check_gesture(recording, gray, max(last - first for first, last in spans))
    pictures = recording.pictures(gray=gray, scale=scale)
    recent: deque[np.ndarray] = deque()
    end = 0
    for first, last in spans:
        while recent and end - len(recent) < first:
            recent.popleft()
        for picture in islice(pictures, last - end):
            if end >= first:
                recent.append(picture.copy())
            end += 1
        pixels, name = (
            np.stack(list(islice(recent, last - first))),
            f"{recording.path.stem}:{first}",
        )
        clip = clip_of_pixels(modality, pixels, name, line.rate(first, last))
        yield VideoWindow(first, last, *line.seconds(first, last), clip)


def _spans(
    path: Path, line: Timeline, window: int | str, stride: int | str | None
) -> list[tuple[int, int]]:
    """Return the first frame of every window, and the one after its last."""
    length, in_seconds = _length("window", window, line.frame_rate)
    step, step_in_seconds = (
        (length / 2 if in_seconds else max(length // 2, 1), in_seconds)
        if stride is None
        else _length("stride", stride, line.frame_rate)
    )
    spans = []
    for k in count():
        if step_in_seconds:
            at = float(line.times[0]) + k * step
            first = line.between(at, None)[0] if at < line.end else len(line)
        else:
            first = min(int(k * step), len(line))
            at = float(line.times[first]) if first < len(line) else line.end
        last = first + int(length)
        if in_seconds:
            whole = at + length <= line.end + 0.5 / line.frame_rate
            first, last = line.between(at, at + length) if whole else (first, len(line) + 1)
        if last > len(line):
            break
        spans.append((first, last))
    if not spans:
        raise DataError(
            f"{path} is shorter than one window: it has {len(line)} frames ({line.end:.2f} s), the "
            f"window {window}; choose a shorter window, or none for a video of one gesture."
        )
    return spans


def _length(name: str, length: int | str, rate: float) -> tuple[float, bool]:
    """Return a length, and whether it is in seconds (else in frames)."""
    match = re.fullmatch(r"(\d{1,9})|(\d{0,9}\.?\d{1,9}) ?s", str(length).strip(), re.ASCII)
    frames = 0
    if match:
        frames = int(match[1]) if match[1] else round(float(match[2]) * rate)
    if match is None or frames < 1:
        raise ConfigError(
            f"{name}: expected at least one frame, as frames (80) or seconds (2.5s) at "
            f"{rate:g} frames a second, got {str(length)[:40]!r}."
        )
    return (float(match[2]), True) if match[2] else (frames, False)
