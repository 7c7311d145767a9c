"""Right answers pass; every known-wrong answer is refused with the message meant for it."""

import torch
from support.exercise_tests import ExerciseTests

from mmtlib.analysis import pointing_energy
from mmtlib.exercises import seeing
from mmtlib.losses import correlation_map, ssa_distance

WHOLE = (1, 2, 3)


def pooled(gradients):
    return gradients.mean(dim=(2, 3, 4), keepdim=True)


def share(maps, masks):
    return (maps * masks).sum(WHOLE) / maps.sum(WHOLE)


def row(maps, grid, position):
    t, y, x = position
    return maps[(t * grid[1] + y) * grid[2] + x]


def apart(first, second):
    return correlation_map(first) - correlation_map(second)


def gram(x):
    x = x - x.mean(0)
    return x @ x.T


def cosine(k, m):
    return (k * m).sum() / (k.norm() * m.norm())


RIGHT = {
    "like_this": [
        lambda maps, grid, position: row(maps, grid, position).reshape(grid),
        lambda maps, grid, position: maps.reshape(*grid, *grid)[position],
    ],
    "map_distance": [
        lambda a, b: apart(a, b).square().mean((1, 2)),
        lambda a, b: ssa_distance(a, b, reduction="mean"),
    ],
    "cka": [
        lambda x, y: cosine(gram(x), gram(y)),
        lambda x, y: float(cosine(gram(x), gram(y))),
    ],
    "grad_cam": [
        lambda f, g: (pooled(g) * f).sum(1).clamp(min=0),
        lambda f, g: torch.einsum("nc,ncthw->nthw", g.flatten(2).mean(2), f).relu(),
    ],
    "hand_energy": [share, lambda m, h: torch.from_numpy(pointing_energy(m, h))],
    "other_hand": [
        lambda m, h: share(m, h.roll(1, 0)),
        lambda m, h: share(m, h.roll(-1, 0)),
        lambda m, h: share(m, h[[1, 0, 3, 2]]),
    ],
}

WRONG = [
    ("like_this", row, "shape of the grid"),
    (
        "like_this",
        lambda maps, grid, p: maps[(p[2] * grid[1] + p[1]) * grid[0] + p[0]].reshape(grid),
        "alike to itself by 1",
    ),
    (
        "like_this",
        lambda maps, grid, p: row(maps, grid, p).reshape(grid) * 0 + 1,
        "other places are not",
    ),
    (
        "like_this",
        lambda maps, grid, p: maps[p[0] * grid[1] * grid[2]].reshape(grid),
        "row by row",
    ),
    ("map_distance", lambda a, b: apart(a, b).square().sum((1, 2)), "compared between grids"),
    ("map_distance", lambda a, b: apart(a, b).square().mean((1, 2)).sqrt(), "this is the root"),
    ("map_distance", lambda a, b: apart(a, b).mean((1, 2)), "cancel"),
    ("map_distance", lambda a, b: apart(a, b).abs().mean((1, 2)), "square them"),
    (
        "map_distance",
        lambda a, b: (
            (a.flatten(2).mT @ a.flatten(2) - b.flatten(2).mT @ b.flatten(2)).square().mean((1, 2))
        ),
        "brought to length 1",
    ),
    ("map_distance", lambda a, b: apart(a, b).square().mean(), "one distance for each"),
    ("map_distance", lambda a, b: a.mean((1, 2, 3, 4)) * 0, "d * d entries, of the squared"),
    ("cka", lambda x, y: cosine(x @ x.T, y @ y.T), "were not centred"),
    ("cka", lambda x, y: cosine(gram(x), y @ y.T), "only one of the two"),
    ("cka", lambda x, y: cosine(x @ x.T, gram(y)), "only the second"),
    ("cka", lambda x, y: (gram(x) * gram(y)).sum(), "divided by both norms"),
    ("cka", lambda x, y: cosine(gram(x), gram(y)) ** 2, "this is the square"),
    ("cka", lambda x, y: gram(x) @ gram(y), "CKA as a number"),
    ("cka", lambda x, y: torch.tensor(0.5), "the cosine of the two"),
    ("grad_cam", lambda f, g: (pooled(g) * f).relu(), "channels are added up"),
    ("grad_cam", lambda f, g: (pooled(g) * f).sum(1), "value is negative"),
    ("grad_cam", lambda f, g: (pooled(g) * f).sum(1).abs(), "do not take its size"),
    ("grad_cam", lambda f, g: (g * f).sum(1).relu(), "by its own gradient"),
    ("grad_cam", lambda f, g: (pooled(g) * f).relu().sum(1), "before the sum over channels"),
    (
        "grad_cam",
        lambda f, g: (g.sum((2, 3, 4), keepdim=True) * f).sum(1).relu(),
        "mean of its gradient over the positions, not their sum",
    ),
    ("grad_cam", lambda f, g: (pooled(g) * f).mean(1).relu(), "added up, not averaged"),
    ("grad_cam", lambda f, g: (g.mean() * f).sum(1).relu(), "over clips or channels too"),
    ("grad_cam", lambda f, g: f.mean(1), "cut off what is below 0"),
    ("grad_cam", lambda f, g: None, "return missing"),
    ("hand_energy", lambda m, h: h.float().mean(WHOLE), "share of the area"),
    ("hand_energy", lambda m, h: (m * h).sum(WHOLE) / h.sum(WHOLE), "whole map's sum"),
    ("hand_energy", lambda m, h: (m * h).sum(WHOLE), "bright everywhere wins"),
    ("hand_energy", lambda m, h: (m * h).sum(WHOLE) / (m * ~h).sum(WHOLE), "beside the hand"),
    ("hand_energy", lambda m, h: (m * h).sum(WHOLE) / m.sum(), "not by that of all clips"),
    ("hand_energy", lambda m, h: share(m, h).mean().expand(len(m)), "mean over clips comes later"),
    ("hand_energy", lambda m, h: share(m, h).mean(), "one share for each"),
    ("hand_energy", lambda m, h: share(m, h) ** 2, "sum of the map on the hand over"),
    ("hand_energy", lambda m, h: share(m, h).nan_to_num(), "NaN is the honest answer"),
    ("other_hand", share, "each clip's own hand"),
    ("other_hand", lambda m, h: share(m, h[[1, 0, 2, 3]]), "compared with their own hand"),
    ("other_hand", lambda m, h: share(m, h.roll(1, 1)), "Exchange the masks of whole clips"),
    ("other_hand", lambda m, h: share(m, h.roll(1, 0))[:2], "one share for each"),
]


class TestSeeing(ExerciseTests):
    room, right, wrong = seeing, RIGHT, WRONG
