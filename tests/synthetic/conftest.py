"""Hands, people and scenes that the tests of the embedded benchmark share."""

import dataclasses

import numpy as np
import pytest

from mmtlib.synthetic.gestures import GESTURES, Motion
from mmtlib.synthetic.hand_model import HandPose, HandShape, pose_hand
from mmtlib.synthetic.scene import draw_person, draw_scene


@pytest.fixture
def make_hand():
    """Return a function that makes a hand of ordinary proportions; settings may be changed."""

    def make(**changes):
        shape = HandShape(
            scale=1.0,
            finger_scale=np.ones(5),
            palm_scale=1.0,
            thickness=1.0,
            spread=0.12,
            left=False,
        )
        return dataclasses.replace(shape, **changes)

    return make


@pytest.fixture
def act(make_hand):
    """Return a function that performs a gesture without drift or tremor."""

    def perform(gesture, *, left=False, steps=41, amplitude=1.0, rest=(0, 0, 0), start_angle=0.4):
        motion = Motion(
            phase=np.linspace(0, 1, steps),
            amplitude=amplitude,
            circle=0.04,
            start_angle=start_angle,
            left=left,
            position=np.zeros((steps, 3)),
            angles=np.tile(np.asarray(rest, float), (steps, 1)),
            curl=np.full((steps, 5), 0.1),
        )
        GESTURES[gesture](motion)
        pose = HandPose(position=motion.position, angles=motion.angles, curl=motion.curl)
        _, joints = pose_hand(make_hand(left=left), pose)
        return motion, joints

    return perform


@pytest.fixture
def make_scene():
    """Return a function that draws a small scene; attributes of it may be changed."""

    def make(seed=0, gesture="move hand left", *, frames=3, size=24, clutter=0.3, **changes):
        rng = np.random.default_rng(seed)
        scene = draw_scene(
            rng, draw_person(rng), gesture, frames=frames, size=size, clutter=clutter
        )
        return dataclasses.replace(scene, **changes)

    return make
