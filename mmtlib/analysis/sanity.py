"""Sanity checks of saliency: a map that stays when the weights are random explains no network.

Source: Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS 2018 (cascading randomisation).
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from torch import Tensor, nn
from torch.nn import functional as F

from mmtlib.analysis.features import check_alike
from mmtlib.analysis.saliency import saliency
from mmtlib.core.seeding import scoped_seed
from mmtlib.models import StagedNetwork

SSIM_WINDOW = 7
"""Extent of the window along each axis, in frames and pixels; less where a clip is smaller."""


def randomized_networks(
    network: StagedNetwork, *, seed: int = 0
) -> Iterator[tuple[str, StagedNetwork]]:
    """Yield copies of a network that lose what they learnt, from the classifier downwards.

    Each copy has one stage more that is as new: weights drawn again, statistics of the batch
    normalisation forgotten. Stages without weights are passed over. The last copy knows nothing.

    Args:
        network: left as it is.
        seed: what the new weights are drawn from.

    Yields:
        The name of the last stage that was drawn again, and the copy.
    """
    classifier = network.get_submodule(network.CLASSIFIER)
    stages = [(name, network.stage_module(name)) for name in reversed(network.STAGES)]
    order = [network.CLASSIFIER] + [name for name, module in stages if module is not classifier]
    network = copy.deepcopy(network)
    for name in order:
        module = network.get_submodule(name)
        if not any(True for _ in module.parameters()):
            continue
        _draw_again(module, seed, name)
        yield name, copy.deepcopy(network)


def _draw_again(module: nn.Module, seed: int, name: str) -> None:
    device = next(module.parameters()).device
    with scoped_seed(seed, "randomized", name, device=device):
        for part in module.modules():
            reset = getattr(part, "reset_parameters", None)
            if reset is not None:
                reset()


def saliency_sanity(
    network: StagedNetwork,
    clips: Tensor,
    targets: int | Sequence[int] | Tensor,
    *,
    method: str = "grad_cam",
    seed: int = 0,
    **settings: Any,
) -> pd.DataFrame:
    """Return how alike saliency stays while a network loses its weights from the top down.

    Both measures must fall as more is drawn again; where they stay high, the maps show edges of the
    clip or the layout of the network, not what it learnt.

    Args:
        network: a trained network.
        clips, targets, method, settings: as `mmtlib.analysis.saliency`.
        seed: what the random weights are drawn from.

    Returns:
        One row for every step and clip: ``step`` (0 = the classifier alone), ``randomized`` (the
        last stage that was drawn again), ``clip`` (0 to N - 1), ``rank_correlation``
        (`rank_correlation`) and ``similarity`` (`structural_similarity`) of the network's map with
        the original one.

    Raises:
        ConfigError, DataError: as `mmtlib.analysis.saliency`.
    """
    original = saliency(network, clips, targets, method=method, **settings)
    tables = []
    for step, (name, other) in enumerate(randomized_networks(network, seed=seed)):
        maps = saliency(other, clips, targets, method=method, **settings)
        table = pd.DataFrame({"step": step, "randomized": name, "clip": range(len(maps))})
        table["rank_correlation"] = rank_correlation(original, maps)
        table["similarity"] = structural_similarity(original, maps)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def rank_correlation(first: Tensor, second: Tensor) -> np.ndarray:
    """Return Spearman's rank correlation of two maps of each clip.

    Args:
        first, second: ``(N, T, H, W)``.

    Returns:
        float64 ``(N,)`` in [-1, 1]; NaN where a map is the same everywhere.

    Raises:
        DataError: if the shapes differ.
    """
    from scipy import stats  # whose import takes most of a second

    check_alike("two sets of maps", first, second)
    a, b = (
        stats.rankdata(maps.double().flatten(1).cpu().numpy(), axis=1) for maps in (first, second)
    )
    a, b = (ranks - ranks.mean(axis=1, keepdims=True) for ranks in (a, b))
    norms = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    return np.divide((a * b).sum(axis=1), norms, out=np.full(len(a), np.nan), where=norms > 0)


def structural_similarity(first: Tensor, second: Tensor) -> np.ndarray:
    """Return the mean structural similarity (SSIM) of two maps of each clip, over space and time.

    Args:
        first, second: ``(N, T, H, W)`` in [0, 1].

    Returns:
        float64 ``(N,)``, 1 for equal maps, about 0 for unrelated ones.

    Raises:
        DataError: if the shapes differ.

    Source: Wang, Bovik, Sheikh and Simoncelli, IEEE Transactions on Image Processing 13(4), 2004,
    with a plain window of `SSIM_WINDOW` instead of a Gaussian one, over T too.
    """
    check_alike("two sets of maps", first, second)
    x, y = first.double()[:, None], second.double()[:, None]
    window = [min(SSIM_WINDOW, n) for n in x.shape[2:]]

    def mean(values: Tensor) -> Tensor:
        return F.avg_pool3d(values, window, stride=1)

    mean_x, mean_y = mean(x), mean(y)
    variances = mean(x * x) - mean_x**2 + mean(y * y) - mean_y**2
    covariance = mean(x * y) - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2  # as published, for values that span 1
    alike = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    alike = alike / ((mean_x**2 + mean_y**2 + c1) * (variances + c2))
    return alike.mean(dim=(1, 2, 3, 4)).cpu().numpy()
