import math

import pytest
import torch
import torch.nn.functional as F

from mmtlib.core.errors import DataError
from mmtlib.losses import mutual_learning_loss


def logits(seed, **named):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(4, 5, generator=generator, dtype=torch.float64, **named)


def test_values_by_hand():
    sure, unsure = torch.tensor([[math.log(3), 0.0]]), torch.zeros(1, 2)
    there = 0.5 * math.log(0.5 / 0.75) + 0.5 * math.log(0.5 / 0.25)
    back = 0.75 * math.log(1.5) + 0.25 * math.log(0.5)
    assert mutual_learning_loss(sure, unsure).item() == pytest.approx(there)
    assert mutual_learning_loss(unsure, sure).item() == pytest.approx(back)


def test_it_is_the_divergence_of_self_from_other():
    m, n = logits(0), logits(1)
    each = F.kl_div(m.log_softmax(1), n.softmax(1), reduction="none").sum(1)
    torch.testing.assert_close(mutual_learning_loss(m, n), each)


def test_gradient_is_right_and_the_learners_alone():
    m, n = logits(0, requires_grad=True), logits(1, requires_grad=True)
    assert torch.autograd.gradcheck(lambda m: mutual_learning_loss(m, n.detach()), (m,))
    mutual_learning_loss(m, n).sum().backward()
    assert n.grad is None
    torch.testing.assert_close(m.grad, (m.softmax(1) - n.softmax(1)).detach())


@pytest.mark.parametrize("scale", [0.0, 1e-30, 1e38])
def test_extreme_logits_are_finite(scale):
    m = (torch.tensor([[1.0, -1.0]]) * scale).requires_grad_()
    loss = mutual_learning_loss(m, -m.detach())
    loss.sum().backward()
    assert loss.isfinite().all()
    assert m.grad.isfinite().all()


def test_wrong_shapes():
    with pytest.raises(DataError, match="teacher_logits: expected shape"):
        mutual_learning_loss(torch.zeros(2, 3), torch.zeros(2, 2))
