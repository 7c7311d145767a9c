"""Presets: sizes of clips, and with synthetic clips how many and how hard."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mmtlib.core.declared import Registry
from mmtlib.core.gesture_names import NVGESTURE_CLASSES

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
    """One size of clips, and of the embedded benchmark.

    Attributes:
        name: the preset's name.
        title: for people.
        classes: names of the gestures, label 0 first.
        clips: split -> number of clips.
        frames: T.
        size: height and width, pixels.
        clutter: how hard the surroundings make RGB (see `mmtlib.synthetic.scene`).
        stored: kept as a clip store; otherwise each clip is rendered when it is read.
        scenery: ``"room"``, the benchmark's, or ``"car"``, which looks like NVGesture (see
            `mmtlib.synthetic.car`); for pre-training networks for the real clips.
        frame_rate: frames per second.
        recipe: the recipe that a config of this preset is made from if none is named.
        settings: what it sets whatever the recipe.
    """

    name: str
    title: str = ""
    classes: tuple[str, ...] = NVGESTURE_CLASSES
    clips: Mapping[str, int]
    frames: int
    size: int
    clutter: float = 0.35
    stored: bool = True
    scenery: str = "room"
    frame_rate: float = 15.0
    recipe: str = "compact"
    settings: Mapping[str, Any] = field(default_factory=dict)


PRESETS: Registry[SyntheticPreset] = Registry("preset", "presets", SyntheticPreset)
"""All presets by name."""
for _preset in (
    SyntheticPreset(
        name="tiny",
        title="tiny (for tests, in seconds)",
        classes=("move hand left", "move hand right", "push hand out", "open hand"),
        clips={"train": 48, "validation": 24, "test": 48},
        frames=8,
        size=16,
        settings={"epochs": 3, "ssa_start_epoch": 1},
    ),
    SyntheticPreset(
        name="tutorial",
        title="tutorial (12 gestures)",
        classes=_TWELVE,
        clips={"train": 480, "validation": 1152, "test": 1152},
        frames=16,
        size=32,
    ),
    SyntheticPreset(
        name="benchmark",
        title="benchmark (25 gestures)",
        clips={"train": 2000, "validation": 600, "test": 1200},
        frames=16,
        size=64,
    ),
    SyntheticPreset(
        name="paper-lite",
        title="half the paper's size",
        clips={"train": 1050, "validation": 300, "test": 600},
        frames=32,
        size=112,
        recipe="paper",
    ),
    SyntheticPreset(
        name="paper",
        title="the paper's size",
        clips={"train": 1050, "validation": 300, "test": 600},
        frames=64,
        size=224,
        stored=False,
        recipe="paper",
    ),
    SyntheticPreset(
        name="car",
        title="car (looks like NVGesture)",
        clips={"train": 2000, "validation": 500, "test": 500},
        frames=16,
        size=32,
        clutter=0.5,
        scenery="car",
        frame_rate=6.0,  # 80 frames at 30 per second, as 16
        # For pre-training: the synthetic clips are to be as varied as real ones may be.
        settings={"epochs": 30, "augment": "strong"},
    ),
):
    PRESETS.register(_preset)


def get_preset(name: str) -> SyntheticPreset:
    """Return the preset of that name.

    Raises:
        ConfigError: if there is none.
    """
    return PRESETS[name]


def default_preset() -> str:
    """Return ``"tutorial"``, or ``"tiny"`` in fast mode (environment variable ``MMTLIB_FAST=1``).

    Fast mode is for checking that everything runs, in seconds; its accuracies mean nothing.
    """
    return "tiny" if os.environ.get("MMTLIB_FAST", "0") not in ("", "0") else "tutorial"
