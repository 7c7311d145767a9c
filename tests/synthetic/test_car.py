"""The scenery that imitates NVGesture: what can be told from its pictures and motions."""

import dataclasses

import numpy as np
import pytest
import torch

from mmtlib.synthetic import GESTURES, SyntheticGestures, depth_to_8bit, get_preset
from mmtlib.synthetic.camera import CAR_CAMERA
from mmtlib.synthetic.car import CAR_VERSION, NEAREST, draw_car_scene
from mmtlib.synthetic.dataset import ClipMaker
from mmtlib.synthetic.driver import drive
from mmtlib.synthetic.gestures import MIRRORED, Motion
from mmtlib.synthetic.hand_model import FOREARM, N_BONES
from mmtlib.synthetic.renderer import render
from mmtlib.synthetic.scene import draw_person

COUNT = 24


def scene_of(seed, gesture="move hand left", frames=16, size=24, clutter=0.5):
    rng = np.random.default_rng(seed)
    return draw_car_scene(rng, draw_person(rng), gesture, frames=frames, size=size, clutter=clutter)


def motion(steps=41, amplitude=1.5):
    return Motion(
        phase=np.linspace(0, 1, steps),
        amplitude=amplitude,
        circle=0.04,
        start_angle=0.4,
        left=False,
        position=np.zeros((steps, 3)),
        angles=np.zeros((steps, 3)),
        curl=np.full((steps, 5), 0.1),
    )


@pytest.mark.parametrize("gesture", GESTURES)
def test_every_gesture_makes_a_sound_scene(gesture):
    for seed in range(4):
        scene = scene_of(seed, gesture)
        assert scene.bones.origin.shape == (17, N_BONES, 3), "a hand and nothing else moves"
        for array in (scene.bones.origin, scene.bones.axes, scene.joints, scene.background):
            assert np.isfinite(array).all()
        axes = scene.bones.axes
        square = axes.swapaxes(2, 3) @ axes
        np.testing.assert_allclose(square, np.broadcast_to(np.eye(3), axes.shape), atol=1e-6)
        assert scene.joints[:, 0, 2].min() > NEAREST - 0.05, "the wrist is before the camera"


def test_the_same_seed_gives_the_same_scene_and_another_one_does_not():
    first, again, other = scene_of(3), scene_of(3), scene_of(4)
    assert np.array_equal(first.bones.origin, again.bones.origin)
    assert not np.array_equal(first.bones.origin, other.bones.origin)


@pytest.mark.parametrize(("gesture", "sign"), [("move hand left", 1), ("move hand right", -1)])
def test_left_is_the_drivers_left(gesture, sign):
    """Who faces the camera and moves to the left moves to the right in the picture."""
    made = motion()
    drive(made, gesture, np.random.default_rng(0))
    assert sign * (made.position[-1, 0] - made.position[0, 0]) > 0.1


def test_clockwise_is_seen_as_counter_clockwise():
    for gesture, sign in (
        ("rotate two fingers clockwise", -1),
        ("rotate two fingers counter-clockwise", 1),
    ):
        made = motion(steps=201)
        drive(made, gesture, np.random.default_rng(1))
        x, y = made.position[:, 0], made.position[:, 1]
        # y points down: a positive turn of (x, y) is clockwise as seen.
        turn = np.sum(x[:-1] * np.diff(y) - y[:-1] * np.diff(x))
        assert np.sign(turn) == sign


def test_every_gesture_has_a_motion_and_they_differ():
    made = {}
    for gesture in GESTURES:
        made[gesture] = motion()
        drive(made[gesture], gesture, np.random.default_rng(5))
    for a, b in MIRRORED.items():
        assert not np.allclose(made[a].position, made[b].position)
    for gesture, m in made.items():
        still = motion()
        parts = ("position", "angles", "curl")
        moved = [np.abs(getattr(m, part) - getattr(still, part)).max() for part in parts]
        assert max(moved) > 0.1, gesture


def test_the_forearm_points_to_an_elbow_that_stays():
    scene = scene_of(7)
    origin, along = scene.bones.origin[:, FOREARM], scene.bones.axes[:, FOREARM, :, 1]
    # Lines through the wrist along the forearm meet in one point: least squares finds it.
    across = np.eye(3) - along[:, :, None] * along[:, None]
    elbow = np.linalg.solve(across.sum(0), (across @ origin[..., None]).sum(0))[:, 0]
    off = np.linalg.norm((across @ (elbow - origin)[..., None])[..., 0], axis=1)
    assert off.max() < 1e-6


def test_depth_ends_behind_the_hand_and_colour_is_black_beyond_the_driver():
    maker = ClipMaker(get_preset("car"), "train", 0, 0.5)
    shares, levels, black = [], [], []
    for index in range(COUNT):
        clip, _ = maker.render(index)
        level = depth_to_8bit(clip.depth, camera=CAR_CAMERA)
        assert not level[clip.depth > CAR_CAMERA.close_range].any()
        shares.append(float((level > 0).float().mean()))
        levels.append(float(level[level > 0].median()))
        black.append(float((clip.rgb.amax(0) == 0).float().mean()))
        assert (clip.true_flow[:, clip.depth[0] > 1.2] == 0).all(), "the camera is still"
    # Of 37 real clips: 2 to 9 % of the picture; median levels 100 to 180 of 255.
    assert 0.02 < np.mean(shares) < 0.12
    assert 80 / 255 < np.mean(levels) < 200 / 255
    assert 0.3 < np.mean(black) < 0.95


def test_the_wide_picture_is_squeezed(make_scene, one_ball):
    """A ball is higher than wide in a square picture of a view that is wider than high."""
    room = make_scene(size=96)
    scene = dataclasses.replace(one_ball(room, [(0.0, 0.0, 0.5)] * 2), camera=CAR_CAMERA)
    clip = render(scene, size=96, generator=torch.Generator().manual_seed(0))
    rows, columns = clip.mask[0].nonzero().T
    height, width = (int(at.max() - at.min()) + 1 for at in (rows, columns))
    # A ball of 5 cm at 0.5 m is seen under an angle of tangent 0.1005.
    across, down = CAR_CAMERA.field
    assert width == pytest.approx(96 * 0.1005 / across, abs=1.1)
    assert height == pytest.approx(96 * 0.1005 / down, abs=1.1)
    assert height > width


def test_as_a_data_set(monkeypatch, tmp_path):
    preset = get_preset("car")
    assert preset.classes == tuple(GESTURES)
    assert preset.frames / preset.frame_rate == pytest.approx(80 / 30), "as long as real ones"
    data = SyntheticGestures.__new__(SyntheticGestures)
    data.preset, data.split, data.generator_seed, data.clutter = preset, "train", 0, 0.5
    data._rows = []
    assert data._made_from()["car_version"] == CAR_VERSION
    room = get_preset("tiny")
    data.preset = room
    assert "car_version" not in data._made_from(), "other presets keep their identity"
