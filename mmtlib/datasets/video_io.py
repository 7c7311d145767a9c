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
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from mmtlib.core.errors import DataError
from mmtlib.datasets.file_ends import cut_short
from mmtlib.datasets.pixels import RawScale, empty_clip, frame_pixels

READER_VERSION = 2
"""Part of every data fingerprint; to be raised when the same file comes to give other pixels."""
MAX_REORDER = 16
"""H.264 shows a frame at most this many frames before or after its place in the file."""
DEFAULT_RATE = 30.0
"""Frames per second of a recording that does not tell its own."""
MAX_SIDE = 8192
"""Pixels; a larger picture is taken for a damaged header."""
MAX_FRAMES = 10_000_000
"""More would be two days of video: a file without end."""
MAX_STREAMS = 100
"""Pictures, sounds and subtitles of one file."""
MAX_SECONDS = 60.0
"""For opening a file, and for each of its frames: a disk that sleeps, not a file without end."""
CONTAINERS = "mov,mp4,matroska,webm,avi,mpegts,mpeg,asf,flv,ogg"
"""What is opened (FFmpeg's names; MOV is also MP4 and 3GP). All are files that hold their own
pictures; playlists, scripts and patterns of names, which open other files, are not among them."""
MAX_WHOLE_VIDEO_BYTES = 512 * 2**20
"""`clip_from_video` refuses videos with more pixels than this: a gesture lasts seconds."""

_MAX_PIXELS = str(MAX_SIDE * MAX_SIDE)
_OPTIONS = {
    "protocol_whitelist": "file",
    "format_whitelist": CONTAINERS,
    "max_streams": str(MAX_STREAMS),
    "max_pixels": _MAX_PIXELS,
}
_VP8_SHOWN = 0x10  # in the first byte of a frame
_INSTANT_REFRESH = re.compile(rb"\x00\x00\x01[\x25\x45\x65]")  # H.264: no later frame looks back


def read_video(
    path: str | Path,
    first: int = 0,
    last: int | None = None,
    *,
    gray: bool = False,
    threads: int | None = None,
    scale: RawScale | None = None,
) -> np.ndarray:
    """Return frames `first` to `last` - 1 of a video, counted from 0 in the order they are shown.

    Args:
        path: the file, in one of the `CONTAINERS`.
        first: the first frame.
        last: the frame after the last one; default: the end of the video.
        gray: return brightness instead of colour.
        threads: decoding threads, which change the time taken and not the pixels; default: as many
            as torch may use here (one in a loader's worker), at most 4.
        scale: with `gray`, what raw values of more than 8 bits become; None = they are refused.

    Returns:
        uint8 ``(T, H, W, 3)`` (red, green, blue), or ``(T, H, W)`` with `gray`; T = last - first.

    Raises:
        DataError: if the file is missing, no video, damaged, or has fewer frames than `last`; and
            without `last`, if the file ends before its container says.
    """
    path = Path(path)
    check_span(path, first, last)
    if last is None and (why := cut_short(path)):
        raise DataError(why)
    with opened_video(path) as (container, stream):
        packets = _packets(container, stream, last)
        there = sum(map(is_shown, packets))
        stop = there if last is None else last
        if there < stop or stop <= first:
            raise too_short(path, there, max(stop, first + 1))
        _set_threads(stream, threads)
        pictures = _pictures(path, _shown(stream, packets, first), gray, scale)
        return _fill(path, pictures, stop - first)


def check_span(path: Path, first: int, last: int | None) -> None:
    """Raise a `DataError` if frames `first` to `last` - 1 of a recording cannot be meant."""
    if first < 0 or (last is not None and last <= first):
        raise DataError(f"Expected 0 <= first < last for {path}, got first={first}, last={last}.")


def iterate_video(
    path: str | Path, *, gray: bool = False, scale: RawScale | None = None
) -> Iterator[np.ndarray]:
    """Yield the frames of a video one by one, as `read_video` would return them.

    Raises:
        DataError: on the way, if the file is missing, no video or damaged.
    """
    path = Path(path)
    if why := cut_short(path):
        raise DataError(why)
    with opened_video(path) as (container, stream):
        _set_threads(stream, None)
        packets = _packets(container, stream, None)
        done = 0
        for picture in _pictures(path, _shown(stream, packets, 0), gray, scale):
            done += 1
            yield picture
    if done < (stored := sum(map(is_shown, packets))):
        raise _lost(path, done, stored)


def first_frame(container: Any, stream: Any) -> Any:
    """Return the first frame of an opened video that a player shows, decoded.

    Raises:
        DataError: if there is none.
    """
    for packet in container.demux(stream):
        for frame in stream.codec_context.decode(packet if packet.size else None):
            return frame
    raise DataError(f"{container.name} holds no frame that can be shown.")


def no_video(path: Path) -> DataError:
    """Return the error for what is not there, or is a pipe, a device or the like: never opened."""
    return DataError(
        f"{path} is neither a file nor a folder." if path.exists() else f"There is no video {path}."
    )


def index_end(stream: Any) -> int:
    """Return where the last frame ends by the file's index, in bytes; 0 where it has none."""
    index = stream.index_entries
    if not len(index):
        return 0
    last = index[len(index) - 1]
    return int(last.pos + last.size) if stream.container.format.name.startswith("mov") else 0


def _set_threads(stream: Any, threads: int | None) -> None:
    stream.thread_type = "AUTO"
    stream.codec_context.thread_count = threads or min(torch.get_num_threads(), 4)


@contextmanager
def opened_video(path: Path) -> Iterator[tuple[Any, Any]]:
    """Open a video for reading; every complaint of FFmpeg's becomes a `DataError`."""
    if not path.is_file():
        raise no_video(path)
    try:
        with av.open(
            str(path.absolute()),
            options=_OPTIONS,
            metadata_errors="replace",
            timeout=MAX_SECONDS,
        ) as container:
            stream = container.streams.best("video")
            if not isinstance(stream, VideoStream) or stream.codec_context is None:
                raise DataError(f"{path} holds no video that can be read.")
            if not (0 < stream.width <= MAX_SIDE and 0 < stream.height <= MAX_SIDE):
                raise DataError(
                    f"{path} is damaged: its pictures would have {stream.width} x {stream.height} "
                    "pixels."
                )
            # Damage is reported instead of being painted over with neighbouring pixels.
            stream.codec_context.options = {"err_detect": "explode", "max_pixels": _MAX_PIXELS}
            yield container, stream
    except (av.error.FFmpegError, ValueError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(
            cut_short(path)
            or f"{path} is no video, or is damaged ({reason}); read are MP4, MOV, MKV, WebM, AVI, "
            "MPEG, TS, WMV, FLV and OGG."
        ) from None


def is_shown(packet: Any) -> bool:
    """Tell whether a player shows the frame of a packet.

    It does not where the packet is empty, lies outside the edit list (decoded only because others
    need it), or holds a hidden frame of VP8.
    """
    if not packet.size or packet.is_discard:
        return False
    return packet.stream.codec_context.name != "vp8" or bool(memoryview(packet)[0] & _VP8_SHOWN)


def shown_packets(container: Any, stream: Any) -> Iterator[Any]:
    """Yield the packets of the frames that a player shows, in the order of the file.

    Raises:
        DataError: after `MAX_FRAMES`.
    """
    for number, packet in enumerate(filter(is_shown, container.demux(stream))):
        if number == MAX_FRAMES:
            raise DataError(f"{container.name} has more than {MAX_FRAMES:,} frames; cut it up.")
        yield packet


def _packets(container: Any, stream: Any, last: int | None) -> list[Any]:
    """Return the coded frames that are needed to show the frames before `last`."""
    packets, shown = [], 0
    for packet in container.demux(stream):
        if packet.size:
            packets.append(packet)
            shown += is_shown(packet)
        if shown >= (MAX_FRAMES if last is None else last + 2 * MAX_REORDER):
            break
    return packets


def _plan(codec: Any, packets: list[Any], first: int) -> tuple[int, int]:
    """Return the packet to start decoding at, and the one from which every frame is decoded."""
    if not all(map(is_shown, packets)):  # packets are not numbered as frames are
        return 0, 0
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


def _pictures(
    path: Path, frames: Iterator[Any], gray: bool, scale: RawScale | None
) -> Iterator[np.ndarray]:
    """Yield the pixels of frames, which are valid until the next one."""
    reformatter, shape = VideoReformatter(), None
    for frame in frames:
        try:
            picture = frame_pixels(frame, reformatter, gray=gray, scale=scale)
        except DataError as reason:
            raise DataError(f"{path} cannot be read as it is: {reason}.") from None
        if shape not in (None, picture.shape):
            raise DataError(f"{path} is damaged: its pictures change size.")
        shape = picture.shape
        yield picture


def _fill(path: Path, pictures: Iterator[np.ndarray], n: int) -> np.ndarray:
    """Return the first `n` pictures as one array.

    Raises:
        DataError: if there are fewer.
    """
    clip, done = np.empty(0, np.uint8), 0
    for picture in pictures:
        if not done:
            clip = empty_clip(path, n, picture.shape)
        clip[done] = picture
        done += 1
        if done == n:
            return clip
    raise _lost(path, done, n)


def _lost(path: Path, shown: int, stored: int) -> DataError:
    return DataError(f"{path} is damaged: {stored} frames are stored, {shown} can be shown.")


def too_short(path: Path, frames: int, wanted: int) -> DataError:
    """Return the error for a recording with fewer frames than wanted."""
    return DataError(
        f"{path} is too short or cut off: {wanted} frames are needed, {frames} can be read."
    )
