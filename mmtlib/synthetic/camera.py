"""The cameras that look at synthetic scenes: their field of view and the flaws of their sensors."""

from __future__ import annotations

from dataclasses import dataclass

FIELD = 0.36
"""Tangent of half the benchmark camera's angle of view."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A colour, depth and infrared camera in one place.

    Attributes:
        field: tangents of half the angle of view, across and down. Pictures are square: where the
            two differ, they are squeezed, as real ones are that are brought to a square.
        near, far: metres at which 8-bit depth reaches 255 and 1.
        close_range: metres beyond which 8-bit depth has no reading, or None.
        depth_noise: standard deviation of depth at 1 m, metres; it grows with the square.
        depth_step: metres between two readings.
        holes, edge_holes: share of readings lost everywhere, and where depth jumps.
    """

    field: tuple[float, float] = (FIELD, FIELD)
    near: float = 0.3
    far: float = 1.6
    close_range: float | None = None
    depth_noise: float = 0.012
    depth_step: float = 0.01
    holes: float = 0.015
    edge_holes: float = 0.26


ROOM_CAMERA = Camera()
"""The benchmark's."""

CAR_CAMERA = Camera(
    field=(0.75, 0.55),
    near=0.15,
    far=0.65,
    close_range=0.65,
    depth_noise=0.01,
    depth_step=0.002,
    holes=0.002,
    edge_holes=0.03,
)
"""Like the short-range camera at a car's dashboard that recorded NVGesture: a wide field (74 by 58
degrees, the maker's figures for the SoftKinetic DS325), depth in 8 bits that ends behind the hand.
What its levels are in metres is not published: near and far were set by eye, so that hands reach
the levels of the real ones."""
