"""A part of a data set: some of its classes, or a few clips of each for training."""

from __future__ import annotations

import copy
import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from mmtlib.core.errors import DataError, unknown_name
from mmtlib.datasets.base import GestureDataset
from mmtlib.datasets.records import ClipRecord


def select_clips(
    dataset: GestureDataset,
    *,
    classes: Iterable[str] = (),
    clips_per_class: int = 0,
    part: str = "train",
) -> GestureDataset:
    """Return a data set with some of the clips of another one; nothing is read.

    Args:
        dataset: left as it is.
        classes: names of the classes to keep, in any order; none = all. Labels are counted anew,
            in the data set's own order.
        clips_per_class: n: as ``"train"`` part the first n clips of every class, in the order of
            the list, and as ``"validation"`` all the others. 0 = all clips in any part.
        part: ``"train"`` or ``"validation"``.

    Raises:
        ConfigError: if a class is unknown.
        DataError: if a class has fewer than `clips_per_class` clips, or nothing is left.
    """
    chosen = copy.copy(dataset)
    chosen.__dict__.pop("fingerprint", None)
    records: Sequence[ClipRecord] = dataset.records
    if classes:
        records = _keep_classes(chosen, frozenset(classes))
    if clips_per_class:
        records = _few(chosen, records, clips_per_class, part)
    if not records:
        raise DataError(f"{dataset.root}: no clip is left of the classes and part asked for.")
    chosen.records = tuple(records)
    return chosen


def _keep_classes(chosen: GestureDataset, names: frozenset[str]) -> list[ClipRecord]:
    """Give the data set these classes alone, and return their clips with new labels."""
    every = chosen.classes
    for name in names:
        if name not in every:
            raise unknown_name(f"class of {type(chosen).__name__}", name, every)
    new = {old: label for label, old in enumerate(i for i, c in enumerate(every) if c in names)}
    chosen.classes = tuple(every[old] for old in new)
    swaps = chosen.label_swaps
    if swaps is not None:
        # A mirrored clip whose class is not kept would have no right label: then none is mirrored.
        whole = all(swaps[label] in new for label in new if label in swaps)
        chosen.label_swaps = _renumbered(swaps, new) if whole else None
    chosen.reversed_labels = _renumbered(chosen.reversed_labels, new)
    chosen.skipped = [skip for skip in chosen.skipped if skip.record.label in new]
    return [dataclasses.replace(r, label=new[r.label]) for r in chosen.records if r.label in new]


def _renumbered(partners: Mapping[int, int], new: Mapping[int, int]) -> dict[int, int]:
    """Return label -> label for the classes that are kept."""
    return {new[a]: new[b] for a, b in partners.items() if a in new and b in new}


def _few(
    chosen: GestureDataset, records: Sequence[ClipRecord], n: int, part: str
) -> list[ClipRecord]:
    """Return the first n clips of every class, or the others."""
    seen: Counter[int] = Counter()
    first, rest = [], []
    for record in records:
        (first if seen[record.label] < n else rest).append(record)
        seen[record.label] += 1
    for label, name in enumerate(chosen.classes):
        if seen[label] < n:
            raise DataError(
                f"{chosen.root}: clips_per_class={n}, but there are {seen[label]} clips of "
                f"{name!r} in the training list; ask for fewer, or leave the class out (classes)."
            )
    return first if part == "train" else rest
