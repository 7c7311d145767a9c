"""What a network sees, laid over the frames of a clip: similarity to a place, and saliency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from numpy.typing import ArrayLike

from mmtlib.core.clips import GestureClip
from mmtlib.core.errors import ConfigError, DataError
from mmtlib.core.modalities import get_modality
from mmtlib.figures.pictures import modality_to_rgb
from mmtlib.figures.strips import (
    GAP,
    axes_beside,
    even_times,
    height_of,
    outline_hand,
    picture_rows,
)
from mmtlib.figures.style import TWO_COLUMN, StyledFigure, styled

BAR_WIDTH = 0.75
"""Inches for the colour bar with its labels."""
STRONGEST = 0.8
"""How much of a pixel the colour of the value 1 covers."""
HAND = "white"
"""The hand's outline, on black: the colour in `clip_strip` is one of the map's here."""
BRIGHTNESS = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in a grey picture (ITU-R BT.601)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    """How values become colours: stronger ones cover more of the picture below."""

    colors: str
    low: float
    label: str

    def over(self, grey: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Return grey pictures ``(..., H, W)`` with values of that shape over them, as colours."""
        ramp = mpl.colormaps[self.colors]((values - self.low) / (1 - self.low))[..., :3]
        cover = STRONGEST * np.abs(values)[..., None].clip(0, 1)
        return (1 - cover) * grey[..., None] + cover * ramp


_SALIENCY = _Scale(colors="inferno", low=0.0, label="Saliency, share\nof the highest")


def saliency_over(
    clip: GestureClip, maps: Mapping[str, ArrayLike], pictures: np.ndarray
) -> dict[str, np.ndarray]:
    """Return a clip's pictures in grey with saliency over them, for every frame.

    Args:
        clip: what the maps belong to.
        maps: title -> saliency ``(T, H, W)`` in [0, 1] (`mmtlib.analysis.saliency`).
        pictures: ``(T, H, W, 3)`` in [0, 1] (`mmtlib.figures.modality_to_rgb`).

    Returns:
        Title -> ``(T, H, W, 3)`` in [0, 1].

    Raises:
        DataError: if there is no map, or one does not fit the clip or is not in [0, 1].
    """
    grey = pictures @ np.array(BRIGHTNESS)
    return {k: _SALIENCY.over(grey, v) for k, v in _fitting(maps, clip, low=0.0).items()}


@styled
def saliency_strip(
    clip: GestureClip,
    maps: Mapping[str, ArrayLike],
    *,
    modality: str | None = None,
    frames: int = 6,
    mask: ArrayLike | None = None,
    what: str = "Saliency",
    width: float = TWO_COLUMN,
) -> StyledFigure:
    """Show where networks look at several moments of a clip, with the outline of the hand.

    Args:
        clip: before `mmtlib.transforms.Standardize`, as it is drawn.
        maps: title of a row (e.g. ``"RGB alone"``) -> saliency ``(T, H, W)`` in [0, 1] of the clip
            (`mmtlib.analysis.saliency`).
        modality: which pictures to show below; default the clip's first.
        frames: the number of columns; fewer if the clip is shorter.
        mask: bool ``(T, H, W)``, where the hand is; default the clip's own, if it has one.
        what: what the maps show, for the colour bar: other maps in [0, 1] can be drawn too.
        width: the most that the figure may be wide, in inches.

    Returns:
        The figure: the axes of the clip's pictures, those of each map's row, then the colour bar.

    Raises:
        ConfigError: if `frames` is less than 1.
        DataError: if there is no map, or one does not fit the clip or is not in [0, 1].
    """
    arrays = _fitting(maps, clip, low=0.0)
    times = even_times(clip.shape[0], frames)
    hand = clip.mask if mask is None else mask
    alt = f"{what} of {', '.join(arrays)} in {len(times)} frames of clip {clip.clip_id}"
    scale = _Scale(colors="inferno", low=0.0, label=f"{what}, share\nof the highest")
    alt += _shares(arrays, hand)
    figure, rows = _strip(clip, arrays, times, scale, modality, alt, width)
    if hand is not None:
        hand = _fitting({"the hand's mask": hand}, clip, low=0.0)["the hand's mask"] > 0
        for panels in rows:
            for axes, time in zip(panels, times, strict=True):
                outline_hand(axes, hand[time], "black", 1.8)
                outline_hand(axes, hand[time], HAND)
    return figure


@styled
def similarity_strip(
    clip: GestureClip,
    similarities: Mapping[str, ArrayLike],
    *,
    position: tuple[int, int, int],
    grid: tuple[int, int, int],
    modality: str | None = None,
    frames: int = 6,
    width: float = TWO_COLUMN,
) -> StyledFigure:
    """Show how alike every place of a clip is to one position, which is marked by a cross.

    Args:
        clip: before `mmtlib.transforms.Standardize`, as it is drawn.
        similarities: title of a row -> ``(T, H, W)`` in [-1, 1] of the clip
            (`mmtlib.analysis.similarity_over_frames`).
        position: ``(t, y, x)`` on the grid of the features, counted from 0.
        grid: that grid, ``(T, H, W)``.
        modality: which pictures to show below; default the clip's first.
        frames: the most columns; there is one for each time step of the grid, else every second or
            so, the marked one among them.
        width: the most that the figure may be wide, in inches.

    Returns:
        The figure: the axes of the clip's pictures, those of each row, then the colour bar.

    Raises:
        ConfigError: if the position is not on the grid, or `frames` is less than 1.
        DataError: if there is no similarity, or one does not fit the clip or is not in [-1, 1].
    """
    if frames < 1:
        raise ConfigError(f"Expected at least 1 frame, got {frames}.")
    if any(not 0 <= i < n for i, n in zip(position, grid, strict=True)):
        raise ConfigError(f"position: expected (t, y, x) on the grid {grid}, got {position}.")
    arrays = _fitting(similarities, clip, low=-1.0)
    every = -(-grid[0] // frames)
    steps = np.arange(position[0] % every, grid[0], every)
    times = ((steps + 0.5) * clip.shape[0] / grid[0]).astype(int)
    # Features after a ReLU have no negative similarity: give them the whole scale.
    signed = min(values.min() for values in arrays.values()) < -1e-6
    colors, low = ("PuOr_r", -1.0) if signed else ("viridis", 0.0)
    scale = _Scale(colors=colors, low=low, label="Similarity\n(cosine)")
    t, y, x = (i + 1 for i in position)
    alt = f"How alike each place of clip {clip.clip_id} is to time step {t}, row {y}, column {x}"
    alt += f", for {', '.join(arrays)}."
    figure, rows = _strip(clip, arrays, times, scale, modality, alt, width)
    column = int(np.flatnonzero(steps == position[0])[0])
    _, h, w = clip.shape
    for panels in rows:
        _cross(panels[column], (x - 0.5) * w / grid[2] - 0.5, (y - 0.5) * h / grid[1] - 0.5)
    return figure


def _fitting(
    maps: Mapping[str, ArrayLike], clip: GestureClip, *, low: float
) -> dict[str, np.ndarray]:
    if not maps:
        raise DataError("No maps were given; there is nothing to draw.")
    arrays = {title: np.asarray(values, dtype=float) for title, values in maps.items()}
    for title, values in arrays.items():
        inside = values.shape == clip.shape and (values >= low - 1e-5) & (values <= 1 + 1e-5)
        if not np.all(inside):
            raise DataError(
                f"{title}: expected values of {low:g} to 1 in the shape {clip.shape} of clip "
                f"{clip.clip_id}, got shape {values.shape}."
            )
    return arrays


def _shares(arrays: Mapping[str, np.ndarray], hand: ArrayLike | None) -> str:
    """Return the end of a sentence: how much of each map lies on the hand."""
    if hand is None:
        return "."
    hand = np.asarray(hand, dtype=bool)
    shares = [
        f"{title} {values[hand].sum() / values.sum():.0%}"
        for title, values in arrays.items()
        if values.shape == hand.shape and values.sum() > 0
    ]
    return f"; share on the hand: {', '.join(shares)}." if shares else "."


def _strip(
    clip: GestureClip,
    arrays: Mapping[str, np.ndarray],
    times: np.ndarray,
    scale: _Scale,
    modality: str | None,
    alt: str,
    width: float,
) -> tuple[StyledFigure, list[list[Axes]]]:
    """Return the figure and its rows of pictures, the clip's own first."""
    name = modality or clip.modalities[0]
    pictures = modality_to_rgb(name, clip.select([name]).frames[name])
    grey = pictures @ np.array(BRIGHTNESS)
    shown = [(get_modality(name).title, pictures)]
    shown += [(title, scale.over(grey, values)) for title, values in arrays.items()]
    figure, rows = picture_rows(shown, times, clip.frame_rate, alt, width=width, beside=BAR_WIDTH)
    height = height_of(figure, rows[0][-1], rows[-1][-1])
    _bar(axes_beside(figure, rows[0][-1], (2 * GAP, 0.05, 0.11, height - 0.1)), scale)
    return figure, rows


def _bar(axes: Axes, scale: _Scale) -> None:
    """Draw the colours as they look on a middle grey."""
    ramp = np.linspace(scale.low, 1, 128)
    colors = ListedColormap(scale.over(np.full(ramp.shape, 0.5), ramp))
    shown = ScalarMappable(Normalize(scale.low, 1), colors)
    bar = axes.figure.colorbar(shown, cax=axes, ticks=[scale.low, (scale.low + 1) / 2, 1])
    bar.set_label(scale.label, fontsize=7, labelpad=3)


def _cross(axes: Axes, x: float, y: float) -> None:
    axes.plot(x, y, marker="X", markersize=6, mfc="black", mec="white", mew=0.8, clip_on=False)
