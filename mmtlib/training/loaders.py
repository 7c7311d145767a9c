"""Batches in an order and with random changes that depend on (seed, epoch, clip) alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import count, islice
from typing import Protocol

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from mmtlib.core.clips import ClipBatch, GestureClip
from mmtlib.core.declared import HERE
from mmtlib.core.errors import DataError
from mmtlib.core.modalities import MODALITIES
from mmtlib.core.seeding import torch_generator
from mmtlib.core.spawned import SPAWN
from mmtlib.training.loading import LOAD_S, share
from mmtlib.transforms import ClipTransform


class ClipSource(Protocol):
    """Anything with a length whose items are clips."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> GestureClip: ...


Key = tuple[int, ...]
"""What a clip is asked for by: (epoch, index), and how often before in that epoch if it was."""


class _TransformedClips(Dataset):
    """Clips after their transform; asked for by their key, so any worker gives the same."""

    def __init__(self, source: ClipSource, transform: ClipTransform, seed: int) -> None:
        self.source, self.transform, self.seed = source, transform, seed

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, key: Key) -> GestureClip:
        return self.transform(self.source[key[1]], torch_generator("transform", self.seed, *key))


class EpochBatches(Sampler[list[Key]]):
    """The batches of one epoch, from a given step on.

    All clips once, in an order drawn from (seed, epoch); or, balanced, every class equally often
    (some once more where the numbers do not divide, others in the next epoch). A last batch smaller
    than the others is left out, as its steps would be noisier (another epoch has other clips
    there). Of several processes each takes its equal part of every batch.

    Attributes:
        epoch, first_step: set before the epoch is begun.

    Args:
        clips: how many there are.
        batch_size: clips of a batch, those of all processes together.
        seed: what the order is drawn from, with the epoch.
        balance: every clip's label, for balanced batches.
        rank, world: which process this is, of how many.

    Raises:
        DataError: if there are too few clips, or a batch cannot be shared equally.
    """

    def __init__(
        self,
        clips: int,
        batch_size: int,
        seed: int,
        *,
        balance: Sequence[int] | None = None,
        rank: int = 0,
        world: int = 1,
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
        labels = torch.as_tensor([] if balance is None else balance)
        self.classes = [(labels == label).nonzero()[:, 0] for label in labels.unique()]
        self.rank, self.world = rank, world
        self.epoch, self.first_step = 0, 0

    def __len__(self) -> int:
        return self.clips // self.batch_size

    def __iter__(self) -> Iterator[list[Key]]:
        generator = torch_generator("order", self.seed, self.epoch)
        order = self._balanced(generator) if self.classes else self._shuffled(generator)
        for step in range(self.first_step, len(self)):
            batch = order[step * self.batch_size : (step + 1) * self.batch_size]
            yield batch[self.rank :: self.world]

    def _shuffled(self, generator: torch.Generator) -> list[Key]:
        order = torch.randperm(self.clips, generator=generator).tolist()
        return [(self.epoch, index) for index in order]

    def _balanced(self, generator: torch.Generator) -> list[Key]:
        """Return the classes in turn, in another order in every turn; of each its clips in turn.

        A clip comes again when its class has no other left, changed by other random draws.
        """
        turns = -(-self.clips // len(self.classes))
        given = [list(islice(self._in_turn(c, generator), turns)) for c in self.classes]
        return [
            given[label][turn]
            for turn in range(turns)
            for label in torch.randperm(len(given), generator=generator).tolist()
        ]

    def _in_turn(self, clips: Tensor, generator: torch.Generator) -> Iterator[Key]:
        for again in count():
            order = clips[torch.randperm(len(clips), generator=generator)].tolist()
            yield from ((self.epoch, i, again) if again else (self.epoch, i) for i in order)


class _KnownModalities:
    """Has a loading process know the modalities of a user's own."""

    def __init__(self) -> None:
        self._own = [m for name, m in MODALITIES.items() if not MODALITIES.is_own(name)]

    def __call__(self, _worker: int) -> None:
        for modality in self._own:
            MODALITIES.register(modality, HERE)


def make_loader(
    source: ClipSource,
    transform: ClipTransform,
    batches: EpochBatches,
    *,
    workers: int = 0,
    prefetch: int = 2,
    pin_memory: bool = False,
) -> DataLoader:
    """Return a loader of training batches.

    Args:
        source: the clips.
        transform: what is done to each clip; its draws depend on (seed, epoch, clip) alone.
        batches: the order.
        workers: loading processes, which stay from epoch to epoch; no influence on the batches.
        prefetch: batches that each of them makes ahead.
        pin_memory: for faster copies to a GPU.
    """
    clips = _TransformedClips(source, transform, batches.seed)
    return _loader(clips, batches, workers, prefetch, pin_memory)


def predict_loader(
    source: ClipSource,
    transform: ClipTransform,
    *,
    batch_size: int = 64,
    workers: int = 0,
    prefetch: int = 2,
    pin_memory: bool = False,
) -> DataLoader:
    """Return a loader of all clips in their order, for measuring.

    Args:
        source: the clips.
        transform: what is done to each clip; without random draws.
        batch_size: clips per batch; the last one may be smaller.
        workers, prefetch, pin_memory: as in `make_loader`.
    """
    keys: list[Key] = [(0, index) for index in range(len(source))]
    batches = [keys[i : i + batch_size] for i in range(0, len(keys), batch_size)]
    clips = _TransformedClips(source, transform, seed=0)
    return _loader(clips, batches, workers, prefetch, pin_memory)


def _loader(
    clips: _TransformedClips,
    batches: Iterable[list[Key]],
    workers: int,
    prefetch: int,
    pin_memory: bool,
) -> DataLoader:
    return DataLoader(
        clips,
        batch_sampler=batches,
        collate_fn=share if workers else ClipBatch.from_clips,
        num_workers=workers,
        prefetch_factor=prefetch if workers else None,
        pin_memory=pin_memory,
        persistent_workers=workers > 0,
        timeout=LOAD_S if workers else 0,
        multiprocessing_context=SPAWN if workers else None,
        worker_init_fn=_KnownModalities() if workers else None,
        # Workers' global generators: nothing of ours uses them, and torch's own stays untouched.
        generator=torch_generator("workers", clips.seed),
    )
