"""The clips and networks of one training, ready to be looked at.

Only validation clips are looked at: which figure tells most is a choice too, and nothing is chosen
on test people.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from torch import Tensor

from mmtlib.core.clip_store import ClipStore
from mmtlib.core.clips import ClipBatch, GestureClip
from mmtlib.core.errors import ConfigError
from mmtlib.core.modalities import network_title
from mmtlib.experiment import Run, make_transform, open_data
from mmtlib.experiment.clip_view import ClipView
from mmtlib.experiment.inspection import staged_network
from mmtlib.gallery.material import Material
from mmtlib.models import StagedNetwork
from mmtlib.synthetic import SyntheticGestures

T = TypeVar("T")
SHOWN_GESTURE = "beckon"
"""The gesture of the clip that is shown, where the run knows it; else its last one."""


@dataclass(frozen=True, slots=True)
class InspectedClips:
    """Some validation clips of a run.

    Attributes:
        clips: as they are drawn; with the mask of the hand where they are synthetic.
        batch: the same, standardised, as the networks take them.
    """

    clips: tuple[GestureClip, ...]
    batch: ClipBatch

    def frames(self, modality: str) -> Tensor:
        """Return ``(N, C, T, H, W)`` of a modality."""
        return self.batch.frames[modality]


def shown_clip(material: Material) -> InspectedClips:
    """Return the first validation clip of the gesture `SHOWN_GESTURE`."""
    classes = material.run().classes
    label = classes.index(SHOWN_GESTURE) if SHOWN_GESTURE in classes else len(classes) - 1
    return material.keep("shown clip", lambda: _inspect(material.run(), first_of=label))


def first_clips(material: Material, number: int) -> InspectedClips:
    """Return the first validation clips, in the order of the data set; fewer if there are."""
    return material.keep(("first clips", number), lambda: _inspect(material.run(), number=number))


def _inspect(run: Run, *, first_of: int | None = None, number: int = 1) -> InspectedClips:
    clips, prepare = _validation_clips(run), make_transform(run.config, training=False)
    indices = range(min(number, len(clips)))
    if first_of is not None:
        found = int(np.flatnonzero(np.asarray(clips.labels) == first_of)[0])
        indices = range(found, found + 1)
    chosen = tuple(clips[i] for i in indices)
    return InspectedClips(chosen, ClipBatch.from_clips(prepare(clip) for clip in chosen))


def _validation_clips(run: Run) -> SyntheticGestures | ClipStore | ClipView:
    """Return the validation clips of a run; synthetic ones are made one by one, with masks."""
    config = run.config
    if not config.clips_are_made or config.corrupt is not None:
        return open_data(config, "validation").clips
    return SyntheticGestures(
        config.preset, "validation", config.modalities, config.generator_seed,
        clutter=config.clutter, extras=True, stored=False,
    )  # fmt: skip


def measured(
    material: Material, clips: InspectedClips, measure: Callable[[StagedNetwork, Tensor], T]
) -> dict[str, dict[str, T]]:
    """Return what is measured of two networks of a run: alone, then trained together.

    Args:
        material: with the run.
        clips: what they see.
        measure: takes a network and its clips ``(N, C, T, H, W)``.

    Returns:
        ``"alone"`` and ``"together"`` -> modality -> what `measure` returns.

    Raises:
        ConfigError: if the run has only one network.
        NotStored: if one alone is not stored.
    """
    together = material.run()
    pair = pair_of(together)
    runs = {
        "alone": {m: material.alone(m) for m in pair},
        "together": dict.fromkeys(pair, together),
    }
    return {
        how: {m: measure(staged_network(run, m), clips.frames(m)) for m, run in of.items()}
        for how, of in runs.items()
    }


def titled(found: Mapping[str, Mapping[str, T]]) -> dict[str, T]:
    """Return what was `measured` under titles such as ``"RGB alone"``."""
    return {f"{network_title(m)} {how}": v for how, of in found.items() for m, v in of.items()}


def pair_of(run: Run) -> tuple[str, str]:
    """Return the first two modalities of a run.

    Raises:
        ConfigError: if it has only one.
    """
    if len(run.config.modalities) < 2:
        raise ConfigError(
            f"Run {run.run_id} has one network ({run.config.modalities[0]}); this figure compares "
            "two that were trained together."
        )
    first, second, *_ = run.config.modalities
    return first, second
