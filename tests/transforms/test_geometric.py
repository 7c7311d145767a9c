import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from mmtlib.clips import GestureClip
from mmtlib.errors import ConfigError
from mmtlib.transforms import CenterCrop, HorizontalFlip, RandomCrop, RandomShift, Resize, replay

examples = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
sizes = st.integers(1, 12)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def clip_of(**frames):
    return GestureClip(
        frames={k: torch.as_tensor(x).float() for k, x in frames.items()},
        label=0,
        subject=0,
        clip_id="c",
    )


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


def test_all_shifts_occur_equally_often():
    shift, g = RandomShift(pixels=1), generator()
    clip = clip_of(ir=torch.zeros(1, 1, 2, 2))
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


# Resize


@examples
@given(height=sizes, width=sizes, new_height=sizes, new_width=sizes)
def test_resize_gives_the_size_and_keeps_constants(height, width, new_height, new_width):
    pictures = {
        "rgb": torch.full((3, 2, height, width), 0.3),
        "depth": torch.full((1, 2, height, width), 0.7),
        "flow": torch.ones(2, 2, height, width),
    }
    new = Resize(height=new_height, width=new_width)(clip_of(**pictures))
    assert new.shape == (2, new_height, new_width)
    torch.testing.assert_close(new.frames["rgb"], torch.full((3, *new.shape), 0.3))
    torch.testing.assert_close(new.frames["depth"], torch.full((1, *new.shape), 0.7))
    ratio = torch.tensor([new_width / width, new_height / height]).view(2, 1, 1, 1)
    torch.testing.assert_close(new.frames["flow"], ratio.expand(2, *new.shape))


def test_shrinking_by_a_whole_number_is_the_mean_of_blocks(make_clip):
    clip = make_clip(height=8, width=12)
    new = Resize(height=4, width=4)(clip)
    torch.testing.assert_close(new.frames["rgb"], F.avg_pool2d(clip.frames["rgb"], (2, 3)))
    expected = F.avg_pool2d(clip.frames["flow"], (2, 3))
    torch.testing.assert_close(new.frames["flow"][0], expected[0] / 3)
    torch.testing.assert_close(new.frames["flow"][1], expected[1] / 2)


def test_shrinking_by_a_fraction_weighs_by_area():
    new = Resize(height=1, width=2)(clip_of(ir=[[[[1.0, 2.0, 4.0]]]]))
    torch.testing.assert_close(
        new.frames["ir"], torch.tensor([[[[(1 + 2 / 2) / 1.5, (2 / 2 + 4) / 1.5]]]])
    )


@examples
@given(height=sizes, width=sizes, more=st.integers(0, 9))
def test_enlarging_is_bilinear(make_clip, height, width, more):
    clip = make_clip(height=height, width=width)
    size = (height + more, width + 2 * more)
    new = Resize(height=size[0], width=size[1])(clip)
    expected = F.interpolate(clip.frames["rgb"], size=size, mode="bilinear", align_corners=False)
    torch.testing.assert_close(new.frames["rgb"], expected)


def test_depth_is_averaged_over_readings_only():
    depth = torch.tensor(
        [[0.4, 0.6, 0.8, 0.0, 0.5, 0.0, 0.0, 0.0], [0.4, 0.6, 0.6, 0.7, 0.9, 0.0, 0.9, 0.0]]
    )
    new = Resize(height=1, width=4)(clip_of(depth=depth[None, None]))
    expected = torch.tensor([0.5, 0.7, 0.7, 0.0])  # the last block has one reading in four
    torch.testing.assert_close(new.frames["depth"][0, 0, 0], expected)


@examples
@given(height=sizes, width=sizes, new_height=sizes, new_width=sizes)
def test_depth_stays_between_readings(make_clip, height, width, new_height, new_width):
    depth = make_clip(height=height, width=width).frames["depth"]
    new = Resize(height=new_height, width=new_width)(clip_of(depth=depth)).frames["depth"]
    readings = new[new > 0]
    assert (readings >= 0.2 - 1e-6).all()
    assert (readings <= 1 + 1e-6).all()


def test_enlarged_depth_and_mask_repeat_pixels(make_clip):
    clip = make_clip(height=3, width=4)
    new = Resize(height=6, width=12)(clip)
    repeated = clip.frames["depth"].repeat_interleave(2, -2).repeat_interleave(3, -1)
    torch.testing.assert_close(new.frames["depth"], repeated)
    assert torch.equal(new.mask, clip.mask.repeat_interleave(2, -2).repeat_interleave(3, -1))
    assert torch.equal(new.joints, clip.joints)


def test_shrunk_mask_takes_the_middle_pixel(make_clip):
    clip = make_clip(height=9, width=6)
    assert torch.equal(Resize(height=3, width=2)(clip).mask, clip.mask[:, 1::3, 1::3])


def test_modalities_stay_aligned_when_resized(coordinate_clip):
    new = Resize(height=3, width=4)(coordinate_clip())
    torch.testing.assert_close(new.frames["rgb"][:1], new.frames["depth"])
    torch.testing.assert_close(new.frames["ir"], new.frames["depth"])
    torch.testing.assert_close(new.frames["flow"][0] * 9 / 4, new.frames["ir"][0])
    torch.testing.assert_close(new.frames["flow"][1] * 7 / 3, new.frames["ir"][0])


def test_the_same_size_changes_nothing(make_clip, same_clip):
    clip = make_clip()
    assert same_clip(Resize(height=8, width=10)(clip), clip)
