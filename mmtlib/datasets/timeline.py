"""When a video shows which frame: one timeline per recording, from the times of its packets.

What a header says of the rate is not believed: phones slow down in the dark, webcams claim 1,000
frames a second, and an edit list leaves frames out that are in the file. The times are those at
which a player shows the frames: second 0 is where picture or sound begins, whichever is earlier, so
the first frame is at 0 unless sound goes before it. Frames that are decoded but not shown (before
an edit, or hidden ones of VP8) have no time and no number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from mmtlib.core.errors import DataError
from mmtlib.datasets.video_io import DEFAULT_RATE, opened_video, shown_packets

REGULAR = 0.1
"""A rate is constant if no frame lasts longer or shorter than the others by more than this share
(and by more than the container's clock can tell)."""


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """When the frames of a video are shown.

    Attributes:
        times: float64 ``(n,)``, seconds, ascending: when each frame appears.
        end: seconds: when the last frame disappears.
        frame_rate: frames per second; where the rate varies, that of the median spacing.
        varies: whether frames are not evenly spaced.
    """

    times: np.ndarray
    end: float
    frame_rate: float
    varies: bool

    def __len__(self) -> int:
        return len(self.times)

    def between(self, start: float | None, end: float | None) -> tuple[int, int]:
        """Return the first frame of the span from `start` to `end` seconds, and the one after it.

        A frame belongs to the span if it appears in it. Lists round their seconds, so a frame that
        appears before `start` (or `end`) by at most half its own duration, or half a median one if
        that is shorter, counts as appearing there: at a constant rate seconds are rounded to the
        nearest frame, and at any rate the ends are right to one frame. A span in which no frame
        appears, as in a pause of a slow camera, is the one frame that is seen at its beginning.

        Args:
            start: seconds; None = the beginning.
            end: seconds, not included; None = the end.

        Raises:
            ValueError: if the recording shows nothing there, or ends more than a frame earlier.
        """
        spacing = 1 / self.frame_rate
        reach = max(spacing, self.end - float(self.times[-1]))
        if (start or 0) >= self.end or (end is not None and end > self.end + reach):
            raise ValueError(f"it ends at {self.end:.3f} s")
        if end is not None and end <= self.times[0]:
            raise ValueError(f"its first frame is shown at {self.times[0]:.3f} s")
        gaps = np.diff(self.times, append=self.end)
        edges = self.times + np.minimum(gaps, spacing) / 2
        first = 0 if start is None else int(np.searchsorted(edges, start, "right"))
        last = len(self) if end is None else int(np.searchsorted(edges, end, "right"))
        if last <= first:
            first = max(int(np.searchsorted(self.times, start or 0, "right")) - 1, 0)
            last = first + 1
        return first, last

    def seconds(self, first: int, last: int) -> tuple[float, float]:
        """Return when frame `first` appears and when frame `last` - 1 disappears."""
        return float(self.times[first]), float(
            self.times[last] if last < len(self) else max(self.end, self.times[-1])
        )

    def rate(self, first: int, last: int) -> float:
        """Return the frames per second of a span: of the median spacing in it."""
        if not self.varies or last - first < 2:
            return self.frame_rate
        spacing = float(np.median(np.diff(self.times[first:last])))
        return 1 / spacing if spacing > 0 else self.frame_rate


def timeline(path: str | Path) -> Timeline:
    """Return the timeline of a video; nothing is decoded, and a file is looked through once.

    Raises:
        DataError: if the file is missing or no video, or does not say when its frames are shown.
    """
    path = Path(path).absolute()
    try:
        state = path.stat()
    except OSError:
        raise DataError(f"There is no video {path}.") from None
    return _timeline(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=256)  # eight bytes a frame: a minute at 30 frames a second is 14 kB
def _timeline(path: Path, size: int, changed: int) -> Timeline:
    """Return the timeline of a file as it was when it had this size and time of change."""
    with opened_video(path) as (container, stream):
        packets = list(shown_packets(container, stream))
        if not packets:
            raise DataError(f"{path} holds no frames.")
        ticks = _ticks(path, container, packets)
        tick = float(stream.time_base)
        rate, varies = _rate(path, ticks, tick, (stream.average_rate, stream.guessed_rate))
        if varies and container.format.name == "avi" and stream.codec_context.has_b_frames:
            raise DataError(
                f"{path}: an AVI file does not tell when frames are shown that are stored in "
                "another order and not evenly spaced; convert it to MP4 or MKV."
            )
        times = _from_start(ticks * tick, container.start_time)
        longest = max(packets, key=lambda packet: packet.pts or 0).duration or 0
    known = container.format.name.startswith("mov") and longest > 0
    times.setflags(write=False)
    last = longest * tick if known else 1 / rate
    return Timeline(times=times, end=float(times[-1]) + last, frame_rate=rate, varies=varies)


def _ticks(path: Path, container: Any, packets: Sequence[Any]) -> np.ndarray:
    """Return when the frames are shown, sorted, in units of the stream's clock.

    AVI has no such times, only the order in which frames are stored, at a constant pace; and where
    only some frames have a time (MPEG), those at which they are decoded have the same spacing.
    """
    stamps = [None if container.format.name == "avi" else p.pts for p in packets]
    if None in stamps:
        stamps = [packet.dts for packet in packets]
    if None in stamps:
        raise DataError(f"{path} does not say when its frames are shown; convert it to MP4 or MKV.")
    return np.sort(np.array(stamps, np.int64))


def _rate(path: Path, ticks: np.ndarray, tick: float, claimed: Sequence[Any]) -> tuple[float, bool]:
    """Return the frames per second, and whether they are unevenly spaced.

    A header's rate is taken where it agrees with the times as far as the clock can tell: times in
    whole milliseconds hide that 33.3 ms were meant.
    """
    claims = [float(rate) for rate in claimed if rate]
    if len(ticks) < 2:
        return (claims or [DEFAULT_RATE])[0], False
    steps = np.diff(ticks)
    spacing = float(np.median(steps))
    if spacing <= 0:
        raise DataError(f"{path} gives most of its frames the same time; convert it anew.")
    rounding = 1.0 if spacing > 2 else 0.0
    if np.abs(steps - spacing).max() > max(REGULAR * spacing, rounding):
        varies, unsure = True, tick
    else:
        varies, unsure = False, tick / len(steps)
        spacing = float(ticks[-1] - ticks[0]) / len(steps)
    agreeing = (rate for rate in claims if abs(1 / rate - spacing * tick) <= unsure + 1e-9)
    return next(agreeing, 1 / (spacing * tick)), varies


def _from_start(times: np.ndarray, start_us: int | None) -> np.ndarray:
    """Return times counted from where the recording begins; a start in microseconds is rounded."""
    start = float(times[0]) if start_us is None else min(start_us / 1e6, float(times[0]))
    return times - (times[0] if times[0] - start < 1e-3 else start)
