"""The 25 gestures of NVGesture as parametric motions of the articulated hand.

A gesture is a hand shape (which fingers are bent) and a motion (how position, orientation and
bending change with the phase of the gesture, 0 at its start and 1 at its end). "Left", "right" and
the two senses of rotation are as seen in the picture, for left and right hands alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

CLOSED = 0.95
# Bending of thumb, index, middle, ring and little finger.
RELAXED = None
ONE = np.array([0.9, 0.0, 0.95, 0.95, 0.95])
TWO = np.array([0.95, 0.0, 0.0, 0.95, 0.95])
THREE = np.array([0.95, 0.0, 0.0, 0.0, 0.95])
FIST = np.full(5, CLOSED)
THUMB = np.array([0.0, 0.95, 0.95, 0.95, 0.95])
RING_SIGN = np.array([0.45, 0.62, 0.05, 0.0, 0.0])


@dataclass(slots=True, kw_only=True)
class Motion:
    """A motion being built, changed in place by a gesture: T moments.

    Attributes:
        phase: ``(T,)``, from 0 to 1 over the gesture, constant before and after.
        amplitude: how large this person moves, 1 = typical.
        circle: radius of circular motions, metres.
        start_angle: where a circular motion starts, radians.
        left: whether it is a left hand.
        position: ``(T, 3)``, metres from the rest position, camera axes.
        angles: ``(T, 3)``, pitch, yaw, roll from the rest orientation, radians.
        curl: ``(T, 5)``.
    """

    phase: np.ndarray
    amplitude: float
    circle: float
    start_angle: float
    left: bool
    position: np.ndarray
    angles: np.ndarray
    curl: np.ndarray

    @property
    def ease(self) -> np.ndarray:
        """The phase with a gentle start and end, ``(T,)`` from 0 to 1."""
        return self.phase**2 * (3 - 2 * self.phase)

    def pulses(self, count: int) -> np.ndarray:
        """Return that many smooth pulses from 0 to 1 and back over the gesture."""
        return np.sin(count * np.pi * self.phase) ** 2

    @property
    def early(self) -> np.ndarray:
        """The phase of what is over before half of the gesture, ``(T,)`` from 0 to 1."""
        return np.clip(2.2 * self.ease, 0, 1)

    def hold(self, shape: np.ndarray | None) -> None:
        """Keep a hand shape from beginning to end (None = the relaxed shape)."""
        if shape is not None:
            self.curl[:] = shape

    def morph(self, start: np.ndarray | None, end: np.ndarray | None, amount: np.ndarray) -> None:
        """Go from one hand shape to another (None = the relaxed shape) as `amount` goes to 1."""
        rest = self.curl.copy()
        a = rest if start is None else start
        b = rest if end is None else end
        self.curl[:] = a + (b - a) * amount[:, None]


Gesture = Callable[[Motion], None]


def _slide(m: Motion, axis: int, sign: int, shape: np.ndarray | None = None) -> None:
    """Move the hand along x (axis 0) or y (axis 1), tilting a little into the movement."""
    m.hold(shape)
    way = sign * m.amplitude * (m.ease - 0.5)
    m.position[:, axis] += (0.12, 0.10)[axis] * way
    if axis == 0:
        m.angles[:, 2] += 0.25 * way
        m.angles[:, 1] -= 0.2 * sign * (m.ease - 0.5)
    else:
        m.angles[:, 0] -= 0.35 * way


def _push(m: Motion, sign: int, shape: np.ndarray | None = None) -> None:
    """Move the hand towards the camera (sign -1) or away from it (+1)."""
    m.hold(shape)
    m.position[:, 2] += sign * 0.16 * m.amplitude * (m.ease - 0.5)
    m.angles[:, 0] += 0.1 * sign * (m.ease - 0.5)


def _push_flat(m: Motion, sign: int) -> None:
    """Push up (sign -1) or down (+1) with the palm laid flat into that direction."""
    m.angles[:, 0] += sign * 1.15
    m.position[:, 1] += 0.09 * sign * m.amplitude * (m.ease - 0.5) - 0.05
    m.curl *= 0.3


def _circle(m: Motion, sign: int) -> None:
    """Draw a circle and a half with two fingers; sign +1 is clockwise in the picture."""
    m.hold(TWO)
    angle = sign * 2.8 * np.pi * m.phase + m.start_angle
    m.position[:, 0] += m.circle * m.amplitude * np.cos(angle)
    m.position[:, 1] += m.circle * m.amplitude * np.sin(angle)
    m.angles[:, 2] += 0.12 * np.cos(angle)


def _show(m: Motion, shape: np.ndarray) -> None:
    """Open a fist into a hand shape early on, then hold it."""
    m.morph(FIST, shape, m.early)


def _click(m: Motion) -> None:
    m.hold(ONE)
    taps = m.pulses(2)
    m.curl[:, 1] += 0.45 * min(m.amplitude, 1.2) * taps
    m.angles[:, 0] += 0.15 * taps


def _beckon(m: Motion) -> None:
    m.curl[:, 1:] += 0.65 * min(m.amplitude, 1.25) * m.pulses(2)[:, None]


def _open(m: Motion) -> None:
    m.morph(FIST, RELAXED, m.ease)


def _shake(m: Motion) -> None:
    swing = np.sin(5 * np.pi * m.phase)
    m.angles[:, 2] += 0.4 * m.amplitude * swing
    m.position[:, 0] += 0.02 * m.amplitude * swing


def _close_twice(m: Motion) -> None:
    m.morph(RELAXED, FIST, m.pulses(2))


def _thumb_up(m: Motion) -> None:
    _show(m, THUMB)
    # The thumb leaves the hand sideways: turn the hand until that side is up.
    m.angles[:, 2] += (1 if m.left else -1) * 0.95


def _ok(m: Motion) -> None:
    m.morph(RELAXED, RING_SIGN, m.early)


GESTURES: dict[str, Gesture] = {
    "move hand left": partial(_slide, axis=0, sign=-1),
    "move hand right": partial(_slide, axis=0, sign=1),
    "move hand up": partial(_slide, axis=1, sign=-1),
    "move hand down": partial(_slide, axis=1, sign=1),
    "move two fingers left": partial(_slide, axis=0, sign=-1, shape=TWO),
    "move two fingers right": partial(_slide, axis=0, sign=1, shape=TWO),
    "move two fingers up": partial(_slide, axis=1, sign=-1, shape=TWO),
    "move two fingers down": partial(_slide, axis=1, sign=1, shape=TWO),
    "click": _click,
    "beckon": _beckon,
    "open hand": _open,
    "shake hand": _shake,
    "show one finger": partial(_show, shape=ONE),
    "show two fingers": partial(_show, shape=TWO),
    "show three fingers": partial(_show, shape=THREE),
    "push hand up": partial(_push_flat, sign=-1),
    "push hand down": partial(_push_flat, sign=1),
    "push hand out": partial(_push, sign=-1),
    "pull hand in": partial(_push, sign=1),
    "rotate two fingers clockwise": partial(_circle, sign=1),
    "rotate two fingers counter-clockwise": partial(_circle, sign=-1),
    "push two fingers": partial(_push, sign=-1, shape=TWO),
    "close hand twice": _close_twice,
    "thumb up": _thumb_up,
    "OK": _ok,
}
"""The gestures by name, in the order of NVGesture's labels 1 to 25."""

MIRRORED: dict[str, str] = {
    "move hand left": "move hand right",
    "move two fingers left": "move two fingers right",
    "rotate two fingers clockwise": "rotate two fingers counter-clockwise",
}
"""Gestures that turn into each other when the picture is mirrored (both ways)."""

REVERSED: dict[str, str] = {
    "move hand left": "move hand right",
    "move hand up": "move hand down",
    "move two fingers left": "move two fingers right",
    "move two fingers up": "move two fingers down",
    "push hand out": "pull hand in",
    "rotate two fingers clockwise": "rotate two fingers counter-clockwise",
    "click": "click",
    "beckon": "beckon",
    "shake hand": "shake hand",
    "close hand twice": "close hand twice",
}
"""Gestures that turn into each other, or into themselves, when played backwards (both ways). The
rest have no partner: "push hand up" backwards goes down, but with the palm up."""


def label_swaps(class_names: tuple[str, ...]) -> dict[int, int]:
    """Return label -> label for the classes that a horizontal flip exchanges."""
    return _labels(MIRRORED, class_names)


def reversed_labels(class_names: tuple[str, ...]) -> dict[int, int]:
    """Return label -> label for the classes that are gestures when played backwards."""
    return _labels(REVERSED, class_names)


def _labels(partners: dict[str, str], class_names: tuple[str, ...]) -> dict[int, int]:
    number = {name: label for label, name in enumerate(class_names)}
    pairs = {number[a]: number[b] for a, b in partners.items() if {a, b} <= number.keys()}
    return pairs | {b: a for a, b in pairs.items()}
