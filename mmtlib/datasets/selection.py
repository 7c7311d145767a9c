"""A part of a data set: some of its classes, or a few clips of each for training."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping

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
    chosen = _keep_classes(dataset, frozenset(classes)) if classes else dataset.changed()
    if clips_per_class:
        chosen.records = _few(chosen, clips_per_class, part)
    if not chosen.records:
        raise DataError(f"{dataset.root}: no clip is left of the classes and part asked for.")
    return chosen


def _keep_classes(dataset: GestureDataset, names: frozenset[str]) -> GestureDataset:
    """Return the data set with these classes alone, its clips with new labels."""
    every, swaps = dataset.classes, dataset.label_swaps
    for name in names:
        if name not in every:
            raise unknown_name(f"class of {type(dataset).__name__}", name, every)
    new = {old: label for label, old in enumerate(i for i, c in enumerate(every) if c in names)}
    # A mirrored clip whose class is not kept would have no right label: then none is mirrored.
    whole = swaps is not None and all(swaps[label] in new for label in new if label in swaps)
    return dataset.changed(
        classes=tuple(every[old] for old in new),
        label_swaps=_renumbered(swaps, new) if swaps is not None and whole else None,
        reversed_labels=_renumbered(dataset.reversed_labels, new),
        skipped=[skip for skip in dataset.skipped if skip.record.label in new],
        records=tuple(
            dataclasses.replace(r, label=new[r.label]) for r in dataset.records if r.label in new
        ),
    )


def _renumbered(partners: Mapping[int, int], new: Mapping[int, int]) -> dict[int, int]:
    """Return label -> label for the classes that are kept."""
    return {new[a]: new[b] for a, b in partners.items() if a in new and b in new}


def _few(chosen: GestureDataset, n: int, part: str) -> tuple[ClipRecord, ...]:
    """Return the first n clips of every class, or the others."""
    seen: Counter[int] = Counter()
    kept: list[ClipRecord] = []
    for record in chosen.records:
        if (seen[record.label] < n) == (part == "train"):
            kept.append(record)
        seen[record.label] += 1
    for label, name in enumerate(chosen.classes):
        if seen[label] < n:
            raise DataError(
                f"{chosen.root}: clips_per_class={n}, but there are {seen[label]} clips of "
                f"{name!r} in the training list; ask for fewer, or leave the class out (classes)."
            )
    return tuple(kept)
