"""Recordings: a video, or a folder of numbered pictures; both answer the same questions.

The pictures of a folder are named by their number alone (``000001.jpg``; JPEG, PNG or BMP, any
number of zeros, upper or lower case); other files there are passed over. Frame 0 is the picture
`first_picture` where the data set says so, otherwise picture 0 or, where there is none, picture 1.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path

import cv2
import numpy as np
import torch

from mmtlib.core.errors import DataError
from mmtlib.datasets.video_io import MAX_SIDE, check_span, check_video, read_video, video_info

_PICTURE = re.compile(r"([0-9]{1,9})\.(?:jpe?g|png|bmp)", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Recording:
    """Some frames of a video that FFmpeg reads, or of a folder of numbered pictures.

    Attributes:
        path: the video or folder.
        first: the first frame, counted from 0.
        last: the frame after the last one; None = the end of the recording.
        first_picture: the number of a folder's frame 0; None = 0 or 1, whichever is there.
    """

    path: Path
    first: int = 0
    last: int | None = None
    first_picture: int | None = None

    def count(self) -> int:
        """Return how many frames the recording has, as a video's header or the names say.

        Raises:
            DataError: if it is missing or no recording, or a picture is missing in between.
        """
        if self.path.is_dir():
            return len(replace(self, first=0, last=None)._pictures())
        return video_info(self.path).frames

    def check(self) -> None:
        """Check cheaply, without decoding, that the frames are there.

        Damage inside a frame or picture shows on decoding only.

        Raises:
            DataError: if the recording is missing, no recording, or has not all these frames.
        """
        if self.path.is_dir():
            self._pictures()
        else:
            check_video(self.path, self.last or self.first + 1)

    def sizes(self) -> list[int]:
        """Return the size in bytes of the video, or of each picture of the span.

        Raises:
            DataError: if the recording is missing, or a picture of the span.
        """
        # A million pictures in EgoGesture, where making a Path takes longer than the question.
        with _unreadable():
            return [os.stat(name).st_size for name in self._files()]  # noqa: PTH116

    def hash(self) -> str:
        """Return a hash of the bytes of the video, or of the pictures of the span.

        Raises:
            DataError: if the recording is missing, or a picture of the span.
        """
        digest = hashlib.sha256()
        with _unreadable():
            for name in self._files():
                digest.update(Path(name).read_bytes())
        return digest.hexdigest()

    def read(self, *, gray: bool = False, threads: int | None = None) -> np.ndarray:
        """Return the frames; see `read_recording`."""
        if not self.path.is_dir():
            return read_video(self.path, self.first, self.last, gray=gray, threads=threads)
        names = self._pictures()
        beginning = _decoded(names[0], gray)
        clip = np.empty((len(names), *beginning.shape), np.uint8)
        clip[0] = beginning
        threads = threads or min(torch.get_num_threads(), 4)
        fill = partial(_fill, clip, names, gray)
        with ThreadPoolExecutor(threads) if threads > 1 else nullcontext() as pool:
            for _ in (map if pool is None else pool.map)(fill, range(1, len(names))):
                pass
        return clip

    def _files(self) -> list[str]:
        return self._pictures() if self.path.is_dir() else [str(self.path)]

    def _pictures(self) -> list[str]:
        """Return the paths of the pictures of the span, after checking that none is missing."""
        folder, first, last = self.path, self.first, self.last
        check_span(folder, first, last)
        try:
            names = _listing(str(folder), folder.stat().st_mtime_ns)
        except OSError as error:
            raise DataError(f"Cannot list the pictures in {folder} ({error.strerror}).") from None
        if not names:
            raise DataError(f"{folder} holds no numbered pictures (000001.jpg, 000002.jpg, ...).")
        start = min(1, *names) if self.first_picture is None else self.first_picture
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
    return Recording(Path(path), first, last, first_picture).read(gray=gray, threads=threads)


@contextmanager
def _unreadable() -> Iterator[None]:
    """Turn the system's complaint about a file into a `DataError` that names it."""
    try:
        yield
    except OSError as error:
        raise DataError(f"Cannot read {error.filename} ({error.strerror}).") from None


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
    flags |= cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION
    with _unreadable():
        data = np.frombuffer(Path(name).read_bytes(), np.uint8)
    try:
        picture = cv2.imdecode(data, flags)
    except cv2.error:
        picture = None
    if picture is None or max(picture.shape[:2]) > MAX_SIDE:
        raise DataError(f"{name} is no picture, or is damaged or cut off.")
    if picture.dtype != np.uint8:
        raise DataError(f"{name} has values of type {picture.dtype}; expected an 8-bit picture.")
    return picture


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
