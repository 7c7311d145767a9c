from collections import Counter

import pytest
import torch

from mmtlib.core.clips import ClipBatch
from mmtlib.training.other_clips import NONE, other_clips


def batch_of(labels, names=None):
    n = len(labels)
    return ClipBatch(
        frames={"rgb": torch.zeros(n, 3, 1, 1, 1)},
        labels=torch.tensor(labels),
        subjects=torch.zeros(n, dtype=torch.long),
        clip_ids=tuple(names or (f"clip-{i}" for i in range(n))),
    )


@pytest.mark.parametrize("same_class", [True, False])
@pytest.mark.parametrize("seed", range(20))
def test_another_clip_of_the_class_wanted(same_class, seed):
    labels = [0, 1, 0, 2, 1, 0]
    chosen = other_clips(batch_of(labels), same_class=same_class, seed_parts=(seed,)).tolist()
    for i, j in enumerate(chosen):
        if same_class and labels[i] == 2:  # the only clip of its class
            assert j == NONE
        else:
            assert j != i
            assert (labels[i] == labels[j]) == same_class


def test_all_that_qualify_are_equally_likely():
    labels = [0, 0, 0, 1]
    draws = [
        other_clips(batch_of(labels), same_class=True, seed_parts=(seed,))[0].item()
        for seed in range(400)
    ]
    counts = Counter(draws)
    assert set(counts) == {1, 2}
    assert abs(counts[1] - 200) < 60  # six standard deviations


def test_the_draw_depends_on_its_parts_alone():
    batch = batch_of([0] * 8)
    torch.manual_seed(1)
    first = other_clips(batch, same_class=True, seed_parts=(0, 1, 2))
    torch.manual_seed(2)
    assert torch.equal(first, other_clips(batch, same_class=True, seed_parts=(0, 1, 2)))
    assert not torch.equal(first, other_clips(batch, same_class=True, seed_parts=(0, 1, 3)))


def test_the_same_clip_twice_is_no_other_clip():
    batch = batch_of([0, 0, 1], names=("a", "a", "b"))
    assert other_clips(batch, same_class=True, seed_parts=(0,)).tolist() == [NONE] * 3
    assert other_clips(batch, same_class=False, seed_parts=(0,)).tolist()[:2] == [2, 2]


def test_a_batch_of_one_class_has_no_clip_of_another():
    chosen = other_clips(batch_of([3, 3]), same_class=False, seed_parts=(0,))
    assert chosen.tolist() == [NONE, NONE]
    assert chosen.dtype == torch.int64
