"""Hands, people and scenes that the tests of the embedded benchmark share."""

import dataclasses

import numpy as np
import pytest
import torch

from mmtlib.core.modalities import MODALITIES
from mmtlib.synthetic import SyntheticGestures, dataset
from mmtlib.synthetic.gestures import GESTURES, Motion
from mmtlib.synthetic.hand_model import Bones, HandPose, HandShape, pose_hand
from mmtlib.synthetic.renderer import render
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


@pytest.fixture
def render_of():
    """Return a function that renders a scene."""

    def make(scene, size=24, seed=0):
        return render(scene, size=size, generator=torch.Generator().manual_seed(seed))

    return make


@pytest.fixture
def still():
    """Return a function that stops everything in a scene but the camera, without noise."""

    def make(scene, pan):
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

    return make


@pytest.fixture
def one_ball(still):
    """Return a function that makes a red ball a scene's only thing: a hand of one bone."""

    def make(scene, centres, radius=0.05):
        centres = np.asarray(centres, float)
        bones = Bones(
            origin=centres[:, None],
            axes=np.tile(np.eye(3), (len(centres), 1, 1, 1)),
            length=np.zeros(1),
            radius=np.array([radius]),
        )
        pan = np.zeros((len(centres), 2))
        return dataclasses.replace(still(scene, pan), bones=bones, colours=np.array([[1.0, 0, 0]]))

    return make


@pytest.fixture(scope="session")
def tiny():
    """Every field of the smallest split of the smallest preset."""
    return SyntheticGestures("tiny", "validation", MODALITIES, depth="metres", extras=True)


@pytest.fixture
def empty_cache(tiny, tmp_path, monkeypatch):
    """Another cache, with nothing in it; returns the folder its synthetic stores will be in."""
    monkeypatch.setenv("MMTLIB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "synthetic"


@pytest.fixture
def no_rendering(tiny, monkeypatch):
    """Let the test fail where a clip is rendered."""
    monkeypatch.setattr(dataset, "render", lambda *a, **k: pytest.fail("rendered again"))


@pytest.fixture
def same():
    """Return a function that says whether two clips are equal."""

    def compare(a, b):
        facts = [(c.label, c.subject, c.clip_id, c.frame_rate, c.modalities) for c in (a, b)]
        return facts[0] == facts[1] and all(torch.equal(a.frames[m], b.frames[m]) for m in a.frames)

    return compare


@pytest.fixture
def store_of():
    """Return a function that gives the folder of a data set's store."""
    return lambda data: data._store.folder
