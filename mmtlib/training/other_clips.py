"""The control of the wrong clip: a teacher that has seen another clip of the batch."""

from __future__ import annotations

import torch
from torch import Tensor

from mmtlib.core.clips import ClipBatch
from mmtlib.core.seeding import torch_generator

NONE = -1
"""Stands for a clip that has no other one to be compared with."""


def of_same_class(batch: ClipBatch, seed_parts: tuple[int | str, ...]) -> Tensor:
    """Return for every clip another one of its class (`other_clips`)."""
    return other_clips(batch, same_class=True, seed_parts=seed_parts)


def of_other_class(batch: ClipBatch, seed_parts: tuple[int | str, ...]) -> Tensor:
    """Return for every clip one of another class (`other_clips`)."""
    return other_clips(batch, same_class=False, seed_parts=seed_parts)


def other_clips(batch: ClipBatch, *, same_class: bool, seed_parts: tuple[int | str, ...]) -> Tensor:
    """Return for every clip another one of the batch, each that qualifies equally likely.

    Another one is a clip of another name: one that the batch holds twice, differently augmented,
    is no other.

    Args:
        batch: the clips.
        same_class: one of the same class, or one of another class.
        seed_parts: what the draw depends on, with nothing else.

    Returns:
        int64 ``(N,)`` on the device of the labels; `NONE` where no clip qualifies.
    """
    labels, names = batch.labels, {name: i for i, name in enumerate(batch.clip_ids)}
    numbers = torch.tensor([names[name] for name in batch.clip_ids], device=labels.device)
    alike = labels[:, None] == labels
    qualified = (alike if same_class else ~alike) & (numbers[:, None] != numbers)
    size = (len(batch), len(batch))
    draws = torch.rand(size, generator=torch_generator("other clip", *seed_parts)).to(labels.device)
    best = draws.masked_fill(~qualified, -1.0).max(1)
    return best.indices.masked_fill(best.values < 0, NONE)
