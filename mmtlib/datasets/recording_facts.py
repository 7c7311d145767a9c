"""What a recording is: its length, rate, size, turning, depth of bits, and whether it is whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from mmtlib.core.errors import DataError
from mmtlib.datasets.file_ends import cut_short
from mmtlib.datasets.pictures import shown_header
from mmtlib.datasets.pixels import component_bits, orientation
from mmtlib.datasets.timeline import timeline
from mmtlib.datasets.video_io import first_frame, index_end, opened_video


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingFacts:
    """What a recording is, for `verify` and for people.

    Attributes:
        frames: how many a player shows.
        height, width: of a frame as it is shown, pixels.
        seconds: from the beginning to the end of the last frame; None for pictures.
        frame_rate: frames per second (of the median spacing); None for pictures.
        varies: whether the frames are unevenly spaced.
        rotation: degrees clockwise by which the stored frames are turned to be shown: 0, 90, 180
            or 270.
        bits: of a stored value; more than 8 need a scale, or are colour.
        container, codec: as FFmpeg names them; ``"pictures"`` and e.g. ``"png"`` for a folder.
        cut_short: one sentence if the file ends before its container says, else empty.
    """

    frames: int
    height: int
    width: int
    seconds: float | None
    frame_rate: float | None
    varies: bool
    rotation: int
    bits: int
    container: str
    codec: str
    cut_short: str


def video_facts(path: Path) -> RecordingFacts:
    """Return the facts of a video; looked up once as long as the file stays as it is.

    Raises:
        DataError: if it is missing, no video, or its first frame cannot be read.
    """
    timeline(path)  # says so if there is none
    state = path.stat()
    return _video_facts(path.absolute(), state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=256)
def _video_facts(path: Path, size: int, changed: int) -> RecordingFacts:
    """Return the facts of a file as it was when it had this size and time of change."""
    line = timeline(path)
    with opened_video(path) as (container, stream):
        frame = first_frame(container, stream)
        try:
            turns, _ = orientation(frame)
        except DataError as reason:
            raise DataError(f"{path} cannot be read as it is: {reason}.") from None
        height, width = _turned((frame.height, frame.width), turns)
        return RecordingFacts(
            frames=len(line),
            height=height,
            width=width,
            seconds=line.end,
            frame_rate=line.frame_rate,
            varies=line.varies,
            rotation=90 * turns,
            bits=max(component_bits(frame.format.name)),
            container=container.format.name.split(",")[0],
            codec=stream.codec_context.name,
            cut_short=cut_short(path, index_end(stream)),
        )


def picture_facts(names: Sequence[str]) -> RecordingFacts:
    """Return the facts of a folder of pictures, by the first of them.

    Raises:
        DataError: if it cannot be read.
    """
    header, turns = shown_header(names[0])
    height, width = _turned((header.height, header.width), turns)
    return RecordingFacts(
        frames=len(names),
        height=height,
        width=width,
        seconds=None,
        frame_rate=None,
        varies=False,
        rotation=90 * turns,
        bits=header.bits,
        container="pictures",
        codec=header.kind,
        cut_short="",
    )


def _turned(size: tuple[int, int], turns: int) -> tuple[int, int]:
    return size[::-1] if turns % 2 else size
