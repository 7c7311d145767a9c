"""Flow, mask and depth against float64 computations that share no formula with the renderer."""

import dataclasses

import numpy as np
import pytest
import torch

from mmtlib.synthetic.camera import FIELD
from mmtlib.synthetic.hand_model import N_HAND_BONES


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


@pytest.mark.parametrize("seed", range(3))
def test_mask_depth_and_flow_against_walking_along_the_rays(make_scene, seed, render_of):
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
def test_flow_leads_back_to_the_same_bone(make_scene, seed, render_of):
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


def test_flow_of_a_ball_in_closed_form(make_scene, render_of, one_ball):
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


def test_flow_of_turning_around_the_line_of_sight(make_scene, render_of, one_ball):
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
def test_a_panning_camera_shifts_a_still_scene_evenly(make_scene, dx, dy, render_of, still):
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
