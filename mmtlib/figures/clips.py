"""Clips as pictures: all modalities of one clip, or one clip of every class."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from torch import Tensor

from mmtlib.core.clips import GestureClip
from mmtlib.core.errors import ConfigError, DataError
from mmtlib.core.modalities import get_modality
from mmtlib.figures.looks import as_written
from mmtlib.figures.pictures import NO_READING, depth_range, flow_to_rgb, modality_to_rgb
from mmtlib.figures.strips import (
    GAP,
    LEAST_ROW,
    axes_at,
    axes_beside,
    even_times,
    height_of,
    outline_hand,
    picture_rows,
    show_picture,
)
from mmtlib.figures.style import TWO_COLUMN, StyledFigure, new_figure, styled

KEY_WIDTH, LEAST_KEY = 1.28, 0.8
"""Width of the key of colours, and the least height of one with three lines, in inches."""


@styled
def clip_strip(
    clip: GestureClip,
    *,
    frames: int = 6,
    outline: bool = True,
    depth_unit: str = "8-bit level / 255",
    width: float = TWO_COLUMN,
) -> StyledFigure:
    """Show a clip: one row per modality, frames at even times from the first to the last.

    Args:
        clip: with any modalities.
        frames: the number of columns; fewer if the clip is shorter.
        outline: draw the outline of the hand where the clip has a mask.
        depth_unit: what depth is measured in (``"metres"`` for depth in metres).
        width: the most that the figure may be wide, in inches.

    Returns:
        The figure: the axes of the pictures, row by row, then those of the keys (RGB: none).

    Raises:
        ConfigError: if `frames` is less than 1.
    """
    times = even_times(clip.shape[0], frames)
    titles = [get_modality(name).title for name in clip.modalities]
    kinds = [get_modality(name).kind for name in clip.modalities]
    pictures = [modality_to_rgb(name, clip.frames[name]) for name in clip.modalities]
    figure, rows = picture_rows(
        list(zip(titles, pictures, strict=True)),
        times,
        clip.frame_rate,
        f"{len(times)} of {clip.shape[0]} frames of clip {clip.clip_id}; a row each for "
        f"{', '.join(titles)}.",
        width=width,
        beside=KEY_WIDTH if any(map(_has_key, clip.modalities)) else 0.05,
        least=LEAST_KEY if "level" in kinds else LEAST_ROW,
    )
    for panels, name in zip(rows, clip.modalities, strict=True):
        for axes, time in zip(panels, times, strict=True):
            if get_modality(name).kind == "vector":
                _arrows(axes, clip.frames[name][:, time].numpy(), clip.frames[name])
            if outline and clip.mask is not None:
                outline_hand(axes, clip.mask[time].numpy())
        _key(figure, panels[-1], name, clip.frames[name], depth_unit)
    return figure


def _arrows(axes: Axes, flow: np.ndarray, whole: Tensor) -> None:
    """Draw the mean flow of about 8 x 8 blocks, so that direction is not told by colour alone."""
    top = _top_speed(whole)
    h, w = flow.shape[1:]
    step = max(1, min(h, w) // 8)
    blocks = flow[:, : h // step * step, : w // step * step]
    blocks = blocks.reshape(2, h // step, step, w // step, step).mean(axis=(2, 4))
    y, x = np.nonzero(np.hypot(*blocks) > 0.2 * top)
    if not len(x):
        return
    axes.quiver(
        (x + 0.5) * step - 0.5,
        (y + 0.5) * step - 0.5,
        *blocks[:, y, x],
        angles="xy",
        scale_units="xy",
        scale=top / (1.5 * step),
        width=0.015,
        color="black",
    )


def _top_speed(flow: Tensor) -> float:
    return float(flow.square().sum(0).sqrt().max())


def _has_key(modality: str) -> bool:
    """Return whether colours stand for something else than colours."""
    return get_modality(modality).kind != "image" or get_modality(modality).channels == 1


def _key(figure: StyledFigure, last: Axes, modality: str, frames: Tensor, depth_unit: str) -> None:
    """Explain the colours of one row beside its last picture; a picture in colour needs no key."""
    kind, height = get_modality(modality).kind, height_of(figure, last, last)
    if kind == "vector":
        side = min(height, 0.6)
        axes = axes_beside(figure, last, (2 * GAP, (height - side) / 2, side, side))
        _flow_key(axes, _top_speed(frames))
    elif _has_key(modality):
        axes = axes_beside(figure, last, (2 * GAP, 0.04, 0.12, height - 0.08))
        if kind == "image":
            _grey_key(axes, (0.0, 1.0), "brightness", holes=False)
        else:
            holes = bool((frames <= 0).any())
            _grey_key(axes, depth_range(frames.numpy()), depth_unit, holes=holes)


def _flow_key(axes: Axes, top: float) -> None:
    y, x = np.mgrid[-1:1:129j, -1:1:129j]
    wheel = flow_to_rgb(np.stack([x, y]), max_speed=1.0)
    wheel[np.hypot(x, y) > 1] = 1.0
    show_picture(axes, wheel)
    axes.spines[:].set_visible(False)
    for turn in range(4):
        x, y = np.cos(turn * np.pi / 2), np.sin(turn * np.pi / 2)
        style = {"arrowstyle": "->", "linewidth": 0.7, "mutation_scale": 6}
        axes.annotate("", (64 + 62 * x, 64 + 62 * y), (64 + 10 * x, 64 + 10 * y), arrowprops=style)
    text = f"rim:\n{top:.1f} pixels\nper frame"
    axes.text(1.08, 0.5, text, transform=axes.transAxes, fontsize=7, va="center")


def _grey_key(axes: Axes, ends: tuple[float, float], unit: str, *, holes: bool) -> None:
    """Draw a bar from the lowest to the highest value, over a patch for pixels without reading."""
    foot = 0.3 if holes else 0.0
    ramp = np.linspace(0, 1, 64)[:, None]
    axes.imshow(ramp, cmap="gray", origin="lower", extent=(0, 1, foot, 1), aspect="auto")
    labels = [(1.0, "top", f"{ends[1]:.2f}"), (foot, "bottom", f"{ends[0]:.2f}")]
    labels.append(((1 + foot) / 2, "center", textwrap.fill(unit, 12)))
    if holes:
        axes.add_patch(Rectangle((0, 0), 1, 0.16, facecolor=NO_READING))
        labels.append((0.08, "center", "no reading"))
    for y, place, text in labels:
        axes.text(1.5, y, text, va=place, fontsize=7, linespacing=1.1)
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.set_axis_off()


@styled
def class_sheet(
    clips: Sequence[GestureClip],
    class_names: Sequence[str],
    *,
    modality: str = "rgb",
    frames: int = 3,
    columns: int = 4,
    width: float = TWO_COLUMN,
) -> StyledFigure:
    """Show one clip per tile under the name of its class: `frames` pictures from start to end.

    Args:
        clips: e.g. one per class, in the order to show.
        class_names: one name per label.
        modality: which one to show.
        frames: pictures per clip.
        columns: tiles per row.
        width: the most that the figure may be wide, in inches.

    Returns:
        The figure: the axes of every clip's pictures, clip by clip.

    Raises:
        DataError: if there is no clip, or one lacks the modality or has a label without a name.
        ConfigError: if `frames` or `columns` is less than 1.
    """
    if frames < 1 or columns < 1:
        raise ConfigError(f"Expected at least 1 frame and column, got {frames} and {columns}.")
    if not clips:
        raise DataError("No clips were given; there is nothing to draw.")
    tile = min(width / columns, TWO_COLUMN / 4)
    titles = [
        textwrap.fill(as_written(_class_name(c, class_names)), int(tile / 0.058)) for c in clips
    ]
    title_height = 0.08 + 0.12 * max(title.count("\n") + 1 for title in titles)
    times = [even_times(clip.shape[0], frames) for clip in clips]
    side = tile / max(len(one) for one in times) - GAP
    row = title_height + side * max(clip.shape[1] / clip.shape[2] for clip in clips) + GAP
    columns = min(columns, len(clips))
    figure = new_figure(
        columns * tile,
        -(-len(clips) // columns) * row,
        f"{get_modality(modality).title} frames of {len(clips)} clips: "
        f"{', '.join(_class_name(clip, class_names) for clip in clips)}.",
    )
    figure.set_layout_engine("none")
    for i, clip in enumerate(clips):
        pictures = modality_to_rgb(modality, clip.select([modality]).frames[modality])
        left, top = i % columns * tile + GAP, i // columns * row + title_height
        for j, time in enumerate(times[i]):
            place = (left + j * (side + 0.7 * GAP), top, side, row - title_height - GAP)
            show_picture(axes_at(figure, place), pictures[time])
        all_width, all_height = figure.get_size_inches()
        x, y = left / all_width, 1 - (top - 0.04) / all_height
        figure.text(x, y, titles[i], fontsize=7, va="bottom")
    return figure


def _class_name(clip: GestureClip, class_names: Sequence[str]) -> str:
    if not 0 <= clip.label < len(class_names):
        raise DataError(
            f"Clip {clip.clip_id} has label {clip.label}, but there are {len(class_names)} names."
        )
    return class_names[clip.label]
