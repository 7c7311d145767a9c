"""What networks see as alike: their correlation maps, and how far apart two networks' maps are.

The alignment loss compares networks by these maps alone, so they show directly what it changed.
Because it also pulls on them, an independent measure belongs beside their distance: see `cka`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional as F

from mmtlib.analysis.features import BATCH_SIZE, over_frames, stage_features
from mmtlib.core.errors import ConfigError, DataError
from mmtlib.losses import correlation_map, ssa_distance
from mmtlib.models import StagedNetwork

Grid = tuple[int, int, int]


class CorrelationMaps(NamedTuple):
    """Correlation maps of one network for N clips.

    Attributes:
        maps: ``(N, d, d)``, the cosine between the features of every two positions.
        grid: T, H, W of the features; d = T * H * W, positions in row-major order.
    """

    maps: Tensor
    grid: Grid


def stage_correlations(
    network: StagedNetwork,
    clips: Tensor,
    stage: str | None = None,
    *,
    normalize: str = "position",
    batch_size: int = BATCH_SIZE,
) -> CorrelationMaps:
    """Return the correlation map of every clip at one stage of a network.

    Args:
        network: one modality's network.
        clips: ``(N, C, T, H, W)``, standardised.
        stage: one of ``network.STAGES``; None: the features that the alignment loss compares.
        normalize: ``"position"`` or ``"centred"``, see `mmtlib.losses.normalize_positions`.
        batch_size: clips at once.

    Raises:
        ConfigError: if the stage or a setting is not known.
        DataError: if the clips are not what the network takes.

    Source: Abavisani et al. 2019 (arXiv 1812.06145), the correlation matrix of the SSA loss.
    """
    features = stage_features(network, clips, stage, batch_size=batch_size)
    t, h, w = features.shape[2:]
    return CorrelationMaps(correlation_map(features, normalize), (t, h, w))


def similarity_over_frames(
    correlations: CorrelationMaps, position: Grid, size: Sequence[int]
) -> Tensor:
    """Return how alike one position is to every other one, laid back over the clips' frames.

    Args:
        correlations: maps of N clips.
        position: the position ``(t, y, x)`` on the grid of the features, counted from 0.
        size: length, height and width ``(T, H, W)`` of the clips, in frames and pixels.

    Returns:
        ``(N, T, H, W)`` in [-1, 1], interpolated linearly between the middles of the positions.

    Raises:
        ConfigError: if the position is not on the grid, or `size` is no size of a clip.
        DataError: if the maps do not fit their grid.
    """
    maps, grid = correlations
    d = math.prod(grid)
    if maps.ndim != 3 or maps.shape[1:] != (d, d):
        raise DataError(
            f"Expected maps of shape (N, {d}, {d}) for the grid {grid}, got {tuple(maps.shape)}."
        )
    if len(position) != 3 or any(not 0 <= i < n for i, n in zip(position, grid, strict=True)):
        raise ConfigError(f"position: expected (t, y, x) on the grid {grid}, got {position}.")
    if len(size) != 3 or min(size) < 1:
        raise ConfigError(f"size: expected T, H, W of the clips, got {tuple(size)}.")
    t, y, x = position
    row = maps[:, (t * grid[1] + y) * grid[2] + x]
    return over_frames(row.reshape(-1, *grid), size)


def hand_contrast(
    correlations: CorrelationMaps, masks: Tensor, *, least: float = 0.3
) -> pd.DataFrame:
    """Return how alike positions on the hand are to each other, and to the background.

    A network that keeps the hand apart has a high first and a low second number.

    Args:
        correlations: maps of N clips.
        masks: bool ``(N, T, H, W)``, the hand in every clip (`mmtlib.analysis.hand_masks`).
        least: share of a position's pixels from which on it belongs to the hand; positions with a
            smaller share count as neither, those without any hand are background.

    Returns:
        One row per clip: ``clip``, ``hand`` (positions on the hand), ``within`` (mean cosine of two
        different ones) and ``across`` (of one on the hand and one of the background); NaN where
        there are too few positions.

    Raises:
        DataError: if the masks are not one for each clip.
        ConfigError: if `least` is not above 0 and at most 1.
    """
    maps, grid = correlations
    if masks.ndim != 4 or len(masks) != len(maps):
        raise DataError(f"Expected {len(maps)} masks (N, T, H, W), got {tuple(masks.shape)}.")
    if not 0 < least <= 1:
        raise ConfigError(f"least: expected a share above 0 and up to 1, got {least}.")
    shares = F.adaptive_avg_pool3d(masks[:, None].float(), grid).flatten(1)
    hand, ground = (shares >= least).double(), (shares == 0).double()
    count, values = hand.sum(dim=1), maps.double()
    own = (hand * values.diagonal(dim1=1, dim2=2)).sum(dim=1)
    within = torch.einsum("ni,nij,nj->n", hand, values, hand) - own
    across = torch.einsum("ni,nij,nj->n", hand, values, ground)
    found = {
        "clip": range(len(maps)),
        "hand": count.long(),
        "within": within / (count * (count - 1)),
        "across": across / (count * ground.sum(dim=1)),
    }
    return pd.DataFrame({k: v.numpy() if isinstance(v, Tensor) else v for k, v in found.items()})


def map_distances(
    features: Mapping[str, Tensor],
    labels: Tensor | Sequence[int],
    *,
    normalize: str = "position",
    match_grid: bool = False,
) -> pd.DataFrame:
    r"""Return how far apart the correlation maps of every two networks are, for each clip.

    .. math:: \frac{1}{d^2} \|corr(F_m) - corr(F_n)\|_F^2

    Args:
        features: name of the network -> ``(N, C, T, H, W)`` of the same clips
            (`mmtlib.analysis.stage_features`); C may differ.
        labels: N class indices.
        normalize: ``"position"`` or ``"centred"``.
        match_grid: average both maps over the smaller grid first if T, H or W differ.

    Returns:
        One row for every pair and clip: ``first``, ``second``, ``clip`` (0 to N - 1), ``label`` and
        ``distance`` (a mean of squared differences, 0 = equal maps, at most 4).

    Raises:
        ConfigError: if a name is not known, or the grids differ and `match_grid` is false.
        DataError: if there is only one network, or the numbers of clips and labels differ.

    Source: Abavisani et al. 2019 (arXiv 1812.06145), the norm within the SSA loss, as a mean.
    """
    if len(features) < 2:
        raise DataError(f"Expected the features of two networks or more, got {list(features)}.")
    labels = torch.as_tensor(labels).tolist()
    tables = []
    for first, second in combinations(features, 2):
        distance = ssa_distance(
            features[first], features[second], normalize, "mean", match_grid=match_grid
        )
        if len(distance) != len(labels):
            raise DataError(f"Expected {len(distance)} labels, one per clip, got {len(labels)}.")
        table = pd.DataFrame({"clip": range(len(labels)), "label": labels})
        table.insert(0, "first", first)
        table.insert(1, "second", second)
        tables.append(table.assign(distance=distance.double().cpu().numpy()))
    return pd.concat(tables, ignore_index=True)


def distances_by_class(distances: pd.DataFrame, class_names: Sequence[str]) -> pd.DataFrame:
    """Return the mean of `map_distances` for every pair and class.

    Args:
        distances: as `map_distances` returns it.
        class_names: one name per label.

    Returns:
        Columns ``first``, ``second``, ``class`` (its name), ``clips`` and ``distance``; classes in
        order of their labels, those without a clip left out.

    Raises:
        DataError: if a label has no name.
    """
    highest = int(distances["label"].max())
    if highest >= len(class_names):
        raise DataError(f"Label {highest} has no name: {len(class_names)} class names were given.")
    tables = []
    for (first, second), rows in distances.groupby(["first", "second"], sort=False):
        table = rows.groupby("label")["distance"].agg(clips="size", distance="mean").reset_index()
        names = [class_names[label] for label in table.pop("label")]
        tables.append(table.assign(first=first, second=second, **{"class": names}))
    columns = ["first", "second", "class", "clips", "distance"]
    return pd.concat(tables, ignore_index=True)[columns]
