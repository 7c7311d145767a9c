"""A clip as a looping picture that plays in any notebook or page, without a server or a widget."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping

import numpy as np
from IPython.display import HTML
from numpy.typing import ArrayLike
from PIL import Image

from mmtlib.core.clips import GestureClip
from mmtlib.core.errors import ConfigError
from mmtlib.core.modalities import get_modality
from mmtlib.figures.overlays import saliency_over
from mmtlib.figures.pictures import modality_to_rgb

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
    parts = {get_modality(m).title: modality_to_rgb(m, frames) for m, frames in clip.frames.items()}
    return _player(clip, parts, height_px, title)


def saliency_player(
    clip: GestureClip,
    maps: Mapping[str, ArrayLike],
    *,
    modality: str | None = None,
    height_px: int = 128,
    title: str = "",
) -> HTML:
    """Return a looping animation of a clip beside where networks look in it.

    Args:
        clip: before `mmtlib.transforms.Standardize`.
        maps: title (e.g. ``"RGB alone"``) -> saliency ``(T, H, W)`` in [0, 1] of the clip
            (`mmtlib.analysis.saliency`), laid over grey pictures as `figures.saliency_strip` does.
        modality: which pictures; default the clip's first.
        height_px, title: as `clip_player`.

    Returns:
        An object that a notebook shows when it is the last line of a cell.

    Raises:
        ConfigError: if `height_px` is less than 16.
        DataError: if there is no map, or one does not fit the clip or is not in [0, 1].
    """
    name = modality or clip.modalities[0]
    pictures = modality_to_rgb(name, clip.select([name]).frames[name])
    parts = {get_modality(name).title: pictures}
    return _player(clip, parts | saliency_over(clip, maps, pictures), height_px, title)


def _player(clip: GestureClip, parts: Mapping[str, np.ndarray], height_px: int, title: str) -> HTML:
    """Return the animation of several pictures ``(T, H, W, 3)`` side by side."""
    if height_px < 16:
        raise ConfigError(f"Expected a height of at least 16 pixels, got {height_px}.")
    t, h, _ = clip.shape
    pictures = _side_by_side(list(parts.values()), height_px)
    moving = _data_uri(pictures, 1000 / clip.frame_rate, lossless=h <= height_px)
    still = _data_uri(pictures[t // 2 : t // 2 + 1], 1000, lossless=h <= height_px)
    name = f"{title}, clip {clip.clip_id}" if title else f"Clip {clip.clip_id}"
    alt = (
        f"{name}: {t} frames at {clip.frame_rate:g} frames per second; side by side: "
        f"{', '.join(parts)}."
    )
    width_px = round(height_px * pictures[0].width / pictures[0].height)
    labels = "".join(f"<span>{html.escape(text)}</span>" for text in parts)
    return HTML(
        f'<figure style="margin:0;width:{width_px}px;max-width:100%;font-family:sans-serif">'
        f'<figcaption style="font-size:13px">{html.escape(title)}'
        f'<span style="display:grid;grid-template-columns:repeat({len(parts)},1fr)">'
        f"{labels}</span></figcaption><picture>"
        f'<source media="print, (prefers-reduced-motion: reduce)" srcset="{still}">'
        f'<img src="{moving}" alt="{html.escape(alt)}" width="{width_px}" height="{height_px}" '
        'style="display:block;max-width:100%;height:auto;image-rendering:pixelated">'
        "</picture></figure>"
    )


def _side_by_side(parts: list[np.ndarray], height_px: int) -> list[Image.Image]:
    """Return one picture per frame, not higher than `height_px`."""
    t, h, _, _ = parts[0].shape
    gap = np.ones((t, h, max(1, round(GAP * h)), 3))
    whole = np.concatenate([x for part in parts for x in (part, gap)][:-1], axis=2)
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
