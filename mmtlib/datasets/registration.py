"""How well registered colour covers what the depth camera sees.

The alignment loss (SSA) compares two networks position by position: it takes for granted that a
position shows the same thing in every modality. NVGesture's registered colour is the picture of
another camera, moved into the depth camera's view. Its field of view is smaller, and the move is
rough: a part of the hand that depth shows can lie where no colour was recorded.

There the depth network sees a hand and the colour network sees black. Their correlation maps differ
for a reason that nothing can be learnt from, and the alignment term pulls towards it. Where the
share is 0.7, that is so for three of ten positions on the hand. The share is about *coverage*: it
says that some colour was recorded there, not that it is the hand's; so it bounds the quality of the
registration from above.
"""

from __future__ import annotations

import numpy as np

from mmtlib.datasets.silhouette import hand_silhouette

BLACK_LEVEL = 16
"""A pixel has colour if red, green or blue is above this (of 255)."""


def registered_share(depth: np.ndarray, colour: np.ndarray) -> float:
    """Return the share of the hand's silhouette in depth that falls on recorded colour.

    The silhouette is that of `mmtlib.datasets.hand_silhouette`. All frames count together.

    Args:
        depth: uint8 ``(T, H, W)``, 0 = no reading.
        colour: uint8 ``(T, H, W, 3)``, black where nothing was recorded.

    Returns:
        0 to 1; NaN where no frame has a silhouette.
    """
    silhouette = hand_silhouette(depth)
    red, green, blue = np.moveaxis(colour, -1, 0)
    bright = np.maximum(np.maximum(red, green), blue)
    total = int(silhouette.sum())
    return int((bright[silhouette] > BLACK_LEVEL).sum()) / total if total else float("nan")
