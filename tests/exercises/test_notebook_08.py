"""Notebook 08: right answers pass, each known mistake is named."""

import torch
from support.exercise_tests import ExerciseTests

from mmtlib.losses import correlation_map, ssa_distance


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
]


class TestNotebook08(ExerciseTests):
    notebook, right, wrong = "08", RIGHT, WRONG
