"""What all transforms promise alike."""

import copy
import json

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.own_modalities import known, like

from mmtlib.core.clips import GestureClip
from mmtlib.core.errors import ConfigError
from mmtlib.transforms import (
    TRANSFORMS,
    CenterCrop,
    Compose,
    Corrupt,
    DepthNoise,
    HorizontalFlip,
    PhotometricJitter,
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
    Standardize,
    TemporalCrop,
    TemporalStride,
    replay,
)

EXAMPLES = [
    Resize(height=5, width=13),
    RandomShift(pixels=3),
    RandomCrop(height=6, width=7),
    CenterCrop(height=6, width=7),
    HorizontalFlip(probability=1.0, label_swaps={0: 1}),
    TemporalCrop(frames=4),
    RandomTemporalCrop(frames=4),
    SampleFrames(frames=4),
    SampleFrames(frames=9),
    RandomSampleFrames(frames=4),
    RandomSampleFrames(frames=9),
    TemporalStride(stride=2),
    RandomSpeed(speed=(1.2, 2.0)),
    RandomSpeed(speed=(0.5, 0.8)),
    Reverse(probability=1.0, reversed_labels={0: 1}),
    RandomResizedCrop(height=6, width=7, area=(0.4, 0.8), stretch=1.3),
    RandomAffine(degrees=30, scale=(0.8, 1.3), shift=0.2),
    PhotometricJitter(
        gamma=0.3, contrast=0.3, brightness=0.3, cast=0.2, saturation=0.5, noise=0.05
    ),
    DepthNoise(noise=0.05, growth=1, holes=0.1),
    *(
        Corrupt(modality=modality, kind=kind, strength=0.6)
        for kind in ("noise", "blur", "freeze", "drop", "misalign", "delay")
        for modality in ("rgb", "depth", "flow")
    ),
    Standardize(),
]
ONE_SIDED = (PhotometricJitter, DepthNoise, Corrupt, Standardize)
"""These treat one kind of modality otherwise than the rest."""
ALIGNED = [t for t in EXAMPLES if not isinstance(t, ONE_SIDED)]
KEEPS_PIXELS = [t for t in ALIGNED if not isinstance(t, Resize | RandomResizedCrop | RandomAffine)]


@pytest.fixture(params=EXAMPLES, ids=repr)
def transform(request):
    return request.param


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_every_class_has_an_example():
    own = {k for k, v in TRANSFORMS.items() if v.__module__.startswith("mmtlib")}
    assert own <= {type(t).__name__ for t in EXAMPLES}


def test_the_old_clip_is_left_as_it_was(transform, make_clip, same_clip):
    clip = make_clip()
    before = copy.deepcopy(clip)
    new = transform(clip, generator())
    assert new is not clip
    assert same_clip(clip, before)
    assert clip.history == ()


def test_same_seed_same_clip(transform, make_clip, same_clip):
    assert same_clip(transform(make_clip(), generator(3)), transform(make_clip(), generator(3)))


def test_recorded_parameters_replayed_through_json_give_the_same_clip(
    transform, make_clip, same_clip
):
    clip = make_clip()
    new = transform(clip, generator(5))
    assert [name for name, _ in new.history] == [type(transform).__name__]
    replayed = replay(json.loads(json.dumps(new.history)), clip)
    assert same_clip(replayed, new)
    assert replayed.history == new.history


@settings(max_examples=10)
@given(
    frames=st.integers(1, 12),
    height=st.integers(7, 14),
    width=st.integers(7, 14),
    seed=st.integers(0, 999),
)
def test_any_clip_stays_a_clip(transform, make_clip, frames, height, width, seed):
    clip = make_clip(frames, height, width, seed=seed)
    new = transform(clip, generator(seed))
    assert new.modalities == clip.modalities
    assert (new.label, new.subject, new.clip_id) in {(0, 1, "c1"), (1, 1, "c1")}
    assert new.frame_rate > 0
    for x in new.frames.values():
        assert x.dtype == torch.float32
        assert x.isfinite().all()
    assert (new.mask.dtype, tuple(new.mask.shape)) == (torch.bool, new.shape)
    assert (new.joints.dtype, tuple(new.joints.shape)) == (torch.float32, (new.shape[0], 3, 3))
    if not isinstance(transform, Standardize):
        for name in ("rgb", "ir", "depth"):
            assert new.frames[name].min() >= 0
            assert new.frames[name].max() <= 1 + 1e-6
        readings = new.frames["depth"][new.frames["depth"] > 0]
        lowest = 1 / 255 if isinstance(transform, DepthNoise) else 0.2
        assert (readings >= lowest - 1e-6).all()


OWN = {"heat": "ir", "range": "depth", "way": "flow", "left": "rgb"}
"""Modalities of a user's own -> the known one of the same kind and channels."""


@pytest.mark.parametrize(
    "transform",
    [*ALIGNED, Standardize(), PhotometricJitter(gamma=0.4, saturation=0.3), DepthNoise()],
    ids=repr,
)
def test_what_is_done_to_a_modality_depends_on_its_kind(transform, make_clip):
    clip = make_clip()
    new = transform(clip, generator())
    with known(*(like(other, name) for name, other in OWN.items())):
        own = clip.with_frames({name: clip.frames[other] for name, other in OWN.items()})
        changed = transform(own, generator())
        for name, other in OWN.items():
            torch.testing.assert_close(changed.frames[name], new.frames[other], atol=0, rtol=0)


def test_depth_noise_is_for_levels_of_any_name(make_clip):
    clip = make_clip()
    with known(*(like(other, name) for name, other in OWN.items())):
        own = clip.with_frames({name: clip.frames[other] for name, other in OWN.items()})
        changed = DepthNoise(noise=0.05, holes=0.2)(own, generator()).frames
        assert [m for m in OWN if not torch.equal(changed[m], own.frames[m])] == ["range"]


def test_one_draw_for_all_modalities(transform, make_clip):
    """Each modality is treated alike whatever others are in the clip."""
    clip = make_clip()
    together = transform(clip, generator(2))
    for name in clip.modalities:
        alone = transform(clip.select([name]), generator(2))
        assert torch.equal(alone.frames[name], together.frames[name])


def test_absent_mask_and_joints_stay_absent(transform, make_clip):
    clip = GestureClip(frames=make_clip().frames, label=0, subject=1, clip_id="c1")
    new = transform(clip, generator())
    assert new.mask is None
    assert new.joints is None


@pytest.mark.parametrize("moved", KEEPS_PIXELS, ids=repr)
def test_modalities_and_mask_stay_aligned(moved, coordinate_clip):
    clip = coordinate_clip()
    clip = clip.with_frames({k: x for k, x in clip.frames.items() if k != "flow"})
    new = moved(clip, generator(1))
    assert torch.equal(new.frames["rgb"][:1], new.frames["depth"])
    assert torch.equal(new.frames["ir"], new.frames["depth"])
    assert torch.equal(new.mask, new.frames["ir"][0] > 1.5)
    assert new.mask.dtype == torch.bool


@pytest.mark.parametrize("moved", ALIGNED, ids=repr)
def test_equal_pictures_give_equal_results(moved, coordinate_clip):
    """Whatever is done in space and time is done to every kind alike, vectors aside."""
    new = moved(coordinate_clip(6, 9, 12), generator(2))
    picture = new.frames["ir"]
    torch.testing.assert_close(new.frames["rgb"], picture.expand(3, -1, -1, -1))
    if not isinstance(moved, Resize | RandomResizedCrop):  # where depth is enlarged by repeating
        torch.testing.assert_close(new.frames["depth"], picture)


@pytest.mark.parametrize(
    "changed",
    [t for t in EXAMPLES if isinstance(t, PhotometricJitter | DepthNoise | Corrupt)],
    ids=repr,
)
def test_what_is_one_sided_leaves_the_rest(changed, make_clip, same_clip):
    clip = make_clip()
    new = changed(clip, generator(4))
    match changed:
        case PhotometricJitter():
            touched = {"rgb", "ir"}
        case DepthNoise():
            touched = {"depth"}
        case Corrupt():
            touched = {changed.modality}
    found = {m for m, x in clip.frames.items() if not torch.equal(x, new.frames[m])}
    assert found == touched
    assert same_clip(new.with_frames(clip.frames), clip)


def test_random_ones_need_a_generator_and_others_do_not(transform, make_clip):
    if transform.random:
        with pytest.raises(ConfigError, match=f"{type(transform).__name__} draws random numbers"):
            transform(make_clip())
    else:
        transform(make_clip())


def test_arguments_are_keyword_only_and_shown(transform):
    if repr(transform) == "Standardize()":
        return
    assert eval(repr(transform), dict(TRANSFORMS)).__dict__ == transform.__dict__
    with pytest.raises(TypeError):
        type(transform)(*[1] * len(transform.__dict__))


def test_global_random_numbers_are_not_touched(transform, make_clip):
    clip = make_clip()
    torch.manual_seed(1)
    expected = torch.rand(2)
    torch.manual_seed(1)
    transform(clip, generator())
    assert torch.equal(torch.rand(2), expected)


def test_compose_applies_in_order_and_replays(make_clip, same_clip):
    chain = Compose(
        [
            SampleFrames(frames=4),
            RandomCrop(height=6, width=6),
            HorizontalFlip(probability=0.5, label_swaps={}),
            Compose([Resize(height=8, width=8)]),
            RandomShift(pixels=2),
            Standardize(),
        ]
    )
    clip = make_clip()
    seen = set()
    for seed in range(8):
        new = chain(clip, generator(seed))
        assert [name for name, _ in new.history] == [
            "SampleFrames",
            "RandomCrop",
            "HorizontalFlip",
            "Resize",
            "RandomShift",
            "Standardize",
        ]
        assert new.shape == (4, 8, 8)
        assert same_clip(replay(new.history, clip), new)
        seen.add(new.history[2][1]["flip"])
    assert seen == {True, False}
    assert repr(Compose([Standardize(), TemporalCrop(frames=2)])) == (
        "Compose([Standardize(), TemporalCrop(frames=2)])"
    )


def test_compose_of_deterministic_ones_needs_no_generator(make_clip):
    assert Compose([TemporalCrop(frames=2), CenterCrop(height=2, width=2)])(make_clip()).shape == (
        2,
        2,
        2,
    )
    with pytest.raises(ConfigError, match="RandomShift"):
        Compose([RandomShift(pixels=1)])(make_clip())


def test_broken_histories_are_refused(make_clip):
    with pytest.raises(ConfigError, match=r"Unknown transform 'RandomShft'.*'RandomShift'"):
        replay([("RandomShft", {})], make_clip())
    with pytest.raises(ConfigError, match="recorded parameters of RandomShift lack 'down'"):
        replay([("RandomShift", {"right": 1})], make_clip())


def test_units_are_needed_before_standardising(make_clip):
    done = Standardize()(make_clip())
    with pytest.raises(ConfigError, match="put Standardize after it"):
        Resize(height=2, width=2)(done)
    with pytest.raises(ConfigError, match="Standardize needs values in their physical unit"):
        Standardize()(done)
    RandomShift(pixels=1)(done, generator())


@pytest.mark.parametrize("size", [0, -1, 1.5, True, "4"])
def test_sizes_must_be_whole_numbers(size):
    for make in (
        lambda: Resize(height=size, width=4),
        lambda: RandomCrop(height=4, width=size),
        lambda: SampleFrames(frames=size),
        lambda: TemporalCrop(frames=size),
        lambda: RandomSampleFrames(frames=size),
        lambda: TemporalStride(stride=size),
        lambda: RandomResizedCrop(height=4, width=size, area=(0.5, 1.0)),
    ):
        with pytest.raises(ConfigError, match="expected a whole number of at least 1"):
            make()
