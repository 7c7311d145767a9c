"""What is done to a clip before a network sees it: one code for runs and exported files."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from torch import Tensor

from mmtlib.config import ExperimentConfig
from mmtlib.core.clips import GestureClip, check_finite
from mmtlib.core.errors import ConfigError, DataError
from mmtlib.core.modalities import get_modality
from mmtlib.experiment.data import make_transform, stored_form
from mmtlib.synthetic import get_preset
from mmtlib.transforms import TRANSFORMS, ClipTransform, Compose, Transform
from mmtlib.transforms.photometric import FLOOR


@dataclass(frozen=True, slots=True, kw_only=True)
class Preprocessing:
    """From a clip of any length and size to what a network of one modality takes.

    Attributes:
        modality: what the clip shows.
        shape: T, H, W of the network's clips.
        steps: what is done, in order; nothing random.
    """

    modality: str
    shape: tuple[int, int, int]
    steps: tuple[Transform, ...]

    @classmethod
    def of(cls, config: ExperimentConfig, modality: str) -> Self:
        """Return what is done at test time to the clips of a training with this config."""
        preset = get_preset(config.preset)
        steps = _flat([stored_form(config), make_transform(config, training=False)])
        shape = (preset.frames, preset.size, preset.size)
        return cls(modality=modality, shape=shape, steps=tuple(steps))

    def __call__(self, clip: GestureClip) -> Tensor:
        """Return the clip as a batch of one, float32 ``(1, C, T, H, W)``.

        Raises:
            DataError: if the clip lacks the modality, or holds what is no number.
        """
        clip = clip.select([self.modality])
        check_finite(clip.clip_id, clip.frames)
        prepared = Compose(self.steps)(clip)
        if prepared.shape != self.shape:
            raise DataError(
                f"Clip {clip.clip_id} became {prepared.shape}; the network takes {self.shape}."
            )
        return prepared.frames[self.modality][None]

    def describe(self) -> dict[str, Any]:
        """Return all of it as JSON-able values, which also tell readers without mmtlib what to do.

        `from_description` is the way back.
        """
        return {
            "modality": self.modality,
            "unit": get_modality(self.modality).unit,
            "channels": get_modality(self.modality).channels,
            **dict(zip(("frames", "height", "width"), self.shape, strict=True)),
            "steps": [
                {
                    "name": type(step).__name__,
                    "arguments": step.arguments,
                    "does": (inspect.getdoc(type(step)) or "").partition("\n")[0],
                }
                for step in self.steps
            ],
            "standardize": _standardization(self.modality),
        }

    @classmethod
    def from_description(cls, values: Mapping[str, Any]) -> Self:
        """Return what `describe` described.

        Raises:
            ConfigError: if this version of mmtlib would do something else.
        """
        try:
            steps = tuple(TRANSFORMS[s["name"]](**s["arguments"]) for s in values["steps"])
            shape = tuple(values[name] for name in ("frames", "height", "width"))
            found = cls(modality=values["modality"], shape=shape, steps=steps)
            if any(step.random for step in steps) or (
                _standardization(found.modality) != values["standardize"]
            ):
                raise ValueError
        except (LookupError, TypeError, ValueError, AttributeError, ConfigError):
            raise ConfigError(
                "This version of mmtlib does not prepare clips in the way described "
                f"({str(dict(values))[:200]} ...): use the version that wrote it."
            ) from None
        return found


def _flat(transforms: Iterable[ClipTransform]) -> Iterator[Transform]:
    for transform in transforms:
        if isinstance(transform, Compose):
            yield from _flat(transform.transforms)
        else:
            assert isinstance(transform, Transform)
            yield transform


def _standardization(modality: str) -> dict[str, Any]:
    """Return what `Standardize` does to this modality."""
    kind = get_modality(modality)
    if kind.kind == "image":
        rule = "each channel over the whole clip: (x - its mean) / (its standard deviation + floor)"
        return {"rule": rule, "floor": FLOOR}
    return {"rule": "(x - center) / spread", "center": kind.center, "spread": kind.spread}
