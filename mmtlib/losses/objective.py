"""One objective for every method of transfer: classification, and what networks take from others.

The methods differ in what of the teacher the learner is compared with, and nowhere else: whoever
calls `transfer_objective` treats them alike.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from mmtlib.config import Method, Transfer, TransferSettings
from mmtlib.config.transfer import Pair, RhoRule
from mmtlib.core.outputs import StreamOutput
from mmtlib.losses.correlation import check_same_grid
from mmtlib.losses.focal_regularization import focal_regularization
from mmtlib.losses.objective_checks import (
    check_labels,
    check_learners,
    check_teacher_clips,
    check_weight,
)


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
        transfer: (learner m, teacher n) -> scalar, what the pair adds to the total: weight times
            the mean of rho times distance; detached. Empty likewise.
    """

    total: Tensor
    classification: dict[str, Tensor]
    ssa: dict[Pair, Tensor]
    rho: dict[Pair, Tensor]
    transfer: dict[Pair, Tensor] = field(default_factory=dict)


def transfer_objective(
    outputs: Mapping[str, StreamOutput],
    labels: Tensor,
    transfer: Transfer | None = None,
    *,
    weight: float | None = None,
    pairs: Sequence[Pair] | None = None,
    teachers: Mapping[str, StreamOutput] | None = None,
    teacher_clips: Tensor | None = None,
    match_grid: bool = False,
    over_processes: Callable[[Tensor], Tensor] | None = None,
    **settings: Any,
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
    term's gradient goes to its learner m only. Methods are declared in `mmtlib.config.METHODS`.

    Args:
        outputs: name -> `StreamOutput` of the networks that learn. Without a pair, or with weight
            0, only the classification loss is computed.
        labels: ``(N,)`` class numbers from 0.
        transfer: who learns from whom and how, as a config has it (`ExperimentConfig.transfer`);
            None = of `settings`.
        weight: lambda, at least 0; None = that of the transfer. For SSA see `mtut_objective`.
        pairs: who learns from whom; None = as in the transfer, or without one every one of
            `outputs` from every other one.
        teachers: name -> output of the networks that teach where those are not the ones that learn
            (frozen ones); they get no gradient and no classification loss.
        teacher_clips: ``(N,)``, for every clip the clip of the batch whose teacher's output it is
            compared with; -1 = none: its rho is 0. None = its own. Rho stays that of the clip.
        match_grid: average the feature maps over the smallest grid first if T, H or W differ.
        over_processes: as in `mtut_objective`.
        settings: without `transfer`, any of `mmtlib.config.TransferSettings`, e.g. ``method="kd",
            temperature=2.0``; rho is of each clip if not said otherwise.

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
    if transfer is None:
        chosen = tuple(permutations(outputs, 2) if pairs is None else pairs)
        transfer = Transfer.between(chosen, TransferSettings(**{"rho_per": "clip", **settings}))
    weight = transfer.weight if weight is None else weight
    check_weight("weight", weight)
    check_labels(outputs, labels)
    losses = [_cross_entropy(output, labels) for output in outputs.values()]
    means = [loss.mean() for loss in losses]
    total, classification = torch.stack(means).sum(), dict(zip(outputs, means, strict=True))
    pairs = transfer.pairs if pairs is None else tuple(pairs)
    if weight == 0 or not pairs:
        return MtutLoss(total, classification, {}, {})

    method, options = transfer.method, transfer.settings
    links = _link(outputs, labels, losses, pairs, teachers, teacher_clips, method=method)
    nodes = links.nodes
    if match_grid and method.compares != "logits":
        features = [node.features for node in nodes]
        pooled = check_same_grid(features, links.titles, match_grid=True)
        nodes = [node._replace(features=f) for node, f in zip(nodes, pooled, strict=True)]
    distance = method.load()
    if method.all_pairs:
        distances = distance(nodes, links.at, links.titles, options)
    else:
        distances = torch.stack([distance(nodes[m], nodes[n], options) for m, n in links.at])
    if method.rho:
        rho = _rho(links, transfer.rho, over_processes)
    else:
        number = Counter(m for m, _ in pairs)
        rho = distances.new_tensor([1 / number[m] for m, _ in pairs])
    if teacher_clips is not None:
        rho = rho.view(len(pairs), -1) * (teacher_clips >= 0)
    weighted = weight * (rho.view(len(pairs), -1).to(distances.dtype) * distances).mean(dim=1)
    total = total + weighted.sum()
    ssa = distances.detach().mean(dim=1)
    return MtutLoss(
        total,
        classification,
        dict(zip(pairs, ssa.unbind(), strict=True)),
        dict(zip(pairs, rho.unbind(), strict=True)),
        dict(zip(pairs, weighted.detach().unbind(), strict=True)),
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

    @property
    def titles(self) -> list[str]:
        """What each node's features are called in errors."""
        return [f"features of {name!r}" for name in self.names]


def _link(
    outputs: Mapping[str, StreamOutput],
    labels: Tensor,
    losses: list[Tensor],
    pairs: Sequence[Pair],
    teachers: Mapping[str, StreamOutput] | None,
    teacher_clips: Tensor | None,
    *,
    method: Method,
) -> _Links:
    given = outputs if teachers is None else teachers
    one_way = method.aligning and method.teacher == "needed"
    check_learners(pairs, outputs, given, one_way=method.name if one_way else None)
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


def _fixed(output: StreamOutput, clips: Tensor | None) -> StreamOutput:
    """Return an output without its gradient, of other clips of the batch where there are any."""
    logits, features = output.logits.detach(), output.features.detach()
    if clips is None:
        return StreamOutput(logits, features)
    chosen = torch.where(clips < 0, torch.arange(len(clips), device=clips.device), clips)
    return StreamOutput(logits[chosen], features[chosen])


def _rho(
    links: _Links,
    rule: RhoRule,
    over_processes: Callable[[Tensor], Tensor] | None,
) -> Tensor:
    """Return rho of all pairs, ``(P, N)`` or ``(P,)``."""
    per_clip = rule.scope == "clip"
    scores = torch.stack([loss if per_clip else loss.mean() for loss in links.losses]).detach()
    if over_processes is not None and not per_clip:
        scores = over_processes(scores)
    if rule.constant is not None:
        return torch.stack([torch.full_like(scores[m], rule.constant) for m, _ in links.at])
    learners, teachers = (torch.stack([scores[pair[i]] for pair in links.at]) for i in (0, 1))
    return focal_regularization(learners, teachers, rule.beta, rule.ceiling)


def _cross_entropy(output: StreamOutput, labels: Tensor) -> Tensor:
    """Return the cross-entropy of every clip, ``(N,)``, in float32 or wider inside autocast too."""
    logits = output.logits.to(torch.promote_types(output.logits.dtype, torch.float32))
    with torch.autocast(logits.device.type, enabled=False):
        return F.cross_entropy(logits, labels.long(), reduction="none")
