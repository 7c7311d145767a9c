"""What the four pictures of a clip show, and what their sensors do to it."""

import dataclasses

import numpy as np
import pytest
import torch

from mmtlib.synthetic import renderer
from mmtlib.synthetic.camera import FIELD
from mmtlib.synthetic.hand_model import N_HAND_BONES
from mmtlib.synthetic.renderer import RenderedClip

NAMES = RenderedClip.__slots__


def test_shapes_and_ranges(make_scene, render_of):
    clip = render_of(make_scene(clutter=1.0))
    shape = (3, 24, 24)
    assert clip.rgb.shape == (3, *shape)
    assert clip.depth.shape == clip.ir.shape == (1, *shape)
    assert clip.flow.shape == clip.true_flow.shape == (2, *shape)
    assert clip.mask.shape == shape
    assert clip.mask.dtype == torch.bool
    for x in (clip.rgb, clip.ir):
        assert x.dtype == torch.float32
        assert 0 <= x.min() <= x.max() <= 1
        assert x.std() > 0.02
    assert all(torch.isfinite(getattr(clip, name).float()).all() for name in NAMES)


def test_the_same_seed_gives_the_same_bits(make_scene, render_of):
    first, again, other = (render_of(make_scene(), seed=seed) for seed in (5, 5, 6))
    assert all(torch.equal(getattr(first, n), getattr(again, n)) for n in NAMES)
    for name in ("rgb", "depth", "flow", "ir"):
        assert not torch.equal(getattr(first, name), getattr(other, name))
    for name in ("mask", "true_flow"):
        assert torch.equal(getattr(first, name), getattr(other, name))


def test_the_global_generator_is_not_used(make_scene, render_of):
    before = torch.get_rng_state()
    render_of(make_scene())
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("frames_at_once", [1, 2, 3])
def test_frames_worked_on_in_blocks(make_scene, monkeypatch, frames_at_once, render_of):
    size = 16
    scene = make_scene(frames=5, size=size, noise=0.0, gain=np.linspace(0.4, 1.2, 5))
    whole = render_of(scene, size)
    monkeypatch.setattr(renderer, "MAX_RAYS", frames_at_once * size**2 + 3)
    split = render_of(scene, size)
    for name in NAMES:
        assert getattr(split, name).shape == getattr(whole, name).shape, name
    assert torch.equal(split.mask, whole.mask)
    assert torch.allclose(split.true_flow, whole.true_flow, atol=1e-5)
    assert torch.allclose(split.rgb, whole.rgb, atol=1e-4)
    both = (split.depth > 0) & (whole.depth > 0)
    assert (split.depth - whole.depth)[both].abs().median() < 0.05


def test_a_picture_larger_than_a_block(make_scene, monkeypatch, render_of):
    monkeypatch.setattr(renderer, "MAX_RAYS", 10)
    assert render_of(make_scene(), 16).rgb.shape == (3, 3, 16, 16)


def test_all_pictures_show_the_hand_at_the_same_pixels(make_scene, render_of, still):
    size = 32
    scene = still(make_scene(8, frames=2, size=size), np.zeros((3, 2)))
    colours = np.zeros_like(scene.colours)
    colours[:N_HAND_BONES, 0], colours[N_HAND_BONES:, 1] = 1, 1
    blue = np.zeros_like(scene.background)
    blue[2] = 1
    far = np.full((size, size), 1.9)
    scene = dataclasses.replace(
        scene, colours=colours, background=blue, background_depth=far, ambient=1.0
    )
    clip = render_of(scene, size)
    red, green, wall = clip.rgb > 0.5
    assert torch.equal(red, clip.mask)
    assert torch.equal(red.int() + green.int() + wall.int(), torch.ones_like(red, dtype=torch.int))
    seen = clip.depth[0] > 0
    assert clip.depth[0][seen & wall].median() == pytest.approx(1.9, abs=0.1)
    assert (clip.depth[0][seen & wall] > 1.4).float().mean() > 0.99
    assert (clip.depth[0][seen & ~wall] < 1.4).float().mean() > 0.99
    dark = render_of(dataclasses.replace(scene, background=0 * blue), size)
    assert dark.ir[0][red].mean() > 1.3 * dark.ir[0][wall].mean()


def test_right_and_down_in_every_picture(make_scene, render_of, one_ball):
    size, frames = 32, 60
    scene = one_ball(make_scene(size=size), [[0.09, -0.06, 0.5]] * (frames + 1), 0.03)
    dark = np.zeros_like(scene.background)
    scene = dataclasses.replace(scene, background=dark, background_depth=dark[0] + 1.9)
    clip = render_of(scene, size)
    expected = np.array([(-0.06 / 0.5 / FIELD + 1) * 16, (0.09 / 0.5 / FIELD + 1) * 16])
    near = (clip.depth[0] > 0) & (clip.depth[0] < 1)
    # The mean over time leaves little of the sensors' noise.
    for picture in (clip.mask.float(), clip.rgb[0], near.float(), clip.ir[0]):
        picture = picture.mean(0)
        picture = picture > (picture.amin() + picture.amax()) / 2
        middle = picture.nonzero().double().mean(0).numpy() + 0.5
        np.testing.assert_allclose(middle, expected, atol=1.0)


def test_light_from_the_left_lights_the_left_side(make_scene, render_of, one_ball):
    scene = one_ball(make_scene(size=32), [[0, 0, 0.5]] * 2, 0.1)
    scene = dataclasses.replace(scene, light=np.array([-1.0, 0, 0]), ambient=0.2)
    picture = render_of(scene, 32).rgb[0, 0]
    row = picture[16, 11:21]
    assert (row.diff() <= 1e-4).all()
    assert row[0] > row[-1] + 0.2
    assert row[-1] == pytest.approx(0.2, abs=1e-3), "the dark side has the ambient light"


def test_gain_cast_and_shading_act_on_rgb_only(make_scene, render_of, still):
    base = still(make_scene(8, frames=2, size=16), np.zeros((3, 2)))
    base = dataclasses.replace(base, background=np.full((3, 16, 16), 0.4), colours=base.colours / 2)
    reference = render_of(base, 16)
    changed = dataclasses.replace(
        base,
        gain=np.array([1.0, 0.5]),
        cast=np.array([1.0, 1.2, 0.5]),
        shading=np.array([0.1, 0.2]),
    )
    clip = render_of(changed, 16)
    for name in ("depth", "ir", "flow", "mask", "true_flow"):
        assert torch.equal(getattr(clip, name), getattr(reference, name))
    ratio = clip.rgb / reference.rgb
    np.testing.assert_allclose(ratio[1] / ratio[0], 1.2, rtol=1e-4)
    np.testing.assert_allclose(ratio[2] / ratio[0], 0.5, rtol=1e-4)
    np.testing.assert_allclose(ratio[:, 1] / ratio[:, 0], 0.5, rtol=1e-4)
    line = np.linspace(-1, 1, 16)
    np.testing.assert_allclose(ratio[0, 0], 1 + 0.1 * line + 0.2 * line[:, None], rtol=1e-4)


def test_depth_has_steps_of_a_centimetre_and_holes_mostly_at_edges(make_scene, render_of):
    clips = [render_of(make_scene(seed, size=32), 32) for seed in range(6)]
    depth = torch.cat([clip.depth for clip in clips]).double()
    assert (depth * 100 - (depth * 100).round()).abs().max() < 1e-4
    hole = depth == 0
    assert 0 < hole.double().mean() < 0.3
    assert depth[~hole].min() > 0.2
    mask = torch.stack([clip.mask for clip in clips])
    edge = torch.zeros_like(mask)
    edge[..., 1:] |= mask[..., 1:] != mask[..., :-1]
    edge[..., :-1] |= mask[..., 1:] != mask[..., :-1]
    assert hole[edge].double().mean() > 1.5 * hole[~edge].double().mean()


def test_found_flow_is_the_true_flow_smoothed_with_errors_around_it(make_scene, render_of):
    size = 32
    scenes = [make_scene(seed, "shake hand", frames=6, size=size) for seed in range(4)]
    clips = [render_of(scene, size) for scene in scenes]
    found, true = (torch.stack([getattr(c, n) for c in clips]) for n in ("flow", "true_flow"))
    error = found - true
    assert error.abs().mean() > 0.01
    assert error.mean().abs() < 0.1, "no bias"
    correlation = torch.corrcoef(torch.stack([found.flatten(), true.flatten()]))[0, 1]
    assert 0.4 < correlation < 0.999


def test_flow_errors_scale_with_the_picture(make_scene, render_of, still):
    """The same motion in a picture twice as large has twice the flow, and twice the errors."""
    spread = {}
    for size in (24, 48):
        scene = still(make_scene(8, frames=6, size=size), np.zeros((7, 2)))
        clip = render_of(scene, size)
        assert clip.true_flow.abs().max() < 1e-3
        spread[size] = clip.flow.std().item()
    assert spread[48] / spread[24] == pytest.approx(2, rel=0.15)
    moving = make_scene(8, frames=2)
    flows = [render_of(moving, size).true_flow.abs().mean().item() for size in (24, 48)]
    assert flows[1] / flows[0] == pytest.approx(2, rel=0.1)


def test_smoothing_is_a_mean_of_three_with_the_border_repeated():
    x = torch.tensor([[0.0, 3.0, 6.0, 0.0]])
    assert renderer._smooth(x, axis=1).tolist() == [[1.0, 3.0, 3.0, 2.0]]
    assert torch.equal(renderer._smooth(x.T, axis=0), renderer._smooth(x, axis=1).T)
