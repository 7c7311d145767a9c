"""Similarity-preserving distillation: find those clips alike that the teacher finds alike."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from mmtlib.config import TransferSettings
from mmtlib.core.errors import DataError
from mmtlib.core.outputs import StreamOutput
from mmtlib.losses.correlation import ROW_EPS, check_features, self_product


def batch_similarity(features: Tensor) -> Tensor:
    r"""Return how alike every two clips of a batch are, each row brought to length 1.

    .. math:: G_i = (F F^T)_i / \|(F F^T)_i\|_2, \qquad F \in R^{N \times C T H W}

    Args:
        features: ``(N, C, T, H, W)``.

    Returns:
        ``(N, N)``, not symmetric, float32 or wider. A clip without any activity has a row of zeros.
        Activations as large as the number format allows do not overflow.

    Raises:
        DataError: if the features are not five-dimensional floating-point numbers.

    Source: Tung and Mori, ICCV 2019 (arXiv 1907.09682), section 3.

    >>> import torch
    >>> features = torch.tensor([[2.0, 0.0], [1.0, 1.0]]).view(2, 2, 1, 1, 1)  # two clips
    >>> batch_similarity(features)  # (4, 2) and (2, 2), to length 1
    tensor([[0.8944, 0.4472],
            [0.7071, 0.7071]])
    """
    check_features("features", features)
    wide = features.to(torch.promote_types(features.dtype, torch.float32))
    # One scale for the whole batch cancels in the end; without it the products could overflow.
    rows = (wide / wide.detach().abs().amax().clamp_min(ROW_EPS)).flatten(1)
    return F.normalize(self_product(rows.mT[None])[0], dim=1, eps=ROW_EPS)


def similarity_preserving_loss(features: Tensor, teacher_features: Tensor) -> Tensor:
    r"""Return each clip's part of the distance between the similarities within the batch.

    .. math:: \ell_{SP} = \frac{1}{N^2} \|G_m - G_n\|_F^2
              = \frac1N \sum_i \frac1N \sum_j (G_{m,ij} - G_{n,ij})^2

    The gradient goes to `features` only. It depends on which clips are in the batch: where a batch
    is shared by several processes, or worked through in parts, it is about the clips of each part.

    Args:
        features: ``(N, C, T, H, W)`` of the learner m.
        teacher_features: ``(N, ...)`` of the teacher n, on any grid, with any number of channels.

    Returns:
        ``(N,)``: of clip i the sum over j, divided by N; the published loss is its mean.

    Raises:
        DataError: if an argument is no feature map, or the numbers of clips differ.

    Source: Tung and Mori, ICCV 2019 (arXiv 1907.09682), section 3.

    >>> import torch
    >>> alike = torch.tensor([[1.0], [1.0]]).view(2, 1, 1, 1, 1)  # rows of G: (1, 1) / sqrt(2)
    >>> apart = torch.eye(2).view(2, 2, 1, 1, 1)  # rows of G: (1, 0), (0, 1)
    >>> similarity_preserving_loss(alike, apart)  # [(1 - 0.7071)^2 + 0.5] / 2
    tensor([0.2929, 0.2929])
    """
    check_features("teacher_features", teacher_features)
    if len(features) != len(teacher_features):
        raise DataError(
            f"teacher_features: expected {len(features)} clips as in features, got "
            f"{len(teacher_features)}."
        )
    difference = batch_similarity(features) - batch_similarity(teacher_features.detach())
    return difference.square().mean(1)


def similarity_preserving_distance(
    learner: StreamOutput, teacher: StreamOutput, settings: TransferSettings
) -> Tensor:
    """Return `similarity_preserving_loss` of two outputs, ``(N,)``."""
    return similarity_preserving_loss(learner.features, teacher.features)
