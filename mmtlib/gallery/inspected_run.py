"""The clips and networks of one training, ready to be looked at.

Only validation clips are looked at: which figure tells most is a choice too, and nothing is chosen
on test people.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from mmtlib.core.clip_store import ClipStore
from mmtlib.core.clips import ClipBatch, GestureClip
from mmtlib.core.errors import ConfigError
from mmtlib.experiment import Run, make_transform, open_data
from mmtlib.experiment.clip_view import ClipView
from mmtlib.gallery.material import Material
from mmtlib.synthetic import SyntheticGestures

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
    clips, config = _validation_clips(run), run.config
    if first_of is None:
        indices = range(min(number, len(clips)))
    else:
        indices = [int(np.flatnonzero(np.asarray(clips.labels) == first_of)[0])]
    chosen = tuple(clips[i] for i in indices)
    prepare = make_transform(config, training=False)
    return InspectedClips(chosen, ClipBatch.from_clips(prepare(clip) for clip in chosen))


def _validation_clips(run: Run) -> SyntheticGestures | ClipStore | ClipView:
    """Return the validation clips of a run; synthetic ones are made one by one, with masks."""
    config = run.config
    if config.dataset != "synthetic" or config.corrupt is not None:
        return open_data(config, "validation").clips
    return SyntheticGestures(
        config.preset, "validation", config.modalities, config.generator_seed,
        clutter=config.clutter, extras=True, stored=False,
    )  # fmt: skip


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
