import dataclasses

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from mmtlib.synthetic import GESTURES
from mmtlib.synthetic.camera import FIELD
from mmtlib.synthetic.hand_model import FOREARM, N_BONES
from mmtlib.synthetic.scene import N_DISTRACTORS, draw_person, draw_scene, enlarge


def arrays_of(value):
    """Return every array and number of a dataclass, nested ones too."""
    if dataclasses.is_dataclass(value):
        return [x for f in dataclasses.fields(value) for x in arrays_of(getattr(value, f.name))]
    return [] if value is None else [np.asarray(value)]


def equal(a, b):
    return all(np.array_equal(x, y) for x, y in zip(arrays_of(a), arrays_of(b), strict=True))


def test_people_repeat_and_differ():
    first, again, other = (draw_person(np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert equal(first, again)
    assert not equal(first, other)


def test_people_are_people():
    people = [draw_person(np.random.default_rng(seed)) for seed in range(200)]
    assert 0.15 < np.mean([p.hand.left for p in people]) < 0.5, "some are left-handed"
    bare = np.mean([np.array_equal(p.sleeve, p.skin) for p in people])
    assert 0.1 < bare < 0.9, "some wear sleeves"
    for p in people:
        assert p.skin.shape == p.sleeve.shape == (3,)
        assert 0 < p.skin.min() <= p.skin.max() < 1
        assert p.skin[0] > p.skin[2], "skin is redder than blue"
        assert p.hand.finger_scale.shape == (5,)
        assert min(p.speed, p.amplitude, p.circle, p.distance, p.hand.spread) > 0
    for name in ("speed", "amplitude", "rest_curl", "circle", "distance"):
        assert np.std([getattr(p, name) for p in people]) > 0
    assert np.std([p.skin for p in people], axis=0).min() > 0.05


def test_shapes_and_ranges_of_a_scene(make_scene):
    frames, size = 5, 20
    scene = make_scene(frames=frames, size=size)
    count = N_BONES + N_DISTRACTORS
    assert scene.bones.origin.shape == (frames + 1, count, 3)
    assert scene.bones.axes.shape == (frames + 1, count, 3, 3)
    assert scene.bones.length.shape == scene.bones.radius.shape == (count,)
    assert scene.bones.length.min() >= 0
    assert scene.bones.radius.min() > 0
    assert scene.joints.shape == (frames, 21, 3)
    assert scene.colours.shape == (count, 3)
    assert scene.background.shape == (3, size, size)
    assert scene.background_depth.shape == (size, size)
    assert scene.gain.shape == (frames,)
    assert scene.pan.shape == (frames + 1, 2)
    assert (scene.cast.shape, scene.shading.shape) == ((3,), (2,))
    assert np.linalg.norm(scene.light) == pytest.approx(1)
    assert 0 < scene.ambient < 1
    assert all(np.isfinite(x).all() for x in arrays_of(scene))


def test_bones_are_rigid_over_the_clip(make_scene):
    axes = make_scene(frames=6).bones.axes
    square = np.swapaxes(axes, -1, -2) @ axes
    np.testing.assert_allclose(square, np.broadcast_to(np.eye(3), square.shape), atol=1e-9)
    determinant = np.linalg.det(axes)
    np.testing.assert_allclose(determinant, np.broadcast_to(determinant[:1], determinant.shape))


def test_joints_are_those_of_the_bones(make_scene):
    scene = make_scene(frames=4)
    np.testing.assert_allclose(scene.joints[:, 0], scene.bones.origin[:4, FOREARM], atol=1e-12)
    np.testing.assert_allclose(scene.joints[:, 5], scene.bones.origin[:4, 3], atol=1e-12)


@pytest.mark.parametrize("gesture", GESTURES)
def test_the_hand_is_in_view_before_the_wall_and_the_objects(make_scene, gesture):
    inside = []
    for seed in range(6):
        scene = make_scene(seed, gesture, frames=8)
        x, y, z = np.moveaxis(scene.joints, -1, 0)
        assert z.min() > 0.2
        inside.append((np.maximum(abs(x), abs(y)) < FIELD * z).mean())
        assert scene.background_depth.min() > z.mean()
    assert np.mean(inside) > 0.85


@pytest.mark.parametrize(
    ("gesture", "axis", "sign"),
    [
        ("move hand left", 0, -1),
        ("move two fingers right", 0, 1),
        ("move hand up", 1, -1),
        ("push hand out", 2, -1),
        ("pull hand in", 2, 1),
    ],
)
def test_drift_and_tremor_do_not_hide_the_motion(make_scene, gesture, axis, sign):
    ways = []
    for seed in range(30):
        middle = make_scene(seed, gesture, frames=12).joints.mean(1)
        ways.append((middle[-1] - middle[0])[axis] * sign)
    assert np.mean(np.array(ways) > 0.01) > 0.9


def test_the_same_generator_gives_the_same_scene(make_scene):
    assert equal(make_scene(3), make_scene(3))
    assert not equal(make_scene(3), make_scene(4))


@pytest.mark.parametrize("frames", [1, 2, 9])
def test_clips_of_any_length(make_scene, frames):
    scene = make_scene(frames=frames)
    assert scene.joints.shape[0] == frames
    assert np.isfinite(scene.bones.origin).all()


def test_the_motion_does_not_depend_on_the_size_of_the_picture(make_scene):
    small, large = make_scene(size=16), make_scene(size=64)
    np.testing.assert_array_equal(small.bones.origin, large.bones.origin)
    np.testing.assert_array_equal(small.light, large.light)
    small_up = enlarge(small.background_depth[None], 64)[0]
    assert np.abs(small_up - large.background_depth).mean() < 0.05, "nor does the wall"


def test_without_clutter_colours_are_true_and_with_it_they_are_not(make_scene):
    plain, hard = make_scene(clutter=0.0), make_scene(clutter=1.0)
    np.testing.assert_array_equal(plain.gain, 1)
    np.testing.assert_array_equal(plain.cast, 1)
    np.testing.assert_array_equal(plain.shading, 0)
    assert np.std(hard.gain) > 0
    assert np.std(hard.cast) > 0
    assert hard.noise > plain.noise


def test_more_clutter_makes_the_wall_busier_in_colour(make_scene):
    def busy(clutter):
        walls = [make_scene(seed, clutter=clutter, size=32).background for seed in range(12)]
        return np.mean([np.abs(np.diff(wall, axis=-1)).mean() for wall in walls])

    assert busy(0.0) < busy(0.3) < busy(1.0)


def test_distractors_move_and_are_coloured_like_skin():
    skins, colours = [], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        person = draw_person(rng)
        scene = draw_scene(rng, person, "click", frames=6, size=8, clutter=0.3)
        moving = np.ptp(scene.bones.origin[:, N_BONES:], axis=0)
        assert (moving.max(-1) > 0).all()
        assert scene.bones.origin[:, N_BONES:, 2].min() > scene.joints[..., 2].mean()
        skins.append(person.skin)
        colours.append(scene.colours[-1])
        np.testing.assert_array_equal(scene.colours[FOREARM], person.sleeve)
    match = np.corrcoef(np.mean(skins, 1), np.mean(colours, 1))[0, 1]
    assert match > 0.7


@pytest.mark.parametrize(("cells", "size"), [(3, 16), (6, 16), (24, 16), (12, 12), (5, 33)])
def testenlarge_is_bilinear(cells, size):
    noise = np.random.default_rng(0).standard_normal((2, cells, cells))
    expected = F.interpolate(
        torch.tensor(noise)[None], size=(size, size), mode="bilinear", align_corners=False
    )
    np.testing.assert_allclose(enlarge(noise, size), expected[0], atol=1e-12)
