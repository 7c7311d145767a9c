"""Right answers pass; every known-wrong answer is refused with the message meant for it."""

import itertools

import torch
import torch.nn.functional as F
from support.exercise_tests import ExerciseTests

from mmtlib.exercises import transfer
from mmtlib.losses import correlation_map, focal_regularization, ssa_distance


def d_squared(grid):
    return (grid[0] * grid[1] * grid[2]) ** 2


def unit_columns(features):
    return F.normalize(features.flatten(2), dim=1)


def loss_with(rho_of=focal_regularization, *, weight_of=lambda weight: weight):
    def answer(loss_m, loss_n, distance, weight, beta):
        rho = rho_of(loss_m, loss_n, beta)
        return loss_m.mean() + weight_of(weight) * (rho * distance).mean()

    return answer


def plain_rho(loss_m, loss_n, beta):
    """The equation with its gradient."""
    return (torch.exp(beta * (loss_m - loss_n)) - 1).clamp(min=0)


RIGHT = {
    "position_correlation": [
        lambda f: unit_columns(f).mT @ unit_columns(f),
        correlation_map,
    ],
    "alignment_loss": [
        lambda m, n: ssa_distance(m, n.detach()).mean(),
        lambda m, n: (correlation_map(m) - correlation_map(n.detach())).square().sum((1, 2)).mean(),
    ],
    "equivalent_sum_weight": [lambda w, grid: w / d_squared(grid)],
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


def gram(rows):
    return rows @ rows.mT


WRONG = [
    ("position_correlation", lambda f: F.normalize(f.flatten(2), dim=2), "should be"),
    ("position_correlation", lambda f: gram(F.normalize(f.flatten(2), dim=2)), "channels were"),
    (
        "position_correlation",
        lambda f: gram((f.flatten(2) / f.flatten(2).norm(dim=1, keepdim=True)).mT),
        "gives NaN",
    ),
    ("position_correlation", lambda f: gram(f.flatten(2).mT), "correlate with itself by 1"),
    (
        "position_correlation",
        lambda f: gram(F.normalize(f.flatten(2), dim=2).mT),  # each channel over the positions
        "not each channel over the positions",
    ),
    ("position_correlation", lambda f: correlation_map(f, "centred"), "mean was taken off"),
    (
        "position_correlation",
        lambda f: gram(F.normalize(f.reshape(len(f), -1, f.shape[1]), dim=2)),
        "positions and channels were mixed",
    ),
    ("position_correlation", lambda f: None, "return missing"),
    ("position_correlation", lambda f: f @ f, "your code stopped with RuntimeError"),
    ("alignment_loss", lambda m, n: ssa_distance(m, n).mean(), "teacher gets a gradient"),
    ("alignment_loss", lambda m, n: ssa_distance(m.detach(), n).mean(), "reaches the learner"),
    (
        "alignment_loss",
        lambda m, n: ssa_distance(m.detach(), n.detach()).mean(),
        "reaches the learner",
    ),
    ("alignment_loss", lambda m, n: ssa_distance(m, n.detach()).sum(), "sum over the clips"),
    ("alignment_loss", lambda m, n: ssa_distance(m, n.detach()).sqrt().mean(), "not its square"),
    (
        "alignment_loss",
        lambda m, n: ssa_distance(m, n.detach(), reduction="mean").mean(),
        "d x d entries",
    ),
    ("alignment_loss", lambda m, n: ssa_distance(m, n.detach()), "take the mean over clips"),
    ("alignment_loss", lambda m, n: m.mean() - n.detach().mean(), "entry by entry"),
    ("equivalent_sum_weight", lambda w, grid: w / d_squared(grid) ** 0.5, "d * d entries"),
    ("equivalent_sum_weight", lambda w, grid: w * d_squared(grid), "you multiplied"),
    ("equivalent_sum_weight", lambda w, grid: w / (grid[1] * grid[2]) ** 2, "one time step"),
    ("equivalent_sum_weight", lambda w, grid: w, "d * d times their mean"),
    ("equivalent_sum_weight", lambda w, grid: str(w), "as a number"),
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


class TestTransfer(ExerciseTests):
    room, right, wrong = transfer, RIGHT, WRONG
