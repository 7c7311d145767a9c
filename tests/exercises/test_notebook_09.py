"""Notebook 09: right answers pass, each known mistake is named."""

import torch
from support.exercise_tests import ExerciseTests

from mmtlib.analysis import pointing_energy

WHOLE = (1, 2, 3)


def pooled(gradients):
    return gradients.mean(dim=(2, 3, 4), keepdim=True)


def share(maps, masks):
    return (maps * masks).sum(WHOLE) / maps.sum(WHOLE)


RIGHT = {
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


class TestNotebook09(ExerciseTests):
    notebook, right, wrong = "09", RIGHT, WRONG
