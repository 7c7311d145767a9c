"""Values of a clip as colours."""

from __future__ import annotations

import numpy as np
from matplotlib.colors import hsv_to_rgb, to_rgb
from torch import Tensor

from mmtlib.core.errors import DataError
from mmtlib.core.modalities import get_modality

NO_READING = "#E69F00"
"""The colour of pixels where the depth sensor saw nothing."""


def flow_to_rgb(flow: np.ndarray | Tensor, *, max_speed: float | None = None) -> np.ndarray:
    """Return optical flow as colours: hue = direction, saturation = speed, white = at rest.

    Right is red, down is yellow-green, left is cyan, up is violet.

    Args:
        flow: ``(2, ..., H, W)``: u to the right and v downwards, in pixels per frame.
        max_speed: speed shown in full colour, in pixels per frame; default the highest in `flow`.

    Returns:
        float64 ``(..., H, W, 3)`` in [0, 1].

    Raises:
        DataError: if the first axis is not 2.
    """
    flow = np.asarray(flow, dtype=float)
    if flow.ndim < 3 or flow.shape[0] != 2:
        raise DataError(f"Expected flow of shape (2, ..., H, W), got {flow.shape}.")
    u, v = flow
    speed = np.hypot(u, v)
    top = speed.max() if max_speed is None else max_speed
    hue = np.arctan2(v, u) / (2 * np.pi) % 1.0
    saturation = np.clip(speed / top, 0, 1) if top > 0 else np.zeros_like(speed)
    return hsv_to_rgb(np.stack([hue, saturation, np.ones_like(hue)], axis=-1))


def modality_to_rgb(modality: str, frames: Tensor) -> np.ndarray:
    """Return the frames of one modality as colour pictures.

    Depth is grey from the lowest (dark) to the highest reading of the clip, `NO_READING` where
    there is none; flow is coloured by `flow_to_rgb`.

    Args:
        modality: its name.
        frames: ``(C, T, H, W)`` in the modality's unit.

    Returns:
        float ``(T, H, W, 3)`` in [0, 1].
    """
    kind, values = get_modality(modality).kind, frames.detach().cpu().numpy()
    if kind == "vector":
        return flow_to_rgb(values)
    if kind == "image":
        return np.clip(np.broadcast_to(np.moveaxis(values, 0, -1), (*values.shape[1:], 3)), 0, 1)
    low, high = depth_range(values[0])
    grey = (values[0] - low) / (high - low if high > low else 1.0)
    picture = np.repeat(grey[..., None], 3, axis=-1)
    picture[values[0] <= 0] = to_rgb(NO_READING)
    return np.clip(picture, 0, 1)


def depth_range(depth: np.ndarray) -> tuple[float, float]:
    """Return the lowest and the highest reading, without the pixels that have none (0)."""
    readings = depth[depth > 0]
    return (float(readings.min()), float(readings.max())) if readings.size else (0.0, 1.0)
