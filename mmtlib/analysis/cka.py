r"""Linear centred kernel alignment: how alike two feature spaces are, whatever their axes.

The correlation maps of two networks are what the alignment loss pulls together, so their distance
must fall. CKA is not trained for: it centres the features, does not bring rows to length 1, and
does not change when a feature space is rotated, shifted or scaled as a whole.

The estimator is the unbiased one. With few examples and many features the plain (biased) one comes
near 1 for independent features too: for n examples and p, q independent features it is about
:math:`1 / \sqrt{(1 + n / p)(1 + n / q)}`.

Sources: Kornblith, Norouzi, Lee and Hinton, "Similarity of Neural Network Representations
Revisited", ICML 2019 (linear CKA); Song, Smola, Gretton, Bedo and Borgwardt, "Feature Selection via
Dependence Maximization", JMLR 13, 2012 (the unbiased estimator of HSIC, equation 5).
"""

from __future__ import annotations

import torch
from torch import Tensor

from mmtlib.core.errors import DataError
from mmtlib.losses.correlation import check_same_grid

LEAST_EXAMPLES = 4
"""The unbiased estimator divides by n (n - 3)."""
ROUNDING = 1e-12
"""What is smaller than this, relative to what it was worked out from, is rounding in float64."""


def linear_cka(x: Tensor, y: Tensor) -> Tensor:
    r"""Return the linear CKA of two sets of features of the same examples.

    .. math:: CKA = \frac{HSIC(K, L)}{\sqrt{HSIC(K, K) \, HSIC(L, L)}}, \qquad K = X X^T, L = Y Y^T

    Args:
        x: ``(..., n, p)``, one row for each of n examples.
        y: ``(..., n, q)``; q may differ from p.

    Returns:
        float64 ``(...)``, at most 1: 1 for features equal up to rotation, shift and scale, about 0
        (a little below or above) for independent ones; NaN where one says nothing, as all its rows
        are equal or equally far apart.

    Raises:
        DataError: if the shapes do not fit together, there are fewer than 4 examples, or a number
            is not finite.
    """
    if x.ndim < 2 or x.shape[:-1] != y.shape[:-1] or x.shape[-2] < LEAST_EXAMPLES:
        raise DataError(
            f"Expected features (n, p) and (n, q) of the same n >= {LEAST_EXAMPLES} examples, got "
            f"{tuple(x.shape)} and {tuple(y.shape)}."
        )
    for name, features in (("first", x), ("second", y)):
        if not features.isfinite().all():
            raise DataError(
                f"The {name} features hold NaN or infinity: the network's training has diverged, "
                "or a clip is broken; look at its loss."
            )
    k, l_ = _centred_gram(x), _centred_gram(y)
    norms = torch.linalg.matrix_norm(k) * torch.linalg.matrix_norm(l_)
    return (k * l_).sum(dim=(-2, -1)) / norms.masked_fill(norms == 0, torch.nan)


def cka_over_clips(first: Tensor, second: Tensor) -> float:
    """Return the CKA of two networks' features with clips as examples.

    A whole feature map is one example, so this asks: are the same clips alike in both networks, at
    the same places?

    Args:
        first, second: ``(N, C, T, H, W)`` of the same clips; C and the grid may differ.

    Raises:
        DataError: if the numbers of clips differ or are less than 4.
    """
    return float(linear_cka(first.flatten(1), second.flatten(1)))


def cka_over_positions(first: Tensor, second: Tensor, *, match_grid: bool = False) -> Tensor:
    """Return, for each clip, the CKA of two networks' features with positions as examples.

    This asks the question of the alignment loss: are the same positions of a clip alike in both?

    Args:
        first, second: ``(N, C, T, H, W)`` of the same clips; C may differ.
        match_grid: average both over the smaller grid first if T, H or W differ.

    Returns:
        float64 ``(N,)``; see `linear_cka`.

    Raises:
        ConfigError: if the grids differ and `match_grid` is false.
        DataError: if the numbers of clips differ, or the grid has fewer than 4 positions.
    """
    first, second = check_same_grid((first, second), ("first", "second"), match_grid=match_grid)
    return linear_cka(first.flatten(2).mT, second.flatten(2).mT)


def _centred_gram(x: Tensor) -> Tensor:
    """Return the Gram matrix without its diagonal, centred so that every row adds up to 0.

    The mean product of two such matrices is the unbiased estimator of HSIC (up to a factor that CKA
    does not see); being a product, it keeps CKA between -1 and 1.
    """
    x = x.double()
    mean = x.mean(dim=-2, keepdim=True)
    x = x - mean  # changes nothing but the rounding
    peak = x.abs().amax(dim=(-2, -1), keepdim=True)
    equal = peak <= ROUNDING * mean.abs().amax(dim=(-2, -1), keepdim=True)
    x = x.masked_fill(equal, 0) / peak.masked_fill(equal, 1)
    gram = x @ x.mT
    n = gram.shape[-1]
    diagonal = torch.eye(n, dtype=torch.bool, device=gram.device)
    off = gram.masked_fill(diagonal, 0)
    rows = off.sum(dim=-1, keepdim=True) / (n - 2)
    whole = off.sum(dim=(-2, -1), keepdim=True) / ((n - 1) * (n - 2))
    centred = (off - rows - rows.mT + whole).masked_fill(diagonal, 0)
    largest = gram.abs().amax(dim=(-2, -1), keepdim=True)
    return centred.masked_fill(centred.abs() <= ROUNDING * largest, 0)
