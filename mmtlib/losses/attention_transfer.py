"""Attention transfer: be active where and when the teacher is active."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from mmtlib.config import TransferSettings
from mmtlib.core.outputs import StreamOutput
from mmtlib.losses.correlation import ROW_EPS, check_features, check_same_grid


def attention_map(features: Tensor) -> Tensor:
    r"""Return how active each position of a feature map is, as a vector of length 1 for each clip.

    .. math:: Q = vec\Big(\sum_c F_c^2\Big) \Big/ \Big\|\sum_c F_c^2\Big\|_2

    Args:
        features: ``(N, C, T, H, W)``.

    Returns:
        ``(N, T * H * W)``, not negative, float32 or wider. A clip without any activity has a row of
        zeros. Activations as large as the number format allows do not overflow.

    Raises:
        DataError: if the features are not five-dimensional floating-point numbers.

    Source: Zagoruyko and Komodakis, ICLR 2017 (arXiv 1612.03928), section 3.1: the sum of squares
    over the channels; here the positions are those of space and time.

    >>> import torch
    >>> features = torch.tensor([[1.0, 0.0], [1.0, 2.0]]).view(1, 2, 1, 1, 2)  # (1, 1), (0, 2)
    >>> attention_map(features)  # (2, 4) / sqrt(20)
    tensor([[0.4472, 0.8944]])
    """
    check_features("features", features)
    wide = features.to(torch.promote_types(features.dtype, torch.float32))
    # The scale of a clip does not matter in the end; in its own unit no square can overflow.
    peak = wide.detach().abs().amax((1, 2, 3, 4), keepdim=True).clamp_min(ROW_EPS)
    return F.normalize((wide / peak).square().sum(1).flatten(1), dim=1, eps=ROW_EPS)


def attention_transfer_loss(
    features: Tensor, teacher_features: Tensor, *, match_grid: bool = False
) -> Tensor:
    r"""Return the distance of each clip's attention map from the teacher's.

    .. math:: \ell_{AT} = \|Q_m - Q_n\|_2

    The gradient goes to `features` only, and is 0 where the two maps are equal.

    Args:
        features: ``(N, C, T, H, W)`` of the learner m.
        teacher_features: ``(N, C, T, H, W)`` of the teacher n; C may differ.
        match_grid: average both over the smaller grid first if T, H or W differ.

    Returns:
        ``(N,)``, from 0 to sqrt(2), float32 or wider; the loss is its mean.

    Raises:
        ConfigError: if the grids differ and `match_grid` is false.
        DataError: if an argument is no feature map, or the numbers of clips differ.

    Source: Zagoruyko and Komodakis, ICLR 2017 (arXiv 1612.03928), section 3.1.

    >>> import torch
    >>> left = torch.tensor([[1.0, 0.0]]).view(1, 1, 1, 1, 2)
    >>> right = torch.tensor([[0.0, 3.0]]).view(1, 1, 1, 1, 2)
    >>> attention_transfer_loss(left, right)
    tensor([1.4142])
    """
    names = ("features", "teacher_features")
    pair = (features, teacher_features.detach())
    learner, teacher = map(attention_map, check_same_grid(pair, names, match_grid=match_grid))
    return torch.linalg.vector_norm(learner - teacher, dim=1)


def attention_transfer_distance(
    learner: StreamOutput, teacher: StreamOutput, settings: TransferSettings
) -> Tensor:
    """Return `attention_transfer_loss` of two outputs, ``(N,)``."""
    return attention_transfer_loss(learner.features, teacher.features)
