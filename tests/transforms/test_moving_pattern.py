"""Flow must carry the pattern that it belongs to, whatever is done to the clip.

A smooth pattern turns, shrinks a little and speeds up on its way. Where a transform keeps flow and
pictures together, the next picture, looked at where the flow leads, shows the same.
"""

import math

import pytest
import torch
from torch.nn import functional as F

from mmtlib.core.clips import GestureClip
from mmtlib.transforms import (
    CenterCrop,
    Compose,
    HorizontalFlip,
    RandomAffine,
    RandomCrop,
    RandomResizedCrop,
    RandomSampleFrames,
    RandomShift,
    RandomSpeed,
    RandomTemporalCrop,
    Resize,
    Reverse,
    SampleFrames,
    TemporalStride,
)

FRAMES, HEIGHT, WIDTH = 12, 40, 48


def step(frame):
    """Return the map (3, 3) of places, in pixels from the middle, from one frame to the next."""
    angle, zoom = 0.03, 0.99
    cos, sin = zoom * math.cos(angle), zoom * math.sin(angle)
    right, down = 0.5 + 0.08 * frame, -0.3
    return torch.tensor([[cos, -sin, right], [sin, cos, down], [0, 0, 1]], dtype=torch.float64)


def pattern(places):
    """Return brightness (..., ) at places (3, ...): waves of about 20 pixels."""
    x, y = places[0], places[1]
    return (torch.sin(0.3 * x + 0.15 * y) + torch.sin(0.3 * y - 0.1 * x) + 2) / 4


@pytest.fixture
def moving_clip():
    y = torch.arange(HEIGHT).double() + 0.5 - HEIGHT / 2
    x = torch.arange(WIDTH).double() + 0.5 - WIDTH / 2
    here = torch.stack(
        [x.expand(HEIGHT, -1), y[:, None].expand(-1, WIDTH), torch.ones(HEIGHT, WIDTH)]
    )
    pictures, flow, moved = [], [], torch.eye(3, dtype=torch.float64)
    for frame in range(FRAMES):
        pictures.append(pattern(torch.tensordot(torch.linalg.inv(moved), here, dims=1)))
        flow.append((torch.tensordot(step(frame), here, dims=1) - here)[:2])
        moved = step(frame) @ moved
    return GestureClip(
        frames={
            "ir": torch.stack(pictures)[None].float(),
            "flow": torch.stack(flow, 1).float(),
        },
        label=0,
        subject=1,
        clip_id="moving",
    )


def carried(clip, flow):
    """Return the mean difference between each picture and the next one where the flow leads.

    In the middle half of the picture, where repeated borders play no part.
    """
    _, height, width = clip.shape
    here = F.affine_grid(torch.eye(2, 3)[None], [1, 1, height, width], align_corners=False)
    there = here + flow[:, :-1].permute(1, 2, 3, 0) * torch.tensor([2 / width, 2 / height])
    x = clip.frames["ir"][0][:, None]
    found = F.grid_sample(x[1:], there, padding_mode="border", align_corners=False)
    inside = (..., slice(height // 4, -height // 4), slice(width // 4, -width // 4))
    return float((found - x[:-1])[inside].abs().mean())


@pytest.mark.parametrize(
    "transform",
    [
        Compose([]),
        RandomShift(pixels=5),
        RandomCrop(height=32, width=36),
        HorizontalFlip(probability=1.0, label_swaps={}),
        Resize(height=30, width=48),
        Resize(height=50, width=72),
        RandomResizedCrop(height=40, width=40, area=(0.6, 0.9), stretch=1.3),
        RandomAffine(degrees=180),
        RandomAffine(scale=(0.8, 1.5)),
        RandomAffine(degrees=60, scale=(0.8, 1.4), shift=0.1),
        RandomTemporalCrop(frames=6),
        TemporalStride(stride=2),
        SampleFrames(frames=6),
        RandomSampleFrames(frames=6),
        RandomSpeed(speed=(1.3, 1.6)),
        RandomSpeed(speed=(0.6, 0.8)),
        Reverse(probability=1.0, reversed_labels={0: 0}),
    ],
    ids=repr,
)
def test_flow_carries_the_pattern(moving_clip, transform):
    """Of the difference between a picture and the next one, next to nothing is left."""
    for seed in range(3):
        new = transform(moving_clip, torch.Generator().manual_seed(seed))
        flow = new.frames["flow"]
        still = carried(new, torch.zeros_like(flow))
        assert carried(new, flow) < 0.08 * still
        for wrong in (-flow, 2 * flow, flow.flip(0)):
            assert carried(new, wrong) > 0.3 * still


def test_the_measure_notices_a_turn_that_vectors_do_not_follow(moving_clip):
    turned = RandomAffine(degrees=90)(moving_clip, torch.Generator().manual_seed(1))
    assert abs(turned.history[0][1]["degrees"]) > 20
    plain = CenterCrop(height=HEIGHT, width=WIDTH)(moving_clip).frames["flow"]
    still = carried(turned, torch.zeros_like(plain))
    assert carried(turned, plain) > 0.3 * still
    assert carried(turned, turned.frames["flow"]) < 0.08 * still


def test_flow_backwards_is_more_than_its_negative(moving_clip):
    new = Reverse(probability=1.0, reversed_labels={0: 0})(moving_clip, torch.Generator())
    negative = -moving_clip.frames["flow"].flip(1)
    assert carried(new, new.frames["flow"]) < 0.5 * carried(new, negative)
