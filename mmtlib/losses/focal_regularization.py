"""The focal regularization parameter rho: how much one network should learn from another.

It prevents negative transfer: a network learns from another only where the other does better. It
is not the "focal loss" of object detection, which reweights the classification loss.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from mmtlib.config.declare import declared_settings
from mmtlib.config.transfer_settings import TransferSettings
from mmtlib.core.errors import ConfigError, DataError

RHO_MAX: float = declared_settings(TransferSettings)["rho_ceiling"].default
"""The ceiling of rho: it keeps products with rho finite, and with beta = 2 it acts only where one
network's cross-entropy exceeds the other's by more than 6.9 (in nats)."""


def focal_regularization(
    loss_m: Tensor, loss_n: Tensor, beta: float = 2.0, ceiling: float = RHO_MAX
) -> Tensor:
    r"""Return rho, the weight with which network m learns from network n.

    .. math:: \rho^{m,n} = \min(\rho_{max}, \max(0, e^{\beta \Delta\ell} - 1)),
              \qquad \Delta\ell = \ell_{cls}^m - \ell_{cls}^n

    Zero where n does no better than m; without overflow for any gap. No gradient goes through rho.
    A NaN loss gives a NaN rho, so that it is seen.

    Args:
        loss_m, loss_n: classification losses of one shape, per clip ``(N,)`` or for a batch ``()``.
        beta: steepness, at least 0; the paper takes 2.
        ceiling: the largest rho, positive and finite.

    Returns:
        rho, of the shape of the losses, float32 or wider, in [0, ceiling].

    Raises:
        ConfigError: if `beta` or `ceiling` is out of its range.
        DataError: if the shapes differ.

    Source: Abavisani et al. 2019 (arXiv 1812.06145), the focal regularization parameter.

    >>> import torch
    >>> focal_regularization(torch.tensor([1.0, 0.5]), torch.tensor([0.5, 1.0]))  # e - 1, and 0
    tensor([1.7183, 0.0000])
    """
    check_beta(beta)
    if not (0 < ceiling < math.inf):
        raise ConfigError(f"ceiling: expected a positive finite number, got {ceiling!r}.")
    if loss_m.shape != loss_n.shape:
        raise DataError(
            f"loss_m and loss_n: expected one shape, got {tuple(loss_m.shape)} and "
            f"{tuple(loss_n.shape)}; give both per clip or both as a scalar."
        )
    gap = _widened(loss_m) - _widened(loss_n)
    # Clamped before the exponential, so that no infinity arises that would have to be clamped away.
    return torch.expm1((beta * gap).clamp(max=math.log1p(ceiling))).clamp(0.0, ceiling)


def check_beta(beta: float) -> None:
    """Raise a `ConfigError` unless beta is a finite number of at least 0."""
    if not (0 <= beta < math.inf):
        raise ConfigError(f"beta: expected a finite number of at least 0, got {beta!r}.")


def _widened(loss: Tensor) -> Tensor:
    return loss.detach().to(torch.promote_types(loss.dtype, torch.float32))
