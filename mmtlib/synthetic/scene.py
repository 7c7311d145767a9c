"""What a synthetic clip shows: the person, the motion, the surroundings, the light and the camera.

Everything here is drawn from one `numpy.random.Generator` per person or per clip, so any clip can
be made again on its own. `clutter` scales what makes RGB hard (texture, objects, colour and
brightness changes); depth, flow and infrared feel it much less.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmtlib.synthetic.camera import ROOM_CAMERA, Camera
from mmtlib.synthetic.gestures import GESTURES, Motion
from mmtlib.synthetic.hand_model import Bones, HandPose, HandShape, pose_hand

N_DISTRACTORS = 2
_LIGHT_SKIN = np.array([0.95, 0.76, 0.64])
_DARK_SKIN = np.array([0.33, 0.21, 0.15])


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One synthetic subject: a hand and habits of moving.

    Attributes:
        hand: bone lengths, thickness, handedness.
        skin: ``(3,)``, RGB in 0..1.
        sleeve: ``(3,)``, colour of the sleeve (the skin's where the arm is bare).
        speed, amplitude: how fast and how far this person moves, 1 = typical.
        rest_angles: ``(3,)``, pitch, yaw, roll at rest, radians.
        rest_curl: bending of the relaxed fingers.
        circle: radius of circular motions, metres.
        distance: of the hand from the camera, metres.
    """

    hand: HandShape
    skin: np.ndarray
    sleeve: np.ndarray
    speed: float
    amplitude: float
    rest_angles: np.ndarray
    rest_curl: float
    circle: float
    distance: float


def draw_person(rng: np.random.Generator) -> Person:
    """Draw a subject."""
    tone = rng.uniform()
    skin = np.clip(
        _LIGHT_SKIN * (1 - tone) + _DARK_SKIN * tone + rng.normal(0, 0.02, 3), 0.02, 0.98
    )
    return Person(
        hand=HandShape(
            scale=rng.uniform(0.85, 1.12),
            finger_scale=rng.uniform(0.9, 1.12, 5),
            palm_scale=rng.uniform(0.88, 1.12),
            thickness=rng.uniform(0.85, 1.2),
            spread=rng.uniform(0.08, 0.22),
            left=bool(rng.uniform() < 0.3),
        ),
        skin=skin,
        sleeve=skin if rng.uniform() < 0.4 else rng.uniform(0.05, 0.9, 3),
        speed=rng.uniform(0.8, 1.25),
        amplitude=rng.uniform(0.7, 1.3),
        rest_angles=rng.normal(0, [0.15, 0.18, 0.15]),
        rest_curl=rng.uniform(0.02, 0.2),
        circle=rng.uniform(0.03, 0.05),
        distance=rng.uniform(0.5, 0.6),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One clip before it is rendered; all arrays float32 or float64 numpy.

    Attributes:
        bones: hand, forearm and distractors over T + 1 moments (the last one for the flow).
        joints: ``(T, 21, 3)``, metres, camera axes.
        colours: ``(K, 3)``, one per bone.
        background: ``(3, S, S)``, RGB in 0..1.
        background_depth: ``(S, S)``, metres.
        light: ``(3,)``, unit vector towards the light.
        ambient: part of the light that comes from everywhere.
        gain: ``(T,)``, exposure of each frame.
        cast: ``(3,)``, colour cast.
        shading: ``(2,)``, brightness gradient across the picture.
        pan: ``(T + 1, 2)``, how far the camera has turned, in picture-plane units at 1 m.
        noise: standard deviation of the RGB noise.
        lamp: brightness of the infrared lamp, 1 = full.
        daylight: part of the surroundings' brightness that the infrared camera sees.
        camera: what it is seen by.
        recorded: ``(S, S)``, 1 where the colour camera covers the picture; colour is then black
            outside, and where there is nothing but black. None = everything is recorded.
    """

    bones: Bones
    joints: np.ndarray
    colours: np.ndarray
    background: np.ndarray
    background_depth: np.ndarray
    light: np.ndarray
    ambient: float
    gain: np.ndarray
    cast: np.ndarray
    shading: np.ndarray
    pan: np.ndarray
    noise: float
    lamp: float
    daylight: float
    camera: Camera = ROOM_CAMERA
    recorded: np.ndarray | None = None


def draw_scene(
    rng: np.random.Generator,
    person: Person,
    gesture: str,
    *,
    frames: int,
    size: int,
    clutter: float,
) -> Scene:
    """Draw one clip of a person making a gesture.

    Args:
        rng: the clip's generator.
        person: the subject.
        gesture: a name in `mmtlib.synthetic.gestures.GESTURES`.
        frames: T.
        size: height and width S of the background, pixels.
        clutter: 0 = plain surroundings; 1 = RGB near chance.
    """
    hand, joints = pose_hand(person.hand, _draw_motion(rng, person, gesture, frames))
    others = _draw_distractors(rng, frames + 1)
    background, background_depth = _draw_background(rng, size, person.skin, clutter)
    shades = 1 + 0.06 * rng.standard_normal((19, 1))
    blobs = person.skin * rng.uniform(0.75, 1.15, (N_DISTRACTORS, 1))
    blobs = blobs + rng.normal(0, 0.03, (N_DISTRACTORS, 3))
    light = rng.standard_normal(3) * [0.8, 0.6, 0.3] + [0, -0.4, -1.0]
    return Scene(
        bones=hand.join(others),
        joints=joints[:frames],
        colours=np.concatenate([person.skin * shades, person.sleeve[None], blobs]),
        background=background,
        background_depth=background_depth,
        light=light / np.linalg.norm(light),
        ambient=rng.uniform(0.35, 0.65),
        gain=(1 + clutter * rng.uniform(-0.55, 0.35))
        * (1 + 0.08 * clutter * rng.standard_normal(frames)),
        cast=1 + 0.12 * clutter * rng.standard_normal(3),
        shading=0.25 * clutter * rng.standard_normal(2),
        pan=np.cumsum(0.0025 * rng.standard_normal((frames + 1, 2)), 0),
        noise=0.02 + 0.03 * clutter,
        lamp=rng.uniform(0.35, 1.0),
        daylight=0.1 + clutter * rng.uniform(0.4, 1.6),
    )


def wobble(rng: np.random.Generator, time: np.ndarray, n: int) -> np.ndarray:
    """Return n slow sine waves of unit height over the given moments, ``(T, n)``."""
    frequency, start = rng.uniform(0.5, 1.5, n), rng.uniform(0, 2 * np.pi, n)
    return np.sin(2 * np.pi * frequency * time[:, None] + start)


def motion_at_rest(
    rng: np.random.Generator,
    person: Person,
    phase: np.ndarray,
    *,
    larger: tuple[float, float],
    tilt: tuple[float | list[float], float | list[float]],
) -> Motion:
    """Return a motion of no gesture yet.

    Args:
        rng: the clip's generator.
        person: whose hand it is.
        phase: ``(T,)``, of the gesture to be made.
        larger: least and most that it is larger than the person's gestures are.
        tilt: mean and spread of what is added to the person's angles at rest, radians.
    """
    return Motion(
        phase=phase,
        amplitude=person.amplitude * rng.uniform(*larger),
        circle=person.circle,
        start_angle=rng.uniform(0, 2 * np.pi),
        left=person.hand.left,
        position=np.zeros((len(phase), 3)),
        angles=np.tile(person.rest_angles + rng.normal(*tilt, 3), (len(phase), 1)),
        curl=np.full((len(phase), 5), person.rest_curl),
    )


def _draw_motion(rng: np.random.Generator, person: Person, gesture: str, frames: int) -> HandPose:
    """Return the hand's pose over ``frames + 1`` moments: gesture, drift and tremor."""
    time = np.arange(frames + 1) / max(frames - 1, 1)
    duration = np.clip(rng.uniform(0.55, 0.8) / person.speed, 0.4, 0.95)
    start = rng.uniform(0, 1 - duration)
    phase = np.clip((time - start) / duration, 0, 1)
    motion = motion_at_rest(rng, person, phase, larger=(0.8, 1.2), tilt=(0, [0.12, 0.15, 0.15]))
    GESTURES[gesture](motion)
    rest = [
        rng.normal(0, 0.022),
        0.065 + rng.normal(0, 0.02),
        person.distance + rng.normal(0, 0.03),
    ]
    drift = (time[:, None] - 0.5) * rng.normal(0, 0.018, 3)
    curl = motion.curl + 0.05 * wobble(rng, time, 5)
    return HandPose(
        position=motion.position + rest + drift + 0.006 * wobble(rng, time, 3),
        angles=motion.angles + 0.06 * wobble(rng, time, 3),
        curl=np.clip(curl, 0, 1.1),
    )


def _draw_distractors(rng: np.random.Generator, steps: int) -> Bones:
    """Return skin-coloured rods that move and turn behind the hand."""
    time = np.linspace(0, 1, steps)
    k = N_DISTRACTORS
    centre = rng.uniform([-0.22, -0.2, 0.72], [0.22, 0.15, 0.95], (k, 3))
    swing = rng.uniform(0.01, 0.10, (k, 3)) * [1, 1, 0.3]
    wave = np.sin(
        2 * np.pi * rng.uniform(0.3, 1.5, (k, 3)) * time[:, None, None]
        + rng.uniform(0, 2 * np.pi, (k, 3))
    )
    length = rng.uniform(0.02, 0.14, k)
    angle = rng.uniform(0, np.pi, k) + rng.normal(0, 0.5, k) * time[:, None]
    cos, sin, zero = np.cos(angle), np.sin(angle), np.zeros_like(angle)
    along = np.stack([cos, sin, zero], -1)
    side = np.stack([-sin, cos, zero], -1)
    return Bones(
        origin=centre + swing * wave - along * (length / 2)[:, None],
        axes=np.stack([side, along, np.cross(side, along)], -1),
        length=length,
        radius=rng.uniform(0.012, 0.045, k),
    )


def enlarge(noise: np.ndarray, size: int) -> np.ndarray:
    """Return ``(C, o, o)`` bilinearly enlarged to ``(C, size, size)``."""
    o = noise.shape[-1]
    at = np.clip((np.arange(size) + 0.5) * o / size - 0.5, 0, o - 1)
    low = np.minimum(at.astype(int), o - 2)
    part = at - low
    rows = noise[:, low] * (1 - part)[:, None] + noise[:, low + 1] * part[:, None]
    return rows[:, :, low] * (1 - part) + rows[:, :, low + 1] * part


def _draw_background(
    rng: np.random.Generator, size: int, skin: np.ndarray, clutter: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return a textured wall with objects on it: colours and distances."""
    picture = np.zeros((3, size, size))
    for cells in (3, 6, 12, 24):
        grey = rng.uniform() < 1 - 0.5 * clutter
        noise = rng.standard_normal((1 if grey else 3, cells, cells))
        picture += enlarge(noise, size) * rng.uniform(0.05, 0.16) * clutter
    base = rng.uniform(0.15, 0.8)
    picture += (base + clutter * (rng.uniform(0.15, 0.8, 3) - base))[:, None, None]
    y, x = (np.mgrid[0:size, 0:size] + 0.5) / size - 0.5
    depth = rng.uniform(1.0, 1.5) + x * rng.normal(0, 0.2) + y * rng.normal(0, 0.2)
    for _ in range(int(rng.integers(2, 4 + round(6 * clutter)))):
        (cx, cy), (w, h) = rng.uniform(-0.5, 0.5, 2), rng.uniform(0.04, 0.25, 2)
        turn = rng.uniform(0, np.pi)
        u = (x - cx) * np.cos(turn) + (y - cy) * np.sin(turn)
        v = (y - cy) * np.cos(turn) - (x - cx) * np.sin(turn)
        box = rng.uniform() < 0.5
        inside = (np.abs(u) < w) & (np.abs(v) < h) if box else (u / w) ** 2 + (v / h) ** 2 < 1
        if rng.uniform() < 0.5 * clutter:
            colour = skin * rng.uniform(0.6, 1.2) + rng.normal(0, 0.04, 3)
        else:
            colour = base + (0.4 + 0.6 * clutter) * rng.uniform(-0.5, 0.5, 3)
        picture[:, inside] = 0.3 * picture[:, inside] + 0.7 * colour[:, None]
        depth[inside] -= rng.uniform(0, 0.25)
    return picture, np.clip(depth, 0.7, 2.0)
