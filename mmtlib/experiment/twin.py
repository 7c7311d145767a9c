"""NVGesture's synthetic twin: its files and folders, filled with clips of the synthetic hand.

For everyone without the real recordings: what reads the twin reads NVGesture. A recording is longer
than its gesture, as a real one is: the hand rests low in the picture, is raised, makes the gesture
during the 80 annotated frames, and goes back to rest. Depth ends at a close range, infrared comes
from another place at 35 frames per second, and registered colour fits depth roughly: a pixel or two
off, and black beyond the colour camera's field of view, the same for all clips of a subject.
"""

from __future__ import annotations

import dataclasses
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from mmtlib.config import default_preset, hash_settings
from mmtlib.core.cache import cache_dir
from mmtlib.core.compute import threads
from mmtlib.core.errors import ConfigError, DataError
from mmtlib.core.executor import in_order
from mmtlib.core.files import whole_folder, write_part_of
from mmtlib.core.locks import locked
from mmtlib.core.sealed import read_json, sealed
from mmtlib.core.seeding import numpy_generator, torch_generator
from mmtlib.datasets.nvgesture import CLIP_FRAMES, INFRARED_RATE, LISTS, NVGesture
from mmtlib.experiment.video_writer import write_video
from mmtlib.synthetic import depth_to_8bit, get_preset
from mmtlib.synthetic.benchmark import GENERATOR_VERSION
from mmtlib.synthetic.dataset import CLOSE_RANGE
from mmtlib.synthetic.hand_model import N_BONES
from mmtlib.synthetic.renderer import render
from mmtlib.synthetic.scene import Scene, draw_person, draw_scene

TWIN_VERSION = 1
"""Raised whenever the same settings give other files."""
SUBJECTS = (1, 3, 5, 2, 4, 7, 8, 6, 9, 11, 12, 13, 15, 16, 14, 17, 18, 20)
"""Subjects in the order in which they are filmed: so few clips have people of all three parts."""
TEST_SUBJECTS = (5, 8, 9, 13, 14, 20)
SMALLEST, LARGEST = 24, 240
"""Pixels of a picture's side."""
PARALLEL_PIXELS = 2**16
"""Clips times pixels of a picture; a smaller twin is made in the calling process."""

_MARK = "twin.json"
_NOTE = "Synthetic clips in NVGesture's layout, made by mmtlib. There is no real recording here."
_MISFILED = 67
"""One of so many clips lies in another class's folder: 23 of the 1,532 real ones do."""
# Moments of the hand's motion per second: both cameras' frames fall on them.
_MOMENTS = 210
_STEP = _MOMENTS // int(NVGesture.frame_rate)
_INFRARED_STEP = _MOMENTS // int(INFRARED_RATE)
_GESTURE = CLIP_FRAMES * _STEP
_BEFORE, _AFTER = (36, 60), 24
"""Frames before the annotated ones (least and most) and after them, at 30 per second."""
_RAISE, _REST = 0.3, np.array([0.0, 0.14, 0.04])
"""Seconds that raising the hand takes, and where it rests, in metres from where gestures begin."""
_INFRARED_CAMERA = np.array([0.03, 0.025, 0.0])
"""Metres from the depth camera, camera axes."""
_INFRARED_LAMP = 2.5
"""Times as bright as the benchmark's: at arm's length a lamp outshines the sensor's noise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clip:
    """One clip to be made.

    Attributes:
        number: its number in the twin.
        label: class index in `NVGesture.classes`, 0-based.
        subject: the person.
        folder: below the root.
        first: the first annotated frame.
    """

    number: int
    label: int
    subject: int
    folder: str
    first: int

    @property
    def split(self) -> str:
        return "test" if self.subject in TEST_SUBJECTS else "train"

    @property
    def infrared_first(self) -> int:
        return -(-self.first * _STEP // _INFRARED_STEP)

    @property
    def row(self) -> str:
        """The clip's line of the list."""
        span = f"{self.first}:{self.first + CLIP_FRAMES}"
        infrared = self.infrared_first
        frames = _GESTURE // _INFRARED_STEP
        return (
            f"path:./{self.folder} depth:sk_depth:{span} color:sk_color:{span} "
            f"duo_left:duo_left:{infrared}:{infrared + frames} label:{self.label + 1} "
        )


def nvgesture_or_twin(progress: Callable[[int, int], None] | None = None) -> Path:
    """Return the folder of the real clips if there is one, otherwise that of a twin in the cache.

    The environment variable ``MMTLIB_NVGESTURE_ROOT`` names the real one. The twin has the classes
    of `mmtlib.config.default_preset()`.

    Args:
        progress: called with (done, all) while the twin is written for the first time.
    """
    if real := os.environ.get("MMTLIB_NVGESTURE_ROOT"):
        return Path(real).expanduser()
    preset = get_preset(default_preset())
    size = max(32, 3 * preset.size // 2)  # larger than what a network is given, as real videos are
    made_from = _made_from(preset=preset.name, clips_per_class=6, size=size, generator_seed=0)
    folder = cache_dir("twins") / f"nvgesture-{hash_settings(made_from)[:12]}"
    return _write(folder, made_from, progress)


def write_nvgesture_twin(
    root: str | Path,
    *,
    preset: str = "benchmark",
    clips_per_class: int = 6,
    size: int = 48,
    generator_seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write synthetic clips as `NVGesture` expects them: both lists, and ``Video_data``.

    Every clip gets ``sk_depth.avi``, ``sk_wrapped.avi`` and ``duo_left.avi``, motion JPEG. One clip
    of 67 lies in a folder of another class; its label in the list is the true one. The folder
    appears whole or not at all; if it is there already, with the same settings, nothing is done.

    Args:
        root: the folder to write, which must not exist or be empty.
        preset: the synthetic preset whose classes and clutter to take.
        clips_per_class: each by the next person of `SUBJECTS`; 6 is the least that has both
            validation subjects.
        size: height and width of the pictures, pixels.
        generator_seed: another seed gives other people and other clips.
        progress: called with (done, all).

    Returns:
        `root`.

    Raises:
        ConfigError: if a name is unknown or a number out of range.
        DataError: if the folder holds something else, or cannot be written.
    """
    if clips_per_class < 1:
        raise ConfigError(f"clips_per_class must be at least 1, got {clips_per_class}.")
    if not SMALLEST <= size <= LARGEST:
        raise ConfigError(f"size must be from {SMALLEST} to {LARGEST} pixels, got {size}.")
    made_from = _made_from(
        preset=preset, clips_per_class=clips_per_class, size=size, generator_seed=generator_seed
    )
    return _write(Path(root), made_from, progress)


def _made_from(**settings: Any) -> dict[str, Any]:
    get_preset(settings["preset"])
    return {
        "note": _NOTE,
        "twin_version": TWIN_VERSION,
        "generator_version": GENERATOR_VERSION,
        **settings,
    }


def _write(
    root: Path, made_from: dict[str, Any], progress: Callable[[int, int], None] | None
) -> Path:
    if _is_there(root, made_from):
        return root
    with locked(root):
        if _is_there(root, made_from):
            return root
        clips = list(_clips(made_from))
        few = len(clips) * made_from["size"] ** 2 < PARALLEL_PIXELS
        with whole_folder(root) as folder:
            write = partial(_write_clip, folder, made_from)
            for done, _ in enumerate(in_order(write, clips, processes=1 if few else None), 1):
                if progress is not None:
                    progress(done, len(clips))
            for split, name in LISTS.items():
                rows = [clip.row + "\n" for clip in clips if clip.split == split]
                write_part_of(folder / name, "".join(rows))
            write_part_of(folder / _MARK, sealed(made_from))
            if root.exists():  # and is empty
                root.rmdir()
    return root


def _is_there(root: Path, made_from: dict[str, Any]) -> bool:
    """Tell whether this twin is there already.

    Raises:
        DataError: if the folder holds something else.
    """
    try:
        if not any(root.iterdir()):
            return False
        remedy = "give a folder that is empty or does not exist"
        found = read_json(root / _MARK, {}, remedy=remedy, unsealed="")
    except FileNotFoundError:
        found = None
        if not root.exists():
            return False
    except OSError as error:
        raise DataError(f"Cannot write a twin to {root}: {error}.") from None
    if found != made_from:
        what = "a twin with other settings" if found else "something else"
        raise DataError(f"{root} holds {what}; give a folder that is empty or does not exist.")
    return True


def _clips(made_from: dict[str, Any]) -> Iterator[_Clip]:
    """Yield all clips: every person makes every gesture before the next person does."""
    labels = [NVGesture.classes.index(c) for c in get_preset(made_from["preset"]).classes]
    takes: Counter[tuple[int, int]] = Counter()
    for number in range(made_from["clips_per_class"] * len(labels)):
        turn, index = divmod(number, len(labels))
        subject = SUBJECTS[turn % len(SUBJECTS)]
        misfiled = number % _MISFILED == _MISFILED // 6
        filed = labels[(index + misfiled) % len(labels)]
        folder = f"Video_data/class_{filed + 1:02d}/subject{subject}_r{takes[filed, subject]}"
        takes[filed, subject] += 1
        rng = numpy_generator("twin recording", made_from["generator_seed"], number)
        yield _Clip(
            number=number,
            label=labels[index],
            subject=subject,
            folder=folder,
            first=int(rng.integers(*_BEFORE)),
        )


def _write_clip(root: Path, made_from: dict[str, Any], clip: _Clip) -> None:
    folder = root / clip.folder
    folder.mkdir(parents=True)
    # Coding blurs the sharp border between hand and "no reading": best quality for depth.
    qualities = {"sk_depth": 100, "sk_wrapped": 95, "duo_left": 80}
    for file, frames in _recordings(made_from, clip).items():
        rate = INFRARED_RATE if file == "duo_left" else NVGesture.frame_rate
        write_video(folder / f"{file}.avi", frames, rate=int(rate), quality=qualities[file])


def _recordings(made_from: dict[str, Any], clip: _Clip) -> dict[str, Tensor]:
    """Return file -> frames ``(C, T, S, S)`` in [0, 1] of the whole recording."""
    seed, size = made_from["generator_seed"], made_from["size"]
    preset = get_preset(made_from["preset"])
    person = numpy_generator("twin person", seed, clip.subject)
    key = ("twin", seed, preset.name, size, clip.number)
    scene = draw_scene(
        numpy_generator("scene", *key),
        draw_person(person),
        NVGesture.classes[clip.label],
        frames=_GESTURE,
        size=size,
        clutter=preset.clutter,
    )
    start, end = -clip.first * _STEP, (CLIP_FRAMES + _AFTER) * _STEP
    front = _at(scene, np.arange(start, end + 1, _STEP))
    side = _at(scene, np.arange(start, end + 1, _INFRARED_STEP), _INFRARED_CAMERA)
    side = dataclasses.replace(side, lamp=_INFRARED_LAMP * scene.lamp)
    with threads(1):
        seen = render(front, size=size, generator=torch_generator("front", *key))
        infrared = render(side, size=size, generator=torch_generator("side", *key)).ir
    return {
        "sk_depth": depth_to_8bit(seen.depth, close_range=CLOSE_RANGE),
        "sk_wrapped": _registered(seen.rgb, person),
        "duo_left": infrared,
    }


def _at(scene: Scene, moments: np.ndarray, camera: np.ndarray | None = None) -> Scene:
    """Return the scene at other moments (210 per second, 0 = where the annotation begins).

    Args:
        scene: over `_GESTURE` + 1 moments.
        moments: one more than frames.
        camera: where it is seen from, metres from the depth camera.
    """
    inside = np.clip(moments, 0, _GESTURE)
    frames = np.minimum(inside[:-1], _GESTURE - 1)
    away = np.clip(np.abs(moments - inside) / (_RAISE * _MOMENTS), 0, 1)
    origin = scene.bones.origin[inside]
    origin[:, :N_BONES] += (away**2 * (3 - 2 * away))[:, None, None] * _REST
    # The camera drifts as far as it does in a clip of 16 frames, and keeps its exposure.
    pan = scene.pan[inside] * np.sqrt(16 / _GESTURE)
    gain = np.full(len(frames), scene.gain.mean())
    if camera is not None:
        origin -= camera
        pan = pan + 3 * camera[:2]
    bones = dataclasses.replace(scene.bones, origin=origin, axes=scene.bones.axes[inside])
    return dataclasses.replace(scene, bones=bones, joints=scene.joints[frames], gain=gain, pan=pan)


def _registered(rgb: Tensor, person: np.random.Generator) -> Tensor:
    """Return colour as brought into the depth camera's view: a little off, black at its borders.

    Args:
        rgb: ``(3, T, S, S)``, as the depth camera would see it.
        person: draws what belongs to a subject's seat.
    """
    size = rgb.shape[-1]
    x, y = (int(i) for i in np.rint(person.uniform(-size / 32, size / 32, 2)))
    left, right, top = (int(i) for i in size * person.uniform(0, [0.35, 0.35, 0.3]))
    moved = rgb.roll((y, x), (2, 3))
    seen = rgb.new_zeros(size, size)
    seen[max(top, y) : size + min(y, 0), max(left, x) : size + min(-right, x)] = 1
    return moved * seen
