"""The checks of notebooks 00 to 02: right answers pass, each known mistake is named."""

import numpy as np
import pytest
import torch
from support.exercise_tests import ExerciseTests

from mmtlib.core.errors import ConfigError
from mmtlib.exercises import (
    HINTS,
    asking,
    basics,
    harm,
    hint,
    meaning,
    own_data,
    real_sets,
    rivals,
    seeing,
    transfer,
)


def right_softmax(logits):
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def naive_softmax(logits):
    return np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)


def softmax_in_place(logits):
    logits -= logits.max(axis=-1, keepdims=True)
    return naive_softmax(logits)


def right_most_confused(matrix):
    off = matrix.copy()
    np.fill_diagonal(off, -1)
    return np.unravel_index(off.argmax(), off.shape)


def most_confused_in_place(matrix):
    np.fill_diagonal(matrix, -1)
    return np.unravel_index(matrix.argmax(), matrix.shape)


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


def right_fuse(scores):
    return np.mean(scores, axis=0).argmax(axis=1)


def vote(scores):
    votes = np.eye(scores.shape[2])[scores.argmax(axis=2)]
    return votes.sum(axis=0).argmax(axis=1)


def per_person(correct, subjects):
    return np.array([correct[subjects == s].mean() for s in np.unique(subjects)])


def right_error(correct, subjects):
    each = per_person(correct, subjects)
    return each.std(ddof=1) / np.sqrt(len(each))


def right_converged(once, twice, tolerance):
    return bool(abs(np.mean(twice) - np.mean(once)) < tolerance)


RIGHT = {
    "softmax": [right_softmax],
    "most_confused": [right_most_confused],
    "to_metres": [right_metres],
    "mirror_flow": [right_mirror],
    "hold_out_subjects": [right_hold_out],
    "fuse_scores": [right_fuse],
    "clustered_error": [right_error],
    "converged": [right_converged],
}

WRONG = [
    ("softmax", naive_softmax, "exp(1000) is infinite"),
    ("softmax", softmax_in_place, "changed its input logits"),
    ("softmax", lambda x: np.exp(x) / np.exp(x).sum(), "do not add up to 1"),
    ("softmax", lambda x: np.exp(x) / np.exp(x).sum(axis=0), "do not add up to 1"),
    ("softmax", lambda x: np.log(naive_softmax(x)), "a score is negative"),
    ("softmax", lambda x: abs(x) / abs(x).sum(axis=1, keepdims=True), "not exp(logit)"),
    ("softmax", lambda x: x.sum(), "of shape"),
    ("most_confused", most_confused_in_place, "changed its input matrix"),
    (
        "most_confused",
        lambda x: np.unravel_index(x.argmax(), x.shape),
        "on the diagonal",
    ),
    ("most_confused", lambda x: right_most_confused(x)[::-1], "wrong order"),
    ("most_confused", lambda x: (0, 1) if x[0, 1] < 12 else (1, 2), "holds 12 clips"),
    ("most_confused", lambda x: x.argmax(), "a pair (true, predicted)"),
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
    ("fuse_scores", vote, "the networks voted"),
    ("fuse_scores", lambda x: x.mean(axis=0), "these are the fused scores"),
    ("fuse_scores", lambda x: x.max(axis=0).argmin(axis=1), "highest mean score"),
    ("fuse_scores", lambda x: x.argmax(axis=2), "one class per clip"),
    ("clustered_error", lambda c, s: np.std(c) / np.sqrt(len(c)), "160 clips as independent"),
    ("clustered_error", lambda c, s: np.std(per_person(c, s), ddof=1), "how much people differ"),
    ("clustered_error", lambda c, s: np.std(per_person(c, s)) / np.sqrt(8), "ddof=1"),
    ("clustered_error", lambda c, s: 1.0, "for 8 people"),
    (
        "clustered_error",
        lambda c, s: np.std(per_person(c, s), ddof=1) / np.sqrt(len(c) / 20),
        "recorded twice",
    ),
    ("clustered_error", lambda c, s: per_person(c, s), "as a number"),
    ("converged", lambda a, b, t: bool(np.mean(b) - np.mean(a) < t), "a change downwards"),
    ("converged", lambda a, b, t: bool(np.all(abs(b - a) < t)), "single seeds"),
    ("converged", lambda a, b, t: right_converged(a, b, 0.01), "within a tolerance of 5"),
    ("converged", lambda a, b, t: right_converged(a, b, 1.0), "gained over 2 points"),
    ("converged", lambda a, b, t: not right_converged(a, b, t), "0.4 points only"),
    ("converged", lambda a, b, t: None, "True or False"),
]


class TestBasics(ExerciseTests):
    room, right, wrong = basics, RIGHT, WRONG


def test_every_check_has_one_name():
    rooms = (basics, transfer, real_sets, rivals, harm, seeing, meaning, asking, own_data)
    assert len(HINTS) == sum(len(room.HINTS) for room in rooms)
    for room in rooms:
        made = {n for n, f in vars(room).items() if getattr(f, "__module__", "") == room.__name__}
        public = {n for n in made if not n.startswith("_") and callable(getattr(room, n))}
        assert public == set(room.HINTS)


def test_hint_prints_one_level(capsys):
    hint("softmax")
    hint("softmax", 3)
    first, third = capsys.readouterr().out.splitlines()
    assert first == f"Hint 1 of 3: {HINTS['softmax'][0]}"
    assert third == f"Hint 3 of 3: {HINTS['softmax'][2]}"


@pytest.mark.parametrize(("name", "level"), [("softmx", 1), ("softmax", 0), ("softmax", 4)])
def test_unknown_hint_is_a_clear_error(name, level):
    with pytest.raises(ConfigError, match=r"softmax|levels 1, 2 and 3"):
        hint(name, level)
