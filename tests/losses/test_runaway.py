"""What makes rho run away, by hand: a pull that grows with the loss that it makes larger."""

import math

import pytest
import torch

from mmtlib.core.outputs import StreamOutput
from mmtlib.losses import transfer_objective

RIGHT = torch.tensor([1.0, 0.0]).expand(8, 2)
UP = torch.tensor([0.0, 1.0]).expand(8, 2)
LABELS = torch.zeros(8, dtype=torch.long)


def output(margin, second):
    """Two classes and two positions with two channels; the first position is always RIGHT."""
    logits = torch.stack([margin, torch.zeros_like(margin)], 1)
    return StreamOutput(logits, torch.stack([RIGHT, second], 2).view(8, 2, 1, 1, 2))


def largest_loss(*, norm=math.inf, steps=60, **settings):
    """Return the largest loss of a learner on the way, and its largest rho.

    Its features at the second position are its weights, one vector for each of 8 clips, and the sum
    of a vector is how sure it is: of the right class in 7 clips, of the wrong one in the first.
    The distance of two maps does not depend on a vector's length, so every pull makes it longer.
    """
    weights = torch.tensor([[1.0, 0.1]]).repeat(8, 1).requires_grad_()
    side = torch.tensor([-1.0] + [1.0] * 7)
    teacher = output(torch.full((8,), 3.0), UP)
    losses, rhos = [], []
    for _ in range(steps):
        outputs = {"rgb": output(side * weights.sum(1), weights), "depth": teacher}
        loss = transfer_objective(outputs, LABELS, pairs=[("rgb", "depth")], **settings)
        (gradient,) = torch.autograd.grad(loss.total, weights)
        with torch.no_grad():
            weights -= 0.1 * gradient * min(1.0, norm / float(gradient.norm()))
        losses.append(float(loss.classification["rgb"].detach()))
        rhos.append(float(loss.rho["rgb", "depth"].max()))
    return max(losses), max(rhos)


def test_rho_per_clip_with_a_large_weight_and_no_limit_runs_away():
    loss, rho = largest_loss(ssa_weight=800.0)
    assert loss > 1000
    assert rho == 1e6


@pytest.mark.parametrize(
    "brake",
    [
        {"rho_per": "batch"},
        {"norm": 5.0},
        {"ssa_weight": 10.0},
        {"rho_ceiling": math.e**2 - 1},
        {"focal": False},
    ],
    ids=["rho per batch", "gradient clipping", "small weight", "low ceiling", "constant rho"],
)
def test_each_brake_by_itself_holds_it(brake):
    loss, rho = largest_loss(**{"ssa_weight": 800.0, **brake})
    assert loss < 1.5
    assert rho < 1e4
