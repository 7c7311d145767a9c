"""From the names in a config to clips and to what is done to them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mmtlib.config import ExperimentConfig, hash_settings
from mmtlib.config.data_settings import DataSettings
from mmtlib.config.declare import declared_settings
from mmtlib.core.clip_store import ClipStore
from mmtlib.core.errors import ConfigError, DataError
from mmtlib.datasets import DATASETS, GestureDataset, select_clips
from mmtlib.experiment.clip_view import ClipView, balanced_subset
from mmtlib.synthetic import SyntheticGestures, get_preset
from mmtlib.training import stored_clips
from mmtlib.transforms import (
    CenterCrop,
    ClipTransform,
    Compose,
    Corrupt,
    DepthNoise,
    HorizontalFlip,
    PhotometricJitter,
    RandomAffine,
    RandomCrop,
    RandomShift,
    RandomSpeed,
    Resize,
    SampleFrames,
    Standardize,
)

CROP_MARGIN = 8 / 7
"""Stored size over crop size for the random crops of the paper recipe (256 for 224)."""
FLIPPING = ("crop", "strong")
"""Augmentations that mirror half of the clips, as the paper does."""


@dataclass(frozen=True, slots=True)
class GestureData:
    """A split of a data set, ready for training: equal clip sizes, read from memory maps.

    Attributes:
        clips: the clips, by number.
        classes: one name per label.
        fingerprint: a hash of what the clips are made from.
        label_swaps: label -> label, for the classes that a horizontal flip exchanges; None = not
            known, so clips are not flipped.
        note: one line for the user (clips left out, views not aligned), or None.
    """

    clips: SyntheticGestures | ClipStore | ClipView
    classes: tuple[str, ...]
    fingerprint: str
    label_swaps: Mapping[int, int] | None
    note: str | None = None


def open_data(
    config: ExperimentConfig,
    split: str,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> GestureData:
    """Open the clips that a config asks for.

    Args:
        config: for the data set, preset, modalities, root and seeds, and for what is left of it.
        split: ``"train"``, ``"validation"`` or ``"test"``.
        progress: called with (done, all) while clips are made for the first time.

    Raises:
        ConfigError: if the data set is unknown, or a real one is given no root.
        DataError: if files are missing or broken, or there are fewer clips than wanted.
    """
    if config.dataset == "synthetic":
        data = SyntheticGestures(
            config.preset,
            split,
            config.modalities,
            config.generator_seed,
            clutter=config.clutter,
            progress=progress,
        )
        found = GestureData(data, data.classes, data.fingerprint, data.label_swaps)
        return _as_wanted(config, split, found)
    source = _open_source(config, split)
    store = stored_clips(
        source, stored_form(config), name=f"{config.dataset}-{split}", progress=progress
    )
    notes = [source.skipped_summary(), source.alignment_note]
    if source.label_swaps is None and config.augment in FLIPPING:
        notes.append(f"{source.name}: clips are not flipped, as their mirrored labels are unknown.")
    note = " ".join(n for n in notes if n) or None
    found = GestureData(store, source.classes, store.info.fingerprint, source.label_swaps, note)
    return _as_wanted(config, split, found)


def _as_wanted(config: ExperimentConfig, split: str, found: GestureData) -> GestureData:
    """Return the data with as many training clips as wanted, and one modality corrupted."""
    changed: dict[str, Any] = {}
    notes, indices, corrupt = [found.note], None, None
    if split == "train" and config.train_clips is not None:
        number = _number_wanted(config, config.train_clips, len(found.clips))
        indices = list(range(number))  # synthetic clips have the classes in turn
        if config.dataset != "synthetic":
            indices = balanced_subset(found.clips.labels, number, config.seed)
        changed["indices"] = indices
        notes.append(f"{number} of {len(found.clips)} training clips are used.")
    if config.corrupt is not None:
        kind, strength = config.corruption, config.corruption_strength
        corrupt = Corrupt(modality=config.corrupt, kind=kind, strength=strength)
        changed["corrupt"] = repr(corrupt)
        notes.append(f"{config.corrupt} is corrupted ({kind}, strength {strength:g}).")
    if not changed:
        return found
    return replace(
        found,
        clips=ClipView(found.clips, indices=indices, corrupt=corrupt),
        fingerprint=hash_settings({"clips": found.fingerprint, **changed}),
        note=" ".join(n for n in notes if n),
    )


def _number_wanted(config: ExperimentConfig, wanted: int, there: int) -> int:
    if wanted > there:
        raise DataError(
            f"train_clips={wanted}, but {config.dataset} has {there} training clips "
            "here; take fewer, or leave train_clips out for all."
        )
    return wanted


def _open_source(config: ExperimentConfig, split: str) -> GestureDataset:
    """Open a real data set, before anything is decoded."""
    reader = DATASETS[config.dataset]
    if config.root is None:
        raise ConfigError(
            f"The data set {config.dataset} is read from disk: say where (--root DIR, or root=...)."
        )
    taken = inspect.signature(reader).parameters
    settings = {n: getattr(config, n) for n in declared_settings(DataSettings) if n in taken}
    few = config.clips_per_class if split in ("train", "validation") else 0
    shared = {"flow_folder": config.flow_folder, "complete_for": config.complete_for}
    part = "train+validation" if few else split
    source = reader(split=part, flow=config.flow_method, **{**shared, **settings})
    if config.classes or few:
        return select_clips(source, classes=config.classes, clips_per_class=few, part=split)
    return source


def class_names(config: ExperimentConfig) -> tuple[str, ...]:
    """Return the names of the classes that a config is about, one per label; reads no clip."""
    if config.dataset in DATASETS:
        every = DATASETS[config.dataset].classes_in(config.root)
    else:
        every = get_preset(config.preset).classes
    return tuple(name for name in every if not config.classes or name in config.classes)


def count_clips(config: ExperimentConfig, split: str) -> int:
    """Return how many clips of a split are used, without making or decoding any.

    Raises:
        ConfigError, DataError: as `open_data`.
    """
    if config.dataset == "synthetic":
        there = get_preset(config.preset).clips[split]
    else:
        there = len(_open_source(config, split))
    if split != "train" or config.train_clips is None:
        return there
    return _number_wanted(config, config.train_clips, there)


def stored_form(config: ExperimentConfig) -> Compose:
    """Return how clips of real videos are stored: the preset's frames and size, whole frame."""
    preset = get_preset(config.preset)
    side = round(preset.size * CROP_MARGIN) if config.augment == "crop" else preset.size
    return Compose([SampleFrames(frames=preset.frames), Resize(height=side, width=side)])


def make_transform(
    config: ExperimentConfig, *, training: bool, label_swaps: Mapping[int, int] | None = None
) -> Compose:
    """Return what is done to each clip before it enters the networks.

    Args:
        config: for the preset's size and the kind of augmentation.
        training: with the random changes, or as at test time.
        label_swaps: of the data set that is trained on (`GestureData.label_swaps`): how labels
            change when clips are flipped; None = clips are not flipped.
    """
    size = get_preset(config.preset).size
    steps: list[ClipTransform] = []
    if config.augment == "shift" and training:
        steps.append(RandomShift(pixels=max(1, round(size / 32))))
    if config.augment == "crop":
        steps.append((RandomCrop if training else CenterCrop)(height=size, width=size))
    if config.augment in FLIPPING and training and label_swaps is not None:
        steps.append(HorizontalFlip(probability=0.5, label_swaps=label_swaps))
    if config.augment == "strong" and training:
        steps += [
            RandomSpeed(speed=(0.8, 1.25)),
            RandomAffine(degrees=15, scale=(0.8, 1.25), shift=0.1),
            PhotometricJitter(
                gamma=0.3, contrast=0.3, brightness=0.3, cast=0.15, saturation=0.4, noise=0.03
            ),
            DepthNoise(noise=0.02, holes=0.02),
        ]
    return Compose([*steps, Standardize()])
