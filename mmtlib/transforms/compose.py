"""Several transforms one after another."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import torch

from mmtlib.core.clips import GestureClip


class ClipTransform(Protocol):
    """A `Transform`, a `Compose`, or anything that is called like them."""

    def __call__(self, clip: GestureClip, generator: torch.Generator | None = None) -> GestureClip:
        """Return the changed clip."""


class Compose:
    """Apply transforms in order; each draws from the same generator and notes itself.

    Args:
        transforms: what to apply, first to last.
    """

    def __init__(self, transforms: Iterable[ClipTransform]) -> None:
        self.transforms = tuple(transforms)

    def __call__(self, clip: GestureClip, generator: torch.Generator | None = None) -> GestureClip:
        """Return the clip after all transforms.

        Args:
            clip: the clip, left as it is.
            generator: where random numbers come from; not needed if no transform is random.

        Raises:
            ConfigError: if a random transform is given no generator, or the clip does not suit one.
        """
        for transform in self.transforms:
            clip = transform(clip, generator)
        return clip

    def __repr__(self) -> str:
        return f"Compose([{', '.join(map(repr, self.transforms))}])"
