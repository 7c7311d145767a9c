"""The objective of multimodal training: classification, and alignment of every pair of networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any

from torch import Tensor, nn

from mmtlib.core.outputs import StreamOutput
from mmtlib.losses.focal_regularization import RHO_MAX
from mmtlib.losses.objective import MtutLoss, transfer_objective


def mtut_objective(
    outputs: Mapping[str, StreamOutput],
    labels: Tensor,
    *,
    ssa_weight: float,
    ssa_reduction: str = "mean",
    beta: float = 2.0,
    focal: bool = True,
    rho_per: str = "clip",
    normalize: str = "position",
    rho_constant: float = 1.0,
    rho_ceiling: float = RHO_MAX,
    match_grid: bool = False,
    over_processes: Callable[[Tensor], Tensor] | None = None,
) -> MtutLoss:
    r"""Return the objective of multimodal training, summed over the networks.

    .. math:: \ell = \sum_m \Big[ \ell_{cls}^m + \lambda \sum_{n \ne m} \frac1N \sum_i
              \rho_i^{m,n} \|corr(F_{m,i}) - corr(F_{n,i})\|_F^2 \Big]

    Each term's gradient goes to its learner m only, so one ``backward`` of the total gives every
    network the gradient of its own objective, as if the networks were trained one by one.

    Args:
        outputs: modality -> `StreamOutput`, any number of modalities. With one, or with weight 0,
            only the classification loss is computed.
        labels: ``(N,)`` class numbers from 0.
        ssa_weight: lambda, at least 0. It means nothing without `ssa_reduction`: weight w with
            "mean" equals w / d^2 with "sum", see `mmtlib.losses.equivalent_weight`. The paper's
            is 0.05 with "sum".
        ssa_reduction: ``"mean"`` or ``"sum"`` over the d x d entries of the maps.
        beta: steepness of rho.
        focal: ``False`` takes rho = `rho_constant` for every pair.
        rho_per: rho from the losses of each ``"clip"``, or from their means over the ``"batch"``.
        normalize: ``"position"`` or ``"centred"``, see `mmtlib.losses.normalize_positions`.
        rho_ceiling: the largest rho; a low one (the paper has none) keeps single clips from running
            away.
        rho_constant: rho where `focal` is false, at least 0.
        match_grid: average the feature maps over the smallest grid first if T, H or W differ.
        over_processes: for data-parallel training with rho per batch, whose batch is shared by
            several processes: brings this process's mean losses to the means over all of them.

    Returns:
        `MtutLoss`, in float32 or wider, inside autocast too.

    Raises:
        ConfigError: if a name is not known, a number is out of its range, or the grids differ.
        DataError: if labels and logits do not fit together, or a shape is wrong.

    Source: Abavisani et al. 2019 (arXiv 1812.06145), the objective of network m.

    >>> import torch
    >>> from mmtlib.core.outputs import StreamOutput
    >>> alike = torch.tensor([[1.0, 1.0]]).view(1, 1, 1, 1, 2)
    >>> apart = torch.eye(2).view(1, 2, 1, 1, 2)
    >>> outputs = {"rgb": StreamOutput(torch.tensor([[0.0, 0.0]]), alike),
    ...            "depth": StreamOutput(torch.tensor([[9.0, 0.0]]), apart)}
    >>> loss = mtut_objective(outputs, torch.tensor([0]), ssa_weight=0.05, ssa_reduction="sum")
    >>> loss.rho["rgb", "depth"], loss.rho["depth", "rgb"]  # RGB learns from depth, not conversely
    (tensor([2.9990]), tensor([0.]))
    >>> loss.ssa["rgb", "depth"]
    tensor(2.)
    >>> loss.total  # 0.6931 + 0.0001 + 0.05 * 2.9990 * 2
    tensor(0.9932)
    """
    return transfer_objective(
        outputs,
        labels,
        ssa_weight=ssa_weight,
        ssa_reduction=ssa_reduction,
        beta=beta,
        focal=focal,
        rho_per=rho_per,
        normalize=normalize,
        rho_constant=rho_constant,
        rho_ceiling=rho_ceiling,
        match_grid=match_grid,
        over_processes=over_processes,
    )


class MtutObjective(nn.Module):
    """`mtut_objective` as a module; the arguments are its settings."""

    def __init__(self, **settings: Any) -> None:
        super().__init__()
        self.settings = settings
        signature(mtut_objective).bind({}, None, **self.settings)  # unknown ones fail here

    def forward(self, outputs: Mapping[str, StreamOutput], labels: Tensor) -> MtutLoss:
        """Return `mtut_objective` of the arguments with the settings of the module."""
        return mtut_objective(outputs, labels, **self.settings)

    def extra_repr(self) -> str:
        """Return the settings, for `print`."""
        return ", ".join(f"{name}={value!r}" for name, value in self.settings.items())
