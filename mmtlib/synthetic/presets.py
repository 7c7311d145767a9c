"""The frozen sizes and difficulties of the embedded benchmark."""

from __future__ import annotations

from dataclasses import dataclass

from mmtlib.core.errors import unknown_name
from mmtlib.synthetic.gestures import GESTURES

GENERATOR_VERSION = 1
"""Raised whenever the same seed gives other pictures; part of every store's fingerprint."""

SPLITS: dict[str, range] = {
    "train": range(0, 24),
    "validation": range(100, 112),
    "test": range(200, 224),
}
"""Subject numbers of each split; no subject is in two."""

_TWELVE = (
    "move hand left",
    "move hand right",
    "move two fingers left",
    "move two fingers right",
    "click",
    "beckon",
    "open hand",
    "push hand out",
    "pull hand in",
    "rotate two fingers clockwise",
    "rotate two fingers counter-clockwise",
    "close hand twice",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticPreset:
    """One size of the benchmark.

    Attributes:
        name: the preset's name.
        classes: names of the gestures, label 0 first.
        clips: split -> number of clips.
        frames: T.
        size: height and width, pixels.
        clutter: how hard the surroundings make RGB (see `mmtlib.synthetic.scene`).
        stored: kept as a clip store; otherwise each clip is rendered when it is read.
        scenery: ``"room"``, the benchmark's, or ``"car"``, which looks like NVGesture (see
            `mmtlib.synthetic.car`); for pre-training networks for the real clips.
        frame_rate: frames per second.
    """

    name: str
    classes: tuple[str, ...]
    clips: dict[str, int]
    frames: int
    size: int
    clutter: float
    stored: bool = True
    scenery: str = "room"
    frame_rate: float = 15.0


PRESETS: dict[str, SyntheticPreset] = {
    p.name: p
    for p in (
        SyntheticPreset(
            name="tiny",
            classes=("move hand left", "move hand right", "push hand out", "open hand"),
            clips={"train": 48, "validation": 24, "test": 48},
            frames=8,
            size=16,
            clutter=0.35,
        ),
        SyntheticPreset(
            name="tutorial",
            classes=_TWELVE,
            clips={"train": 480, "validation": 1152, "test": 1152},
            frames=16,
            size=32,
            clutter=0.35,
        ),
        SyntheticPreset(
            name="benchmark",
            classes=tuple(GESTURES),
            clips={"train": 2000, "validation": 600, "test": 1200},
            frames=16,
            size=64,
            clutter=0.35,
        ),
        SyntheticPreset(
            name="paper-lite",
            classes=tuple(GESTURES),
            clips={"train": 1050, "validation": 300, "test": 600},
            frames=32,
            size=112,
            clutter=0.35,
        ),
        SyntheticPreset(
            name="paper",
            classes=tuple(GESTURES),
            clips={"train": 1050, "validation": 300, "test": 600},
            frames=64,
            size=224,
            clutter=0.35,
            stored=False,
        ),
        SyntheticPreset(
            name="car",
            classes=tuple(GESTURES),
            clips={"train": 2000, "validation": 500, "test": 500},
            frames=16,
            size=32,
            clutter=0.5,
            scenery="car",
            frame_rate=6.0,  # 80 frames at 30 per second, as 16
        ),
    )
}


def get_preset(name: str) -> SyntheticPreset:
    """Return the preset of that name.

    Raises:
        ConfigError: if there is none.
    """
    if name not in PRESETS:
        raise unknown_name("synthetic preset", name, PRESETS)
    return PRESETS[name]
