"""The hand in a depth picture that shows nothing else: NVGesture's depth camera sees it alone."""

from __future__ import annotations

import cv2
import numpy as np

from mmtlib.core.errors import DataError

HAND_LEVEL = 16
"""8-bit depth levels above this are a reading; coding leaves lower ones around edges."""


def hand_silhouette(depth: np.ndarray) -> np.ndarray:
    """Return the largest connected part with a reading, frame by frame.

    Where depth has no reading beyond arm's length, as in NVGesture, that is the hand with the
    forearm, without the specks around them. In a depth picture of a whole room it is the room.

    Args:
        depth: uint8 ``(T, H, W)``, 0 = no reading; levels up to `HAND_LEVEL` count as none.

    Returns:
        bool ``(T, H, W)``; all false in a frame without a reading.

    Raises:
        DataError: if the pictures are of another form, or there is none.
    """
    if depth.ndim != 3 or depth.dtype != np.uint8 or not depth.size:
        raise DataError(f"Expected depth as uint8 (T, H, W), got {depth.dtype} {depth.shape}.")
    return np.stack([_largest_part(level > HAND_LEVEL) for level in depth])


def _largest_part(mask: np.ndarray) -> np.ndarray:
    """Return the largest part of a mask whose pixels touch, corners included."""
    parts, numbers, facts, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    if parts < 2:
        return mask
    return numbers == 1 + facts[1:, cv2.CC_STAT_AREA].argmax()
