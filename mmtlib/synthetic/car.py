"""A driver's hand in front of the camera at the dashboard, as the recordings of NVGesture show it.

The hand rests at the wheel, at the picture's edge; it is brought into view, makes the gesture, and
goes back, all within the 80 annotated frames (2.7 s). Depth ends behind the hand, so the forearm
fades out; colour shows the driver's upper body, black around it, and covers a part of the picture.
The numbers are ours, set by eye on clips of the training list.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from mmtlib.synthetic.camera import CAR_CAMERA
from mmtlib.synthetic.driver import SPREAD, drive
from mmtlib.synthetic.hand_model import FOREARM, Bones, HandPose, pose_hand
from mmtlib.synthetic.scene import Person, Scene, enlarge, motion_at_rest, wobble

CAR_VERSION = 2
"""Raised whenever the same seed gives other pictures of this scenery."""
STAYS = 0.2
"""Share of clips in which the hand is in view from beginning to end."""
IDLE = 0.3
"""Share of the other clips in which a hand that waits in view is half closed."""
FROM_BELOW = 0.2
"""Share of clips in which it comes from below instead of from the wheel."""
LEFT_HANDED = 0.05
THICKER = 1.15
"""Real fingers next to each other leave no gaps; the benchmark's thin ones do."""
NEAREST = 0.2
"""No part of the wrist's way is nearer to the camera, metres."""
MOVEMENT = (1.0, 2.0)
"""How much larger gestures are than in the benchmark: drivers have room to move."""


def draw_car_scene(
    rng: np.random.Generator,
    person: Person,
    gesture: str,
    *,
    frames: int,
    size: int,
    clutter: float,
) -> Scene:
    """Draw one clip of a driver making a gesture; arguments as for `draw_scene`.

    `clutter` scales the changes of light and the texture of what the driver wears.
    """
    left = bool(rng.uniform() < LEFT_HANDED)
    hand = dataclasses.replace(
        person.hand,
        left=left,
        spread=rng.uniform(*SPREAD.get(gesture, (0.02, 0.2))),
        thickness=person.hand.thickness * THICKER,
    )
    person = dataclasses.replace(person, hand=hand)
    pose = _draw_motion(rng, person, gesture, frames)
    bones, joints = pose_hand(person.hand, pose)
    shades = 1 + 0.06 * rng.standard_normal((FOREARM, 1))
    picture, distance = _draw_driver(rng, size, person, clutter)
    light = rng.standard_normal(3) * [1.0, 0.6, 0.3] + [0, -0.4, -0.8]
    return Scene(
        bones=_reach_from(rng, bones),
        joints=joints[:frames],
        colours=np.concatenate([person.skin * shades, person.sleeve[None]]),
        background=picture,
        background_depth=distance,
        light=light / np.linalg.norm(light),
        ambient=rng.uniform(0.25, 0.6),
        gain=(1 + clutter * rng.uniform(-0.55, 0.35))
        * (1 + 0.04 * clutter * rng.standard_normal(frames)),
        cast=1 + 0.12 * clutter * rng.standard_normal(3),
        shading=0.15 * clutter * rng.standard_normal(2),
        pan=np.zeros((frames + 1, 2)),
        noise=0.01 + 0.02 * clutter,
        lamp=rng.uniform(0.35, 1.0),
        daylight=0.1 + clutter * rng.uniform(0.4, 1.6),
        camera=CAR_CAMERA,
        recorded=_draw_coverage(rng, size),
    )


def _draw_motion(rng: np.random.Generator, person: Person, gesture: str, frames: int) -> HandPose:
    """Return the hand's pose over ``frames + 1`` moments: at rest, in view, gesture, and back."""
    time = np.arange(frames + 1) / max(frames - 1, 1)
    start, length, arrive, leave = _draw_times(rng, person.speed)
    phase = np.clip((time - start) / length, 0, 1)
    motion = motion_at_rest(rng, person, phase, larger=MOVEMENT, tilt=([0.1, 0, 0], 0.25))
    drive(motion, gesture, rng)
    place = [rng.normal(-0.01, 0.05), rng.normal(0.08, 0.04), rng.uniform(0.28, 0.48)]
    moving = rng.uniform(0.08, 0.2)
    away = _smooth(np.maximum(arrive - time, time - leave) / moving)
    # Waiting in view, a hand is often half closed until the gesture begins.
    waiting = (start - time, time - start - length - rng.uniform(0, 0.15))
    idle = _smooth(np.maximum(*waiting) / 0.12) * (arrive < 0 or rng.uniform() < IDLE)
    closed = np.maximum(idle, away)
    rest, rest_angles = _draw_rest(rng)
    curl = motion.curl + 0.05 * wobble(rng, time, 5)
    position = motion.position + place
    position[:, 2] = np.maximum(position[:, 2], NEAREST)
    return HandPose(
        position=position * (1 - away) + rest * away + 0.006 * wobble(rng, time, 3),
        angles=motion.angles * (1 - away) + rest_angles * away + 0.06 * wobble(rng, time, 3),
        curl=np.clip(curl * (1 - closed) + rng.uniform(0.3, 0.9) * closed, 0, 1.1),
    )


def _smooth(x: np.ndarray) -> np.ndarray:
    """Return 0 below 0 and 1 above 1, a gentle step between, as a column ``(T, 1)``."""
    x = np.clip(x, 0, 1)
    return (x**2 * (3 - 2 * x))[:, None]


def _draw_times(rng: np.random.Generator, speed: float) -> tuple[float, float, float, float]:
    """Return when the movement begins and how long it lasts, when the hand is there, when it goes.

    In parts of the clip; before and after the movement the hand often waits in view.
    """
    length = float(np.clip(rng.uniform(0.12, 0.45) / speed, 0.1, 0.55))
    before, after = rng.uniform(0, 0.25, 2)
    arrive = rng.uniform(0.05, 0.45)
    start = min(arrive + before, 0.9 - length)
    if rng.uniform() < STAYS:
        return start, length, -1.0, 3.0
    return start, length, arrive, start + length + after


def _draw_rest(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return where the hand rests, metres, and how it is turned there, radians."""
    if rng.uniform() < FROM_BELOW:
        place = rng.normal([0.05, 0.3, 0.4], [0.08, 0.04, 0.05])
        return place, rng.normal([0.3, 0.0, 0.0], 0.3)
    place = rng.normal([0.16, 0.04, 0.42], [0.06, 0.05, 0.05])
    return place, rng.normal([0.6, 0.0, 0.9], [0.4, 0.4, 0.35])


def _reach_from(rng: np.random.Generator, bones: Bones) -> Bones:
    """Return the bones with the forearm pointing to the driver's elbow, which stays in place."""
    elbow = rng.normal([0.03, 0.16, 0.7], [0.08, 0.06, 0.08])
    origin, axes = bones.origin, bones.axes.copy()
    along = elbow - origin[:, FOREARM]
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    side = np.cross(along, [0.0, 1.0, 0.0])
    side /= np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-6)
    axes[:, FOREARM] = np.stack([side, along, np.cross(side, along)], -1)
    return dataclasses.replace(bones, axes=axes)


def _draw_driver(
    rng: np.random.Generator, size: int, person: Person, clutter: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the driver's upper body on black: colours ``(3, S, S)`` and metres ``(S, S)``."""
    y, x = (np.mgrid[0:size, 0:size] + 0.5) / size - 0.5
    cx, top = rng.normal(0.2, 0.08), rng.normal(-0.12, 0.06)
    widths = 0.1 + rng.uniform(0.1, 0.18) * np.clip((y - top) / 0.15, 0, 1)
    body = (np.abs(x - cx) < widths) & (y > top) & (y < rng.uniform(0.3, 0.5))
    head = ((x - cx) / 0.08) ** 2 + ((y - top + 0.1) / 0.11) ** 2 < 1
    hair = head & (y < top - 0.13)
    cloth = enlarge(rng.standard_normal((3, 8, 8)), size) * 0.3 * clutter
    if rng.uniform() < 0.4:
        cloth += 0.15 * np.sin(2 * np.pi * (y * rng.uniform(6, 14) + rng.uniform()))
    picture = np.zeros((3, size, size))
    shirt = rng.uniform(0.15, 0.9, 3)[:, None, None] + cloth
    picture = np.where(body, np.clip(shirt, 0.1, 1), picture)
    picture = np.where(head, person.skin[:, None, None] * rng.uniform(0.7, 1.1), picture)
    picture = np.where(hair, rng.uniform(0.05, 0.3), picture)
    return picture, np.where(body | head, rng.uniform(0.75, 0.95), 1.5)


def _draw_coverage(rng: np.random.Generator, size: int) -> np.ndarray:
    """Return 1 inside the part of the picture that the colour camera covers, ``(S, S)``."""
    left, right, top, bottom = (size * rng.uniform(0, [0.3, 0.2, 0.1, 0.2])).astype(int)
    covered = np.zeros((size, size), np.float32)
    covered[top : size - bottom, left : size - right] = 1
    return covered
