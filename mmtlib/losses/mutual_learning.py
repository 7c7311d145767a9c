"""Deep mutual learning: networks that train side by side learn each other's class probabilities."""

from __future__ import annotations

from torch import Tensor

from mmtlib.config import TransferSettings
from mmtlib.core.outputs import StreamOutput
from mmtlib.losses.distillation import distillation_loss


def mutual_learning_loss(logits: Tensor, other_logits: Tensor) -> Tensor:
    r"""Return how far each clip's class probabilities are from those of the other network.

    .. math:: \ell_{DML}^{m,n} = KL(p_n \| p_m), \qquad p = softmax(z)

    Distillation at temperature 1 from a teacher that is itself still learning. Each network is
    learner once and teacher once; the gradient goes to the learner `logits` only. With more than
    two networks the published objective takes the mean over the others (`transfer_objective` does).

    Args:
        logits: ``(N, K)`` of the network m that learns.
        other_logits: ``(N, K)`` of the network n beside it.

    Returns:
        ``(N,)``, nats, float32 or wider; the published loss is its mean. Never NaN.

    Raises:
        DataError: if the shapes are wrong or differ.

    Source: Zhang, Xiang, Hospedales, Lu, CVPR 2018 (arXiv 1706.00384), section 3.

    >>> import torch
    >>> sure = torch.tensor([[1.0986, 0.0]])  # probabilities 3/4 and 1/4
    >>> unsure = torch.tensor([[0.0, 0.0]])  # 1/2 and 1/2
    >>> mutual_learning_loss(sure, unsure)  # 1/2 ln(2/3) + 1/2 ln(2)
    tensor([0.1438])
    """
    return distillation_loss(logits, other_logits, temperature=1.0)


def mutual_learning_distance(
    learner: StreamOutput, teacher: StreamOutput, settings: TransferSettings
) -> Tensor:
    """Return `mutual_learning_loss` of two outputs, ``(N,)``."""
    return mutual_learning_loss(learner.logits, teacher.logits)
