"""Exercises of notebook 01: depth in metres, flow in a mirror, and people who are held out."""

from __future__ import annotations

import numpy as np
import torch

from mmtlib.exercises.exercise import Answer, Claims, Rng, exercise
from mmtlib.exercises.properties import array, close, mistaken, normal, tensor, unchanged
from mmtlib.synthetic import depth_to_8bit


@exercise(
    "Which level stands for 0.3 m, which for 1.6 m, and which for 'no reading'?",
    "Level 1 is 0.3 m and level 0 would be 1.6 m, with a straight line between them. Then "
    "take care of the pixels that are exactly 0.",
    "torch.where(level > 0, 1.6 - level * (1.6 - 0.3), torch.nan)",
    praise="metres within half a level, and NaN where the sensor saw nothing.",
)
def to_metres(answer: Answer, rng: Rng) -> Claims:
    """From depth levels in [0, 1] (0 = no reading, any shape) to metres."""
    metres = torch.from_numpy(rng.uniform(0.35, 1.55, (1, 2, 4, 5)).astype(np.float32))
    metres[0, 0, 0, :2] = 0.0
    level = depth_to_8bit(metres)
    answered = tensor(answer(level.clone()), "the distances")
    found = array(answered, "the distances", tuple(level.shape))
    holes = (level == 0).numpy()
    seen, wanted = found[~holes], metres.numpy()[~holes]
    yield {
        "a pixel with a reading became NaN; only level 0 means 'no reading'.": (
            not np.isnan(seen).any()
        ),
        "near and far have changed places: bright (level 1) is near, 0.3 m.": (
            np.abs(seen - (1.9 - wanted)).max() > 0.01
        ),
        f"a point {wanted[0]:.2f} m away became {seen[0]:.2f} m. The line "
        "goes through (level 1, 0.3 m) and (level 0, 1.6 m); the level "
        "is already divided by 255.": np.abs(seen - wanted).max() < 0.01,
        "pixels without a reading got a distance: a surface that was never there. Make them "
        "NaN, so that no mean can swallow them.": np.isnan(found[holes]).all(),
    }


@exercise(
    "A mirror moves each pixel to the other side. What becomes of an arrow to the right?",
    "Reverse the last axis, and change the sign of u = flow[0], not of v = flow[1]. Leave the "
    "tensor that you were given as it is.",
    "flow.flip(-1) * torch.tensor([-1.0, 1.0]).view(2, 1, 1, 1)",
    praise="pixels and arrows agree, and mirroring twice changes nothing.",
)
def mirror_flow(answer: Answer, rng: Rng) -> Claims:
    """The flow ``(2, T, H, W)`` of the mirrored clip."""
    flow = normal(rng, 2, 3, 4, 5)
    given = flow.clone()
    found = tensor(answer(given), "the flow")
    array(found, "the flow", tuple(flow.shape))
    unchanged(flow, given, "flow")
    u, v = flow.flip(-1)
    known = {
        "the pixels moved, but the arrows still point the old way: a hand that moves left "
        "would have flow to the right. Change the sign of u.": torch.stack([u, v]),
        "v changed its sign too; a mirror left to right keeps up and down.": -torch.stack([u, v]),
        "you changed the sign of v (down); the mirror turns u (right) around.": (
            torch.stack([u, -v])
        ),
        "the arrows turned, but the pixels stayed: flip the last axis too.": (
            torch.stack([-flow[0], flow[1]])
        ),
        "expected the last axis (columns) reversed and u with the other sign.": (
            torch.stack([-u, v])
        ),
    }
    yield mistaken(found, known)
    yield {"mirrored twice, a clip should be what it was.": close(answer(found.clone()), flow)}


@exercise(
    "Draw people, not clips. What is the list of the people in `subjects`?",
    "np.unique gives the people, np.random.default_rng(seed).choice(..., replace=False) draws "
    "some of them, np.isin says which clips are theirs.",
    "people = np.unique(subjects); chosen = np.random.default_rng(seed).choice(people, "
    "round(share * len(people)), replace=False); return np.isin(subjects, chosen)",
    praise="whole people are held out, as many as asked for, and the seed tells which.",
    cases=[()],
)
def hold_out_subjects(answer: Answer, rng: Rng) -> Claims:
    """From subjects ``(N,)``, a share and a seed to bool ``(N,)``, true = held out."""
    choices = set()
    for seed in range(5):
        people = np.sort(rng.choice(90, 12, replace=False))
        subjects = rng.permutation(np.repeat(people, rng.integers(1, 9, 12)))
        held = np.asarray(answer(subjects.copy(), 0.25, seed))
        yield {
            f"expected one true or false per clip (np.isin makes that), got {held.dtype} "
            f"of shape {held.shape}.": held.shape == subjects.shape and held.dtype == bool
        }
        both = sorted(set(subjects[held].tolist()) & set(subjects[~held].tolist()))
        count = len(np.unique(subjects[held]))
        yield {
            f"subjects {both} are on both sides, so the network would be measured on people it "
            "has seen. Draw people, then take all clips of each.": not both,
            f"a share of 0.25 of 12 people is 3 people; you hold out {count}.": count == 3,
            "the same seed gave two different splits: make the generator from the seed.": (
                np.array_equal(held, np.asarray(answer(subjects.copy(), 0.25, seed)))
            ),
        }
        choices.add(tuple(np.flatnonzero(np.isin(people, subjects[held])).tolist()))
    yield {
        "every seed holds out the same people, e.g. the first ones: draw them.": len(choices) > 1
    }
