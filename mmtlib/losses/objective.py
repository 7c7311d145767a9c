"""One objective for every method of transfer: classification, and what networks take from others.

The methods differ in what of the teacher the learner is compared with, and nowhere else: whoever
calls `transfer_objective` treats them alike.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from mmtlib.config.transfer import ALIGNING
from mmtlib.core.outputs import StreamOutput
from mmtlib.losses.attention_transfer import attention_transfer_loss
from mmtlib.losses.distillation import distillation_loss
from mmtlib.losses.focal_regularization import focal_regularization
from mmtlib.losses.mutual_learning import mutual_learning_loss
from mmtlib.losses.objective_checks import (
    check_labels,
    check_pairs,
    check_settings,
    check_teacher_clips,
)
from mmtlib.losses.pair_distances import map_distances
from mmtlib.losses.similarity_preserving import similarity_preserving_loss

Pair = tuple[str, str]
"""(learner m, teacher n), by name."""


@dataclass(frozen=True, slots=True)
class MtutLoss:
    """The objective of all networks and its parts.

    Attributes:
        total: scalar, the one to call ``backward`` on.
        classification: modality -> scalar, mean cross-entropy.
        ssa: (learner m, teacher n) -> scalar, mean over clips of the distance of the two maps (or
            of what else the method compares) before rho and weight; detached. Empty where no
            transfer is computed.
        rho: (learner m, teacher n) -> ``(N,)`` or, per batch, a scalar: what the distances are
            weighted with; detached. Empty likewise.
    """

    total: Tensor
    classification: dict[str, Tensor]
    ssa: dict[Pair, Tensor]
    rho: dict[Pair, Tensor]


def transfer_objective(
    outputs: Mapping[str, StreamOutput],
    labels: Tensor,
    *,
    method: str,
    weight: float,
    pairs: Sequence[Pair] | None = None,
    teachers: Mapping[str, StreamOutput] | None = None,
    teacher_clips: Tensor | None = None,
    temperature: float = 4.0,
    ssa_reduction: str = "mean",
    beta: float = 2.0,
    focal: bool = True,
    rho_per: str = "clip",
    normalize: str = "position",
    rho_constant: float = 1.0,
    match_grid: bool = False,
    over_processes: Callable[[Tensor], Tensor] | None = None,
) -> MtutLoss:
    r"""Return the objective of a method, summed over the networks that learn.

    .. math:: \ell = \sum_m \Big[ \ell_{cls}^m + \lambda \sum_n \frac1N \sum_i
              \rho_i^{m,n} D_i^{m,n} \Big]

    | method | distance D of clip i | rho |
    |---|---|---|
    | ``mtut`` | SSA, `ssa_distance` | focal, or `rho_constant` |
    | ``one_way`` | the same, where no two networks teach each other | likewise |
    | ``kd`` | `distillation_loss` | 1 / number of the learner's teachers |
    | ``dml`` | `mutual_learning_loss` | likewise |
    | ``attention`` | `attention_transfer_loss` | likewise |
    | ``similarity`` | `similarity_preserving_loss` | likewise |

    The mean over several teachers is deep mutual learning's; the sum over them is MTUT's. Each
    term's gradient goes to its learner m only.

    Args:
        outputs: name -> `StreamOutput` of the networks that learn. Without a pair, or with weight
            0, only the classification loss is computed.
        labels: ``(N,)`` class numbers from 0.
        method: a name of the table.
        weight: lambda, at least 0; for SSA see `mtut_objective`.
        pairs: who learns from whom; None = every one of `outputs` from every other one.
        teachers: name -> output of the networks that teach where those are not the ones that learn
            (frozen ones); they get no gradient and no classification loss.
        teacher_clips: ``(N,)``, for every clip the clip of the batch whose teacher's output it is
            compared with; -1 = none: its rho is 0. None = its own. Rho stays that of the clip.
        temperature: of ``kd``.
        ssa_reduction, beta, focal, rho_per, normalize, rho_constant: of ``mtut`` and ``one_way``,
            see `mtut_objective`.
        match_grid: average the feature maps over the smallest grid first if T, H or W differ.
        over_processes: as in `mtut_objective`.

    Returns:
        `MtutLoss`, in float32 or wider, inside autocast too.

    Raises:
        ConfigError: if a name is not known, a number is out of its range, or the grids differ.
        DataError: if labels and logits do not fit together, or a shape is wrong.

    >>> import torch
    >>> from mmtlib.core.outputs import StreamOutput
    >>> one = torch.ones(1, 1, 1, 1, 1)
    >>> outputs = {"rgb": StreamOutput(torch.tensor([[0.0, 0.0]]), one),  # 1/2, 1/2
    ...            "depth": StreamOutput(torch.tensor([[1.0986, 0.0]]), one)}  # 3/4, 1/4
    >>> loss = transfer_objective(outputs, torch.tensor([0]), method="dml", weight=1.0)
    >>> loss.ssa["rgb", "depth"], loss.ssa["depth", "rgb"]
    (tensor(0.1308), tensor(0.1438))
    >>> loss.total  # ln 2 + ln(4/3) + 0.1308 + 0.1438
    tensor(1.2555)
    """
    check_settings(
        method, weight, temperature=temperature, reduction=ssa_reduction, beta=beta,
        rho_per=rho_per, rho_constant=rho_constant,
    )  # fmt: skip
    check_labels(outputs, labels)
    losses = [_cross_entropy(output, labels) for output in outputs.values()]
    means = [loss.mean() for loss in losses]
    total, classification = torch.stack(means).sum(), dict(zip(outputs, means, strict=True))
    pairs = tuple(permutations(outputs, 2) if pairs is None else pairs)
    if weight == 0 or not pairs:
        return MtutLoss(total, classification, {}, {})

    links = _link(outputs, labels, losses, pairs, teachers, teacher_clips, method=method)
    if method in ALIGNING:
        distances = map_distances(
            [node.features for node in links.nodes],
            pairs=links.at,
            names=[f"features of {name!r}" for name in links.names],
            normalize=normalize,
            reduction=ssa_reduction,
            match_grid=match_grid,
        )
        shared = over_processes if rho_per == "batch" else None
        rho = _rho(links, rho_per, shared, beta=beta, constant=None if focal else rho_constant)
    else:
        compare = _comparison(method, temperature, match_grid)
        distances = torch.stack([compare(links.nodes[m], links.nodes[n]) for m, n in links.at])
        number = Counter(m for m, _ in pairs)
        rho = distances.new_tensor([1 / number[m] for m, _ in pairs])
    if teacher_clips is not None:
        rho = rho.view(len(pairs), -1) * (teacher_clips >= 0)
    weighted = rho.view(len(pairs), -1).to(distances.dtype) * distances
    total = total + weight * weighted.mean(dim=1).sum()
    ssa = distances.detach().mean(dim=1)
    return MtutLoss(
        total,
        classification,
        dict(zip(pairs, ssa.unbind(), strict=True)),
        dict(zip(pairs, rho.unbind(), strict=True)),
    )


class _Links(NamedTuple):
    """What is compared with what.

    Attributes:
        nodes: outputs of learners, then of teachers where those are not the learners themselves.
        names: of each node, for errors.
        losses: of each node, ``(N,)``; of a teacher's node for the clips themselves.
        at: for every pair (learner, teacher) the numbers of their nodes.
    """

    nodes: list[StreamOutput]
    names: list[str]
    losses: list[Tensor]
    at: list[tuple[int, int]]


def _link(
    outputs: Mapping[str, StreamOutput],
    labels: Tensor,
    losses: list[Tensor],
    pairs: Sequence[Pair],
    teachers: Mapping[str, StreamOutput] | None,
    teacher_clips: Tensor | None,
    *,
    method: str,
) -> _Links:
    given = outputs if teachers is None else teachers
    check_pairs(pairs, outputs, given, one_way=method == "one_way")
    nodes, names, start = list(outputs.values()), list(outputs), 0
    if teachers is not None or teacher_clips is not None:
        check_labels(given, labels)
        check_teacher_clips(teacher_clips, labels)
        start = len(nodes)
        nodes += [_fixed(output, teacher_clips) for output in given.values()]
        names += list(given)
        losses = losses + [_cross_entropy(output, labels) for output in given.values()]
    at = [(names.index(m), start + list(given).index(n)) for m, n in pairs]
    return _Links(nodes, names, losses, at)


def _comparison(
    method: str, temperature: float, match_grid: bool
) -> Callable[[StreamOutput, StreamOutput], Tensor]:
    """Return what a method does with the outputs of learner and teacher: a distance ``(N,)``."""
    return {
        "kd": lambda m, n: distillation_loss(m.logits, n.logits, temperature),
        "dml": lambda m, n: mutual_learning_loss(m.logits, n.logits),
        "attention": lambda m, n: attention_transfer_loss(
            m.features, n.features, match_grid=match_grid
        ),
        "similarity": lambda m, n: similarity_preserving_loss(m.features, n.features),
    }[method]


def _fixed(output: StreamOutput, clips: Tensor | None) -> StreamOutput:
    """Return an output without its gradient, of other clips of the batch where there are any."""
    logits, features = output.logits.detach(), output.features.detach()
    if clips is None:
        return StreamOutput(logits, features)
    chosen = torch.where(clips < 0, torch.arange(len(clips), device=clips.device), clips)
    return StreamOutput(logits[chosen], features[chosen])


def _rho(
    links: _Links,
    rho_per: str,
    over_processes: Callable[[Tensor], Tensor] | None,
    *,
    beta: float,
    constant: float | None,
) -> Tensor:
    """Return rho of all pairs, ``(P, N)`` or ``(P,)``; focal where there is no constant."""
    per_clip = rho_per == "clip"
    scores = torch.stack([loss if per_clip else loss.mean() for loss in links.losses]).detach()
    if over_processes is not None:
        scores = over_processes(scores)
    if constant is not None:
        return torch.stack([torch.full_like(scores[m], constant) for m, _ in links.at])
    learners, teachers = (torch.stack([scores[pair[i]] for pair in links.at]) for i in (0, 1))
    return focal_regularization(learners, teachers, beta)


def _cross_entropy(output: StreamOutput, labels: Tensor) -> Tensor:
    """Return the cross-entropy of every clip, ``(N,)``, in float32 or wider inside autocast too."""
    logits = output.logits.to(torch.promote_types(output.logits.dtype, torch.float32))
    with torch.autocast(logits.device.type, enabled=False):
        return F.cross_entropy(logits, labels.long(), reduction="none")
