"""An articulated hand: a palm, five fingers of three bones each and a forearm, as rigid bones.

Hand axes: x from the little finger to the thumb (right hand), y from the wrist to the finger tips,
z out of the palm. Camera axes: x to the right, y downwards, z away from the camera. Lengths are in
metres, angles in radians. The bone lengths are ours, near those of an adult hand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

N_PHALANGES = 15
N_PALM = 4
N_HAND_BONES = N_PHALANGES + N_PALM
"""Bones that count as hand in the mask; bone number 19, the forearm, does not."""
FOREARM = N_HAND_BONES
N_BONES = N_HAND_BONES + 1
N_JOINTS = 21

_KNUCKLES = np.array(
    [[0.030, 0.022], [0.030, 0.088], [0.010, 0.092], [-0.010, 0.088], [-0.029, 0.078]]
)
_LENGTHS = np.array(
    [
        [0.044, 0.032, 0.026],
        [0.044, 0.026, 0.020],
        [0.048, 0.030, 0.021],
        [0.044, 0.028, 0.021],
        [0.035, 0.021, 0.018],
    ]
)
_RADII = np.array([0.0115, 0.0100, 0.0103, 0.0098, 0.0088])
_PALM_RADIUS, _FOREARM_RADIUS, _FOREARM_LENGTH = 0.0135, 0.024, 0.24
_BEND = np.array([[0.5, 0.8, 0.9]] + 4 * [[1.35, 1.55, 0.9]])
"""How far each joint of a finger bends at curl 1, in radians."""
_FAN = np.array([0.85, 1.0, 0.2, -0.5, -1.2])
"""How far each finger leans to the side: the thumb by this angle, the others times the spread."""
_WRIST = 0.35
"""The part of the hand's turning that the forearm follows; the wrist takes the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandShape:
    """What differs between people's hands.

    Attributes:
        scale: size of the whole hand, 1 = adult mean.
        finger_scale: ``(5,)``, length of each finger.
        palm_scale: width of the palm.
        thickness: thickness of all bones.
        spread: angle between neighbouring fingers, radians.
        left: a left hand (mirrored).
    """

    scale: float
    finger_scale: np.ndarray
    palm_scale: float
    thickness: float
    spread: float
    left: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HandPose:
    """Where the hand is and how it is bent, for each of T moments.

    Attributes:
        position: ``(T, 3)``, the wrist in camera axes, metres.
        angles: ``(T, 3)``, pitch, yaw and roll of the hand, radians.
        curl: ``(T, 5)``, 0 = finger stretched, 1 = finger closed.
    """

    position: np.ndarray
    angles: np.ndarray
    curl: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class Bones:
    """Sphere-swept bones, rigid, for each of T moments, in camera axes.

    Attributes:
        origin: ``(T, K, 3)``, the first end, metres.
        axes: ``(T, K, 3, 3)``, columns = the bone's own axes, the second along the bone.
        length: ``(K,)``, metres.
        radius: ``(K,)``, metres.
    """

    origin: np.ndarray
    axes: np.ndarray
    length: np.ndarray
    radius: np.ndarray

    def join(self, other: Bones) -> Bones:
        """Return both sets of bones as one."""
        return Bones(
            origin=np.concatenate([self.origin, other.origin], 1),
            axes=np.concatenate([self.axes, other.axes], 1),
            length=np.concatenate([self.length, other.length]),
            radius=np.concatenate([self.radius, other.radius]),
        )


def rotation(angles: np.ndarray) -> np.ndarray:
    """Return ``Rz(roll) Ry(yaw) Rx(pitch)`` as ``(..., 3, 3)`` for angles ``(..., 3)``."""
    (cx, cy, cz), (sx, sy, sz) = np.cos(angles).T, np.sin(angles).T
    rows = [
        [cz * cy, cz * sy * sx - sz * cx, cz * sy * cx + sz * sx],
        [sz * cy, sz * sy * sx + cz * cx, sz * sy * cx - cz * sx],
        [-sy, cy * sx, cy * cx],
    ]
    return np.moveaxis(np.array(rows), -1, 0) if angles.ndim == 2 else np.array(rows)


def _fingers(shape: HandShape, curl: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return finger joints ``(T, 5, 4, 3)`` and bone axes ``(T, 5, 3, 3, 3)`` in hand axes."""
    steps = len(curl)
    joints = np.zeros((steps, 5, 4, 3))
    joints[:, :, 0, :2] = _KNUCKLES * [shape.palm_scale, 1.0]
    bend = np.cumsum(curl[:, :, None] * _BEND, axis=2)
    lean = np.broadcast_to((_FAN * shape.spread)[:, None], (steps, 5, 3)).copy()
    # A closing thumb swings across the palm instead of bending towards its own base.
    lean[:, 0] = _FAN[0] - curl[:, :1] * np.array([1.0, 1.5, 2.0])
    sin_l, cos_l, sin_b, cos_b = np.sin(lean), np.cos(lean), np.sin(bend), np.cos(bend)
    along = np.stack([sin_l * cos_b, cos_l * cos_b, sin_b], -1)
    side = np.stack([cos_l, -sin_l, np.zeros_like(lean)], -1)
    axes = np.stack([side, along, np.cross(side, along)], -1)
    lengths = _LENGTHS * shape.finger_scale[:, None]
    joints[:, :, 1:] = joints[:, :, :1] + np.cumsum(lengths[:, :, None] * along, axis=2)
    return joints, axes


def _palm(shape: HandShape) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return origins, axes and lengths of the four palm bones in hand axes."""
    ends = np.zeros((N_PALM, 3))
    ends[:, :2] = _KNUCKLES[1:] * [shape.palm_scale, 1.0]
    origins = np.zeros_like(ends)
    origins[:, 0], origins[:, 1] = ends[:, 0] * 0.6, 0.012
    along = ends - origins
    lengths = np.linalg.norm(along, axis=1)
    along /= lengths[:, None]
    side = np.stack([along[:, 1], -along[:, 0], np.zeros(N_PALM)], -1)
    return origins, np.stack([side, along, np.cross(side, along)], -1), lengths


def pose_hand(shape: HandShape, pose: HandPose) -> tuple[Bones, np.ndarray]:
    """Return the bones and joints of a hand in a sequence of poses (forward kinematics).

    Args:
        shape: the person's hand.
        pose: T moments.

    Returns:
        The 20 bones (15 of the fingers, finger by finger from the root; 4 of the palm; the
        forearm), and the joints ``(T, 21, 3)`` in metres, camera axes: the wrist, then four per
        finger from the knuckle to the tip.
    """
    steps = len(pose.curl)
    # Hand axes to camera axes: y and z turn round; a left hand is the mirror image.
    flip = np.array([-1.0 if shape.left else 1.0, -1.0, -1.0])
    hand = rotation(pose.angles) * flip
    arm = rotation(pose.angles * _WRIST) * flip

    finger_joints, finger_axes = _fingers(shape, pose.curl)
    palm_origin, palm_axes, palm_length = _palm(shape)
    local_origin = np.zeros((steps, N_BONES, 3))
    local_origin[:, :N_PHALANGES] = finger_joints[:, :, :3].reshape(steps, N_PHALANGES, 3)
    local_origin[:, N_PHALANGES:FOREARM] = palm_origin
    local_axes = np.zeros((steps, N_BONES, 3, 3))
    local_axes[:, :N_PHALANGES] = finger_axes.reshape(steps, N_PHALANGES, 3, 3)
    local_axes[:, N_PHALANGES:FOREARM] = palm_axes
    local_axes[:, FOREARM] = np.diag([1.0, -1.0, -1.0])

    turn = np.repeat(hand[:, None], N_BONES, axis=1)
    turn[:, FOREARM] = arm
    position = pose.position[:, None]
    bones = Bones(
        origin=(turn @ (local_origin * shape.scale)[..., None])[..., 0] + position,
        axes=turn @ local_axes,
        length=_bone_lengths(shape, palm_length) * shape.scale,
        radius=_bone_radii(shape) * shape.scale,
    )
    local_joints = np.concatenate(
        [np.zeros((steps, 1, 3)), finger_joints.reshape(steps, N_JOINTS - 1, 3)], 1
    )
    joints = (local_joints * shape.scale) @ hand.transpose(0, 2, 1) + position
    return bones, joints


def _bone_lengths(shape: HandShape, palm_length: np.ndarray) -> np.ndarray:
    fingers = (_LENGTHS * shape.finger_scale[:, None]).ravel()
    return np.concatenate([fingers, palm_length, [_FOREARM_LENGTH]])


def _bone_radii(shape: HandShape) -> np.ndarray:
    fingers = (_RADII[:, None] * (1 - 0.08 * np.arange(3))).ravel()
    palm = np.full(N_PALM, _PALM_RADIUS)
    return np.concatenate([fingers, palm, [_FOREARM_RADIUS]]) * shape.thickness
