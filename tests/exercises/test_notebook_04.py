"""Notebook 04: right answers pass, each known mistake is named."""

import itertools

import torch
from support.exercise_tests import ExerciseTests

from mmtlib.losses import focal_regularization


def loss_with(rho_of=focal_regularization, *, weight_of=lambda weight: weight):
    def answer(loss_m, loss_n, distance, weight, beta):
        rho = rho_of(loss_m, loss_n, beta)
        return loss_m.mean() + weight_of(weight) * (rho * distance).mean()

    return answer


def plain_rho(loss_m, loss_n, beta):
    """The equation with its gradient."""
    return (torch.exp(beta * (loss_m - loss_n)) - 1).clamp(min=0)


RIGHT = {
    "focal_rho": [
        lambda m, n, beta: plain_rho(m, n, beta).detach(),
        focal_regularization,
    ],
    "who_listens": [
        lambda losses: {(m, n) for m in losses for n in losses if losses[m] > losses[n]},
        lambda losses: [
            (m, n) for m, n in itertools.permutations(losses, 2) if losses[m] > losses[n]
        ],
    ],
    "learner_objective": [loss_with()],
}

WRONG = [
    ("focal_rho", lambda m, n, beta: plain_rho(n, m, beta).detach(), "in this order"),
    ("focal_rho", plain_rho, "gradient goes through rho"),
    (
        "focal_rho",
        lambda m, n, beta: (torch.exp(beta * (m - n)) - 1).detach(),
        "pushed away",
    ),
    (
        "focal_rho",
        lambda m, n, beta: (beta * torch.exp(m - n) - 1).clamp(min=0).detach(),
        "inside the exponential",
    ),
    ("focal_rho", lambda m, n, beta: torch.exp(beta * (m - n)).detach(), "- 1 is missing"),
    (
        "focal_rho",
        lambda m, n, beta: torch.expm1(beta * (m - n).abs()).detach(),
        "no absolute value",
    ),
    ("focal_rho", lambda m, n, beta: plain_rho(m, n, 1.0 + 0 * beta).detach(), "no influence"),
    ("focal_rho", lambda m, n, beta: plain_rho(m, n, beta).mean().detach(), "one rho per clip"),
    ("focal_rho", lambda m, n, beta: (m - n).clamp(min=0).detach(), "elsewhere 0"),
    (
        "who_listens",
        lambda losses: {(n, m) for m in losses for n in losses if losses[m] > losses[n]},
        "wrong way round",
    ),
    (
        "who_listens",
        lambda losses: {(m, n) for m in losses for n in losses if losses[m] >= losses[n]},
        "learns from itself",
    ),
    (
        "who_listens",
        lambda losses: {
            (m, n) for m, n in itertools.permutations(losses, 2) if losses[m] >= losses[n]
        },
        "equally good",
    ),
    ("who_listens", lambda losses: set(itertools.permutations(losses, 2)), "the worse one"),
    (
        "who_listens",
        lambda losses: {
            (m, min(losses, key=losses.get)) for m in losses if losses[m] > min(losses.values())
        },
        "not to the best one only",
    ),
    ("learner_objective", loss_with(plain_rho), "Detach rho"),
    (
        "learner_objective",
        loss_with(lambda m, n, beta: plain_rho(m, n.detach(), beta)),
        "through rho as well",
    ),
    ("learner_objective", loss_with(weight_of=lambda weight: 1.0), "weight is missing"),
    (
        "learner_objective",
        loss_with(lambda m, n, beta: focal_regularization(m.mean(), n.mean(), beta)),
        "each clip has its own",
    ),
    (
        "learner_objective",
        loss_with(lambda m, n, beta: focal_regularization(m, n, beta).mean()),
        "multiplied the averages",
    ),
    ("learner_objective", loss_with(lambda m, n, beta: torch.ones_like(m)), "rho is missing"),
    (
        "learner_objective",
        lambda m, n, d, w, beta: w * (focal_regularization(m, n, beta) * d).mean(),
        "classification loss is missing",
    ),
    (
        "learner_objective",
        lambda m, n, d, w, beta: (m + w * focal_regularization(m, n, beta) * d).sum(),
        "not sums",
    ),
    (
        "learner_objective",
        lambda m, n, d, w, beta: (
            m.mean() + w * (focal_regularization(m, n, beta) * d).mean().detach()
        ),
        "not rho * distance",
    ),
    ("learner_objective", lambda m, n, d, w, beta: 0 * m.mean(), "expected mean"),
    ("learner_objective", lambda m, n, d, w, beta: m, "as one number"),
]


class TestNotebook04(ExerciseTests):
    notebook, right, wrong = "04", RIGHT, WRONG
