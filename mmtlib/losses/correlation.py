"""Correlation maps: how alike the contents of any two positions of a feature map are."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from mmtlib.config import TransferSettings
from mmtlib.core.errors import ConfigError, DataError, unknown_name

NORMALIZATIONS = TransferSettings.choices("normalize")
"""How rows are brought to length 1: as they are (the paper), or after their mean is taken off."""

ROW_EPS = 1e-8
"""Rows shorter than this count as zero. Activations near 1 are rounded by 6e-8 in float32, so a row
below 1e-8 points nowhere in particular, and dividing by its length would magnify noise."""


def normalize_positions(
    features: Tensor, normalize: str = "position", eps: float = ROW_EPS
) -> Tensor:
    r"""Return one row of length 1 for every spatiotemporal position.

    .. math:: \hat f_i = f_i / \|f_i\|, \qquad f_i \in R^C, \quad i = 1, \dots, d = T H W

    Computed in float32 or wider, whatever the features are. A row shorter than `eps` becomes a row
    of zeros with zero gradient. Rows as large as the number format allows do not overflow.

    Args:
        features: ``(N, C, T, H, W)``.
        normalize: ``"position"``: each row as it is (the paper); ``"centred"``: the mean over the
            clip's positions is taken off every row first. A centred row no longer than the
            rounding of that mean counts as zero too.
        eps: the length, in the unit of the features, below which a row counts as zero.

    Returns:
        ``(N, d, C)``, the positions in row-major order of (T, H, W).

    Raises:
        ConfigError: if `normalize` is not known.
        DataError: if the features are not five-dimensional floating-point numbers.

    Source: Abavisani et al. 2019 (arXiv 1812.06145), the normalisation within the SSA loss.

    >>> import torch
    >>> features = torch.tensor([3.0, 4.0]).view(1, 2, 1, 1, 1)  # one position, two channels
    >>> normalize_positions(features)
    tensor([[[0.6000, 0.8000]]])
    """
    return unit_columns(features, normalize, eps).transpose(1, 2)


def correlation_map(features: Tensor, normalize: str = "position") -> Tensor:
    r"""Return the cosine between the contents of every two positions of each clip.

    .. math:: corr(F) = \hat F \hat F^T, \qquad \hat F \in R^{d \times C}, \quad d = T H W

    Channels of two networks need not mean the same thing, but positions do when the modalities are
    aligned; so these maps can be compared between networks although the features cannot.

    Args:
        features: ``(N, C, T, H, W)``.
        normalize: ``"position"`` or ``"centred"``, see `normalize_positions`.

    Returns:
        ``(N, d, d)``, symmetric, entries in [-1, 1], float32 or wider.

    Raises:
        ConfigError: if `normalize` is not known.
        DataError: if the features are not five-dimensional floating-point numbers.

    Source: Abavisani et al. 2019 (arXiv 1812.06145), the correlation matrix of the SSA loss.

    >>> import torch
    >>> features = torch.tensor([[1.0, 1.0], [0.0, 1.0]]).view(1, 2, 1, 1, 2)  # rows (1, 0), (1, 1)
    >>> correlation_map(features)
    tensor([[[1.0000, 0.7071],
             [0.7071, 1.0000]]])
    """
    return self_product(unit_columns(features, normalize, ROW_EPS))


def self_product(columns: Tensor) -> Tensor:
    """Return the product of every two columns, ``(N, C, d)`` to ``(N, d, d)``, in full precision.

    The gradient can be taken once.
    """
    return _SelfProduct.apply(columns)


def unit_columns(features: Tensor, normalize: str, eps: float = ROW_EPS) -> Tensor:
    """Return the rows of `normalize_positions` as columns, ``(N, C, d)``: no copy to transpose."""
    if normalize not in NORMALIZATIONS:
        raise unknown_name("normalize", normalize, NORMALIZATIONS)
    check_features("features", features)
    wide = features.to(torch.promote_types(features.dtype, torch.float32))
    return _UnitColumns.apply(wide.flatten(2), normalize == "centred", eps)


_POOLS: dict[int, Callable[..., Tensor]] = {
    1: F.adaptive_avg_pool1d,
    2: F.adaptive_avg_pool2d,
    3: F.adaptive_avg_pool3d,
}
"""Number of axes of positions -> how maps are averaged over fewer."""


def check_features(name: str, features: Tensor) -> None:
    """Raise a `DataError` unless the features are ``(N, C, *positions)`` floating-point numbers."""
    shape = tuple(features.shape)
    if len(shape) < 3 or 0 in shape:
        raise DataError(
            f"{name}: expected a feature map (N, C, *positions), e.g. (N, C, T, H, W), with no "
            f"empty axis, got {shape}."
        )
    if not features.is_floating_point():
        raise DataError(f"{name}: expected floating-point numbers, got {features.dtype}.")


def check_same_grid(
    features: Sequence[Tensor], names: Sequence[str], *, match_grid: bool
) -> list[Tensor]:
    """Return the feature maps on one grid of positions.

    Args:
        features: maps ``(N, C, *positions)``, e.g. ``(N, C, T, H, W)``; C may differ.
        names: what to call each in an error.
        match_grid: average each map over the smallest size along each axis of positions (one to
            three); otherwise maps on different grids are an error.

    Raises:
        DataError: if a map is not ``(N, C, *positions)``, or the numbers of clips differ.
        ConfigError: if the grids differ and `match_grid` is false.
    """
    for name, map_ in zip(names, features, strict=True):
        check_features(name, map_)
        if len(map_) != len(features[0]):
            raise DataError(
                f"{name}: expected {len(features[0])} clips as in {names[0]}, got {len(map_)}."
            )
    grids = [tuple(map_.shape[2:]) for map_ in features]
    if len(set(grids)) == 1:
        return list(features)
    pool = _POOLS.get(len(grids[0])) if len({len(grid) for grid in grids}) == 1 else None
    if not match_grid or pool is None:
        seen = ", ".join(f"{n} {'x'.join(map(str, g))}" for n, g in zip(names, grids, strict=True))
        raise ConfigError(
            f"The feature maps lie on different grids of positions T x H x W: {seen}. Take the "
            "features from stages of the same size, or pass match_grid=True to pool to the smaller."
        )
    smallest = tuple(min(sizes) for sizes in zip(*grids, strict=True))
    return [
        pool(map_.to(torch.promote_types(map_.dtype, torch.float32)), smallest) for map_ in features
    ]


@contextmanager
def full_precision(device_type: str) -> Iterator[None]:
    """Switch autocast and reduced-precision float32 products (TF32, bf16) off inside the block.

    A Gram form in bf16 is wrong by tens of per cent, and TF32 keeps no more digits of a factor
    than half precision does. The switch is global to the process, as PyTorch has it; what was set
    is set again at the end.
    """
    products = (torch.backends.cuda.matmul, torch.backends.mkldnn.matmul)  # type: ignore[attr-defined]
    before = [product.fp32_precision for product in products]
    with torch.autocast(device_type, enabled=False):
        if all(precision in ("ieee", "none") for precision in before):
            yield
            return
        try:
            overall = torch.get_float32_matmul_precision()
        except RuntimeError:  # set through both of PyTorch's interfaces: there is no one answer
            overall = None
        torch.set_float32_matmul_precision("highest")
        try:
            yield
        finally:
            if overall is not None:
                torch.set_float32_matmul_precision(overall)
            for product, precision in zip(products, before, strict=True):
                product.fp32_precision = precision


class _UnitColumns(torch.autograd.Function):
    """Columns ``(N, C, d)`` to length 1 in few passes over memory, forwards and backwards."""

    @staticmethod
    def forward(ctx, columns: Tensor, centred: bool, eps: float) -> Tensor:
        smallest = torch.finfo(columns.dtype).tiny
        shortest: float | Tensor = max(eps, smallest)  # so that a column of zeros is always shorter
        if centred:
            # In units of the clip's largest entry, so that the sum over positions stays finite.
            unit = columns.abs().amax((1, 2), keepdim=True).clamp_min_(smallest)
            columns = columns / unit
            mean = columns.mean(2, keepdim=True)
            columns = columns - mean
            rounding = 4 * torch.finfo(columns.dtype).eps * math.sqrt(columns.shape[1])
            noise = rounding * mean.abs().amax(1, keepdim=True)
            shortest = torch.maximum(eps / unit, noise).clamp_min_(smallest)
        peak = columns.abs().amax(1, keepdim=True).clamp_min_(smallest)
        # Squares of entries at most 1 cannot overflow, and the length is between 1 and sqrt(C),
        # or 0 (infinite inverse) where the column is zero and the mask applies.
        result = columns / peak
        length = result.square().sum(1, keepdim=True).sqrt()
        inverse = length.reciprocal().masked_fill_(length * peak < shortest, 0.0)
        result.mul_(inverse)
        inverse_length = inverse / peak
        ctx.save_for_backward(result, inverse_length / unit if centred else inverse_length)
        ctx.centred = centred
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor) -> tuple[Tensor | None, ...]:
        result, inverse_length = ctx.saved_tensors
        # The part of the gradient along the column changes its length only, which is thrown away.
        along = (grad * result).sum(1, keepdim=True)
        grad = torch.addcmul(grad, result, along, value=-1.0).mul_(inverse_length)
        if ctx.centred:
            grad = grad - grad.mean(2, keepdim=True)
        return grad, None, None


class _SelfProduct(torch.autograd.Function):
    """``(N, C, d)`` to ``(N, d, d)``: the product with itself, in full precision both ways."""

    @staticmethod
    def forward(ctx, columns: Tensor) -> Tensor:
        ctx.save_for_backward(columns)
        with full_precision(columns.device.type):
            return torch.bmm(columns.mT, columns)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor) -> Tensor:
        (columns,) = ctx.saved_tensors
        with full_precision(columns.device.type):
            return torch.bmm(columns, grad + grad.mT)
