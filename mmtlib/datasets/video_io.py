"""Videos: exactly the frames asked for, decoded at as little cost as the file allows.

A gesture is a short span of a longer recording. Where every frame stands for itself (motion JPEG)
only the span is decoded. In H.264 a frame needs earlier ones, so decoding starts at the last frame
before the span that needs none, and frames that no other frame needs are passed over until shortly
before the span. Any other coding is decoded from the first frame. All three give the same pixels.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import torch
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from mmtlib.core.errors import DataError

READER_VERSION = 1
"""Part of every data fingerprint; to be raised when the same file comes to give other pixels."""
MAX_REORDER = 16
"""H.264 shows a frame at most this many frames before or after its place in the file."""
DEFAULT_RATE = 30.0
"""Frames per second of a recording that does not tell its own."""
MAX_SIDE = 8192
"""Pixels; a larger picture is taken for a damaged header."""
MAX_WHOLE_VIDEO_BYTES = 512 * 2**20
"""`clip_from_video` refuses videos with more pixels than this: a gesture lasts seconds."""

_LIMITED = ("yuv420p", "yuv422p", "yuv444p")
_FULL = ("yuvj420p", "yuvj422p", "yuvj444p", "gray")
_LIMITED_TO_FULL = np.clip(np.rint((np.arange(256) - 16) * (255 / 219)), 0, 255).astype(np.uint8)
_INSTANT_REFRESH = re.compile(rb"\x00\x00\x01[\x25\x45\x65]")  # H.264: no later frame looks back


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoInfo:
    """What a video's header says: number of frames, picture size (pixels), frames per second."""

    frames: int
    height: int
    width: int
    frame_rate: float


def video_info(path: str | Path) -> VideoInfo:
    """Return what the header of a video says, without decoding it.

    Where the header does not give the number of frames, they are counted (still not decoded).

    Raises:
        DataError: if the file is missing or no video.
    """
    path = Path(path)
    with _opened(path) as (container, stream):
        frames = stream.frames or sum(packet.size > 0 for packet in container.demux(stream))
        rate = stream.average_rate or stream.guessed_rate or 0
        return VideoInfo(
            frames=frames, height=stream.height, width=stream.width, frame_rate=float(rate)
        )


def check_video(path: str | Path, last: int) -> None:
    """Check cheaply, without decoding, that a video can be opened and has `last` frames.

    A header may promise more than a file that was cut short holds, so the frames are counted where
    the file is shorter than its own header says. Damage inside a frame shows on decoding only.

    Raises:
        DataError: if the file is missing, no video, or too short.
    """
    path = Path(path)
    frames = video_info(path).frames
    if frames >= last and _is_cut_short(path):
        with _opened(path) as (container, stream):
            frames = len(_packets(container, stream, last))
    if frames < last:
        raise _too_short(path, frames, last)


def read_video(
    path: str | Path,
    first: int = 0,
    last: int | None = None,
    *,
    gray: bool = False,
    threads: int | None = None,
) -> np.ndarray:
    """Return frames `first` to `last` - 1 of a video, counted from 0 in the order they are shown.

    Args:
        path: the file; any container and coding that FFmpeg reads.
        first: the first frame.
        last: the frame after the last one; default: the end of the video.
        gray: return brightness instead of colour.
        threads: decoding threads, which change the time taken and not the pixels; default: as many
            as torch may use here (one in a loader's worker), at most 4.

    Returns:
        uint8 ``(T, H, W, 3)`` (red, green, blue), or ``(T, H, W)`` with `gray`; T = last - first.

    Raises:
        DataError: if the file is missing, no video, damaged, or has fewer frames than `last`.
    """
    path = Path(path)
    check_span(path, first, last)
    with _opened(path) as (container, stream):
        packets = _packets(container, stream, last)
        stop = len(packets) if last is None else last
        if len(packets) < stop or stop <= first:
            raise _too_short(path, len(packets), max(stop, first + 1))
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = threads or min(torch.get_num_threads(), 4)
        clip = _fill(path, _shown(stream, packets, first), stop - first, gray)
    if last is not None and len(clip) < stop - first:
        raise _too_short(path, first + len(clip), stop)
    return clip


def check_span(path: Path, first: int, last: int | None) -> None:
    """Raise a `DataError` if frames `first` to `last` - 1 of a recording cannot be meant."""
    if first < 0 or (last is not None and last <= first):
        raise DataError(f"Expected 0 <= first < last for {path}, got first={first}, last={last}.")


def iterate_video(path: str | Path, *, gray: bool = False) -> Iterator[np.ndarray]:
    """Yield the frames of a video one by one, as `read_video` would return them.

    Raises:
        DataError: on the way, if the file is missing, no video or damaged.
    """
    path = Path(path)
    with _opened(path) as (container, stream):
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = min(torch.get_num_threads(), 4)
        yield from _pictures(path, _shown(stream, _packets(container, stream, None), 0), gray)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Any]]:
    """Open a video for reading; every complaint of FFmpeg's becomes a `DataError`."""
    if not path.is_file():
        raise DataError(f"There is no video {path}.")
    try:
        # Only files: a text file in a playlist's form must not make FFmpeg open addresses.
        options = {"protocol_whitelist": "file"}
        with av.open(str(path.absolute()), options=options, metadata_errors="replace") as container:
            stream = container.streams.best("video")
            if not isinstance(stream, VideoStream) or stream.codec_context is None:
                raise DataError(f"{path} holds no video that can be read.")
            if not (0 < stream.width <= MAX_SIDE and 0 < stream.height <= MAX_SIDE):
                raise DataError(
                    f"{path} is damaged: its pictures would have {stream.width} x {stream.height} "
                    "pixels."
                )
            # Damage is reported instead of being painted over with neighbouring pixels.
            stream.codec_context.options = {
                "err_detect": "explode",
                "max_pixels": str(MAX_SIDE * MAX_SIDE),
            }
            yield container, stream
    except (av.error.FFmpegError, ValueError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path} is no video, or is damaged ({reason}).") from None


def _is_cut_short(path: Path) -> bool:
    """Tell whether an AVI file is shorter than its first eight bytes say."""
    with open(path, "rb") as file:
        head = file.read(8)
    return head[:4] == b"RIFF" and path.stat().st_size < 8 + int.from_bytes(head[4:], "little")


def _packets(container: Any, stream: Any, last: int | None) -> list[Any]:
    """Return the coded frames that are needed to show the frames before `last`."""
    packets = []
    for packet in container.demux(stream):
        if packet.size:
            packets.append(packet)
        if last is not None and len(packets) >= last + 2 * MAX_REORDER:
            break
    return packets


def _plan(codec: Any, packets: list[Any], first: int) -> tuple[int, int]:
    """Return the packet to start decoding at, and the one from which every frame is decoded."""
    if codec.intra_only:
        return first, first
    if codec.name != "h264":
        return 0, 0
    complete = max(0, first - 2 * MAX_REORDER)
    for number in range(complete, 0, -1):
        packet = packets[number]
        if packet.is_keyframe and _INSTANT_REFRESH.search(bytes(packet)[:4096]):
            return number, complete
    return 0, complete


def _shown(stream: Any, packets: list[Any], first: int) -> Iterator[Any]:
    """Yield the frames from number `first` on, in the order they are shown.

    An AVI file does not say when a frame is shown, so every packet gets its number as its time, by
    which a decoded frame can be traced to it. Frames from the packet `complete` on are counted:
    those of earlier packets are all shown before frame `first`, as frames move by `MAX_REORDER`.
    """
    codec = stream.codec_context
    start, complete = _plan(codec.codec, packets, first)
    number = complete
    for index, packet in enumerate([*packets[start:], None], start):
        codec.skip_frame = "NONREF" if index < complete else "DEFAULT"
        if packet is not None:
            packet.pts = index
        for frame in codec.decode(packet):
            if frame.is_corrupt:
                raise ValueError(f"a frame before or in the part asked for, from frame {first} on")
            if complete and (frame.pts is None or frame.pts < complete):
                continue
            if number >= first:
                yield frame
            number += 1


def _pictures(path: Path, frames: Iterator[Any], gray: bool) -> Iterator[np.ndarray]:
    """Yield the pixels of frames, which are valid until the next one."""
    reformatter, shape = VideoReformatter(), None
    for frame in frames:
        picture = _gray(frame, reformatter) if gray else _colour(frame, reformatter)
        if shape not in (None, picture.shape):
            raise DataError(f"{path} is damaged: its pictures change size.")
        shape = picture.shape
        yield picture


def _fill(path: Path, frames: Iterator[Any], n: int, gray: bool) -> np.ndarray:
    """Return the first `n` frames (or as many as there are) as one array."""
    clip, done = np.empty(0, np.uint8), 0
    for picture in _pictures(path, frames, gray):
        if not done:
            clip = np.empty((n, *picture.shape), np.uint8)
        clip[done] = picture
        done += 1
        if done == n:
            break
    return clip[:done]


def _colour(frame: Any, reformatter: VideoReformatter) -> np.ndarray:
    return reformatter.reformat(frame, format="rgb24").to_ndarray()


def _gray(frame: Any, reformatter: VideoReformatter) -> np.ndarray:
    """Return the brightness, which most codings store by itself: no way round by colour."""
    name, plane = frame.format.name, frame.planes[0]
    if name not in _LIMITED + _FULL or plane.line_size < frame.width:
        return reformatter.reformat(frame, format="gray").to_ndarray()
    lines = np.frombuffer(plane, np.uint8, count=frame.height * plane.line_size)
    brightness = lines.reshape(frame.height, plane.line_size)[:, : frame.width]
    full = name in _FULL or frame.color_range == av.video.reformatter.ColorRange.JPEG
    return brightness if full else cv2.LUT(brightness, _LIMITED_TO_FULL)


def _too_short(path: Path, frames: int, wanted: int) -> DataError:
    return DataError(
        f"{path} is too short or cut off: {wanted} frames are needed, {frames} can be read."
    )
