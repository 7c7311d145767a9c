"""`SyntheticGestures`: the embedded benchmark as a data set, like any real one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmtlib.config import default_preset, hash_settings
from mmtlib.config.presets import SyntheticPreset, get_preset
from mmtlib.core.clip_store import (
    ClipStore,
    StoreInfo,
    StoreRow,
    encode_frames,
    step_of,
    store_folder,
)
from mmtlib.core.clip_writer import write_clip_store
from mmtlib.core.clips import GestureClip
from mmtlib.core.compute import threads
from mmtlib.core.errors import ConfigError, DataError, unknown_name
from mmtlib.core.executor import in_order
from mmtlib.core.modalities import check_modalities
from mmtlib.core.seeding import numpy_generator, torch_generator
from mmtlib.synthetic.benchmark import GENERATOR_VERSION, SPLITS
from mmtlib.synthetic.camera import CAR_CAMERA, ROOM_CAMERA, Camera
from mmtlib.synthetic.car import CAR_VERSION, draw_car_scene
from mmtlib.synthetic.gestures import label_swaps, reversed_labels
from mmtlib.synthetic.renderer import RenderedClip, render
from mmtlib.synthetic.scene import Scene, draw_person, draw_scene

SCENERIES: dict[str, tuple[Callable[..., Scene], Camera]] = {
    "room": (draw_scene, ROOM_CAMERA),
    "car": (draw_car_scene, CAR_CAMERA),
}
"""Scenery of a preset -> what draws its scenes, and the camera that sees them."""
RENDERED = ("rgb", "depth", "flow", "ir")
"""The modalities that the renderer makes, as attributes of `RenderedClip`."""
CLOSE_RANGE = 0.7
"""Metres beyond which NVGesture-like depth shows nothing."""
PARALLEL_PIXELS = 2**21
"""Splits with fewer pixels are made in the calling process: other ones take seconds to start."""


def depth_to_8bit(
    metres: Tensor, *, close_range: float | None = None, camera: Camera = ROOM_CAMERA
) -> Tensor:
    """Return depth as an 8-bit sensor would store it, over 255: near is bright, 0 = no reading.

    Args:
        metres: any shape, 0 = no reading.
        close_range: metres; what is farther gives no reading, as in NVGesture. None = the camera's.
        camera: whose range the levels stand for.

    Returns:
        Same shape, values 0 and k / 255 for k = 1..255 (`camera.far` and beyond to `camera.near`
        and nearer).
    """
    near, far = camera.near, camera.far
    close_range = camera.close_range if close_range is None else close_range
    level = ((far - metres) * (255 / (far - near))).round_().clamp_(1, 255).div_(255)
    nothing = metres <= 0 if close_range is None else (metres <= 0) | (metres > close_range)
    return level.masked_fill_(nothing, 0.0)


@dataclass(frozen=True, slots=True)
class ClipMaker:
    """Makes any clip of a split from its number alone, in any process and in any order."""

    preset: SyntheticPreset
    split: str
    generator_seed: int
    clutter: float

    def row(self, index: int) -> StoreRow:
        """Return a clip's row: classes in turn, then subjects in turn, so both are balanced."""
        n_classes, people = len(self.preset.classes), SPLITS[self.split]
        return StoreRow(
            label=index % n_classes,
            subject=people[(index // n_classes) % len(people)],
            clip_id=f"{self.split}-{index:05d}",
        )

    def render(self, index: int) -> tuple[RenderedClip, np.ndarray]:
        """Return a clip's pictures and its joints ``(T, 21, 3)``."""
        row, p = self.row(index), self.preset
        person = draw_person(numpy_generator("person", self.generator_seed, row.subject))
        key = (self.generator_seed, self.split, p.name, index)
        draw, _ = SCENERIES[p.scenery]
        scene = draw(
            numpy_generator("scene", *key),
            person,
            p.classes[row.label],
            frames=p.frames,
            size=p.size,
            clutter=self.clutter,
        )
        # One thread: the tensors are too small to share, and other processes make other clips.
        with threads(1):
            clip = render(scene, size=p.size, generator=torch_generator("noise", *key))
        return clip, scene.joints.astype(np.float32)

    def fields(self, index: int) -> dict[str, np.ndarray]:
        """Return a clip as fields of a store."""
        return _fields(*self.render(index))


class SyntheticGestures:
    """Synthetic clips of hand gestures in four pixel-aligned modalities.

    The first use of a preset renders its clips into ``MMTLIB_CACHE``; later uses open them. The
    same generator seed gives the same bits on the same kind of processor.

    Args:
        preset: a name of `PRESETS`, e.g. ``"tutorial"``; None =
            `mmtlib.config.default_preset()`.
        split: ``"train"``, ``"validation"`` or ``"test"``: different people.
        modalities: names, in the order wanted.
        generator_seed: another seed gives other people and other clips.
        depth: ``"8bit"`` (levels / 255, as real sets store it) or ``"metres"``.
        close_range: with ``"8bit"``: metres beyond which depth has no reading (NVGesture's look).
        clutter: overrides the preset's difficulty.
        extras: also load the hand mask and the joints.
        clips: only this many, the first ones of the split (classes in turn, then people); None =
            all. Quickly made where a few clips are looked at.
        stored: keep the clips in the cache; False: render each one when it is read, with the same
            values, to look at a few without making all. Default what the preset says.
        progress: called with (done, all) while clips are rendered.

    Raises:
        ConfigError: if a name or value is unknown or out of range.
        DataError: if the cache cannot be written, or is damaged, or a modality is none that the
            renderer makes.
    """

    licence = "MIT, as mmtlib itself"

    def __init__(
        self,
        preset: str | None = None,
        split: str = "train",
        modalities: str | Iterable[str] = ("rgb", "depth"),
        generator_seed: int = 0,
        *,
        depth: str = "8bit",
        close_range: float | None = None,
        clutter: float | None = None,
        extras: bool = False,
        clips: int | None = None,
        stored: bool | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        if split not in SPLITS:
            raise unknown_name("split", split, SPLITS)
        if depth not in ("8bit", "metres"):
            raise unknown_name("form of depth", depth, ("8bit", "metres"))
        self.preset: SyntheticPreset = get_preset(preset or default_preset())
        self.clutter = self.preset.clutter if clutter is None else float(clutter)
        if not 0 <= self.clutter <= 2:
            raise ConfigError(f"clutter must be between 0 and 2, got {clutter}.")
        if close_range is not None and not close_range > 0:
            raise ConfigError(f"close_range must be above 0 metres, got {close_range}.")
        self.split, self.camera = split, SCENERIES[self.preset.scenery][1]
        self.modalities = check_modalities(modalities)
        if missing := [m for m in self.modalities if m not in RENDERED]:
            raise DataError(f"Synthetic clips show {', '.join(RENDERED)}, not {missing[0]}.")
        self.generator_seed = int(generator_seed)
        self.depth_form, self.close_range = depth, close_range
        self.extras = extras
        self.classes = self.preset.classes
        self.label_swaps = label_swaps(self.classes)
        self.reversed_labels = reversed_labels(self.classes)
        self._maker = ClipMaker(self.preset, split, self.generator_seed, self.clutter)
        count = _count(clips, self.preset.clips[split])
        self._rows = [self._maker.row(i) for i in range(count)]
        kept = self.preset.stored if stored is None else stored
        self._store = self._open_store(progress) if kept else None
        self._as_stored = self.preset.stored and not kept

    @property
    def fingerprint(self) -> str:
        """A hash of everything that determines the clips; part of a run's identity."""
        form = [self.depth_form, self.close_range]
        return hash_settings({**self._made_from(), "depth": form})

    def _made_from(self) -> dict[str, Any]:
        p = self.preset
        car = {"car_version": CAR_VERSION} if p.scenery == "car" else {}
        return {
            **car,
            "generator_version": GENERATOR_VERSION,
            "preset": p.name,
            "classes": p.classes,
            "clips": len(self._rows),
            "frames": p.frames,
            "size": p.size,
            "clutter": self.clutter,
            "split": self.split,
            "generator_seed": self.generator_seed,
        }

    def _open_store(self, progress: Callable[[int, int], None] | None) -> ClipStore:
        made_from, p = self._made_from(), self.preset
        info = StoreInfo(
            name=f"synthetic {p.name} {self.split}",
            class_names=self.classes,
            fingerprint=hash_settings(made_from),
            frame_rate=self.preset.frame_rate,
            made_from=made_from,
        )
        folder = store_folder("synthetic", f"{p.name}-{self.split}", info.fingerprint)
        write_clip_store(folder, info, self._rows, partial(self._render_all, progress))
        fields = ["depth_mm" if m == "depth" else m for m in self.modalities]
        tables = {}
        if "depth" in self.modalities and self.depth_form != "metres":
            # Worked out for every millimetre instead of every pixel.
            metres = torch.arange(2**16, dtype=torch.float32).mul_(1e-3)
            tables["depth_mm"] = self._to_8bit(metres).numpy()
        fields += ["mask", "joints"] if self.extras else []
        return ClipStore(folder, fields, tables=tables)

    def _render_all(
        self, progress: Callable[[int, int], None] | None, indices: list[int]
    ) -> Iterator[tuple[int, Mapping[str, np.ndarray]]]:
        """Yield these clips' fields, made by one process per core."""
        n, p = len(self._rows), self.preset
        few = len(indices) * p.frames * p.size**2 < PARALLEL_PIXELS
        made = in_order(self._maker.fields, indices, processes=1 if few else None, chunk=8)
        for done, (index, fields) in enumerate(
            zip(indices, made, strict=True), n - len(indices) + 1
        ):
            yield index, fields
            if progress is not None:
                progress(done, n)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[GestureClip]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: int) -> GestureClip:
        """Return a clip; frames are float32 ``(C, T, S, S)`` in each modality's unit.

        Raises:
            IndexError: if `index` is out of range.
        """
        if not -len(self) <= index < len(self):
            raise IndexError(f"clip {index} of {len(self)}")
        if self._store:
            return self._store[index]
        clip = self._render_one(index % len(self))
        if self._as_stored:
            clip = clip.with_frames({m: _as_stored(m, x) for m, x in clip.frames.items()})
        if "depth" not in clip.frames or self.depth_form == "metres":
            return clip
        return clip.with_frames({**clip.frames, "depth": self._to_8bit(clip.frames["depth"])})

    def _to_8bit(self, metres: Tensor) -> Tensor:
        return depth_to_8bit(metres, close_range=self.close_range, camera=self.camera)

    def _render_one(self, index: int) -> GestureClip:
        rendered, joints = self._maker.render(index)
        row = self._rows[index]
        return GestureClip(
            frames={m: getattr(rendered, m) for m in self.modalities},
            label=row.label,
            subject=row.subject,
            clip_id=row.clip_id,
            frame_rate=self.preset.frame_rate,
            mask=rendered.mask if self.extras else None,
            joints=torch.from_numpy(joints) if self.extras else None,
        )

    @property
    def labels(self) -> np.ndarray:
        """int64 ``(n,)``, the label of every clip."""
        return np.array([row.label for row in self._rows], dtype=np.int64)

    @property
    def subjects(self) -> np.ndarray:
        """int64 ``(n,)``, the subject of every clip."""
        return np.array([row.subject for row in self._rows], dtype=np.int64)


def _count(wanted: int | None, there: int) -> int:
    if wanted is not None and not 1 <= wanted <= there:
        raise ConfigError(f"clips: expected 1 to {there}, or None for all, got {wanted}.")
    return there if wanted is None else wanted


def _fields(clip: RenderedClip, joints: np.ndarray) -> dict[str, np.ndarray]:
    fields = encode_frames({"rgb": clip.rgb, "flow": clip.flow, "ir": clip.ir})
    fields["depth_mm"] = (clip.depth * 1000).round().to(torch.int32).numpy().astype(np.uint16)
    fields["mask"] = clip.mask.to(torch.uint8).numpy()
    fields["joints"] = joints
    return fields


def _as_stored(modality: str, frames: Tensor) -> Tensor:
    """Return frames rounded as they are by being kept in a store."""
    if modality == "depth":
        return (frames * 1000).round() * 1e-3
    kept = encode_frames({modality: frames})[modality]
    return torch.from_numpy(kept.astype(np.float32)).mul_(step_of(modality))
