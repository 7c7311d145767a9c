from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtlib.core.errors import ConfigError
from mmtlib.transforms import (
    RandomSampleFrames,
    RandomSpeed,
    RandomTemporalCrop,
    Reverse,
    SampleFrames,
    TemporalCrop,
    TemporalStride,
    replay,
)

examples = settings(max_examples=30)
lengths = st.integers(1, 20)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def assert_frames(new, clip, indices, flow_factor=1.0):
    for name in ("rgb", "depth", "ir"):
        assert torch.equal(new.frames[name], clip.frames[name][:, indices])
    factor = torch.as_tensor(flow_factor).view(-1, 1, 1)
    torch.testing.assert_close(new.frames["flow"], clip.frames["flow"][:, indices] * factor)
    assert torch.equal(new.mask, clip.mask[indices])
    assert torch.equal(new.joints, clip.joints[indices])


@examples
@given(length=lengths, data=st.data())
def test_crops_take_consecutive_frames(make_clip, length, data):
    clip = make_clip(frames=length)
    frames = data.draw(st.integers(1, length))
    for crop in (TemporalCrop(frames=frames), RandomTemporalCrop(frames=frames)):
        new = crop(clip, generator(data.draw(st.integers(0, 99))))
        start = new.history[-1][1]["start"]
        assert 0 <= start <= length - frames
        assert_frames(new, clip, list(range(start, start + frames)))
        assert new.frame_rate == clip.frame_rate


def test_the_middle_and_every_random_start(make_clip):
    clip, g = make_clip(frames=8), generator()
    assert TemporalCrop(frames=4).draw(clip, None) == {"start": 2, "frames": 4}
    assert TemporalCrop(frames=3).draw(clip, None) == {"start": 2, "frames": 3}
    crop = RandomTemporalCrop(frames=6)
    assert {crop.draw(clip, g)["start"] for _ in range(60)} == {0, 1, 2}


@examples
@given(length=lengths, more=st.integers(1, 10))
def test_short_clips_end_in_a_still_picture(make_clip, length, more):
    clip = make_clip(frames=length)
    total = length + more
    for kind in (TemporalCrop, RandomTemporalCrop, SampleFrames, RandomSampleFrames):
        new = kind(frames=total)(clip, generator())
        last = [length - 1] * more
        assert new.shape[0] == total
        assert torch.equal(new.frames["rgb"], clip.frames["rgb"][:, [*range(length), *last]])
        assert torch.equal(new.joints[length:], clip.joints[last])
        assert torch.equal(new.frames["flow"][:, :length], clip.frames["flow"])
        assert not new.frames["flow"][:, length:].any()
        assert new.frame_rate == clip.frame_rate


@examples
@given(length=lengths, data=st.data())
def test_samples_are_the_middles_of_equal_parts(make_clip, length, data):
    clip = make_clip(frames=length)
    frames = data.draw(st.integers(1, length))
    new = SampleFrames(frames=frames)(clip)
    indices = [int((i + 0.5) * length / frames + 1e-9) for i in range(frames)]
    assert_frames(new, clip, indices, flow_factor=length / frames)
    assert new.frame_rate == pytest.approx(clip.frame_rate * frames / length)


def test_sampling_by_hand(make_clip):
    clip = make_clip(frames=80)
    new = SampleFrames(frames=16)(clip)
    assert_frames(new, clip, list(range(2, 80, 5)), flow_factor=5.0)
    assert new.frame_rate == 6.0


def test_sampling_a_clip_of_the_asked_length_changes_nothing(make_clip, same_clip):
    clip = make_clip()
    assert same_clip(SampleFrames(frames=6)(clip), clip)


# Uneven samples, stride, speed


@examples
@given(length=lengths, data=st.data())
def test_random_samples_are_one_of_each_part(make_clip, length, data):
    clip = make_clip(frames=length)
    frames = data.draw(st.integers(1, length))
    new = RandomSampleFrames(frames=frames)(clip, generator(data.draw(st.integers(0, 99))))
    indices = new.history[-1][1]["indices"]
    for i, index in enumerate(indices):
        assert i * length // frames <= index < (i + 1) * length // frames
    steps = [b - a for a, b in pairwise(indices)]
    assert_frames(new, clip, indices, flow_factor=[*steps, length / frames])
    assert new.frame_rate == pytest.approx(clip.frame_rate * frames / length)


def test_every_frame_of_a_part_is_drawn_equally_often(make_clip):
    clip, g = make_clip(frames=8), generator()
    sample = RandomSampleFrames(frames=2)
    drawn = [sample.draw(clip, g)["indices"] for _ in range(400)]
    for part in (0, 1):
        counts = [sum(d[part] == 4 * part + i for d in drawn) for i in range(4)]
        assert all(70 < n < 135 for n in counts), counts


@examples
@given(length=lengths, stride=st.integers(1, 25))
def test_stride_takes_every_nth_frame(make_clip, length, stride):
    clip = make_clip(frames=length)
    new = TemporalStride(stride=stride)(clip)
    assert_frames(new, clip, list(range(0, length, stride)), flow_factor=float(stride))
    assert new.frame_rate == pytest.approx(clip.frame_rate / stride)


def speed(clip, speed, start=0.0):
    return replay([("RandomSpeed", {"speed": speed, "start": start})], clip)


def test_the_same_speed_changes_nothing(make_clip, same_clip):
    clip = make_clip()
    assert same_clip(speed(clip, 1.0), clip)
    assert same_clip(RandomSpeed(speed=(1, 1))(clip, generator()), clip)


def test_speeds_by_hand(make_clip):
    clip = make_clip(frames=6)
    # Twice as fast, beginning two frames before the clip: the first and the last frame are held.
    assert_frames(speed(clip, 2.0, -2.0), clip, [0, 0, 2, 4, 5, 5], [0, 2, 2, 1, 0, 0])
    # Half as fast, from the second frame on: each frame is held for two.
    assert_frames(speed(clip, 0.5, 1.0), clip, [1, 2, 2, 3, 3, 4], [1, 0, 1, 0, 1, 0])


@examples
@given(length=lengths, low=st.floats(0.3, 1), more=st.floats(0, 2), seed=st.integers(0, 99))
def test_speeds_keep_order_length_and_rate(make_clip, length, low, more, seed):
    clip = make_clip(frames=length)
    counted = torch.arange(float(length)).view(1, -1, 1, 1).expand(1, -1, 8, 10)
    clip = clip.with_frames({**clip.frames, "ir": counted, "flow": torch.ones(2, *clip.shape)})
    new = RandomSpeed(speed=(low, low + more))(clip, generator(seed))
    drawn = new.history[0][1]
    assert low - 1e-9 <= drawn["speed"] <= low + more + 1e-9
    assert (new.shape, new.frame_rate) == (clip.shape, clip.frame_rate)
    shown = new.frames["ir"][0, :, 0, 0]
    assert (shown.diff() >= 0).all()
    # Seen in the middle of the frames, a fast clip is whole; a slow one never leaves the clip.
    wanted = drawn["start"] + drawn["speed"] * torch.arange(length)
    assert (shown - wanted.clamp(0, length - 1)).abs().max() <= 0.5 + 1e-4
    if drawn["speed"] >= 1:
        assert wanted.min() <= 1e-6
        assert wanted.max() >= length - 1 - 1e-6
    # Flow says how far the next picture is.
    torch.testing.assert_close(new.frames["flow"][0, :-1, 0, 0], shown.diff())


def test_speeds_are_drawn_evenly_on_a_log_scale(make_clip):
    clip, g = make_clip(), generator()
    change = RandomSpeed(speed=(0.25, 4.0))
    fast = sum(change.draw(clip, g)["speed"] > 1 for _ in range(300))
    assert 110 < fast < 190
    for wrong in ((0, 1), (2, 1), 1.5):
        with pytest.raises(ConfigError, match="RandomSpeed speed: expected"):
            RandomSpeed(speed=wrong)


# Backwards


def reverse(labels=None, probability=1.0):
    return Reverse(probability=probability, reversed_labels=labels or {0: 1, 2: 2})


@pytest.mark.parametrize(("label", "backwards"), [(0, 1), (1, 0), (2, 2)])
def test_backwards_pictures_mask_joints_and_label(make_clip, label, backwards):
    clip = make_clip(label=label)
    new = reverse()(clip, generator())
    for name in ("rgb", "depth", "ir"):
        assert torch.equal(new.frames[name], clip.frames[name].flip(1))
    assert torch.equal(new.mask, clip.mask.flip(0))
    assert torch.equal(new.joints, clip.joints.flip(0))
    assert new.label == backwards
    assert new.history[0] == (
        "Reverse",
        {"reverse": True, "reversed_labels": [[0, 1], [2, 2]]},
    )


@examples
@given(frames=lengths, label=st.integers(0, 2))
def test_backwards_twice_is_the_clip(make_clip, same_clip, frames, label):
    clip = make_clip(frames, label=label, modalities=("rgb", "depth", "ir"))
    assert same_clip(reverse()(reverse()(clip, generator()), generator()), clip)


def test_clips_that_are_no_gesture_backwards_are_never_reversed(make_clip, same_clip):
    clip = make_clip(label=3)
    new = reverse()(clip, generator())
    assert same_clip(new, clip)
    assert new.history[0][1]["reverse"] is False
    recorded = reverse()(make_clip(label=0), generator()).history
    with pytest.raises(ConfigError, match=r"c1 has label 3.*only \[0, 1, 2\] can be reversed"):
        replay(recorded, clip)


def test_steady_motion_backwards_is_its_negative(make_clip):
    clip = make_clip(frames=5)
    steady = torch.tensor([0.7, -1.2]).view(2, 1, 1, 1).expand(2, *clip.shape)
    new = reverse()(clip.with_frames({**clip.frames, "flow": steady}), generator())
    torch.testing.assert_close(new.frames["flow"], -steady)


def test_changing_motion_backwards_is_that_of_the_frame_before(make_clip):
    """A point moves by 1, 2, 3 pixels to the right: backwards it moves by 3, 2, 1 to the left.

    The first frame has none before it: its own motion stands for it.
    """
    clip = make_clip(frames=4)
    speeds = torch.tensor([1.0, 2.0, 3.0, 4.0]).view(1, 4, 1, 1)
    flow = torch.cat([speeds, 0 * speeds]).expand(2, *clip.shape)
    new = reverse()(clip.with_frames({**clip.frames, "flow": flow}), generator())
    assert new.frames["flow"][0, :, 4, 5].tolist() == pytest.approx([-3, -2, -1, -1])
    assert not new.frames["flow"][1].any()


def test_a_hand_before_a_wall_takes_its_motion_along(make_clip):
    """A block of 4 pixels moves to the right on a still wall, by 2, 2, 1 and 2 pixels.

    Where it changes its speed, one pixel at its front is not found; the wall it uncovers is.
    """
    clip = make_clip(frames=4, height=6, width=16)
    flow = torch.zeros(2, *clip.shape)
    for frame, (left, step) in enumerate([(2, 2.0), (4, 2.0), (6, 1.0), (7, 2.0)]):
        flow[0, frame, 1:5, left : left + 4] = step
    new = reverse()(clip.with_frames({**clip.frames, "flow": flow}), generator())
    wanted = torch.zeros(4, 16)
    wanted[0, 7:11], wanted[1, 6:10], wanted[2, 4:8], wanted[3, 2:6] = -1, -2, -2, -2
    found = new.frames["flow"][0, :, 2]
    wrong = (found - wanted).abs() > 1e-5
    assert wrong.nonzero().tolist() == [[1, 9]]
    assert not new.frames["flow"][1].any()


def test_reverse_probability_and_wrong_labels(make_clip):
    clip, g = make_clip(), generator()
    share = sum(reverse(probability=0.25).draw(clip, g)["reverse"] for _ in range(800)) / 800
    assert 0.2 < share < 0.3
    with pytest.raises(ConfigError, match="Reverse probability: expected"):
        reverse(probability=-0.1)
    with pytest.raises(ConfigError, match="Reverse reversed_labels: label 1 has two partners"):
        reverse({0: 1, 1: 1})
