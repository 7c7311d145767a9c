"""How drivers make the 25 gestures: the benchmark's motions, plus habits seen in NVGesture's clips.

Directions are the driver's, who faces the camera: "left" goes to the right in the picture, and
"clockwise" is seen as counter-clockwise. Two fingers are moved by turning the wrist rather than
the arm; a hand that moves up or down tilts; a shaking hand turns about the forearm. How much of
each is drawn anew for every clip. Set by eye on clips of the training list.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from mmtlib.synthetic.gestures import GESTURES, MIRRORED, ONE, Motion

Habit = Callable[[Motion, np.random.Generator], None]
_PITCH, _YAW, _ROLL = 0, 1, 2
_BOTH_WAYS = MIRRORED | {b: a for a, b in MIRRORED.items()}


def drive(motion: Motion, gesture: str, rng: np.random.Generator) -> None:
    """Change a motion, in place, into a driver's gesture.

    Args:
        motion: at rest so far.
        gesture: a name of `GESTURES`, as the driver calls it.
        rng: where the clip's habits are drawn from.
    """
    seen = _BOTH_WAYS.get(gesture, gesture)
    if seen in _OWN:
        _OWN[seen](motion, rng)
        return
    GESTURES[seen](motion)
    if seen in _HABITS:
        _HABITS[seen](motion, rng)


def _sideways(m: Motion, rng: np.random.Generator, sign: int) -> None:
    """Roll into the movement and turn the edge of the hand forward."""
    m.angles[:, _ROLL] += sign * rng.uniform(0, 0.9) * (m.ease - 0.5)
    m.angles[:, _YAW] += rng.uniform(-1, 1) * m.ease


def _upright(m: Motion, rng: np.random.Generator, up: bool) -> None:
    """Move further than sideways; tilt from, or towards, pointing at the camera."""
    way = (-1 if up else 1) * 0.10 * m.amplitude * (m.ease - 0.5)
    m.position[:, 1] += rng.uniform(0, 1.2) * way
    m.angles[:, _PITCH] += rng.uniform(0, 1.4) * ((1 - m.ease) if up else m.ease)


def _flick(m: Motion, rng: np.random.Generator, axis: int, sign: int) -> None:
    """Turn the wrist: sideways about the line of sight (roll), or towards the camera (pitch)."""
    m.position *= rng.uniform(0.2, 1.0)
    if axis == _ROLL:
        m.angles[:, _ROLL] += sign * rng.uniform(0.3, 1.5) * (2 * m.ease - 1)
        m.angles[:, _PITCH] += rng.uniform(0, 0.9)
        return
    # Up starts with the fingers at the camera; down ends so, or comes back again.
    down = m.ease if rng.uniform() < 0.5 else np.sin(np.pi * m.phase) ** 0.7
    m.angles[:, _PITCH] += rng.uniform(0.7, 1.8) * ((1 - m.ease) if sign < 0 else down)


def _click(m: Motion, rng: np.random.Generator) -> None:
    """Tap with the index finger, the hand or both: once, twice, or once and stay."""
    m.hold(ONE)
    taps = m.ease if rng.uniform() < 0.3 else m.pulses(int(rng.integers(1, 3)))
    m.curl[:, 1] += rng.uniform(0.1, 0.6) * taps
    m.angles[:, _PITCH] += rng.uniform(0.1, 0.9) * taps


def _beckon(m: Motion, rng: np.random.Generator) -> None:
    """Bend the fingers of a hand that lies on its side, palm up; seldom of one upright."""
    m.angles[:, _ROLL] += rng.uniform(-1.9, -0.7) if rng.uniform() < 0.85 else 0.0
    m.angles[:, _PITCH] += rng.uniform(0.2, 1.4)
    m.position[:, 0] += rng.uniform(0, 0.06) * (m.ease - 0.5)
    times = int(rng.integers(1, 4))
    bend = m.ease if rng.uniform() < 0.2 else m.pulses(times)
    m.curl[:, 1:] += rng.uniform(0.5, 0.9) * bend[:, None]


def _shake(m: Motion, rng: np.random.Generator) -> None:
    """Turn to and fro, mostly about the forearm."""
    swing = np.sin(int(rng.integers(2, 6)) * np.pi * m.phase)
    m.angles[:, _YAW] += rng.uniform(0.4, 1.3) * swing
    m.angles[:, _ROLL] += rng.uniform(0, 0.4) * swing
    m.position[:, 0] += 0.02 * rng.uniform(0, 1) * m.amplitude * swing


def _circle(m: Motion, rng: np.random.Generator, sign: int) -> None:
    """Draw one to two circles, the wrist leading."""
    m.phase = m.phase * rng.uniform(0.6, 1.2)
    GESTURES["rotate two fingers clockwise" if sign > 0 else _COUNTER](m)
    angle = sign * 2.8 * np.pi * m.phase + m.start_angle
    m.angles[:, _ROLL] += rng.uniform(0, 0.6) * np.cos(angle)
    m.angles[:, _PITCH] += rng.uniform(0, 0.6) * np.sin(angle)


_COUNTER = "rotate two fingers counter-clockwise"
SPREAD: dict[str, tuple[float, float]] = {
    "open hand": (0.15, 0.4),
    "close hand twice": (0.12, 0.35),
    "shake hand": (0.05, 0.3),
    "OK": (0.1, 0.3),
    "show three fingers": (0.1, 0.3),
    "show two fingers": (0.1, 0.3),
    "move two fingers up": (0.0, 0.08),
    "move two fingers down": (0.0, 0.12),
}
"""Radians between neighbouring fingers, least and most, where a gesture has its own."""
_OWN: dict[str, Habit] = {
    "click": _click,
    "beckon": _beckon,
    "shake hand": _shake,
    "rotate two fingers clockwise": partial(_circle, sign=1),
    _COUNTER: partial(_circle, sign=-1),
}
"""Gestures that drivers make in a way of their own."""
_HABITS: dict[str, Habit] = {
    "move hand left": partial(_sideways, sign=-1),
    "move hand right": partial(_sideways, sign=1),
    "move hand up": partial(_upright, up=True),
    "move hand down": partial(_upright, up=False),
    "move two fingers left": partial(_flick, axis=_ROLL, sign=-1),
    "move two fingers right": partial(_flick, axis=_ROLL, sign=1),
    "move two fingers up": partial(_flick, axis=_PITCH, sign=-1),
    "move two fingers down": partial(_flick, axis=_PITCH, sign=1),
    "push hand up": partial(_upright, up=True),
    "push hand down": partial(_upright, up=False),
}
"""What comes on top of the benchmark's motion, by the name that fits the picture."""
