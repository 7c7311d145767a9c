"""The pictures of a clip against float64 computations that share no formula with the renderer."""

import dataclasses

import numpy as np
import pytest
import torch

from mmtlib.synthetic import renderer
from mmtlib.synthetic.hand_model import N_HAND_BONES, Bones
from mmtlib.synthetic.raycast import FIELD
from mmtlib.synthetic.renderer import RenderedClip, render

NAMES = RenderedClip.__slots__


def render_of(scene, size=24, seed=0):
    return render(scene, size=size, generator=torch.Generator().manual_seed(seed))


def pixel_rays(scene, size, moment):
    """Return the direction (S * S, 3), z = 1, in which each pixel's middle looks."""
    line = ((np.arange(size) + 0.5) / (size / 2) - 1) * FIELD
    y, x = np.meshgrid(line, line, indexing="ij")
    plane = np.stack([x.ravel(), y.ravel()], -1) + scene.pan[moment]
    return np.concatenate([plane, np.ones((size**2, 1))], -1)


def to_pixels(points, scene, size, moment):
    """Return where points (N, 3) are seen, in pixels from the corner of the picture."""
    plane = points[:, :2] / points[:, 2:] - scene.pan[moment]
    return (plane / FIELD + 1) * size / 2


def bone_distances(points, bones, moment):
    """Return the signed distance (N, K) of points from every bone."""
    along = bones.axes[moment, :, :, 1]
    offset = points[:, None] - bones.origin[moment]
    height = np.clip((offset * along).sum(-1), 0, bones.length)
    return np.linalg.norm(offset - height[..., None] * along, axis=-1) - bones.radius


def first_hits(scene, size, moment):
    """Return what each pixel sees by walking along its ray: point (N, 3), bone (-1 = wall)."""
    rays = pixel_rays(scene, size, moment)
    unit = rays / np.linalg.norm(rays, axis=1, keepdims=True)
    t = np.zeros(len(rays))
    for _ in range(150):
        d = bone_distances(unit * t[:, None], scene.bones, moment).min(1)
        t = np.where(t < 3, t + d, t)
    point = unit * t[:, None]
    d = bone_distances(point, scene.bones, moment)
    return point, np.where(d.min(1) < 1e-6, d.argmin(1), -1)


def still(scene, pan):
    """Return the scene with nothing moving but the camera, evenly lit, without noise."""
    bones = scene.bones
    steps = len(pan)
    return dataclasses.replace(
        scene,
        bones=dataclasses.replace(
            bones,
            origin=np.repeat(bones.origin[:1], steps, 0),
            axes=np.repeat(bones.axes[:1], steps, 0),
        ),
        pan=np.asarray(pan, float),
        gain=np.ones(steps - 1),
        cast=np.ones(3),
        shading=np.zeros(2),
        noise=0.0,
    )


def one_ball(scene, centres, radius=0.05):
    """Return the scene with a ball as its only thing: a hand of one bone."""
    centres = np.asarray(centres, float)
    bones = Bones(
        origin=centres[:, None],
        axes=np.tile(np.eye(3), (len(centres), 1, 1, 1)),
        length=np.zeros(1),
        radius=np.array([radius]),
    )
    pan = np.zeros((len(centres), 2))
    return dataclasses.replace(still(scene, pan), bones=bones, colours=np.array([[1.0, 0, 0]]))


def test_shapes_and_ranges(make_scene):
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


def test_the_same_seed_gives_the_same_bits(make_scene):
    first, again, other = (render_of(make_scene(), seed=seed) for seed in (5, 5, 6))
    assert all(torch.equal(getattr(first, n), getattr(again, n)) for n in NAMES)
    for name in ("rgb", "depth", "flow", "ir"):
        assert not torch.equal(getattr(first, name), getattr(other, name))
    for name in ("mask", "true_flow"):
        assert torch.equal(getattr(first, name), getattr(other, name))


def test_the_global_generator_is_not_used(make_scene):
    before = torch.get_rng_state()
    render_of(make_scene())
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("frames_at_once", [1, 2, 3])
def test_frames_worked_on_in_blocks(make_scene, monkeypatch, frames_at_once):
    size = 16
    scene = make_scene(frames=5, size=size)
    whole = render_of(scene, size)
    monkeypatch.setattr(renderer, "MAX_RAYS", frames_at_once * size**2 + 3)
    split = render_of(scene, size)
    for name in NAMES:
        assert getattr(split, name).shape == getattr(whole, name).shape, name
    assert torch.equal(split.mask, whole.mask)
    assert torch.allclose(split.true_flow, whole.true_flow, atol=1e-5)
    assert (split.rgb - whole.rgb).abs().mean() < 6 * scene.noise
    both = (split.depth > 0) & (whole.depth > 0)
    assert (split.depth - whole.depth)[both].abs().median() < 0.05


def test_a_picture_larger_than_a_block(make_scene, monkeypatch):
    monkeypatch.setattr(renderer, "MAX_RAYS", 10)
    assert render_of(make_scene(), 16).rgb.shape == (3, 3, 16, 16)


@pytest.mark.parametrize("seed", range(3))
def test_mask_depth_and_flow_against_walking_along_the_rays(make_scene, seed):
    size, frames = 24, 3
    scene = make_scene(seed, ["shake hand", "push hand out", "OK"][seed], frames=frames)
    clip = render_of(scene, size)
    depth, wall = clip.depth[0].double().numpy(), 0
    for moment in range(frames):
        point, bone = first_hits(scene, size, moment)
        hit = bone >= 0
        assert 0.1 < hit.mean() < 0.95

        mask = clip.mask[moment].ravel().numpy()
        assert (mask != (hit & (bone < N_HAND_BONES))).sum() <= 2, "only silhouettes may differ"

        # The surface point is fixed to its bone: where does the bone carry it?
        axes, origin = scene.bones.axes, scene.bones.origin
        local = np.einsum("nij,ni->nj", axes[moment, bone], point - origin[moment, bone])
        moved = np.einsum("nij,nj->ni", axes[moment + 1, bone], local) + origin[moment + 1, bone]
        now = to_pixels(point, scene, size, moment)
        expected = to_pixels(moved, scene, size, moment + 1) - now
        far = (scene.pan[moment] - scene.pan[moment + 1]) / FIELD * size / 2
        expected = np.where(hit[:, None], expected, far)
        found = clip.true_flow[:, moment].reshape(2, -1).T.numpy()
        error = np.abs(found - expected).max(1)
        # At silhouettes and creases float32 may name the other of two surfaces.
        assert np.mean(error < 2e-3) > 0.985
        assert np.abs(found[hit]).max() > 0.05, "something moves"

        measured = depth[moment].ravel()
        seen = (measured > 0) & hit
        assert np.abs(np.median(measured[seen] - point[seen, 2])) < 0.01
        assert np.median(np.abs(measured[seen] - point[seen, 2])) < 0.05
        wall += (measured[(measured > 0) & ~hit]).sum()
    assert wall > 0


@pytest.mark.parametrize("seed", range(4))
def test_flow_leads_back_to_the_same_bone(make_scene, seed):
    """The ray through pixel + flow at the next moment must touch the bone seen now."""
    size = 32
    scene = make_scene(20 + seed, "rotate two fingers clockwise", frames=2, size=size)
    flow = render_of(scene, size).true_flow.double().numpy()
    for moment in range(2):
        _, bone = first_hits(scene, size, moment)
        hit = bone >= 0
        u, v = flow[:, moment].reshape(2, -1)
        rays = pixel_rays(scene, size, moment + 1)
        rays[:, 0] += u * FIELD * 2 / size
        rays[:, 1] += v * FIELD * 2 / size
        along, origin = (
            scene.bones.axes[moment + 1, bone, :, 1],
            scene.bones.origin[moment + 1, bone],
        )
        nearest = np.full(len(rays), np.inf)
        for z in np.linspace(0.2, 1.2, 400):
            offset = rays * z - origin
            height = np.clip((offset * along).sum(1), 0, scene.bones.length[bone])
            gap = np.linalg.norm(offset - height[:, None] * along, axis=1)
            nearest = np.minimum(nearest, gap - scene.bones.radius[bone])
        assert np.mean(nearest[hit] < 5e-4) > 0.97


def test_flow_of_a_ball_in_closed_form(make_scene):
    """A ball at 0.5 m going 1 cm right and 2 cm up: its front moves by S/2 * d / (z * FIELD)."""
    size, radius = 64, 0.02
    scene = one_ball(make_scene(size=size), [[0, 0, 0.52], [0.01, -0.02, 0.52]], radius)
    clip = render_of(scene, size)
    u, v = clip.true_flow[:, 0, 31:33, 31:33].mean((1, 2)).tolist()
    pixel = size / 2 / FIELD
    assert u == pytest.approx(0.01 / 0.5 * pixel, rel=1e-3)
    assert v == pytest.approx(-0.02 / 0.5 * pixel, rel=1e-3)
    assert clip.true_flow[:, 0][:, ~clip.mask[0]].abs().max() < 1e-6
    assert clip.depth[0, 0, 32, 32] in (0, pytest.approx(0.5, abs=0.05))


def test_flow_of_turning_around_the_line_of_sight(make_scene):
    """A ball turning clockwise: flow is at right angles to the way from the middle."""
    size, turn = 48, 0.1
    scene = one_ball(make_scene(size=size), [[0, 0, 0.5]] * 2, 0.1)
    axes = scene.bones.axes.copy()
    cos, sin = np.cos(turn), np.sin(turn)
    axes[1, 0] = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]]) @ axes[0, 0]
    scene = dataclasses.replace(scene, bones=dataclasses.replace(scene.bones, axes=axes))
    clip = render_of(scene, size)
    y, x = np.mgrid[0:size, 0:size] + 0.5 - size / 2
    mask = clip.mask[0].numpy()
    u, v = clip.true_flow[:, 0].numpy()
    np.testing.assert_allclose(u[mask], (x * (cos - 1) - y * sin)[mask], atol=2e-4)
    np.testing.assert_allclose(v[mask], (x * sin + y * (cos - 1))[mask], atol=2e-4)


@pytest.mark.parametrize(("dx", "dy"), [(1, 0), (0, 1), (-2, 1)])
def test_a_panning_camera_shifts_a_still_scene_evenly(make_scene, dx, dy):
    """Turning by whole pixels moves every picture by as many, the other way, as the flow says."""
    size = 32
    pixel = 2 * FIELD / size
    pan = np.arange(4)[:, None] * np.array([dx, dy]) * pixel
    scene = still(make_scene(8, frames=3, size=size), pan - pan[1])
    clip = render_of(scene, size)
    assert torch.allclose(clip.true_flow[0], torch.tensor(-float(dx)), atol=1e-3)
    assert torch.allclose(clip.true_flow[1], torch.tensor(-float(dy)), atol=1e-3)

    def window(x, shift):
        """Return the middle of frames, moved by a multiple of the pan."""
        at = [slice(8 + shift * d, size - 8 + shift * d) for d in (dy, dx)]
        return x[..., at[0], at[1]]

    for t in range(2):
        here, there = (window(clip.mask[t + i], -i) for i in (0, 1))
        assert 0.02 < here.float().mean() < 0.98
        assert (here != there).sum() <= 2
        here, there = (window(clip.rgb[:, t + i], -i) for i in (0, 1))
        difference = (here - there).abs().amax(0)
        assert (difference < 2e-3).float().mean() > 0.98


def test_all_pictures_show_the_hand_at_the_same_pixels(make_scene):
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
    assert clip.ir[0][red].mean() > 2 * clip.ir[0][wall].mean()


def test_right_and_down_in_every_picture(make_scene):
    size = 32
    scene = one_ball(make_scene(size=size), [[0.09, -0.06, 0.5]] * 2, 0.03)
    dark = np.zeros_like(scene.background)
    scene = dataclasses.replace(scene, background=dark, background_depth=dark[0] + 1.9)
    clip = render_of(scene, size)
    expected = np.array([(-0.06 / 0.5 / FIELD + 1) * 16, (0.09 / 0.5 / FIELD + 1) * 16])
    near = (clip.depth[0, 0] > 0) & (clip.depth[0, 0] < 1)
    for picture in (clip.mask[0], clip.rgb[0, 0] > 0.2, near, clip.ir[0, 0] > 0.3):
        middle = picture.nonzero().double().mean(0).numpy() + 0.5
        np.testing.assert_allclose(middle, expected, atol=1.0)


def test_light_from_the_left_lights_the_left_side(make_scene):
    scene = one_ball(make_scene(size=32), [[0, 0, 0.5]] * 2, 0.1)
    scene = dataclasses.replace(scene, light=np.array([-1.0, 0, 0]), ambient=0.2)
    picture = render_of(scene, 32).rgb[0, 0]
    row = picture[16, 11:21]
    assert (row.diff() <= 1e-4).all()
    assert row[0] > row[-1] + 0.2
    assert row[-1] == pytest.approx(0.2, abs=1e-3), "the dark side has the ambient light"


def test_gain_cast_and_shading_act_on_rgb_only(make_scene):
    base = still(make_scene(8, frames=2, size=16), np.zeros((3, 2)))
    base = dataclasses.replace(base, background=np.full((3, 16, 16), 0.4), colours=base.colours / 2)
    reference = render_of(base, 16)
    changed = dataclasses.replace(
        base, gain=np.array([1.0, 0.5]), cast=np.array([1.0, 1.2, 0.5]), shading=np.array([0.1, 0])
    )
    clip = render_of(changed, 16)
    for name in ("depth", "ir", "flow", "mask", "true_flow"):
        assert torch.equal(getattr(clip, name), getattr(reference, name))
    ratio = clip.rgb / reference.rgb
    np.testing.assert_allclose(ratio[1] / ratio[0], 1.2, rtol=1e-4)
    np.testing.assert_allclose(ratio[2] / ratio[0], 0.5, rtol=1e-4)
    np.testing.assert_allclose(ratio[:, 1] / ratio[:, 0], 0.5, rtol=1e-4)
    line = np.broadcast_to(1 + np.linspace(-0.1, 0.1, 16), (16, 16))
    np.testing.assert_allclose(ratio[0, 0], line, rtol=1e-4)


def test_depth_has_steps_of_a_centimetre_and_holes_mostly_at_edges(make_scene):
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


def test_found_flow_is_the_true_flow_smoothed_with_errors_around_it(make_scene):
    size = 32
    scenes = [make_scene(seed, "shake hand", frames=6, size=size) for seed in range(4)]
    clips = [render_of(scene, size) for scene in scenes]
    found, true = (torch.stack([getattr(c, n) for c in clips]) for n in ("flow", "true_flow"))
    error = found - true
    assert error.abs().mean() > 0.01
    assert error.mean().abs() < 0.1, "no bias"
    correlation = torch.corrcoef(torch.stack([found.flatten(), true.flatten()]))[0, 1]
    assert 0.4 < correlation < 0.999


def test_flow_errors_scale_with_the_picture(make_scene):
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
