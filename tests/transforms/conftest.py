"""Clips for the tests of transforms."""

import pytest
import torch

from mmtlib.core.clips import GestureClip
from mmtlib.core.modalities import MODALITIES


@pytest.fixture
def make_clip():
    """Make a clip of random values in which about a fifth of the depth readings is missing."""

    def make(
        frames=6, height=8, width=10, *, modalities=("rgb", "depth", "flow", "ir"), label=0, seed=0
    ):
        generator = torch.Generator().manual_seed(seed)
        pictures = {
            m: torch.rand(MODALITIES[m].channels, frames, height, width, generator=generator)
            for m in modalities
        }
        if "flow" in pictures:
            pictures["flow"] = 4 * pictures["flow"] - 2
        if "depth" in pictures:
            pictures["depth"][pictures["depth"] < 0.2] = 0
        return GestureClip(
            frames=pictures,
            label=label,
            subject=1,
            clip_id="c1",
            mask=torch.rand(frames, height, width, generator=generator) > 0.5,
            joints=torch.randn(frames, 3, 3, generator=generator),
        )

    return make


@pytest.fixture
def coordinate_clip():
    """Make a clip in which every modality and the mask show the same picture: one number a pixel.

    The numbers are between 1 and 2, so that every depth is a reading; the mask is true where the
    number is above its middle.
    """

    def make(frames=5, height=7, width=9):
        picture = 1 + torch.rand(frames, height, width, generator=torch.Generator().manual_seed(4))
        return GestureClip(
            frames={
                name: picture.expand(m.channels, -1, -1, -1).clone()
                for name, m in MODALITIES.items()
            },
            label=0,
            subject=1,
            clip_id="c1",
            mask=picture > 1.5,
        )

    return make


@pytest.fixture
def same_clip():
    """Tell whether two clips have the same content (histories aside)."""

    def same(a, b):
        def equal(x, y):
            return (x is None and y is None) or torch.equal(x, y)

        return (
            a.modalities == b.modalities
            and all(equal(a.frames[m], b.frames[m]) for m in a.frames)
            and equal(a.mask, b.mask)
            and equal(a.joints, b.joints)
            and (a.label, a.frame_rate) == (b.label, b.frame_rate)
        )

    return same
