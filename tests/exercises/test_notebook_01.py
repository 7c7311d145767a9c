"""Notebook 01: right answers pass, each known mistake is named."""

import numpy as np
import torch
from support.exercise_tests import ExerciseTests


def right_metres(level):
    return torch.where(level > 0, 1.6 - level * 1.3, torch.nan)


def right_mirror(flow):
    return flow.flip(-1) * torch.tensor([-1.0, 1.0]).view(2, 1, 1, 1)


def mirror_in_place(flow):
    flow[0] *= -1
    return flow.flip(-1)


def right_hold_out(subjects, share, seed):
    people = np.unique(subjects)
    n = round(share * len(people))
    return np.isin(subjects, np.random.default_rng(seed).choice(people, n, replace=False))


def hold_out_clips(subjects, share, seed):
    return np.random.default_rng(seed).random(len(subjects)) < share


def hold_out_unseeded(subjects, share, seed):
    hold_out_unseeded.calls = getattr(hold_out_unseeded, "calls", 0) + 1
    return right_hold_out(subjects, share, hold_out_unseeded.calls)


def hold_out_first(subjects, share, seed):
    people = np.unique(subjects)
    return np.isin(subjects, people[: round(share * len(people))])


RIGHT = {
    "to_metres": [right_metres],
    "mirror_flow": [right_mirror],
    "hold_out_subjects": [right_hold_out],
}

WRONG = [
    ("to_metres", lambda x: 1.6 - x * 1.3, "never there"),
    ("to_metres", lambda x: torch.where(x > 0, 1.6 - x * 1.3, 0.0), "never there"),
    ("to_metres", lambda x: torch.where(x > 0, 0.3 + x * 1.3, torch.nan), "changed places"),
    ("to_metres", lambda x: torch.where(x > 0, 1.6 - x / 255 * 1.3, torch.nan), "The line goes"),
    ("to_metres", lambda x: torch.where(x > 0.5, 1.6 - x * 1.3, torch.nan), "became NaN"),
    ("to_metres", lambda x: None, "Is the return missing?"),
    ("mirror_flow", mirror_in_place, "changed its input flow"),
    ("mirror_flow", lambda x: x.flip(-1), "Change the sign of u"),
    ("mirror_flow", lambda x: -x.flip(-1), "v changed its sign too"),
    ("mirror_flow", lambda x: -right_mirror(x), "the sign of v (down)"),
    ("mirror_flow", lambda x: right_mirror(x).flip(-1), "the pixels stayed"),
    ("mirror_flow", lambda x: right_mirror(x).flip(-1).flip(-2), "columns"),
    ("hold_out_subjects", hold_out_clips, "are on both sides"),
    ("hold_out_subjects", hold_out_unseeded, "two different splits"),
    ("hold_out_subjects", hold_out_first, "every seed holds out the same people"),
    ("hold_out_subjects", lambda x, share, seed: right_hold_out(x, 0.5, seed), "hold out 6"),
    ("hold_out_subjects", lambda x, share, seed: np.unique(x)[:3], "one true or false per clip"),
]


class TestNotebook01(ExerciseTests):
    notebook, right, wrong = "01", RIGHT, WRONG
