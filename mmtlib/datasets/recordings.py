"""Recordings: a video, or a folder of numbered pictures; both answer the same questions.

The pictures of a folder are named by their number alone (``000001.jpg``; JPEG, PNG or BMP, any
number of zeros, upper or lower case); other files there are passed over. Frame 0 is the picture
`first_picture` where the data set says so, otherwise picture 0 or, where there is none, picture 1.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from pathlib import Path

import cv2
import numpy as np
import torch

from mmtlib.core.errors import DataError
from mmtlib.datasets.video_io import MAX_SIDE, check_video, read_video, video_info

_PICTURE = re.compile(r"([0-9]{1,9})\.(?:jpe?g|png|bmp)", re.ASCII | re.IGNORECASE)


def recording_frames(path: str | Path, *, first_picture: int | None = None) -> int:
    """Return how many frames a recording has, as a video's header or the folder's names say.

    Raises:
        DataError: if the recording is missing or no recording, or a picture is missing in between.
    """
    path = Path(path)
    if path.is_dir():
        return len(_pictures(path, 0, None, first_picture))
    return video_info(path).frames


def check_recording(
    path: str | Path, first: int = 0, last: int | None = None, *, first_picture: int | None = None
) -> None:
    """Check cheaply, without decoding, that frames `first` to `last` - 1 are there.

    Damage inside a frame or picture shows on decoding only.

    Raises:
        DataError: if the recording is missing, no recording, or has not all these frames.
    """
    path = Path(path)
    if path.is_dir():
        _pictures(path, first, last, first_picture)
    else:
        check_video(path, last or first + 1)


def recording_sizes(
    path: str | Path, first: int = 0, last: int | None = None, *, first_picture: int | None = None
) -> list[int]:
    """Return the size in bytes of the video, or of each picture of the span.

    Raises:
        DataError: if the recording is missing, or a picture of the span.
    """
    path = Path(path)
    try:
        if not path.is_dir():
            return [path.stat().st_size]
        # A million pictures in EgoGesture, where making a Path takes longer than the question.
        names = _pictures(path, first, last, first_picture)
        return [os.stat(name).st_size for name in names]  # noqa: PTH116
    except OSError as error:
        raise DataError(f"Cannot read {error.filename} ({error.strerror}).") from None


def recording_hash(
    path: str | Path, first: int = 0, last: int | None = None, *, first_picture: int | None = None
) -> str:
    """Return a hash of the bytes of the video, or of the pictures of the span.

    Raises:
        DataError: if the recording is missing, or a picture of the span.
    """
    path, digest = Path(path), hashlib.sha256()
    try:
        for name in [path] if not path.is_dir() else _pictures(path, first, last, first_picture):
            digest.update(Path(name).read_bytes())
    except OSError as error:
        raise DataError(f"Cannot read {error.filename} ({error.strerror}).") from None
    return digest.hexdigest()


def read_recording(
    path: str | Path,
    first: int = 0,
    last: int | None = None,
    *,
    gray: bool = False,
    threads: int | None = None,
    first_picture: int | None = None,
) -> np.ndarray:
    """Return frames `first` to `last` - 1 of a video or a folder of pictures, counted from 0.

    Args:
        path: a video that FFmpeg reads, or a folder of numbered pictures.
        first: the first frame.
        last: the frame after the last one; default: the end of the recording.
        gray: return brightness instead of colour.
        threads: decoding threads, which change the time taken and not the pixels; default: as many
            as torch may use here (one in a loader's worker), at most 4.
        first_picture: the number of a folder's frame 0; default: 0 or 1, whichever is there.

    Returns:
        uint8 ``(T, H, W, 3)`` (red, green, blue), or ``(T, H, W)`` with `gray`; T = last - first.

    Raises:
        DataError: if a file is missing or damaged, pictures differ in size or are not 8-bit, or the
            recording has fewer frames than `last`.
    """
    path = Path(path)
    if not path.is_dir():
        return read_video(path, first, last, gray=gray, threads=threads)
    names = _pictures(path, first, last, first_picture)
    beginning = _decoded(names[0], gray)
    clip = np.empty((len(names), *beginning.shape), np.uint8)
    clip[0] = beginning
    threads = threads or min(torch.get_num_threads(), 4)
    fill = partial(_fill, clip, names, gray)
    if threads == 1:
        _finish(map(fill, range(1, len(names))))
    else:
        with ThreadPoolExecutor(threads) as pool:
            _finish(pool.map(fill, range(1, len(names))))
    return clip


def _finish(work: Iterable[None]) -> None:
    for _ in work:
        pass


def _fill(clip: np.ndarray, names: list[str], gray: bool, index: int) -> None:
    picture = _decoded(names[index], gray)
    if picture.shape != clip.shape[1:]:
        (h, w), (height, width) = picture.shape[:2], clip.shape[1:3]
        raise DataError(
            f"{names[index]} has {w} x {h} pixels, {Path(names[0]).name} {width} x {height}; "
            "expected pictures of one size."
        )
    clip[index] = picture


def _decoded(name: str, gray: bool) -> np.ndarray:
    """Return one picture as it is stored: not turned by a camera's note, not cut to 8 bits."""
    flags = cv2.IMREAD_GRAYSCALE if gray else cv2.IMREAD_COLOR_RGB
    try:
        data = np.frombuffer(Path(name).read_bytes(), np.uint8)
        picture = cv2.imdecode(data, flags | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION)
    except OSError as error:
        raise DataError(f"Cannot read {name} ({error.strerror}).") from None
    except cv2.error:
        picture = None
    if picture is None or max(picture.shape[:2]) > MAX_SIDE:
        raise DataError(f"{name} is no picture, or is damaged or cut off.")
    if picture.dtype != np.uint8:
        raise DataError(f"{name} has values of type {picture.dtype}; expected an 8-bit picture.")
    return picture


def _pictures(folder: Path, first: int, last: int | None, first_picture: int | None) -> list[str]:
    """Return the paths of the pictures of a span, after checking that none is missing."""
    if first < 0 or (last is not None and last <= first):
        raise DataError(f"Expected 0 <= first < last for {folder}, got first={first}, last={last}.")
    try:
        names = _listing(str(folder), folder.stat().st_mtime_ns)
    except OSError as error:
        raise DataError(f"Cannot list the pictures in {folder} ({error.strerror}).") from None
    if not names:
        raise DataError(f"{folder} holds no numbered pictures (000001.jpg, 000002.jpg, ...).")
    start = min(1, *names) if first_picture is None else first_picture
    highest, needed = max(names), start + (last or first + 1) - 1
    if needed > highest:
        raise DataError(
            f"{folder} is too short: picture {needed:06d} is needed, the last one is "
            f"{names[highest]}."
        )
    numbers = range(start + first, highest + 1 if last is None else start + last)
    for number in numbers:
        if number not in names:
            raise DataError(f"{folder}: picture {number:06d} is missing, later ones are there.")
    return [f"{folder}/{names[number]}" for number in numbers]


@lru_cache(maxsize=16)
def _listing(folder: str, changed: int) -> Mapping[int, str]:
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
