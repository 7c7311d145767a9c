"""Batches in an order and with random changes that depend on (seed, epoch, clip) alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from mmtlib.clips import ClipBatch, GestureClip
from mmtlib.errors import DataError
from mmtlib.seeding import torch_generator
from mmtlib.transforms import Transform


class ClipSource(Protocol):
    """Anything with a length whose items are clips."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> GestureClip: ...


class _TransformedClips(Dataset):
    """Clips after their transform; asked for by (epoch, clip), so any worker gives the same."""

    def __init__(self, source: ClipSource, transform: Transform, seed: int) -> None:
        self.source, self.transform, self.seed = source, transform, seed

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, key: tuple[int, int]) -> GestureClip:
        epoch, index = key
        generator = torch_generator("transform", self.seed, epoch, index)
        return self.transform(self.source[index], generator)


class EpochBatches(Sampler[list[tuple[int, int]]]):
    """The batches of one epoch, from a given step on.

    All clips once, in an order drawn from (seed, epoch). A last batch smaller than the others is
    left out, as its steps would be noisier (another epoch has other clips there). Of several
    processes each takes its equal part of every batch.

    Attributes:
        epoch, first_step: set before the epoch is begun.
    """

    def __init__(
        self, clips: int, batch_size: int, seed: int, *, rank: int = 0, world: int = 1
    ) -> None:
        if clips < 2:
            raise DataError(f"Training needs at least 2 clips, got {clips}.")
        self.clips, self.seed = clips, seed
        self.batch_size = min(batch_size, clips)
        if self.batch_size < 2 * world or self.batch_size % world:
            raise DataError(
                f"A batch of {self.batch_size} clips cannot be shared equally by {world} processes "
                f"with at least 2 each; choose a multiple of {world} as batch_size."
            )
        self.rank, self.world = rank, world
        self.epoch, self.first_step = 0, 0

    def __len__(self) -> int:
        return self.clips // self.batch_size

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        generator = torch_generator("order", self.seed, self.epoch)
        order = torch.randperm(self.clips, generator=generator).tolist()
        for step in range(self.first_step, len(self)):
            batch = order[step * self.batch_size : (step + 1) * self.batch_size]
            yield [(self.epoch, index) for index in batch[self.rank :: self.world]]


def make_loader(
    source: ClipSource,
    transform: Transform,
    batches: EpochBatches,
    *,
    workers: int = 0,
    pin_memory: bool = False,
) -> DataLoader:
    """Return a loader of training batches.

    Args:
        source: the clips.
        transform: what is done to each clip; its draws depend on (seed, epoch, clip) alone.
        batches: the order.
        workers: loading processes; no influence on the batches.
        pin_memory: for faster copies to a GPU.
    """
    return DataLoader(
        _TransformedClips(source, transform, batches.seed),
        batch_sampler=batches,
        collate_fn=ClipBatch.from_clips,
        num_workers=workers,
        pin_memory=pin_memory,
        persistent_workers=workers > 0,
        multiprocessing_context="spawn" if workers else None,
    )


def predict_loader(
    source: ClipSource, transform: Transform, *, batch_size: int = 64, workers: int = 0
) -> DataLoader:
    """Return a loader of all clips in their order, for measuring.

    Args:
        source: the clips.
        transform: what is done to each clip; without random draws.
        batch_size: clips per batch; the last one may be smaller.
        workers: loading processes; no influence on the batches.
    """
    keys: Sequence[tuple[int, int]] = [(0, index) for index in range(len(source))]
    batches = [list(keys[i : i + batch_size]) for i in range(0, len(keys), batch_size)]
    return DataLoader(
        _TransformedClips(source, transform, seed=0),
        batch_sampler=batches,
        collate_fn=ClipBatch.from_clips,
        num_workers=workers,
        multiprocessing_context="spawn" if workers else None,
    )
