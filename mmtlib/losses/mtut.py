"""The objective of multimodal training: classification, and alignment of every pair of networks."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import permutations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmtlib.errors import ConfigError, DataError, unknown_name
from mmtlib.losses.focal_regularization import check_beta, focal_regularization
from mmtlib.losses.pair_distances import check_reduction, map_distances
from mmtlib.outputs import StreamOutput

RHO_SCOPES = ("clip", "batch")
"""From what rho is computed: each clip's own losses (the default), or their means over the batch
(the paper's text leaves it open)."""


@dataclass(frozen=True, slots=True)
class MtutLoss:
    """The objective of all networks and its parts.

    Attributes:
        total: scalar, the one to call ``backward`` on.
        classification: modality -> scalar, mean cross-entropy.
        ssa: (learner m, teacher n) -> scalar, mean over clips of the distance of the two maps
            before rho and weight; detached. Empty where no alignment is computed.
        rho: (learner m, teacher n) -> ``(N,)`` or, per batch, a scalar; detached. Empty likewise.
    """

    total: Tensor
    classification: dict[str, Tensor]
    ssa: dict[tuple[str, str], Tensor]
    rho: dict[tuple[str, str], Tensor]


def mtut_objective(
    outputs: Mapping[str, StreamOutput],
    labels: Tensor,
    *,
    ssa_weight: float,
    ssa_reduction: str,
    beta: float = 2.0,
    focal: bool = True,
    rho_per: str = "clip",
    normalize: str = "position",
    rho_constant: float = 1.0,
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
        ssa_reduction: ``"sum"`` or ``"mean"`` over the d x d entries of the maps.
        beta: steepness of rho.
        focal: ``False`` takes rho = `rho_constant` for every pair.
        rho_per: rho from the losses of each ``"clip"``, or from their means over the ``"batch"``.
        normalize: ``"position"`` or ``"centred"``, see `mmtlib.losses.normalize_positions`.
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
    >>> from mmtlib.outputs import StreamOutput
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
    _check_settings(ssa_weight, ssa_reduction, beta, rho_per, rho_constant)
    _check_labels(outputs, labels)
    losses = {modality: _cross_entropy(outputs[modality], labels) for modality in outputs}
    classification = {modality: loss.mean() for modality, loss in losses.items()}
    total = torch.stack(list(classification.values())).sum()
    if ssa_weight == 0 or len(outputs) < 2:
        return MtutLoss(total, classification, {}, {})

    pairs = list(permutations(range(len(outputs)), 2))
    distances = map_distances(
        [output.features for output in outputs.values()],
        pairs=pairs,
        names=[f"features of {modality!r}" for modality in outputs],
        normalize=normalize,
        reduction=ssa_reduction,
        match_grid=match_grid,
    )
    scores = torch.stack(list((losses if rho_per == "clip" else classification).values())).detach()
    if over_processes is not None and rho_per == "batch":
        scores = over_processes(scores)
    if focal:
        learners, teachers = (torch.stack([scores[p[i]] for p in pairs]) for i in (0, 1))
        rho = focal_regularization(learners, teachers, beta)
    else:
        rho = torch.stack([torch.full_like(scores[m], rho_constant) for m, _ in pairs])
    weighted = rho.view(len(pairs), -1).to(distances.dtype) * distances
    total = total + ssa_weight * weighted.mean(dim=1).sum()

    keys = list(permutations(outputs, 2))
    ssa = distances.detach().mean(dim=1)
    return MtutLoss(
        total,
        classification,
        dict(zip(keys, ssa.unbind(), strict=True)),
        dict(zip(keys, rho.unbind(), strict=True)),
    )


class MtutObjective(nn.Module):
    """`mtut_objective` as a module; the arguments are its settings."""

    def __init__(
        self,
        *,
        ssa_weight: float,
        ssa_reduction: str,
        beta: float = 2.0,
        focal: bool = True,
        rho_per: str = "clip",
        normalize: str = "position",
        rho_constant: float = 1.0,
        match_grid: bool = False,
    ) -> None:
        super().__init__()
        self.settings = {
            "ssa_weight": ssa_weight,
            "ssa_reduction": ssa_reduction,
            "beta": beta,
            "focal": focal,
            "rho_per": rho_per,
            "normalize": normalize,
            "rho_constant": rho_constant,
            "match_grid": match_grid,
        }

    def forward(self, outputs: Mapping[str, StreamOutput], labels: Tensor) -> MtutLoss:
        """Return `mtut_objective` of the arguments with the settings of the module."""
        return mtut_objective(outputs, labels, **self.settings)

    def extra_repr(self) -> str:
        """Return the settings, for `print`."""
        return ", ".join(f"{name}={value!r}" for name, value in self.settings.items())


def _cross_entropy(output: StreamOutput, labels: Tensor) -> Tensor:
    """Return the cross-entropy of every clip, ``(N,)``, in float32 or wider inside autocast too."""
    logits = output.logits.to(torch.promote_types(output.logits.dtype, torch.float32))
    with torch.autocast(logits.device.type, enabled=False):
        return F.cross_entropy(logits, labels.long(), reduction="none")


def _check_settings(
    ssa_weight: float, ssa_reduction: str, beta: float, rho_per: str, rho_constant: float
) -> None:
    check_reduction(ssa_reduction)
    check_beta(beta)
    if rho_per not in RHO_SCOPES:
        raise unknown_name("rho_per", rho_per, RHO_SCOPES)
    for name, number in (("ssa_weight", ssa_weight), ("rho_constant", rho_constant)):
        if not (0 <= number < math.inf):
            raise ConfigError(f"{name}: expected a finite number of at least 0, got {number!r}.")


def _check_labels(outputs: Mapping[str, StreamOutput], labels: Tensor) -> None:
    if not outputs:
        raise DataError("outputs: expected the output of at least one modality, got none.")
    if labels.ndim != 1 or len(labels) == 0 or labels.is_floating_point():
        raise DataError(
            "labels: expected one class number for each clip, integers of shape (N,), got "
            f"{labels.dtype} of shape {tuple(labels.shape)}."
        )
    for modality, output in outputs.items():
        if output.logits.ndim != 2 or len(output.logits) != len(labels):
            raise DataError(
                f"logits of {modality!r}: expected shape (N, K) with N = {len(labels)} as in the "
                f"labels, got {tuple(output.logits.shape)}."
            )
    classes = min(output.logits.shape[1] for output in outputs.values())
    # Checked here because out of range the device's own check kills the whole CUDA context.
    lowest, highest = torch.stack(torch.aminmax(labels)).tolist()
    if lowest < 0 or highest >= classes:
        raise DataError(
            f"labels: expected class numbers from 0 to {classes - 1} (the networks have {classes} "
            f"classes), got values from {lowest} to {highest}. Class numbers count from 0."
        )
