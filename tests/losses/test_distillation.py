import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtlib.core.errors import ConfigError, DataError
from mmtlib.losses import distillation_loss

SURE = torch.tensor([[math.log(3), 0.0]])  # probabilities 3/4 and 1/4
UNSURE = torch.zeros(1, 2)


def random_logits(seed=0, n=4, k=5, **named):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, k, generator=generator, dtype=torch.float64, **named)


def test_values_by_hand():
    found = distillation_loss(UNSURE, SURE, temperature=1.0)
    assert found.item() == pytest.approx(0.75 * math.log(1.5) + 0.25 * math.log(0.5))
    # Twice the logits at twice the temperature are the same probabilities; T^2 remains.
    twice = distillation_loss(2 * UNSURE, 2 * SURE, temperature=2.0)
    assert twice.item() == pytest.approx(4 * found.item())
    assert distillation_loss(SURE, SURE + 7.0).item() == pytest.approx(0.0, abs=1e-6)


def test_it_is_the_divergence_that_torch_computes():
    m, n = random_logits(0), random_logits(1)
    log_p, log_q = F.log_softmax(m / 3, 1), F.log_softmax(n / 3, 1)
    expected = 9 * F.kl_div(log_p, log_q, log_target=True, reduction="batchmean")
    torch.testing.assert_close(distillation_loss(m, n, 3.0).mean(), expected)


def test_gradient_is_right_and_the_learners_alone():
    m, n = random_logits(0, requires_grad=True), random_logits(1, requires_grad=True)
    assert torch.autograd.gradcheck(lambda m: distillation_loss(m, n.detach(), 2.0), (m,))
    distillation_loss(m, n, 2.0).sum().backward()
    assert n.grad is None
    # T (p - q): of one size whatever T is, as the logits differ little at a high temperature.
    p, q = (m / 2).softmax(1), (n / 2).softmax(1)
    torch.testing.assert_close(m.grad, (2 * (p - q)).detach())


@settings(max_examples=40)
@given(st.floats(0.1, 20), st.integers(0, 99))
def test_never_negative_and_only_differences_of_logits_count(temperature, seed):
    m, n = random_logits(seed), random_logits(seed + 1000)
    found = distillation_loss(m, n, temperature)
    assert found.min() > -1e-9
    torch.testing.assert_close(distillation_loss(m + 5, n - 3, temperature), found)


@pytest.mark.parametrize("scale", [0.0, 1e-30, 1e4, 1e38])
def test_extreme_logits_are_finite(scale):
    m = (torch.tensor([[1.0, -1.0, 0.0]]) * scale).requires_grad_()
    loss = distillation_loss(m, -m.detach() / 2, temperature=1.0)
    assert loss.isfinite().all()
    loss.sum().backward()
    assert m.grad.isfinite().all()


def test_no_logits_give_nan():
    largest = torch.finfo(torch.float32).max
    m = torch.tensor([[largest, -largest], [-largest, largest]], requires_grad=True)
    n = torch.tensor([[largest, -largest], [largest, -largest]])
    loss = distillation_loss(m, n, temperature=1.0)
    assert loss[0] == 0  # both rule the same class out
    assert loss[1] == math.inf  # the learner rules out what the teacher is sure of
    loss.sum().backward()
    assert torch.equal(m.grad, torch.tensor([[0.0, 0.0], [-1.0, 1.0]]))


def test_low_precision_is_widened():
    low = [x.bfloat16() for x in (random_logits(0), random_logits(1))]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = distillation_loss(*low)
    assert found.dtype == torch.float32
    assert torch.equal(found, distillation_loss(*(x.float() for x in low)))


@pytest.mark.parametrize("temperature", [0.0, -1.0, math.inf, math.nan])
def test_temperature_out_of_range(temperature):
    with pytest.raises(ConfigError, match="temperature: expected a finite number above 0"):
        distillation_loss(SURE, UNSURE, temperature)


@pytest.mark.parametrize(
    ("logits", "teacher", "message"),
    [
        (
            torch.zeros(2),
            torch.zeros(2),
            r"logits: expected .*\(N, K\), got torch.float32 .*\(2,\)",
        ),
        (torch.zeros(2, 0), torch.zeros(2, 0), r"of shape \(2, 0\)"),
        (torch.zeros(2, 3, dtype=torch.long), torch.zeros(2, 3), "got torch.int64"),
        (
            torch.zeros(2, 3),
            torch.zeros(2, 4),
            r"teacher_logits: expected shape \(2, 3\).*\(2, 4\)",
        ),
        (torch.zeros(2, 3), torch.zeros(1, 3), r"got \(1, 3\); .*same classes and clips"),
    ],
)
def test_wrong_shapes(logits, teacher, message):
    with pytest.raises(DataError, match=message):
        distillation_loss(logits, teacher)
