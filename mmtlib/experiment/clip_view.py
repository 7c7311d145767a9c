"""Part of a set of clips, and one modality of it corrupted: what ablations change of the data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np

from mmtlib.core.clips import GestureClip
from mmtlib.core.seeding import numpy_generator, torch_generator
from mmtlib.transforms import Corrupt


class LabelledClips(Protocol):
    """Clips with their labels and subjects, as data sets and clip stores are."""

    @property
    def labels(self) -> np.ndarray:
        """``(clips,)``, class numbers from 0."""
        ...

    @property
    def subjects(self) -> np.ndarray:
        """``(clips,)``, the people's numbers."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> GestureClip: ...


class ClipView:
    """Some clips of a source, in order, as they are or with one modality spoilt.

    What is drawn to spoil a clip depends on its name only: like a recording, it is the same in
    every epoch and for every seed. Safe to share between processes if the source is.

    Attributes:
        labels, subjects: int64 ``(n,)``.

    Args:
        source: the clips.
        indices: the numbers of those to keep; None = all.
        corrupt: what spoils them; None = nothing.
    """

    def __init__(
        self,
        source: LabelledClips,
        *,
        indices: Sequence[int] | None = None,
        corrupt: Corrupt | None = None,
    ) -> None:
        self.source, self.corrupt = source, corrupt
        self.indices = list(range(len(source)) if indices is None else indices)
        self.labels = np.asarray(source.labels)[self.indices]
        self.subjects = np.asarray(source.subjects)[self.indices]

    def __len__(self) -> int:
        return len(self.indices)

    def __iter__(self) -> Iterator[GestureClip]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: int) -> GestureClip:
        """Return a clip.

        Raises:
            IndexError: if `index` is out of range.
        """
        clip = self.source[self.indices[index]]
        if self.corrupt is None:
            return clip
        return self.corrupt(clip, torch_generator("corruption", clip.clip_id))


def balanced_subset(labels: np.ndarray, number: int, *seed_parts: int | str) -> list[int]:
    """Return the indices of so many clips, in order: the classes in turn, each drawn from its own.

    A larger subset of the same draw contains the smaller ones.

    Args:
        labels: of all clips.
        number: how many to choose, at most all.
        seed_parts: what the draw depends on.
    """
    drawn = numpy_generator("subset", *seed_parts).permutation(len(labels))
    seen: Counter[int] = Counter()
    turns = []
    for label in np.asarray(labels)[drawn].tolist():
        turns.append(seen[label])
        seen[label] += 1
    return sorted(drawn[np.argsort(turns, kind="stable")][:number].tolist())
