"""What all transforms promise alike."""

import copy
import json

import pytest
import torch

from mmtlib.clips import GestureClip
from mmtlib.errors import ConfigError
from mmtlib.transforms import (
    TRANSFORMS,
    CenterCrop,
    Compose,
    HorizontalFlip,
    RandomCrop,
    RandomShift,
    RandomTemporalCrop,
    Resize,
    SampleFrames,
    Standardize,
    TemporalCrop,
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
    Standardize(),
]
KEEPS_PIXELS = [t for t in EXAMPLES if not isinstance(t, Resize | Standardize)]


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
    ):
        with pytest.raises(ConfigError, match="expected a whole number of at least 1"):
            make()
