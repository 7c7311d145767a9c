import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from mmtlib.synthetic import hand_model
from mmtlib.synthetic.hand_model import (
    FOREARM,
    N_BONES,
    N_PALM,
    N_PHALANGES,
    Bones,
    HandPose,
    HandShape,
    pose_hand,
    rotation,
)

TIPS = [4, 8, 12, 16, 20]
KNUCKLES = [1, 5, 9, 13, 17]
numbers = st.floats(-1, 1)


def still(curl=0.0, angles=(0, 0, 0), position=(0, 0, 0), steps=1):
    return HandPose(
        position=np.tile(np.asarray(position, float), (steps, 1)),
        angles=np.tile(np.asarray(angles, float), (steps, 1)),
        curl=np.broadcast_to(np.asarray(curl, float), (steps, 5)),
    )


@st.composite
def shapes(draw):
    def size():
        return draw(st.floats(0.8, 1.2))

    return HandShape(
        scale=size(),
        finger_scale=np.array([size() for _ in range(5)]),
        palm_scale=size(),
        thickness=size(),
        spread=draw(st.floats(0.05, 0.25)),
        left=draw(st.booleans()),
    )


@st.composite
def poses(draw, steps=2):
    def rows(n, low, high):
        values = st.lists(st.floats(low, high), min_size=n * steps, max_size=n * steps)
        return np.array(draw(values)).reshape(steps, n)

    return HandPose(position=rows(3, -0.3, 0.6), angles=rows(3, -1.5, 1.5), curl=rows(5, 0, 1.1))


@settings(max_examples=50)
@given(st.lists(st.tuples(*[st.floats(-4, 4)] * 3), min_size=1, max_size=4))
def test_rotation_is_roll_after_yaw_after_pitch(angles):
    angles = np.array(angles)
    expected = Rotation.from_euler("xyz", angles).as_matrix()
    np.testing.assert_allclose(rotation(angles), expected, atol=1e-12)
    np.testing.assert_allclose(rotation(angles[0]), expected[0], atol=1e-12)


def test_rotation_senses_in_the_picture():
    up = np.array([0.0, -1.0, 0.0])
    assert (rotation(np.array([0, 0, 0.5])) @ up)[0] > 0  # roll: clockwise
    assert (rotation(np.array([0.5, 0, 0])) @ up)[2] < 0  # pitch: finger tips to the camera
    assert (rotation(np.array([0, 0.5, 0])) @ [0, 0, -1.0])[0] < 0  # yaw: palm to the left


@settings(max_examples=40)
@given(shapes(), poses())
def test_bones_and_joints_belong_together(shape, pose):
    bones, joints = pose_hand(shape, pose)
    assert joints.shape == (2, 21, 3)
    assert bones.origin.shape == (2, N_BONES, 3)
    assert bones.length.shape == bones.radius.shape == (N_BONES,)
    np.testing.assert_allclose(joints[:, 0], pose.position, atol=1e-12)
    ends = bones.origin + bones.axes[..., 1] * bones.length[:, None]
    for finger in range(5):
        for phalanx in range(3):
            bone, joint = 3 * finger + phalanx, 1 + 4 * finger + phalanx
            np.testing.assert_allclose(bones.origin[:, bone], joints[:, joint], atol=1e-12)
            np.testing.assert_allclose(ends[:, bone], joints[:, joint + 1], atol=1e-12)
    palm = slice(N_PHALANGES, N_PHALANGES + N_PALM)
    np.testing.assert_allclose(ends[:, palm], joints[:, KNUCKLES[1:]], atol=1e-12)
    np.testing.assert_allclose(bones.origin[:, FOREARM], pose.position, atol=1e-12)


@settings(max_examples=40)
@given(shapes(), poses())
def test_bone_axes_are_orthonormal_and_mirrored_for_a_left_hand(shape, pose):
    axes = pose_hand(shape, pose)[0].axes
    square = np.swapaxes(axes, -1, -2) @ axes
    np.testing.assert_allclose(square, np.broadcast_to(np.eye(3), square.shape), atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(axes), -1 if shape.left else 1, atol=1e-12)


@settings(max_examples=40)
@given(shapes(), poses())
def test_lengths_do_not_depend_on_the_pose(shape, pose):
    _, joints = pose_hand(shape, pose)
    bones, _ = pose_hand(shape, still())
    fingers = joints[:, 1:].reshape(2, 5, 4, 3)
    lengths = np.linalg.norm(np.diff(fingers, axis=2), axis=-1).reshape(2, N_PHALANGES)
    np.testing.assert_allclose(lengths, np.tile(bones.length[:N_PHALANGES], (2, 1)), atol=1e-12)


@settings(max_examples=40)
@given(shapes(), poses())
def test_a_left_hand_is_the_mirror_image_of_a_right_hand(shape, pose):
    other = HandShape(**{name: getattr(shape, name) for name in HandShape.__slots__})
    object.__setattr__(other, "left", not shape.left)
    mirror = np.array([-1.0, 1.0, 1.0])
    mirrored = HandPose(
        position=pose.position * mirror, angles=pose.angles * -mirror, curl=pose.curl
    )
    bones, joints = pose_hand(shape, pose)
    bones_m, joints_m = pose_hand(other, mirrored)
    np.testing.assert_allclose(joints_m, joints * mirror, atol=1e-12)
    np.testing.assert_allclose(bones_m.origin, bones.origin * mirror, atol=1e-12)
    np.testing.assert_allclose(bones_m.axes[..., 1], bones.axes[..., 1] * mirror, atol=1e-12)
    np.testing.assert_allclose(bones_m.length, bones.length)


@settings(max_examples=30)
@given(shapes(), poses(steps=1))
def test_the_whole_hand_turns_and_moves_rigidly(shape, pose):
    _, joints = pose_hand(shape, pose)
    _, rest = pose_hand(shape, still(curl=pose.curl))
    moved = rest[0] @ rotation(pose.angles[0]).T + pose.position[0]
    np.testing.assert_allclose(joints[0], moved, atol=1e-12)


def test_scale_makes_the_whole_hand_larger_around_the_wrist(make_hand):
    pose = still(curl=0.4, angles=(0.2, -0.3, 0.5), position=(0.1, 0.2, 0.5))
    (small, small_joints), (large, large_joints) = (
        pose_hand(make_hand(scale=s), pose) for s in (1.0, 1.2)
    )
    np.testing.assert_allclose(
        large_joints - pose.position, 1.2 * (small_joints - pose.position), atol=1e-12
    )
    np.testing.assert_allclose(large.length, 1.2 * small.length)
    np.testing.assert_allclose(large.radius, 1.2 * small.radius)
    thick = pose_hand(make_hand(thickness=1.2), pose)[0]
    np.testing.assert_allclose(thick.radius, 1.2 * small.radius)
    np.testing.assert_allclose(thick.length, small.length)


def test_one_longer_finger_leaves_the_others(make_hand):
    longer = np.array([1, 1, 1.3, 1, 1])
    base, changed = (
        pose_hand(make_hand(finger_scale=f), still())[1][0] for f in (np.ones(5), longer)
    )
    same = np.isclose(base, changed).all(1)
    assert np.flatnonzero(~same).tolist() == [10, 11, 12]


@pytest.mark.parametrize("left", [False, True])
def test_the_resting_hand_in_the_picture(make_hand, left):
    bones, joints = pose_hand(make_hand(left=left), still(position=(0, 0, 0.5)))
    joints = joints[0]
    side = -1 if left else 1
    order = joints[KNUCKLES, 0] * side
    assert (np.diff(order[1:]) < 0).all(), "index to little finger"
    tips = joints[TIPS, 0] * side
    assert (np.diff(tips) < 0).all(), "thumb on the right of a right hand, palm to the camera"
    assert (joints[1:, 1] < 0).all(), "fingers are above the wrist (y down)"
    assert joints[TIPS, 1].argmin() == 2, "the middle finger is the longest"
    np.testing.assert_allclose(joints[:, 2], 0.5, atol=1e-12)
    forearm_end = bones.origin[0, FOREARM] + bones.axes[0, FOREARM, :, 1] * bones.length[FOREARM]
    np.testing.assert_allclose(forearm_end[[0, 2]], [0, 0.5], atol=1e-12)
    assert forearm_end[1] > 0.2, "the forearm hangs below"


@pytest.mark.parametrize("left", [False, True])
@pytest.mark.parametrize("finger", [1, 2, 3, 4])
def test_a_closing_finger_bends_over_the_palm(make_hand, left, finger):
    curl = np.zeros(5)
    curl[finger] = 0.5
    opened, bent = (pose_hand(make_hand(left=left), still(curl=c))[1][0] for c in (0, curl))
    moved = ~np.isclose(opened, bent).all(1)
    assert np.flatnonzero(moved).tolist() == [1 + 4 * finger + i for i in (1, 2, 3)]
    assert bent[TIPS[finger], 2] < -0.02, "out of the palm is towards the camera"
    closed = pose_hand(make_hand(left=left), still(curl=1.0))[1][0]
    assert closed[TIPS[finger], 1] > opened[TIPS[finger], 1] + 0.05


def test_a_closing_thumb_swings_across_the_palm(make_hand):
    opened, closed = (pose_hand(make_hand(), still(curl=c))[1][0] for c in (0.0, 0.9))
    assert closed[4, 0] < opened[4, 0] - 0.05
    assert closed[4, 2] < -0.02


def test_the_forearm_follows_the_hand_only_in_part(make_hand):
    bones, _ = pose_hand(make_hand(), still(angles=(0, 0, 0.6)))
    along = bones.axes[0, FOREARM, :, 1]
    turn = np.arctan2(-along[0], along[1])
    assert 0 < turn < 0.6
    assert turn == pytest.approx(hand_model._WRIST * 0.6)


def test_join_puts_bones_after_one_another(make_hand):
    bones, _ = pose_hand(make_hand(), still(steps=2))
    other = Bones(
        origin=np.ones((2, 1, 3)),
        axes=np.tile(np.eye(3), (2, 1, 1, 1)),
        length=np.array([0.7]),
        radius=np.array([0.3]),
    )
    both = bones.join(other)
    assert both.origin.shape == (2, N_BONES + 1, 3)
    np.testing.assert_array_equal(both.origin[:, :N_BONES], bones.origin)
    np.testing.assert_array_equal(both.axes[:, -1], other.axes[:, 0])
    assert (both.length[-1], both.radius[-1]) == (0.7, 0.3)
