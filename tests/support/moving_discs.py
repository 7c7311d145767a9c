"""Draw the pictures of the miniature data sets: a moving disc, and the frame's number."""

from __future__ import annotations

import numpy as np
from support.nvgesture_tree import DIGIT_STEP, HEIGHT, WIDTH


def disc_pictures(
    count: int, *, label: int, colour: tuple[int, int, int] = (200, 150, 100), number: int = 0
) -> np.ndarray:
    """Return ``(count, H, W, 3)`` uint8: a disc crosses the picture in a direction of its class.

    `frame_numbers` reads back `number`, `number` + 1, ... (below 256) from the top left corner.
    """
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    angle = np.pi + (label - 1) * np.pi * (1 if label < 3 else 2 / 25)
    pictures = np.zeros((count, HEIGHT, WIDTH, 3), np.uint8)
    for i, picture in enumerate(pictures):
        way = 16 * ((i + 0.5) / count - 0.5)
        y, x = HEIGHT / 2 - way * np.sin(angle), WIDTH / 2 + way * np.cos(angle)
        picture[(rows - y) ** 2 + (columns - x) ** 2 < 16] = colour
        picture[:8, :8], picture[:8, 8:16] = (
            DIGIT_STEP * d + 8 for d in divmod((number + i) % 256, 16)
        )
    return pictures
