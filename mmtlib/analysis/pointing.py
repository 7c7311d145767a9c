"""Does a network look at the hand: the share of its saliency that lies on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from mmtlib.analysis.features import check_alike
from mmtlib.core.clips import ClipBatch, GestureClip
from mmtlib.core.errors import DataError, unknown_name
from mmtlib.core.modalities import get_modality
from mmtlib.datasets import hand_silhouette
from mmtlib.evaluation import PairedDifference, paired_means

MASK_SOURCES = ("mask", "silhouette")
"""Where `hand_masks` takes the hand from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PointingDifference:
    """How much more of one network's saliency lies on the hand than of another's.

    Attributes:
        difference: of the mean energy, second minus first, with its interval.
        clips: how many clips were compared.
        left_out: how many were not, as a network's map of them is all 0 or they show no hand.
    """

    difference: PairedDifference
    clips: int
    left_out: int


def hand_masks(clips: Sequence[GestureClip], source: str = "mask") -> Tensor:
    """Return where the hand is in every clip.

    Args:
        clips: of one size, as the networks see them but before `mmtlib.transforms.Standardize`.
        source: ``"mask"``: the clip's own (``SyntheticGestures(..., extras=True)``);
            ``"silhouette"``: the largest part with a reading in depth, for depth in 8-bit levels
            that shows nothing but the hand and forearm, as NVGesture's
            (`mmtlib.datasets.hand_silhouette`).

    Returns:
        bool ``(N, T, H, W)``.

    Raises:
        ConfigError: if `source` is not known.
        DataError: if there is no clip, one lacks its mask or depth, or their sizes differ.
    """
    if source not in MASK_SOURCES:
        raise unknown_name("source of masks", source, MASK_SOURCES)
    masks = [_mask(clip) if source == "mask" else _silhouette(clip) for clip in clips]
    sizes = {tuple(mask.shape) for mask in masks}
    if len(sizes) != 1:
        raise DataError(f"Expected clips of one size, got {sorted(sizes) or 'no clips'}.")
    return torch.stack(masks)


def _mask(clip: GestureClip) -> Tensor:
    if clip.mask is None:
        raise DataError(
            f"Clip {clip.clip_id} has no mask of the hand; read synthetic clips with extras=True, "
            "or take source='silhouette' for clips whose depth shows the hand alone."
        )
    return clip.mask


def _silhouette(clip: GestureClip) -> Tensor:
    name = next((m for m in clip.modalities if get_modality(m).kind == "level"), "depth")
    depth = clip.select([name]).frames[name][0]
    if depth.min() < 0 or depth.max() > 1:
        raise DataError(
            f"Clip {clip.clip_id}: expected depth as 8-bit levels / 255, got values from "
            f"{float(depth.min()):.2f} to {float(depth.max()):.2f}; take it before Standardize."
        )
    return torch.from_numpy(hand_silhouette((depth * 255).round().byte().cpu().numpy()))


def pointing_energy(maps: Tensor, masks: Tensor) -> np.ndarray:
    r"""Return the share of each clip's saliency that lies on the hand ("energy-based pointing").

    .. math:: \sum_{i \in hand} s_i \Big/ \sum_i s_i

    A map that is the same everywhere has the share of the hand's area. That is a low bar: hands are
    often in the middle, and so is much saliency of any network. Another clip's hand
    (`pointing_table`) or a network with random weights (`mmtlib.analysis.randomized_networks`) make
    a higher one.

    Args:
        maps: ``(N, T, H, W)``, not negative (`mmtlib.analysis.saliency`).
        masks: bool, of the same shape.

    Returns:
        float64 ``(N,)`` in [0, 1]; NaN for a map that is all 0, or a clip without a hand.

    Raises:
        DataError: if the shapes differ or a map is negative or not finite.

    Source: Wang et al., "Score-CAM", CVPR 2020 workshops (arXiv 1910.01279), here with the hand's
    own outline instead of a box.
    """
    check_alike("maps and masks", maps, masks)
    maps = maps.double()
    if not (torch.isfinite(maps).all() and (maps >= 0).all()):
        raise DataError("Expected saliency that is finite and not negative.")
    masks = masks.to(maps.device)
    inside = (maps * masks).sum(dim=(1, 2, 3))
    everything = maps.sum(dim=(1, 2, 3))
    undefined = (everything == 0) | ~masks.any(dim=3).any(dim=2).any(dim=1)
    return (inside / everything).masked_fill(undefined, torch.nan).cpu().numpy()


def pointing_table(maps: Tensor, masks: Tensor, batch: ClipBatch) -> pd.DataFrame:
    """Return `pointing_energy` clip by clip, beside two levels that must be surpassed.

    Args:
        maps, masks: as `pointing_energy`.
        batch: the clips, for their names, labels and people.

    Returns:
        One row per clip: ``clip_id``, ``label``, ``subject``, and as shares from 0 to 1 ``energy``
        (on the hand), ``chance`` (the share of the hand's area: a map without content) and
        ``other`` (on where the hand is in the clip before in the batch, the last one for the first:
        a map of the usual places, whatever the clip; NaN for a single clip).

    Raises:
        DataError: as `pointing_energy`, or if the batch has another number of clips.
    """
    energy = pointing_energy(maps, masks)
    if len(batch) != len(energy):
        raise DataError(f"Expected a batch of {len(energy)} clips, got {len(batch)}.")
    other = pointing_energy(maps, masks.roll(1, 0)) if len(batch) > 1 else np.nan
    return pd.DataFrame(
        {
            "clip_id": batch.clip_ids,
            "label": batch.labels.cpu().numpy(),
            "subject": batch.subjects.cpu().numpy(),
            "energy": energy,
            "chance": masks.double().mean(dim=(1, 2, 3)).cpu().numpy(),
            "other": other,
        }
    )


def compare_pointing(
    first: Sequence[pd.DataFrame],
    second: Sequence[pd.DataFrame],
    *,
    confidence: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> PointingDifference:
    """Compare how much two networks look at the hand, clip by clip, clustered by subject.

    Args:
        first: `pointing_table` of one network, one table per seed.
        second: of the other one; element i is the same seed as ``first[i]``. All tables are about
            the same clips in the same order.
        confidence, resamples, seed: as `mmtlib.evaluation.paired_difference`.

    Raises:
        DataError: if the numbers of tables or their clips differ, or no clip is left to compare.
        ConfigError: if a setting is out of its range.
    """
    if not first or len(first) != len(second):
        raise DataError(
            f"Expected one pair of tables per seed, got {len(first)} and {len(second)}."
        )
    names = first[0][["clip_id", "subject"]].reset_index(drop=True)
    for table in (*first, *second):
        if not names.equals(table[["clip_id", "subject"]].reset_index(drop=True)):
            raise DataError("The tables are not about the same clips in the same order.")
    a, b = (np.stack([table["energy"] for table in tables]) for tables in (first, second))
    known = np.isfinite(a).all(axis=0) & np.isfinite(b).all(axis=0)
    if not known.any():
        raise DataError("No clip is left to compare: every one has a map of 0 or shows no hand.")
    difference = paired_means(
        a[:, known],
        b[:, known],
        names["subject"].to_numpy()[known],
        confidence=confidence,
        resamples=resamples,
        seed=seed,
    )
    return PointingDifference(
        difference=difference, clips=int(known.sum()), left_out=int((~known).sum())
    )
