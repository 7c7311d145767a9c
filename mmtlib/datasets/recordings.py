"""Recordings: a video, or a folder of numbered pictures; both answer the same questions.

The pictures of a folder are named by their number alone (``000001.jpg``; JPEG, PNG or BMP, any
number of zeros, upper or lower case); other files there are passed over. Frame 0 is the picture
`first_picture` where the data set says so, otherwise picture 0 or, where there is none, picture 1.

Links are followed, also out of a data set's folder: whoever made them meant the other disk. What is
neither a file nor a folder (a pipe, a device) is never opened.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

from mmtlib.core.errors import DataError
from mmtlib.core.files import possible_path
from mmtlib.datasets.file_ends import cut_short
from mmtlib.datasets.pictures import naming_unreadable, numbered_pictures, read_picture
from mmtlib.datasets.pixels import RawScale, empty_clip
from mmtlib.datasets.recording_facts import RecordingFacts, picture_facts, video_facts
from mmtlib.datasets.timeline import Timeline, timeline
from mmtlib.datasets.video_io import (
    check_span,
    index_end,
    iterate_video,
    no_video,
    opened_video,
    read_video,
    too_short,
)

SAMPLE = 64 * 2**10
"""Bytes in each of the places where `Recording.marks` looks into a large file."""
SAMPLES = 4
"""Places, from the first to the last bytes of a file; pictures of a folder."""


@dataclass(frozen=True, slots=True)
class Recording:
    """Some frames of a video, or of a folder of numbered pictures.

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

    def __post_init__(self) -> None:
        possible_path(self.path)

    def facts(self) -> RecordingFacts:
        """Return what the whole recording is; one frame is decoded.

        Raises:
            DataError: if it is missing, no recording, or its first frame cannot be read.
        """
        if self.path.is_dir():
            return picture_facts(replace(self, first=0, last=None)._pictures())
        return video_facts(self.path)

    def timeline(self) -> Timeline:
        """Return when each frame of the whole recording is shown.

        Raises:
            DataError: if it is no video, or does not say when its frames are shown.
        """
        if self.path.is_dir():
            raise DataError(f"{self.path}: a folder of pictures has no seconds; count frames.")
        return timeline(self.path)

    def between(self, start: float | None, end: float | None) -> Recording:
        """Return the frames of the whole recording from `start` to `end` seconds (`Timeline`).

        Raises:
            DataError: if it has no seconds, shows nothing there, or without `end`, if its end is
                not there.
        """
        if end is None:
            self._check_end()
        try:
            first, last = self.timeline().between(start, end)
        except ValueError as reason:
            span = f"{start or 0:g} s to {'its end' if end is None else f'{end:g} s'}"
            raise DataError(f"{self.path} is too short for {span}: {reason}.") from None
        return replace(self, first=first, last=last)

    def rate(self) -> float | None:
        """Return the frames per second of these frames; None where they have no times.

        Raises:
            DataError: if the video cannot be read.
        """
        if self.path.is_dir():
            return None
        line = timeline(self.path)
        return line.rate(self.first, len(line) if self.last is None else self.last)

    def seconds(self) -> float | None:
        """Return how long these frames are shown; None where they have no times.

        Raises:
            DataError: if the video cannot be read.
        """
        if self.path.is_dir():
            return None
        line = timeline(self.path)
        start, end = line.seconds(self.first, len(line) if self.last is None else self.last)
        return end - start

    def count(self) -> int:
        """Return how many frames the whole recording has, by its timeline or the pictures' names.

        Raises:
            DataError: if it is missing or no recording, its end is not there, or a picture is
                missing in between.
        """
        if self.path.is_dir():
            return len(replace(self, first=0, last=None)._pictures())
        self._check_end()
        return len(timeline(self.path))

    def _check_end(self) -> None:
        """Raise a `DataError` if a video ends before its container says."""
        if why := cut_short(self.path):
            raise DataError(why)

    def check(self) -> None:
        """Check cheaply, without decoding, that the frames are there.

        A video's own word for how many it has is taken unless the file ends too early; of a whole
        recording, the end has to be there. Damage inside a frame shows on decoding only.

        Raises:
            DataError: if the recording is missing, no recording, or has not all these frames.
        """
        if self.path.is_dir():
            self._pictures()
            return
        with opened_video(self.path) as (_, stream):
            frames, end = stream.frames, index_end(stream)
        why = cut_short(self.path, end)
        if why and self.last is None:
            raise DataError(why)
        needed = self.last or self.first + 1
        if why or frames < needed:
            frames = len(timeline(self.path))
        if frames < needed:
            raise too_short(self.path, frames, needed)

    def sizes(self) -> list[int]:
        """Return the size in bytes of the video, or of each picture of the span.

        Raises:
            DataError: if the recording is missing, or a picture of the span.
        """
        # A million pictures in EgoGesture, where making a Path takes longer than the question.
        with naming_unreadable():
            return [os.stat(name).st_size for name in self._files()]  # noqa: PTH116

    def marks(self) -> list[int | str]:
        """Return what tells other content from this: all sizes, and a hash of some of the bytes.

        Hashed are a file of at most `SAMPLES` x `SAMPLE` bytes as a whole, of a larger one so many
        pieces from its first to its last bytes, and of a folder so many pictures: a data set of
        3,000 videos takes seconds, where hashing all would read it as a whole. Times of change do
        not count, so a copy is the same.

        Raises:
            DataError: if the recording is missing, or a picture of the span.
        """
        files = self._files()
        digest = hashlib.blake2b(digest_size=16)
        chosen = sorted({round(i * (len(files) - 1) / (SAMPLES - 1)) for i in range(SAMPLES)})
        with naming_unreadable():
            for index in chosen:
                for piece in _pieces(files[index]):
                    digest.update(piece)
        return [*self.sizes(), digest.hexdigest()]

    def hash(self) -> str:
        """Return a hash of the bytes of the video, or of the pictures of the span.

        Raises:
            DataError: if the recording is missing, or a picture of the span.
        """
        digest = hashlib.sha256()
        with naming_unreadable():
            for name in self._files():
                digest.update(Path(name).read_bytes())
        return digest.hexdigest()

    def read(
        self,
        *,
        gray: bool = False,
        threads: int | None = None,
        scale: RawScale | None = None,
    ) -> np.ndarray:
        """Return the frames; see `read_recording`."""
        if not self.path.is_dir():
            span = self.path, self.first, self.last
            return read_video(*span, gray=gray, threads=threads, scale=scale)
        names = self._pictures()
        beginning = read_picture(names[0], gray, scale)
        clip = empty_clip(self.path, len(names), beginning.shape)
        clip[0] = beginning
        threads = threads or min(torch.get_num_threads(), 4)
        fill = partial(_fill, clip, names, gray, scale)
        with ThreadPoolExecutor(threads) if threads > 1 else nullcontext() as pool:
            for _ in (map if pool is None else pool.map)(fill, range(1, len(names))):
                pass
        return clip

    def pictures(
        self, *, gray: bool = False, scale: RawScale | None = None
    ) -> Iterator[np.ndarray]:
        """Yield the frames of the whole recording one by one, each valid until the next one."""
        if self.path.is_dir():
            names = replace(self, first=0, last=None)._pictures()
            return (read_picture(name, gray, scale) for name in names)
        return iterate_video(self.path, gray=gray, scale=scale)

    def _files(self) -> list[str]:
        if self.path.is_dir():
            return self._pictures()
        if self.path.exists() and not self.path.is_file():
            raise no_video(self.path)
        return [str(self.path)]

    def _pictures(self) -> list[str]:
        """Return the paths of the pictures of the span, after checking that none is missing."""
        folder, first, last = self.path, self.first, self.last
        check_span(folder, first, last)
        try:
            names = numbered_pictures(str(folder), folder.stat().st_mtime_ns)
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
    scale: RawScale | None = None,
) -> np.ndarray:
    """Return frames `first` to `last` - 1 of a video or a folder of pictures, counted from 0.

    Args:
        path: a video (see `video_io.CONTAINERS`), or a folder of numbered pictures.
        first: the first frame.
        last: the frame after the last one; default: the end of the recording.
        gray: return brightness instead of colour.
        threads: decoding threads, which change the time taken and not the pixels; default: as many
            as torch may use here (one in a loader's worker), at most 4.
        first_picture: the number of a folder's frame 0; default: 0 or 1, whichever is there.
        scale: with `gray`, what raw values of more than 8 bits become; None = they are refused.

    Returns:
        uint8 ``(T, H, W, 3)`` (red, green, blue), or ``(T, H, W)`` with `gray`; T = last - first;
        as a viewer shows them, so turned upright.

    Raises:
        DataError: if a file is missing or damaged, pictures differ in size or are brightness of
            more than 8 bits without a scale, or the recording has fewer frames than `last`.
    """
    recording = Recording(Path(path), first, last, first_picture)
    return recording.read(gray=gray, threads=threads, scale=scale)


def video_info(path: str | Path) -> RecordingFacts:
    """Return what a video is (`Recording.facts`): its frames, size, seconds, rate.

    Raises:
        DataError: if the file is missing or no video.
    """
    return Recording(Path(path)).facts()


def _fill(
    clip: np.ndarray, names: list[str], gray: bool, scale: RawScale | None, index: int
) -> None:
    picture = read_picture(names[index], gray, scale)
    if picture.shape != clip.shape[1:]:
        (h, w), (height, width) = picture.shape[:2], clip.shape[1:3]
        raise DataError(
            f"{names[index]} has {w} x {h} pixels, {Path(names[0]).name} {width} x {height}; "
            "expected pictures of one size."
        )
    clip[index] = picture


def _pieces(name: str) -> Iterator[bytes]:
    """Yield a small file as a whole, of a large one some pieces."""
    with open(name, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size <= SAMPLES * SAMPLE:
            yield file.read(size)
            return
        for place in range(SAMPLES):
            file.seek(place * (size - SAMPLE) // (SAMPLES - 1))
            yield file.read(SAMPLE)
