"""The fast exact ray caster against a slow one that shares no formula with it.

The reference walks along each ray in float64 by the distance to the nearest surface (sphere
tracing), where the distance to a bone is that to its line piece, less the radius.
"""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtlib.synthetic.camera import FIELD
from mmtlib.synthetic.raycast import BoneTensors, camera_rays, cast, dot


def bone_tensors(origin, along, length, radius):
    """Return `BoneTensors` of bones at T moments: origin, along (T, K, 3); length, radius (K,)."""
    steps, count, _ = origin.shape
    axes = np.zeros((3, 3, steps * count))
    axes[:, 1] = along.reshape(-1, 3).T
    tensors = (origin.reshape(-1, 3).T, axes, np.tile(length, steps), np.tile(radius, steps))
    origin, axes, length, radius = (torch.tensor(x, dtype=torch.float32) for x in tensors)
    return BoneTensors(origin=origin, axes=axes, length=length, radius=radius, count=count)


def one_bone(origin, along, length, radius):
    origin, along = np.array(origin, float), np.array(along, float)
    return bone_tensors(origin[None, None], along[None, None], [length], [radius])


def distances(points, origin, along, length, radius):
    """Return the signed distance of points (..., 3) from each of K bones, (..., K)."""
    offset = points[..., None, :] - origin
    height = np.clip((offset * along).sum(-1), 0, length)
    return np.linalg.norm(offset - height[..., None] * along, axis=-1) - radius


def trace(rays, bones):
    """Return where rays (N, 3) meet the nearest of the bones: distance, bone, and how clearly.

    The clearance is how deep the ray goes into the bones where it hits, and how far it stays away
    where it misses; a ray with nearly none may be called either way in float32.
    """
    t = np.zeros(len(rays))
    nearest = np.full(len(rays), np.inf)
    for _ in range(400):
        d = distances(rays * t[:, None], *bones).min(1)
        nearest = np.minimum(nearest, d)
        t = np.where(t < 5, t + d, t)
        if ((d < 1e-9) | (t >= 5)).all():
            break
    at_end = distances(rays * t[:, None], *bones)
    hit = at_end.min(1) < 1e-7
    inside = t[:, None] + np.linspace(0, 0.15, 150)
    depth = -distances(rays[:, None] * inside[..., None], *bones).min((1, 2))
    return np.where(hit, t, np.inf), at_end.argmin(1), np.where(hit, depth, nearest)


def random_bones(seed, steps, count):
    """Return bones in front of the camera, some like balls, some pointing at the camera."""
    rng = np.random.default_rng(seed)
    plane = rng.uniform(-FIELD, FIELD, (steps, count, 2))
    depth = rng.uniform(0.3, 1.2, (steps, count, 1))
    origin = np.concatenate([plane * depth, depth], -1)
    along = rng.standard_normal((steps, count, 3))
    along[:, ::4] = origin[:, ::4] * rng.choice([-1, 1], (steps, len(along[0, ::4]), 1))
    along /= np.linalg.norm(along, axis=-1, keepdims=True)
    length = rng.uniform(0, 0.25, count) * (rng.uniform(size=count) < 0.85)
    return origin, along, length, rng.uniform(0.005, 0.06, count)


@pytest.mark.parametrize("seed", range(4))
def test_against_sphere_tracing(seed):
    steps, count, size = 2, 12, 24
    origin, along, length, radius = random_bones(seed, steps, count)
    _, rays = camera_rays(size, torch.tensor([[0.0, 0.0], [0.05, -0.03]]))
    hits = cast(rays, bone_tensors(origin, along, length, radius))

    found = np.full(steps * size**2, np.inf)
    found[hits.ray] = hits.point.double().norm(dim=0).numpy()
    bone = np.full(steps * size**2, -1)
    bone[hits.ray] = hits.at.numpy()
    for moment in range(steps):
        bones = origin[moment], along[moment], length, radius
        mine = slice(moment * size**2, (moment + 1) * size**2)
        flat = rays[:, moment].T.double().numpy()
        t, nearest, clearance = trace(flat, bones)
        clear = clearance > 3e-5
        assert clear.mean() > 0.98
        assert 0.1 < np.isfinite(t).mean() < 0.95, "the scene must have hits and misses"
        assert (np.isfinite(found[mine]) == np.isfinite(t))[clear].all()
        seen = clear & np.isfinite(t)
        np.testing.assert_allclose(found[mine][seen], t[seen], rtol=0, atol=5e-5)
        # Where two surfaces cross, either bone may be named; both are at the same distance.
        rivals = np.sort(distances(flat * np.minimum(t, 9)[:, None], *bones), 1)[:, 1]
        sure = seen & (rivals > 1e-4)
        assert sure.sum() > 0.9 * seen.sum()
        assert (bone[mine][sure] == moment * count + nearest[sure]).all()


@pytest.mark.parametrize("seed", range(3))
def test_points_lie_on_their_rays_and_surfaces_and_normals_point_out(seed):
    origin, along, length, radius = random_bones(10 + seed, 1, 12)
    _, rays = camera_rays(32, torch.zeros(1, 2))
    hits = cast(rays, bone_tensors(origin, along, length, radius))
    point, normal = hits.point.T.double().numpy(), hits.normal.T.double().numpy()
    direction = rays[:, 0, hits.ray].T.double().numpy()
    own = np.arange(len(point)), hits.at.numpy()

    assert len(set(hits.ray.tolist())) == len(hits.ray), "one hit a ray"
    np.testing.assert_allclose(np.cross(point, direction), 0, atol=1e-6)
    bones = origin[0], along[0], length, radius
    assert np.abs(distances(point, *bones)[own]).max() < 1e-4
    off_unit = np.abs(np.linalg.norm(normal, axis=1) - 1)
    assert np.median(off_unit) < 1e-4
    assert off_unit.max() < 5e-3, "float32, where a thin bone is only grazed"
    step = 1e-3
    rise = distances(point + step * normal, *bones)[own] - distances(point, *bones)[own]
    np.testing.assert_allclose(rise, step, rtol=0.01)
    assert ((normal * direction).sum(1) < 0.02).all(), "surfaces face the camera"


def test_one_ball_in_closed_form():
    centre, radius = np.array([0.03, -0.05, 0.6]), 0.08
    _, rays = camera_rays(64, torch.zeros(1, 2))
    hits = cast(rays, one_bone(centre, [0, 1, 0], 0.0, radius))
    flat = rays[:, 0].T.double().numpy()
    middle = flat @ centre
    root = radius**2 - centre @ centre + middle**2
    clear = np.abs(root) > 1e-6
    found = np.zeros(len(flat), bool)
    found[hits.ray] = True
    assert (found == (root > 0))[clear].all()
    expected = (middle - np.sqrt(np.clip(root, 0, None)))[hits.ray]
    steep = root[hits.ray] > 1e-5
    error = np.abs(hits.point.double().norm(dim=0).numpy() - expected)
    assert error[steep].max() < 2e-5
    outward = (hits.point.T.double().numpy() - centre) / radius
    np.testing.assert_allclose(hits.normal.T.numpy(), outward, atol=1e-4)


def test_one_upright_rod_in_closed_form():
    distance, radius, length = 0.5, 0.02, 0.1
    _, rays = camera_rays(129, torch.zeros(1, 2))
    hits = cast(rays, one_bone([0, -0.05, distance], [0, 1, 0], length, radius))
    x, y, z = hits.point.double().numpy()
    side = np.abs(y) < length / 2
    np.testing.assert_allclose((x**2 + (z - distance) ** 2)[side], radius**2, rtol=1e-3)
    centre = hits.ray == 129 * 64 + 64
    np.testing.assert_allclose(hits.point[:, centre].ravel(), [0, 0, 0.48], atol=1e-6)
    np.testing.assert_allclose(hits.normal[:, centre].ravel(), [0, 0, -1], atol=1e-4)
    np.testing.assert_allclose(hits.normal[1].numpy()[side], 0, atol=1e-4)
    assert (z < distance).all()
    # A round end reaches one radius beyond the length.
    assert 0.9 * radius < y.max() - length / 2 < radius
    assert y.min() == pytest.approx(-y.max(), abs=1e-6)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("tilt", [0.0, 1e-8, 1e-6, 1e-5, 1e-4, 3e-4, 1e-3])
def test_a_rod_along_the_ray_shows_its_near_end(sign, tilt):
    along = np.array([np.sin(tilt), 0, np.cos(tilt)]) * sign
    middle = np.array([0, 0, 0.6])
    ray = torch.tensor([[0.0, 0.004], [0.0, 0.003], [1.0, 1.0]])
    ray = (ray / ray.norm(dim=0))[:, None]
    hits = cast(ray, one_bone(middle - 0.1 * along, along, 0.2, 0.02))
    assert hits.ray.tolist() == [0, 1]
    assert hits.point[2].tolist() == pytest.approx([0.48, 0.4803], abs=2e-4)


@pytest.mark.parametrize(
    "origin",
    [(0, 0, -0.5), (0, 0, 0), (0, 0, 0.01), (0, -0.02, -0.01), (0.2, 0, -0.6)],
)
def test_a_bone_behind_or_around_the_camera_is_not_seen(origin):
    _, rays = camera_rays(8, torch.zeros(1, 2))
    assert len(cast(rays, one_bone(origin, [0, 1, 0], 0.05, 0.03)).ray) == 0
    far = np.array([[origin, (0, 0, 0.5)]], float)
    along = np.tile([0.0, 1, 0], (1, 2, 1))
    hits = cast(rays, bone_tensors(far, along, [0.05, 0.0], [0.03, 0.3]))
    assert len(hits.ray) == 64, "and hides nothing"
    assert (hits.at == 1).all()


def test_nothing_is_hit_where_nothing_is():
    _, rays = camera_rays(8, torch.zeros(3, 2))
    origin, along = np.full((3, 1, 3), 9.0), np.tile([1.0, 0, 0], (3, 1, 1))
    hits = cast(rays, bone_tensors(origin, along, [1.0], [1.0]))
    assert hits.ray.shape == hits.at.shape == (0,)
    assert hits.point.shape == hits.normal.shape == (3, 0)


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_the_nearest_bone_wins_in_any_order(order):
    origin = np.array([[[0, 0, 0.5], [0, 0, 0.8]]])[:, order]
    along = np.tile([1.0, 0, 0], (1, 2, 1))
    radius = np.array([0.05, 0.2])[order]
    _, rays = camera_rays(33, torch.zeros(1, 2))
    hits = cast(rays, bone_tensors(origin, along, [0.0, 0.0], radius))
    middle = hits.at[hits.ray == 33 * 16 + 16].item()
    assert order[middle] == 0
    assert {order[i] for i in hits.at.tolist()} == {0, 1}


def test_of_two_equal_bones_the_first_is_named():
    origin = np.tile([0.01, 0.02, 0.5], (1, 3, 1))
    along = np.tile([0.6, 0.8, 0], (1, 3, 1))
    _, rays = camera_rays(16, torch.zeros(1, 2))
    hits = cast(rays, bone_tensors(origin, along, [0.1] * 3, [0.03] * 3))
    assert len(hits.at) > 10
    assert (hits.at == 0).all()


def test_every_moment_sees_its_own_bones():
    origin = np.array([[[-0.1, 0, 0.5]], [[0.1, 0, 0.5]], [[0.0, 9, 0.5]]])
    along = np.tile([0.0, 1, 0], (3, 1, 1))
    _, rays = camera_rays(16, torch.zeros(3, 2))
    hits = cast(rays, bone_tensors(origin, along, [0.05], [0.03]))
    moment = hits.ray // 256
    assert (hits.at == moment).all()
    assert set(moment.tolist()) == {0, 1}
    assert (hits.point[0, moment == 0] < 0).all()
    assert (hits.point[0, moment == 1] > 0).all()


@settings(max_examples=25)
@given(st.integers(1, 40), st.floats(-0.2, 0.2), st.floats(-0.2, 0.2))
def test_camera_rays(size, dx, dy):
    plane, rays = camera_rays(size, torch.tensor([[0.0, 0.0], [dx, dy]]))
    assert plane.shape == (2, 2, size**2)
    assert rays.shape == (3, 2, size**2)
    assert torch.allclose(dot(rays, rays), torch.ones(2, size**2), atol=1e-6)
    assert torch.allclose(rays[:2] / rays[2], plane, atol=1e-6)
    picture = plane[:, 0].reshape(2, size, size)
    half = FIELD / size
    assert torch.allclose(picture[0, :, 0], torch.tensor(-FIELD + half), atol=1e-6)
    assert torch.allclose(picture[0, :, -1], torch.tensor(FIELD - half), atol=1e-6)
    assert torch.allclose(picture[1, 0], torch.tensor(-FIELD + half), atol=1e-6)
    assert torch.allclose(picture[1, -1], torch.tensor(FIELD - half), atol=1e-6)
    shift = plane[:, 1] - plane[:, 0]
    assert torch.allclose(shift, torch.tensor([[dx], [dy]]).float(), atol=1e-6)
