import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmtlib.transforms import RandomTemporalCrop, SampleFrames, TemporalCrop

examples = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
lengths = st.integers(1, 20)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def assert_frames(new, clip, indices, flow_factor=1.0):
    for name in ("rgb", "depth", "ir"):
        assert torch.equal(new.frames[name], clip.frames[name][:, indices])
    torch.testing.assert_close(new.frames["flow"], clip.frames["flow"][:, indices] * flow_factor)
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
    for kind in (TemporalCrop, RandomTemporalCrop, SampleFrames):
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
