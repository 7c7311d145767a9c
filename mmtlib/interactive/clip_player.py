"""A clip as a looping picture that plays in any notebook or page, without a server or a widget."""

from __future__ import annotations

import base64
import html
import io

import numpy as np
from IPython.display import HTML
from PIL import Image

from mmtlib.clips import GestureClip
from mmtlib.errors import ConfigError
from mmtlib.figures.pictures import modality_to_rgb
from mmtlib.modalities import get_modality

GAP = 0.03
"""White space between two modalities, as a share of the height."""


def clip_player(clip: GestureClip, *, height_px: int = 128, title: str = "") -> HTML:
    """Return a looping animation of all modalities of a clip side by side.

    The animation is one WebP picture inside the page: it needs no network and also plays in a page
    made of the notebook. In print, and for readers who asked their computer for less motion, the
    middle frame stands still.

    Args:
        clip: with any modalities. Small clips are shown enlarged, large ones are scaled down.
        height_px: height on the page, in pixels.
        title: a line above the pictures, e.g. the name of the gesture.

    Returns:
        An object that a notebook shows when it is the last line of a cell.

    Raises:
        ConfigError: if `height_px` is less than 16.
    """
    if height_px < 16:
        raise ConfigError(f"Expected a height of at least 16 pixels, got {height_px}.")
    t, h, _ = clip.shape
    pictures = _side_by_side(clip, height_px)
    moving = _data_uri(pictures, 1000 / clip.frame_rate, lossless=h <= height_px)
    still = _data_uri(pictures[t // 2 : t // 2 + 1], 1000, lossless=h <= height_px)
    titles = [get_modality(name).title for name in clip.modalities]
    name = f"{title}, clip {clip.clip_id}" if title else f"Clip {clip.clip_id}"
    alt = (
        f"{name}: {t} frames at {clip.frame_rate:g} frames per second; side by side: "
        f"{', '.join(titles)}."
    )
    width_px = round(height_px * pictures[0].width / pictures[0].height)
    labels = "".join(f"<span>{html.escape(text)}</span>" for text in titles)
    return HTML(
        f'<figure style="margin:0;width:{width_px}px;max-width:100%;font-family:sans-serif">'
        f'<figcaption style="font-size:13px">{html.escape(title)}'
        f'<span style="display:grid;grid-template-columns:repeat({len(titles)},1fr)">'
        f"{labels}</span></figcaption><picture>"
        f'<source media="print, (prefers-reduced-motion: reduce)" srcset="{still}">'
        f'<img src="{moving}" alt="{html.escape(alt)}" width="{width_px}" height="{height_px}" '
        'style="display:block;max-width:100%;height:auto;image-rendering:pixelated">'
        "</picture></figure>"
    )


def _side_by_side(clip: GestureClip, height_px: int) -> list[Image.Image]:
    """Return one picture per frame, not higher than `height_px`."""
    t, h, _ = clip.shape
    gap = np.ones((t, h, max(1, round(GAP * h)), 3))
    parts = []
    for name, frames in clip.frames.items():
        parts += [modality_to_rgb(name, frames), gap]
    whole = np.concatenate(parts[:-1], axis=2)
    images = [Image.fromarray((255 * frame).round().astype(np.uint8)) for frame in whole]
    if h <= height_px:
        return images
    size = (round(whole.shape[2] * height_px / h), height_px)
    return [image.resize(size, Image.Resampling.BOX) for image in images]


def _data_uri(images: list[Image.Image], milliseconds: float, *, lossless: bool) -> str:
    # Lossless where single pixels are seen, small where they are not.
    buffer = io.BytesIO()
    images[0].save(
        buffer,
        format="WEBP",
        save_all=True,
        append_images=images[1:],
        duration=round(milliseconds),
        loop=0,
        lossless=lossless,
        quality=85,
    )
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"
