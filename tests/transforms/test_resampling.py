import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from mmtlib.core.clips import GestureClip
from mmtlib.core.errors import ConfigError
from mmtlib.transforms import CenterCrop, RandomAffine, RandomResizedCrop, Resize, replay

examples = settings(max_examples=30)
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


# Crop and resize


def test_a_resized_crop_is_a_crop_and_a_resize(make_clip, same_clip):
    clip = make_clip(height=20, width=24)
    new = RandomResizedCrop(height=9, width=7, area=(0.3, 0.7), stretch=1.5)(clip, generator(1))
    drawn = new.history[0][1]
    rows, columns = drawn["crop"]["height"], drawn["crop"]["width"]
    window = replay([("RandomCrop", drawn["crop"])], clip)
    assert window.shape[1:] == (rows, columns) != (20, 24)
    assert same_clip(new, Resize(height=9, width=7)(window))
    # Flow is told in the new pixels.
    flow = torch.ones(2, 6, 20, 24)
    ones = replay(new.history, clip_of(flow=flow)).frames["flow"]
    torch.testing.assert_close(ones[0], torch.full((6, 9, 7), 7 / columns))
    torch.testing.assert_close(ones[1], torch.full((6, 9, 7), 9 / rows))


@examples
@given(data=st.data(), height=st.integers(1, 40), width=st.integers(1, 40))
def test_windows_have_the_area_and_shape_asked_for(make_clip, data, height, width):
    low = data.draw(st.floats(0.05, 1))
    high = data.draw(st.floats(low, 1))
    stretch = data.draw(st.floats(1, 2))
    crop = RandomResizedCrop(height=4, width=4, area=(low, high), stretch=stretch)
    window = crop.draw(clip_of(ir=torch.zeros(1, 1, height, width)), generator())["crop"]
    rows, columns = window["height"], window["width"]
    assert 1 <= rows <= height
    assert 1 <= columns <= width
    assert 0 <= window["top"] <= height - rows
    assert 0 <= window["left"] <= width - columns
    # Sides are whole pixels, and no longer than the picture's where it is stretched.
    assert (rows - 1) * (columns - 1) <= high * height * width
    if rows < height and columns < width:
        assert (rows + 1) * (columns + 1) >= low * height * width
        assert (columns - 1) / width <= stretch * (rows + 1) / height
        assert (rows - 1) / height <= stretch * (columns + 1) / width


def test_the_whole_picture_is_kept_where_it_is_asked_for(make_clip, same_clip):
    clip = make_clip()
    assert same_clip(
        RandomResizedCrop(height=8, width=10, area=(1.0, 1.0))(clip, generator()), clip
    )


def test_wrong_windows_are_refused():
    for area in ((0.0, 1.0), (0.5, 1.5), (0.8, 0.5), (0.5,), 0.5, ("a", "b")):
        with pytest.raises(ConfigError, match="RandomResizedCrop area: expected"):
            RandomResizedCrop(height=4, width=4, area=area)
    with pytest.raises(ConfigError, match=r"stretch: expected a number of at least 1, got 0\.5"):
        RandomResizedCrop(height=4, width=4, area=(0.5, 1), stretch=0.5)


# Turn, zoom and shift


def affine(clip, *, degrees=0.0, scale=1.0, right=0.0, down=0.0):
    params = {"degrees": degrees, "scale": scale, "right": right, "down": down}
    return replay([("RandomAffine", params)], clip)


def assert_close(a, b, atol=1e-5):
    for name in a.frames:
        torch.testing.assert_close(a.frames[name], b.frames[name], atol=atol, rtol=0, msg=name)
    assert torch.equal(a.mask, b.mask)
    if a.joints is not None:
        torch.testing.assert_close(a.joints, b.joints, atol=atol, rtol=0)


def test_no_turn_zoom_and_shift_changes_nothing(make_clip, same_clip):
    clip = make_clip()
    assert same_clip(affine(clip), clip)
    assert same_clip(RandomAffine()(clip, generator()), clip)
    # Nor does what is next to nothing.
    assert_close(affine(clip, degrees=1e-6, scale=1 + 1e-8), clip)


def whole_clip(make_clip, **size):
    """A clip without missing readings: beside them depth has its own rule."""
    clip = make_clip(**size)
    return clip.with_frames({**clip.frames, "depth": clip.frames["depth"].clamp_min(0.1)})


@examples
@given(height=sizes, width=sizes)
def test_half_a_turn_is_two_mirrors_and_twice_of_it_nothing(make_clip, height, width):
    clip = whole_clip(make_clip, height=height, width=width)
    half = affine(clip, degrees=180)
    for name in ("rgb", "depth", "ir"):
        torch.testing.assert_close(half.frames[name], clip.frames[name].flip(-1, -2))
    torch.testing.assert_close(half.frames["flow"], -clip.frames["flow"].flip(-1, -2))
    assert torch.equal(half.mask, clip.mask.flip(-1, -2))
    torch.testing.assert_close(half.joints, clip.joints * torch.tensor([-1, -1, 1]))
    assert_close(affine(half, degrees=180), clip)


def test_a_quarter_turn_is_clockwise(make_clip):
    clip = whole_clip(make_clip, height=8, width=8)
    quarter = affine(clip, degrees=90)
    for name in ("rgb", "depth", "ir"):  # what was at the left is at the top
        turned = clip.frames[name].rot90(-1, (-2, -1))
        torch.testing.assert_close(quarter.frames[name], turned, atol=1e-5, rtol=0)
    u, v = clip.frames["flow"].rot90(-1, (-2, -1))
    turned = torch.stack([-v, u])  # to the right -> downwards, downwards -> to the left
    torch.testing.assert_close(quarter.frames["flow"], turned, atol=1e-5, rtol=0)
    assert torch.equal(quarter.mask, clip.mask.rot90(-1, (-2, -1)))
    x, y, z = clip.joints.unbind(-1)
    torch.testing.assert_close(quarter.joints, torch.stack([-y, x, z], -1))
    assert_close(affine(affine(quarter, degrees=90), degrees=180), clip)


@examples
@given(right=st.integers(-6, 6), down=st.integers(-6, 6))
def test_a_shift_by_whole_pixels_is_a_shift(make_clip, right, down):
    clip = whole_clip(make_clip)
    shifted = replay([("RandomShift", {"right": right, "down": down})], clip)
    assert_close(affine(clip, right=right, down=down), shifted)


def test_a_zoom_by_three_repeats_the_middle_and_lengthens_flow(make_clip):
    clip = whole_clip(make_clip, height=9, width=9)
    new = affine(clip, scale=3)
    middle = CenterCrop(height=3, width=3)(clip)
    for name, x in middle.frames.items():
        factor = 3 if name == "flow" else 1
        torch.testing.assert_close(new.frames[name][..., 1::3, 1::3], factor * x)
    assert torch.equal(new.mask, middle.mask.repeat_interleave(3, -1).repeat_interleave(3, -2))
    assert torch.equal(new.joints, clip.joints)


@examples
@given(
    degrees=st.floats(-180, 180),
    scale=st.floats(0.4, 2.5),
    right=st.floats(-3, 3),
    down=st.floats(-3, 3),
)
def test_equal_pictures_stay_equal(coordinate_clip, degrees, scale, right, down):
    clip = coordinate_clip()
    new = affine(clip, degrees=degrees, scale=scale, right=right, down=down)
    picture = new.frames["ir"]
    assert 1 - 1e-5 <= picture.min() <= picture.max() <= 2 + 1e-5
    torch.testing.assert_close(new.frames["depth"], picture)
    torch.testing.assert_close(new.frames["rgb"], picture.expand(3, -1, -1, -1))
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    vector = torch.tensor([cos - sin, sin + cos]) * scale  # of (1, 1)
    wanted = vector.view(2, 1, 1, 1) * picture
    torch.testing.assert_close(new.frames["flow"], wanted, atol=1e-5, rtol=1e-5)


@examples
@given(degrees=st.floats(-180, 180), scale=st.floats(0.8, 2), right=st.floats(-2, 2))
def test_the_mask_follows_the_picture(degrees, scale, right):
    y, x = torch.meshgrid(torch.arange(24.0), torch.arange(20.0), indexing="ij")
    disk = ((x - 8.3) ** 2 + (y - 13.2) ** 2)[None]
    clip = clip_of(ir=disk[None])
    clip = clip.with_frames(clip.frames, mask=disk < 25)
    new = affine(clip, degrees=degrees, scale=scale, right=right)
    # The mask is the nearest pixel's, within 0.71 of a pixel: the radius is that uncertain.
    surely, maybe = (new.frames["ir"][0] < radius**2 for radius in (4.2, 5.8))
    assert new.mask[surely].all()
    assert not new.mask[~maybe].any()


@examples
@given(degrees=st.floats(-180, 180), scale=st.floats(0.4, 2.5), right=st.floats(-3, 3))
def test_no_surface_is_invented_between_readings_and_none(make_clip, degrees, scale, right):
    clip = make_clip()
    new = affine(clip, degrees=degrees, scale=scale, right=right).frames["depth"]
    readings = new[new > 0]
    assert (readings >= 0.2 - 1e-5).all()
    assert (readings <= 1 + 1e-5).all()
    depth = torch.tensor([[0.0, 0.8, 0.8, 0.0], [0.0, 0.8, 0.8, 0.0]])[None, None]
    found = affine(clip_of(depth=depth), right=0.25).frames["depth"]
    torch.testing.assert_close(found, depth)  # a quarter of a pixel is rounded, not blended


@examples
@given(seed=st.integers(0, 99))
def test_draws_stay_within_what_was_asked(make_clip, seed):
    drawn = RandomAffine(degrees=20, scale=(0.5, 3.0), shift=0.2).draw(make_clip(), generator(seed))
    assert -20 <= drawn["degrees"] <= 20
    assert 0.5 <= drawn["scale"] <= 3
    assert -2 <= drawn["right"] <= 2  # the clip is 8 x 10
    assert -1.6 <= drawn["down"] <= 1.6


def test_turns_go_both_ways_and_zooms_in_and_out(make_clip):
    clip, g = make_clip(), generator()
    turn = RandomAffine(degrees=20, scale=(0.5, 2.0), shift=0.2)
    drawn = [turn.draw(clip, g) for _ in range(300)]
    for name, middle in (("degrees", 0), ("scale", 1), ("right", 0), ("down", 0)):
        above = sum(d[name] > middle for d in drawn)
        assert 110 < above < 190, name


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"degrees": -1}, r"degrees: expected a number in \[0, 180\], got -1"),
        ({"degrees": float("nan")}, "degrees: expected"),
        ({"degrees": True}, "degrees: expected"),
        ({"degrees": "10"}, "degrees: expected"),
        ({"scale": (0, 1)}, r"scale: expected \(lowest, highest\), both above 0, got \(0, 1\)"),
        ({"scale": (2, 1)}, "scale: expected"),
        ({"scale": 1.2}, "scale: expected"),
        ({"scale": (1, math.inf)}, "scale: expected a number of at least 0, got inf"),
        ({"shift": 1.5}, "shift: expected"),
    ],
)
def test_wrong_turns_are_refused(arguments, message):
    with pytest.raises(ConfigError, match=f"RandomAffine {message}"):
        RandomAffine(**arguments)
