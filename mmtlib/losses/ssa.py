"""Spatiotemporal semantic alignment (SSA): how far apart two networks' correlation maps are."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from mmtlib.core.errors import ConfigError, DataError
from mmtlib.losses.focal_regularization import RHO_MAX, focal_regularization
from mmtlib.losses.pair_distances import check_reduction, correlation_distances


def ssa_distance(
    features_m: Tensor,
    features_n: Tensor,
    normalize: str = "position",
    reduction: str = "mean",
    *,
    match_grid: bool = False,
) -> Tensor:
    r"""Return the squared Frobenius distance of two correlation maps, for each clip.

    .. math:: D(F_m, F_n) = \|corr(F_m) - corr(F_n)\|_F^2

    A pure distance: symmetric, and the gradient goes to both arguments. `ssa_loss` and
    `mtut_objective` let it go to the learner only. The gradient can be taken once (not twice).

    Args:
        features_m, features_n: ``(N, C, T, H, W)``; C may differ.
        normalize: ``"position"`` or ``"centred"``, see `mmtlib.losses.normalize_positions`.
        reduction: the ``"mean"`` over the d x d entries, or their ``"sum"``, d^2 times as much: the
            squared Frobenius norm of the paper.
        match_grid: average both maps over the smaller grid first if T, H or W differ.

    Returns:
        ``(N,)``, float32 or wider, finite for any finite features.

    Raises:
        ConfigError: if a name is not known, or the grids differ and `match_grid` is false.
        DataError: if an argument is no feature map, or the numbers of clips differ.

    Source: Abavisani et al. 2019 (arXiv 1812.06145), the norm within the SSA loss.

    >>> import torch
    >>> alike = torch.tensor([[1.0, 1.0]]).view(1, 1, 1, 1, 2)  # two positions, the same content
    >>> apart = torch.eye(2).view(1, 2, 1, 1, 2)  # two positions at right angles
    >>> ssa_distance(alike, apart)  # [[1, 1], [1, 1]] against [[1, 0], [0, 1]]
    tensor([0.5000])
    >>> ssa_distance(alike, apart, reduction="sum")
    tensor([2.])
    """
    distances = correlation_distances(
        (features_m, features_n),
        pairs=((0, 1),),
        names=("features_m", "features_n"),
        normalize=normalize,
        reduction=reduction,
        match_grid=match_grid,
        learner_only=False,
    )
    return distances[0]


def ssa_loss(
    features_m: Tensor,
    features_n: Tensor,
    loss_m: Tensor,
    loss_n: Tensor,
    beta: float = 2.0,
    focal: bool = True,
    reduction: str = "mean",
    normalize: str = "position",
    *,
    match_grid: bool = False,
    ceiling: float = RHO_MAX,
) -> Tensor:
    r"""Return the alignment loss of network m, which learns from network n.

    .. math:: \ell_{SSA}^{m,n} = \frac1N \sum_i \rho_i^{m,n}
              \|corr(F_{m,i}) - corr(F_{n,i})\|_F^2

    The gradient goes to `features_m` only: neither the teacher n nor rho gets any.

    Args:
        features_m, features_n: ``(N, C, T, H, W)``; C may differ.
        loss_m, loss_n: classification losses, ``(N,)`` (rho per clip) or scalars (one rho).
        beta: steepness of the focal regularization parameter rho, at least 0.
        focal: ``False`` takes rho = 1, whatever the losses.
        reduction: ``"mean"`` or ``"sum"`` over the d x d entries, see `equivalent_weight`.
        normalize: ``"position"`` or ``"centred"``.
        match_grid: average both maps over the smaller grid first if T, H or W differ.
        ceiling: the largest rho.

    Returns:
        A scalar, not yet multiplied by the weight lambda.

    Raises:
        ConfigError: if a name is not known, `beta` is out of range, or the grids differ.
        DataError: if a shape is wrong.

    Source: Abavisani et al. 2019 (arXiv 1812.06145), the SSA loss with focal regularization.

    >>> import torch
    >>> alike = torch.tensor([[1.0, 1.0]]).view(1, 1, 1, 1, 2)
    >>> apart = torch.eye(2).view(1, 2, 1, 1, 2)
    >>> ssa_loss(alike, apart, torch.tensor([1.0]), torch.tensor([0.5]))  # (e - 1) / 2
    tensor(0.8591)
    >>> ssa_loss(alike, apart, torch.tensor([0.5]), torch.tensor([1.0]))  # n does worse
    tensor(0.)
    """
    for name, loss in (("loss_m", loss_m), ("loss_n", loss_n)):
        if loss.shape not in ((), features_m.shape[:1]):
            raise DataError(
                f"{name}: expected a scalar or one loss for each of {len(features_m)} clips, got "
                f"shape {tuple(loss.shape)}."
            )
    (distance,) = correlation_distances(
        (features_m, features_n.detach()),
        pairs=((0, 1),),
        names=("features_m", "features_n"),
        normalize=normalize,
        reduction=reduction,
        match_grid=match_grid,
    )
    if not focal:
        return distance.mean()
    rho = focal_regularization(loss_m, loss_n, beta, ceiling)
    return (rho.to(distance.dtype) * distance).mean()


class SSALoss(nn.Module):
    """`ssa_loss` as a module; the arguments are its settings."""

    def __init__(
        self,
        beta: float = 2.0,
        focal: bool = True,
        reduction: str = "mean",
        normalize: str = "position",
        *,
        match_grid: bool = False,
        ceiling: float = RHO_MAX,
    ) -> None:
        super().__init__()
        self.settings: dict[str, Any] = {
            "beta": beta,
            "focal": focal,
            "reduction": reduction,
            "normalize": normalize,
            "match_grid": match_grid,
            "ceiling": ceiling,
        }

    def forward(
        self, features_m: Tensor, features_n: Tensor, loss_m: Tensor, loss_n: Tensor
    ) -> Tensor:
        """Return `ssa_loss` of the arguments with the settings of the module."""
        return ssa_loss(features_m, features_n, loss_m, loss_n, **self.settings)

    def extra_repr(self) -> str:
        """Return the settings, for `print`."""
        return ", ".join(f"{name}={value!r}" for name, value in self.settings.items())


def equivalent_weight(weight: float, reduction: str, d: int) -> tuple[float, float]:
    """Return the weights (for "sum", for "mean") that give the same loss as `weight`.

    The mean is the sum / d^2, so weight w with ``"mean"`` equals w / d^2 with ``"sum"``.

    Args:
        weight: the weight lambda of the alignment loss.
        reduction: the reduction that `weight` goes with.
        d: number of positions T * H * W of a feature map.

    Returns:
        ``(sum_weight, mean_weight)``.

    Raises:
        ConfigError: if `reduction` is not known or `d` is not positive.

    >>> equivalent_weight(10.0, "mean", 128)
    (0.0006103515625, 10.0)
    >>> equivalent_weight(0.05, "sum", 392)
    (0.05, 7683.200000000001)
    """
    check_reduction(reduction)
    if d < 1:
        raise ConfigError(f"d: expected a number of positions of at least 1, got {d!r}.")
    return (weight, weight * d**2) if reduction == "sum" else (weight / d**2, weight)
