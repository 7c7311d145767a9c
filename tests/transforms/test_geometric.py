import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtlib.core.errors import ConfigError
from mmtlib.transforms import CenterCrop, HorizontalFlip, RandomCrop, RandomShift, replay

examples = settings(max_examples=30)
sizes = st.integers(1, 12)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


# Shift


@examples
@given(right=st.integers(-6, 6), down=st.integers(-6, 6))
def test_shift_repeats_the_border(make_clip, right, down):
    clip = make_clip(height=7, width=8)
    new = replay([("RandomShift", {"right": right, "down": down})], clip)
    rows = (torch.arange(7) - down).clamp(0, 6)
    columns = (torch.arange(8) - right).clamp(0, 7)
    for name, x in clip.frames.items():
        assert torch.equal(new.frames[name], x[..., rows[:, None], columns])
    assert torch.equal(new.mask, clip.mask[..., rows[:, None], columns])
    assert torch.equal(new.joints, clip.joints)


def test_all_shifts_occur_equally_often(make_clip):
    shift, g = RandomShift(pixels=1), generator()
    clip = make_clip(1, 2, 2)
    drawn = [tuple(shift.draw(clip, g).values()) for _ in range(900)]
    counts = {pair: drawn.count(pair) for pair in set(drawn)}
    assert len(counts) == 9
    assert all(60 < n < 145 for n in counts.values())


def test_shift_as_large_as_the_picture_is_refused(make_clip):
    with pytest.raises(ConfigError, match="8 x 10 pixels, too small for shifts of 8"):
        RandomShift(pixels=8)(make_clip(), generator())
    with pytest.raises(ConfigError, match="at least 0, got -1"):
        RandomShift(pixels=-1)


# Crop


@examples
@given(data=st.data(), height=sizes, width=sizes)
def test_crops_are_windows_of_the_clip(make_clip, data, height, width):
    clip = make_clip(height=height, width=width)
    size = {
        "height": data.draw(st.integers(1, height)),
        "width": data.draw(st.integers(1, width)),
    }
    for crop in (RandomCrop(**size), CenterCrop(**size)):
        new = crop(clip, generator(data.draw(st.integers(0, 99))))
        where = new.history[-1][1]
        assert new.shape[1:] == (size["height"], size["width"])
        assert 0 <= where["top"] <= height - size["height"]
        assert 0 <= where["left"] <= width - size["width"]
        window = (
            ...,
            slice(where["top"], where["top"] + size["height"]),
            slice(where["left"], where["left"] + size["width"]),
        )
        assert torch.equal(new.frames["flow"], clip.frames["flow"][window])
        assert torch.equal(new.mask, clip.mask[window])


def test_random_crop_reaches_every_corner_and_center_crop_the_middle(make_clip):
    clip, g = make_clip(height=4, width=4), generator()
    crop = RandomCrop(height=3, width=3)
    seen = {(p["top"], p["left"]) for p in (crop.draw(clip, g) for _ in range(60))}
    assert seen == {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert CenterCrop(height=2, width=1).draw(clip, None) == {
        "top": 1,
        "left": 1,
        "height": 2,
        "width": 1,
    }


def test_crop_larger_than_the_clip_is_refused(make_clip):
    with pytest.raises(ConfigError, match=r"CenterCrop\(height=9, width=2\).*8 x 10 pixels only"):
        CenterCrop(height=9, width=2)(make_clip())


# Flip


def flip(probability=1.0, label_swaps=None):
    return HorizontalFlip(probability=probability, label_swaps=label_swaps or {})


@examples
@given(label=st.integers(0, 4), height=sizes, width=sizes)
def test_flip_twice_is_the_identity(make_clip, same_clip, label, height, width):
    clip = make_clip(height=height, width=width, label=label)
    mirror = flip(label_swaps={0: 1, 4: 2})
    twice = mirror(mirror(clip, generator()), generator())
    assert same_clip(twice, clip)
    assert len(twice.history) == 2
    assert twice.history[0] == twice.history[1]


def test_flip_mirrors_pictures_vectors_joints_and_label(make_clip):
    clip = make_clip(label=1)
    new = flip(label_swaps={0: 1})(clip, generator())
    for name in ("rgb", "depth", "ir"):
        assert torch.equal(new.frames[name], clip.frames[name].flip(-1))
    assert torch.equal(new.frames["flow"][0], -clip.frames["flow"][0].flip(-1))
    assert torch.equal(new.frames["flow"][1], clip.frames["flow"][1].flip(-1))
    assert torch.equal(new.mask, clip.mask.flip(-1))
    assert torch.equal(new.joints[..., 0], -clip.joints[..., 0])
    assert torch.equal(new.joints[..., 1:], clip.joints[..., 1:])
    assert new.label == 0


@pytest.mark.parametrize(("label", "mirrored"), [(0, 1), (1, 0), (2, 2), (3, 4), (4, 3)])
def test_labels_change_places(make_clip, label, mirrored):
    swaps = {0: 1, 1: 0, 4: 3}  # naming a pair both ways is the same as once
    assert flip(label_swaps=swaps)(make_clip(label=label), generator()).label == mirrored


def test_probability(make_clip):
    clip, g = make_clip(1, 2, 2), generator()
    mirror = flip(0.25)
    share = sum(mirror.draw(clip, g)["flip"] for _ in range(800)) / 800
    assert 0.2 < share < 0.3
    assert not any(flip(0.0).draw(clip, g)["flip"] for _ in range(50))


def test_a_clip_not_flipped_is_noted_and_unchanged(make_clip, same_clip):
    clip = make_clip()
    new = flip(0.0, {0: 1})(clip, generator())
    assert same_clip(new, clip)
    assert new.history == (("HorizontalFlip", {"flip": False, "label_swaps": [[0, 1]]}),)


def test_wrong_flips_are_refused():
    with pytest.raises(ConfigError, match="probability"):
        flip(1.2)
    with pytest.raises(ConfigError, match="label 1 has two partners, 0 and 2"):
        flip(label_swaps={0: 1, 1: 2})
