"""Write a miniature NVGesture folder: the official layout, made-up clips, pictures of a few pixels.

Knows nothing of mmtlib, so that tests compare two independent readings of the format.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

SPLIT_LIST = "nvgesture_{}_correct_cvpr2016_v2.lst"
CLIP_FRAMES = 80
VIDEO_FRAMES = 96
HEIGHT, WIDTH = 24, 32
DIGIT_STEP = 15
"""Two 8 x 8 squares at the top left say the frame's number in base 16: digit d has the grey level
``DIGIT_STEP * d + 8``, so that lossy coding cannot change it into another."""


@dataclass(frozen=True)
class TreeClip:
    """One clip that was written: its folder below the root, row, label (1-based) and spans."""

    folder: str
    split: str
    label: int
    subject: int
    first: int
    infrared_first: int

    @property
    def line(self) -> str:
        """The clip's row of the list."""
        colour = depth = f"{self.first}:{self.first + CLIP_FRAMES}"
        infrared = f"{self.infrared_first}:{self.infrared_first + 93}"
        return (
            f"path:./{self.folder} depth:sk_depth:{depth} color:sk_color:{colour} "
            f"duo_left:duo_left:{infrared} label:{self.label} "
        )


def write_nvgesture_tree(
    root: Path,
    *,
    classes: Sequence[int] = (1, 2, 9),
    train_subjects: Sequence[int] = (1, 2, 3),
    test_subjects: Sequence[int] = (5,),
    repetitions: int = 1,
    sensors: Sequence[str] = ("sk_depth", "sk_wrapped"),
) -> list[TreeClip]:
    """Write both lists and the videos; return what was written, training clips first.

    Subjects 3 and 7 are the ones that mmtlib holds out for validation. A disc moves to the left in
    class 1, to the right in class 2, and so on round the compass, so that a network can learn it.

    Args:
        root: the folder to write in; made if need be.
        classes: labels, 1-based.
        train_subjects, test_subjects: subject numbers of the two lists.
        repetitions: clips of each class and subject.
        sensors: base names of the videos to write for every clip.
    """
    clips = [
        TreeClip(
            folder=f"Video_data/class_{label:02d}/subject{subject}_r{50 + repetition}",
            split=split,
            label=label,
            subject=subject,
            first=4 + (label + subject + repetition) % 9,
            infrared_first=6 + (label + subject + repetition) % 9,
        )
        for split, subjects in (("train", train_subjects), ("test", test_subjects))
        for label in classes
        for subject in subjects
        for repetition in range(repetitions)
    ]
    for clip in clips:
        for sensor in sensors:
            infrared = sensor.startswith("duo")
            frames = picture_frames(sensor, clip, VIDEO_FRAMES + 16 * infrared)
            write_video(root / clip.folder / f"{sensor}.avi", frames, rate=35 if infrared else 30)
    for split in ("train", "test"):
        write_list(root, split, [clip.line for clip in clips if clip.split == split])
    return clips


def write_list(root: Path, split: str, lines: Iterable[str]) -> Path:
    """Write one of the two official lists."""
    root.mkdir(parents=True, exist_ok=True)
    path = root / SPLIT_LIST.format(split)
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def picture_frames(sensor: str, clip: TreeClip, n: int) -> np.ndarray:
    """Return ``(n, H, W, 3)`` uint8: a moving disc, and the frame's number in two grey squares."""
    rng = np.random.default_rng([clip.label, clip.subject, len(sensor)])
    angle = np.pi + (clip.label - 1) * np.pi * (1 if clip.label < 3 else 2 / 25)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    frames = np.zeros((n, HEIGHT, WIDTH, 3), np.uint8)
    colour = {"sk_depth": (180, 180, 180), "duo_left": (220, 220, 220)}.get(sensor, (210, 140, 90))
    if sensor == "sk_color":
        frames[:] = rng.integers(20, 90, (HEIGHT, WIDTH, 1))
    for i in range(n):
        way = 16 * ((i - clip.first) / CLIP_FRAMES - 0.5)
        y, x = HEIGHT / 2 - way * np.sin(angle), WIDTH / 2 + way * np.cos(angle)
        frames[i][(rows - y) ** 2 + (columns - x) ** 2 < 16] = colour
        frames[i, :8, :8], frames[i, :8, 8:16] = (DIGIT_STEP * d + 8 for d in divmod(i, 16))
    return frames


def write_video(
    path: Path, frames: np.ndarray, *, rate: int = 30, codec: str = "mjpeg", gop: int | None = None
) -> Path:
    """Write frames uint8 ``(T, H, W, 3)`` as a video; ``codec="libx264"`` reorders its frames."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.codec_context.thread_count = 1
        if codec != "libx264":
            stream.codec_context.options = {"qmin": "1", "qmax": "2"}
        if gop is not None:
            stream.codec_context.gop_size = gop
        for picture in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return path


def frame_numbers(pixels: np.ndarray) -> np.ndarray:
    """Read the frame numbers back from ``(T, H, W)`` or ``(T, H, W, 3)`` uint8."""
    squares = (pixels[:, 2:6, x : x + 4].reshape(len(pixels), -1) for x in (2, 10))
    high, low = (np.rint((s.mean(axis=1) - 8) / DIGIT_STEP).astype(int) for s in squares)
    return 16 * high + low


def few_rows(whole: Path, root: Path) -> Path:
    """Make a folder with a few rows of the official list, one of them without its files."""
    root.mkdir()
    (root / "Video_data").symlink_to(whole / "Video_data")
    for split in ("train", "test"):
        shutil.copy(whole / SPLIT_LIST.format(split), root)
    path = root / SPLIT_LIST.format("train")
    lines = path.read_text().splitlines()
    there = [row for row in lines if (whole / row.split()[0].removeprefix("path:")).is_dir()]
    held_out = [row for row in there if re.search("/subject[37]_", row)]
    train = [row for row in there if row not in held_out]
    absent = next(r for r in lines if r not in there and not re.search("/subject[37]_", r))
    path.write_text("\n".join([*train[:4], *held_out[:2], absent]))
    return root
