"""A video as a clip of one modality."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mmtlib.core.clips import GestureClip
from mmtlib.core.errors import DataError
from mmtlib.core.modalities import get_modality
from mmtlib.datasets.pixels import RawScale
from mmtlib.datasets.recordings import Recording
from mmtlib.datasets.video_io import DEFAULT_RATE, MAX_WHOLE_VIDEO_BYTES


def clip_from_video(
    path: str | Path,
    modality: str,
    *,
    first: int | None = None,
    last: int | None = None,
    label: int = -1,
) -> GestureClip:
    """Return a recording, or a span of it, as a clip of one modality, e.g. to predict its class.

    Args:
        path: a video that shows one gesture, or a folder of numbered pictures.
        modality: ``"rgb"`` for a colour video; ``"depth"`` or ``"ir"`` for a grey one, where depth
            is expected as 8-bit levels, near bright and 0 = no reading, as NVGesture stores it; or
            one of your own, of 3 channels or 1, which may declare what raw values of more than 8
            bits become.
        first, last: the frames of the gesture, `last` excluded; default: the whole video.
        label: class index, -1 = not known.

    Returns:
        A clip with frames ``(C, T, H, W)`` in [0, 1], named by the file, subject -1.

    Raises:
        ConfigError: if the modality is unknown.
        DataError: if the video cannot be read, is shorter than `last`, shows a very long span, or
            no video can show the modality (``"flow"``).
    """
    gray, scale = picture_form(modality)
    recording = Recording(Path(path), first or 0, last)
    frames = (recording.count() if last is None else last) - recording.first
    check_gesture(recording, gray, frames)
    pixels = recording.read(gray=gray, scale=scale)
    return clip_of_pixels(modality, pixels, recording.path.stem, recording.rate(), label)


def clip_of_pixels(
    modality: str, pixels: np.ndarray, name: str, rate: float | None, label: int = -1
) -> GestureClip:
    """Return pixels of a video (see `to_frames`) as a clip of one modality by somebody unknown."""
    return GestureClip(
        frames={modality: to_frames(pixels)},
        label=label,
        subject=-1,
        clip_id=name,
        frame_rate=rate or DEFAULT_RATE,
    )


def check_gesture(recording: Recording, gray: bool, frames: int) -> None:
    """Raise a `DataError` if so many frames of a recording are too many for one gesture."""
    facts = recording.facts()
    if frames * facts.height * facts.width * (1 if gray else 3) > MAX_WHOLE_VIDEO_BYTES:
        raise DataError(
            f"{recording.path}: {frames} frames of {facts.width} x {facts.height} are too many for "
            "one gesture; give the first and the last frame that show it, or a shorter window."
        )


def picture_form(modality: str) -> tuple[bool, RawScale | None]:
    """Return how a modality is read: whether as brightness, and what raw values become.

    Raises:
        ConfigError: if the modality is unknown.
        DataError: if it is none that a video or a picture can show, as optical flow.
    """
    kind = get_modality(modality)
    if kind.kind == "vector" or kind.channels not in (1, 3):
        raise DataError(
            f"{kind.title} cannot be read from a video, which shows brightness or colour: 1 or 3 "
            "channels that are no directions."
        )
    if kind.channels == 3 or kind.raw_range is None:
        return kind.channels == 1, None
    return True, RawScale(*kind.raw_range, missing=kind.kind == "level")


def to_frames(pixels: np.ndarray) -> Tensor:
    """Return pixels uint8 ``(T, H, W)`` or ``(T, H, W, 3)`` as float32 ``(C, T, H, W)``, 0 to 1."""
    channels_last = torch.from_numpy(pixels if pixels.ndim == 4 else pixels[..., None])
    return channels_last.permute(3, 0, 1, 2).to(torch.float32, copy=True).contiguous().div_(255)
