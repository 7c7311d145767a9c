"""Distances of many pairs of correlation maps at once: what belongs to one map is computed once.

`ssa_distance`, `ssa_loss` and `mtut_objective` are thin over `correlation_distances`. Gradients are
written out by hand: that of ||A_m - A_n||^2 with respect to the rows of m is 4 (A_m - A_n) F_m, so
all teachers of m share one product, where autograd would make two for every pair.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from mmtlib.config import TransferSettings
from mmtlib.core.errors import unknown_name
from mmtlib.core.outputs import StreamOutput
from mmtlib.losses.correlation import check_same_grid, full_precision, unit_columns

REDUCTIONS = TransferSettings.choices("ssa_reduction")
"""Sum of the d x d squared differences (the paper), or their mean."""

GRAM_RATIO = 4
"""The Gram form is used from d = GRAM_RATIO * C positions on; `tests/bench/bench_losses.py` has the
measurement."""

Pair = tuple[int, int]


def check_reduction(reduction: str) -> None:
    """Raise a `ConfigError` unless the reduction is known."""
    if reduction not in REDUCTIONS:
        raise unknown_name("reduction", reduction, REDUCTIONS)


def correlation_distances(
    features: Sequence[Tensor],
    *,
    pairs: Sequence[Pair],
    names: Sequence[str],
    normalize: str = "position",
    reduction: str = "sum",
    match_grid: bool = False,
    learner_only: bool = True,
    form: str = "auto",
) -> Tensor:
    """Return the distances of many pairs of maps; what belongs to one map is computed once.

    Args:
        features: M feature maps ``(N, C, T, H, W)``; C may differ.
        pairs: P pairs (learner, teacher) of indices into `features`.
        names: what to call each feature map in an error.
        normalize, reduction, match_grid: as in `ssa_distance`.
        learner_only: let the gradient of a pair's distance go to its first map only.
        form: ``"direct"`` forms the d x d maps; ``"gram"`` only C x C matrices; ``"auto"`` takes
            the Gram form where d is at least `GRAM_RATIO` times the largest C.

    Returns:
        ``(P, N)``.
    """
    check_reduction(reduction)
    features = check_same_grid(features, names, match_grid=match_grid)
    columns = [unit_columns(map_, normalize) for map_ in features]
    dtype = max((column.dtype for column in columns), key=lambda dtype: torch.finfo(dtype).bits)
    columns = [column.to(dtype) for column in columns]
    d = columns[0].shape[2]
    if form == "auto":
        form = "gram" if d >= GRAM_RATIO * max(column.shape[1] for column in columns) else "direct"
    distances = _FORMS[form].apply(tuple(pairs), learner_only, *columns)
    return distances / d**2 if reduction == "mean" else distances


def ssa_distances(
    outputs: Sequence[StreamOutput],
    pairs: Sequence[Pair],
    names: Sequence[str],
    settings: TransferSettings,
) -> Tensor:
    """Return `correlation_distances` of the features of some outputs, ``(P, N)``."""
    return correlation_distances(
        [output.features for output in outputs],
        pairs=pairs,
        names=names,
        normalize=settings.normalize,
        reduction=settings.ssa_reduction,
    )


class _DirectDistances(torch.autograd.Function):
    """Distances of the d x d maps as they stand; exact near equality at any size."""

    @staticmethod
    def forward(ctx, pairs: tuple[Pair, ...], learner_only: bool, *columns: Tensor) -> Tensor:
        with full_precision(columns[0].device.type):
            maps = [torch.bmm(column.mT, column) for column in columns]
        # Norms of rows first: one norm over d x d entries loses digits (1e-3 at d = 4096).
        between = {
            (m, n): torch.linalg.vector_norm(maps[m] - maps[n], dim=2).square().sum(1)
            for m, n in {(min(pair), max(pair)) for pair in pairs}
        }
        ctx.pairs, ctx.learner_only = pairs, learner_only
        ctx.save_for_backward(*columns, *maps)
        return torch.stack([between[min(pair), max(pair)] for pair in pairs])

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor) -> tuple[Tensor | None, ...]:
        count = len(ctx.saved_tensors) // 2
        columns, maps = ctx.saved_tensors[:count], ctx.saved_tensors[count:]
        factors = _factors(grad, ctx.pairs, count, ctx.learner_only)
        grads: list[Tensor | None] = [None] * count
        with full_precision(grad.device.type):
            for m in (m for m in range(count) if ctx.needs_input_grad[2 + m] and factors[m]):
                # All teachers of m share one product: 4 [(sum w) A_m - sum_n w_n A_n] F_m.
                weighted = maps[m] * factors[m][m]
                for n in factors[m].keys() - {m}:
                    weighted.addcmul_(maps[n], factors[m][n])
                grads[m] = torch.bmm(columns[m], weighted)
        return None, None, *grads


class _GramDistances(torch.autograd.Function):
    """Distances as ||F'F||^2 + ||G'G||^2 - 2 ||F'G||^2: C x C matrices instead of d x d maps.

    The three terms cancel where the maps are nearly equal, so the forward products are taken in
    float64 (where the device has it): the result is then as good as the direct form's in float32.
    They are most of the work, so each block F_m F_n' of the Gram matrix is worked out once.
    """

    @staticmethod
    def forward(ctx, pairs: tuple[Pair, ...], learner_only: bool, *columns: Tensor) -> Tensor:
        stacked = _stack(columns)
        wide = stacked if stacked.device.type == "mps" else stacked.double()
        sizes = [column.shape[1] for column in columns]
        gram = torch.empty(
            (len(stacked), sum(sizes), sum(sizes)), dtype=stacked.dtype, device=stacked.device
        )
        norms: dict[Pair, Tensor] = {}
        with full_precision(stacked.device.type):
            for m, block in enumerate(wide.split(sizes, dim=1)):
                start = sum(sizes[:m])
                rows = torch.bmm(block, wide[:, start:].mT)
                gram[:, start : start + sizes[m], start:] = rows
                gram[:, start:, start : start + sizes[m]] = rows.mT
                for n, part in enumerate(rows.split(sizes[m:], dim=2), m):
                    norms[m, n] = norms[n, m] = part.square().sum((1, 2))
        distances = [norms[m, m] + norms[n, n] - 2 * norms[m, n] for m, n in pairs]
        ctx.pairs, ctx.learner_only, ctx.sizes = pairs, learner_only, sizes
        ctx.save_for_backward(stacked, gram)
        return torch.stack(distances).clamp_min(0).to(stacked.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor) -> tuple[Tensor | None, ...]:
        stacked, gram = ctx.saved_tensors
        count = len(ctx.sizes)
        factors = _factors(grad, ctx.pairs, count, ctx.learner_only)
        grads: list[Tensor | None] = [None] * count
        rows = gram.split(ctx.sizes, dim=1)
        columns = stacked.split(ctx.sizes, dim=1)
        with full_precision(grad.device.type):
            for m in (m for m in range(count) if ctx.needs_input_grad[2 + m] and factors[m]):
                blocks = rows[m].split(ctx.sizes, dim=2)
                involved = sorted(factors[m])
                weighted = torch.cat([blocks[n] * factors[m][n] for n in involved], dim=2)
                others = stacked
                if len(involved) < count:
                    others = _stack([columns[n] for n in involved])
                # As a product of rows, so that the gradient lies in memory as the features do.
                grads[m] = torch.bmm(others.mT, weighted.mT).mT
        return None, None, *grads


def _stack(columns: Sequence[Tensor]) -> Tensor:
    """Return ``(N, sum of C, d)``, in the layout of its parts: channels last stay together."""
    if all(column.stride(1) == 1 for column in columns):
        return torch.cat([column.mT for column in columns], dim=2).mT
    return torch.cat(tuple(columns), dim=1)


_FORMS = {"direct": _DirectDistances, "gram": _GramDistances}


def _factors(
    grad: Tensor, pairs: tuple[Pair, ...], count: int, learner_only: bool
) -> list[dict[int, Tensor]]:
    """Return, for each map m, what every map n is multiplied by in the gradient of m.

    The gradient of ||A_m - A_n||^2 with respect to F_m is 4 (A_m - A_n) F_m; the sum over pairs,
    each weighted with its ``grad[p]``, ``(N,)``, is sum_n factors[m][n] A_n F_m.
    """
    factors: list[dict[int, Tensor]] = [{} for _ in range(count)]
    for (m, n), weight in zip(pairs, 4 * grad[..., None, None], strict=True):
        for learner, teacher in ((m, n),) if learner_only else ((m, n), (n, m)):
            row = factors[learner]
            row[learner] = row[learner] + weight if learner in row else weight
            row[teacher] = row[teacher] - weight if teacher in row else -weight
    return factors
