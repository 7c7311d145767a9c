import pickle
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.tiny_runs import RandomClips

from mmtlib.experiment.clip_view import ClipView, balanced_subset
from mmtlib.transforms import Corrupt


class Labelled(RandomClips):
    def __init__(self, clips, modalities=("rgb", "depth")):
        super().__init__(clips, modalities)
        self.labels = np.arange(clips) % self.classes
        self.subjects = np.arange(clips) % 5


def test_some_clips_in_order():
    source = Labelled(9)
    view = ClipView(source, indices=[1, 4, 8])
    assert len(view) == 3
    assert [clip.clip_id for clip in view] == ["clip-1", "clip-4", "clip-8"]
    assert view.labels.tolist() == [1, 1, 2]
    assert view.subjects.tolist() == [1, 4, 3]
    assert torch.equal(view[2].frames["rgb"], source[8].frames["rgb"])
    with pytest.raises(IndexError):
        view[3]


def test_one_modality_is_spoilt_always_alike():
    source = Labelled(4)
    view = ClipView(source, corrupt=Corrupt(modality="depth", kind="noise", strength=0.7))
    for index in range(4):
        clip, plain = view[index], source[index]
        assert torch.equal(clip.frames["rgb"], plain.frames["rgb"])
        assert not torch.equal(clip.frames["depth"], plain.frames["depth"])
        assert torch.equal(clip.frames["depth"], view[index].frames["depth"])
        assert clip.history[-1][0] == "Corrupt"
    seeds = {view[index].history[-1][1]["seed"] for index in range(4)}
    assert len(seeds) == 4
    # The same for the modality by itself, and whichever clips are chosen.
    alone = ClipView(Labelled(4, ("depth",)), indices=[2], corrupt=view.corrupt)
    assert torch.equal(alone[0].frames["depth"], view[2].frames["depth"])


def test_it_goes_to_other_processes():
    view = ClipView(
        Labelled(4), indices=[3], corrupt=Corrupt(modality="rgb", kind="blur", strength=0.5)
    )
    again = pickle.loads(pickle.dumps(view))
    assert torch.equal(again[0].frames["rgb"], view[0].frames["rgb"])


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30), st.data())
def test_subsets_are_balanced_and_nested(labels, data):
    labels = np.array(labels)
    number = data.draw(st.integers(0, len(labels)))
    chosen = balanced_subset(labels, number, 7)
    assert chosen == sorted(set(chosen))
    assert len(chosen) == number
    assert set(balanced_subset(labels, max(number - 1, 0), 7)) <= set(chosen)
    there, taken = Counter(labels.tolist()), Counter(labels[chosen].tolist())
    for a in there:
        for b in there:
            # A class has fewer than another one by two or more only if it has no other clip.
            assert taken[a] >= taken[b] - 1 or taken[a] == there[a]


def test_another_seed_draws_others():
    labels = np.repeat([0, 1], 20)
    assert balanced_subset(labels, 10, 0) == balanced_subset(labels, 10, 0)
    assert balanced_subset(labels, 10, 0) != balanced_subset(labels, 10, 1)
