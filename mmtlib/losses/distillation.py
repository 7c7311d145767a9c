"""Knowledge distillation: learn the softened class probabilities of a teacher."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from mmtlib.config import TransferSettings
from mmtlib.core.errors import ConfigError, DataError
from mmtlib.core.outputs import StreamOutput


def distillation_loss(logits: Tensor, teacher_logits: Tensor, temperature: float = 4.0) -> Tensor:
    r"""Return how far each clip's softened class probabilities are from the teacher's.

    .. math:: \ell_{KD} = T^2 \, KL(q \| p), \qquad q = softmax(z_n / T), \quad p = softmax(z_m / T)

    The factor T^2 keeps the gradient of one size whatever T is. The gradient goes to `logits` only.

    Args:
        logits: ``(N, K)`` of the learner m.
        teacher_logits: ``(N, K)`` of the teacher n.
        temperature: T, above 0; the larger it is, the more the small probabilities count.

    Returns:
        ``(N,)``, T^2 times nats, float32 or wider; the published loss is its mean. Finite where the
        logits of a clip differ by no more than the number format holds, and never NaN.

    Raises:
        ConfigError: if the temperature is out of its range.
        DataError: if the shapes are wrong or differ.

    Source: Hinton, Vinyals, Dean 2015 (arXiv 1503.02531), section 2.

    >>> import torch
    >>> sure = torch.tensor([[1.0986, 0.0]])  # probabilities 3/4 and 1/4
    >>> unsure = torch.tensor([[0.0, 0.0]])  # 1/2 and 1/2
    >>> distillation_loss(unsure, sure, temperature=1.0)  # 3/4 ln(3/2) + 1/4 ln(1/2)
    tensor([0.1308])
    """
    check_temperature(temperature)
    _check_logits(logits, teacher_logits)
    with torch.autocast(logits.device.type, enabled=False):
        learner = _log_probabilities(logits, temperature)
        teacher = _log_probabilities(teacher_logits.detach(), temperature)
        weights = teacher.exp()
        terms = weights * (teacher - learner)
        # A class that the teacher rules out counts nothing, however sure the learner is: 0 log 0.
        return temperature**2 * terms.masked_fill(weights == 0, 0.0).sum(1)


def check_temperature(temperature: float) -> None:
    """Raise a `ConfigError` unless the temperature is a finite number above 0."""
    if not 0 < temperature < math.inf:
        raise ConfigError(f"temperature: expected a finite number above 0, got {temperature!r}.")


def _log_probabilities(logits: Tensor, temperature: float) -> Tensor:
    wide = logits.to(torch.promote_types(logits.dtype, torch.float32))
    return F.log_softmax(wide / temperature, dim=1)


def _check_logits(logits: Tensor, teacher_logits: Tensor) -> None:
    shape = tuple(logits.shape)
    if len(shape) != 2 or 0 in shape or not logits.is_floating_point():
        raise DataError(
            f"logits: expected floating-point numbers (N, K), got {logits.dtype} of shape {shape}."
        )
    if teacher_logits.shape != logits.shape:
        raise DataError(
            f"teacher_logits: expected shape {shape} as of the learner's logits, got "
            f"{tuple(teacher_logits.shape)}; both networks need the same classes and clips."
        )


def distillation_distance(
    learner: StreamOutput, teacher: StreamOutput, settings: TransferSettings
) -> Tensor:
    """Return `distillation_loss` of two outputs, ``(N,)``."""
    return distillation_loss(learner.logits, teacher.logits, settings.temperature)
