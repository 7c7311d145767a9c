"""What is particular to recordings of real cameras: spans, levels, and views that fit roughly."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.gridspec import GridSpec

from mmtlib.core.clips import GestureClip
from mmtlib.core.errors import DataError
from mmtlib.figures.looks import GREY
from mmtlib.figures.pictures import NO_READING
from mmtlib.figures.strips import outline_hand
from mmtlib.figures.style import TWO_COLUMN, StyledFigure, new_figure, styled

SPAN_COLOUR = "#0072B2"
PICTURES, BLOCKS = 8, 16
"""Pictures of a recording that `annotated_span` shows, and blocks across one that it compares."""


@styled
def annotated_span(
    frames: np.ndarray, span: tuple[int, int], *, frame_rate: float = 30.0, sampled: int = 16
) -> StyledFigure:
    """Show a whole recording: how much each frame differs from the one before, and the span in it.

    Two rows of marks compare where evenly spread frames fall: over the span, and over everything.

    Args:
        frames: uint8 ``(T, H, W)`` or ``(T, H, W, 3)``, the whole recording.
        span: the first annotated frame, and the frame after the last one.
        frame_rate: frames per second.
        sampled: the number of frames that a network would be given.

    Returns:
        The figure: the axes of the pictures, then those of the curve.

    Raises:
        DataError: if the span is not inside the recording.
    """
    first, last = span
    if not 0 <= first < last <= len(frames):
        raise DataError(f"The span {first}:{last} is not inside {len(frames)} frames.")
    figure = new_figure(
        TWO_COLUMN,
        2.6,
        f"{PICTURES} of {len(frames)} frames, and how much each frame differs from the one before; "
        f"the annotated span is frames {first} to {last - 1}.",
    )
    grid = GridSpec(2, PICTURES, figure=figure, height_ratios=(0.9, 1.3))
    for column, time in enumerate(np.linspace(0, len(frames) - 1, PICTURES).round().astype(int)):
        axes = figure.add_subplot(grid[0, column])
        axes.imshow(frames[time], cmap="gray", vmin=0, vmax=255)
        inside = first <= time < last
        axes.spines[:].set(visible=True, linewidth=2, color=SPAN_COLOUR if inside else "#CCCCCC")
        axes.set(xticks=[], yticks=[])
        axes.set_title(f"{time / frame_rate:.1f} s", fontsize=7, pad=3)
    axes = figure.add_subplot(grid[1, :])
    _change(axes, frames, span, frame_rate)
    for y, (start, stop), name in (
        (-0.18, span, "the span"),
        (-0.38, (0, len(frames)), "everything"),
    ):
        times = (start + (np.arange(sampled) + 0.5) * (stop - start) / sampled) / frame_rate
        colour = SPAN_COLOUR if name == "the span" else GREY
        axes.plot(times, np.full(sampled, y), "|", color=colour, markersize=6)
        text = f"{sampled} frames of {name}"
        axes.text(len(frames) / frame_rate * 1.01, y, text, color=colour, fontsize=7, va="center")
    return figure


def _change(axes: Axes, frames: np.ndarray, span: tuple[int, int], frame_rate: float) -> None:
    """Draw the curve, from 0 to 1, over seconds."""
    # Means of blocks: a camera's noise differs from frame to frame too.
    step = max(1, min(frames.shape[1:3]) // BLOCKS)
    h, w = (n // step for n in frames.shape[1:3])
    blocks = frames[:, : h * step, : w * step].reshape(len(frames), h, step, w, step, -1)
    change = np.abs(np.diff(blocks.mean(axis=(2, 4)), axis=0)).mean(axis=(1, 2, 3))
    axes.axvspan(span[0] / frame_rate, span[1] / frame_rate, color=SPAN_COLOUR, alpha=0.12, lw=0)
    times = np.arange(1, len(frames)) / frame_rate
    axes.plot(times, change / max(change.max(), 1e-9), color="black", linewidth=1)
    axes.set(xlim=(0, len(frames) / frame_rate), ylim=(-0.5, 1.08), xlabel="Seconds", yticks=[0, 1])
    axes.set_yticklabels(["none", "most"])
    axes.set_ylabel("Change from\nframe to frame")


@styled
def depth_levels(clip: GestureClip, *, cut: int = 16) -> StyledFigure:
    """Show how often each 8-bit level of depth occurs in a clip, and how many pixels have none.

    Args:
        clip: with depth as 8-bit levels / 255.
        cut: levels up to this one are coding, not readings.

    Raises:
        DataError: if the clip has no depth.
    """
    levels = (clip.select(["depth"]).frames["depth"] * 255).round().byte().numpy()
    counts = np.bincount(levels.ravel(), minlength=256) / levels.size
    figure = new_figure(
        TWO_COLUMN,
        1.9,
        f"Depth levels of clip {clip.clip_id}: {counts[0]:.0%} of the pixels have level 0, "
        f"{counts[1 : cut + 1].sum():.1%} levels 1 to {cut}, the others more.",
    )
    axes = figure.add_subplot()
    parts = ((0, 1, NO_READING), (1, cut + 1, GREY), (cut + 1, 256, SPAN_COLOUR))
    names = ("no reading (level 0)", f"left by the coding (1 to {cut})", "readings")
    for (low, high, colour), name in zip(parts, names, strict=True):
        share = counts[low:high].sum()
        label = f"{name}: {share:.1%} of the pixels"
        axes.bar(np.arange(low, high), counts[low:high], width=1.0, color=colour, label=label)
    axes.set(yscale="log", ylim=(1e-6, 2), xlim=(-2, 256), xlabel="8-bit level (bright = near)")
    axes.set_ylabel("Share of pixels")
    figure.legend(loc="outside upper center", ncols=len(parts))
    return figure


@styled
def silhouettes_on_colour(
    clips: Sequence[GestureClip], shares: Sequence[float], *, cut: int = 16
) -> StyledFigure:
    """Show the outline of the hand in depth on the colour picture, one clip per panel.

    Where the silhouette falls on black, no colour was recorded: these pixels are filled.

    Args:
        clips: with ``rgb`` and ``depth``.
        shares: how much of each clip's silhouettes falls on colour, 0 to 1, for the titles.
        cut: levels up to this one count as black and as no reading.

    Raises:
        DataError: if there is no clip, or one lacks a modality.
    """
    if not len(clips):
        raise DataError("No clips were given; there is nothing to draw.")
    width = min(TWO_COLUMN / len(clips), 2.4)
    _, h, w = clips[0].shape
    titles = ", ".join(f"{share:.0%}" for share in shares)
    figure = new_figure(
        width * len(clips),
        width * h / w + 0.4,
        f"The hand's outline in depth on registered colour, middle frames of {len(clips)} clips; "
        f"shares on colour: {titles}.",
    )
    panels = figure.subplots(1, len(clips), squeeze=False)[0]
    for axes, clip, share in zip(panels, clips, shares, strict=True):
        _outlined(axes, clip, cut / 255)
        axes.set_title(f"clip {clip.clip_id}:\n{share:.0%} on colour", fontsize=7)
    return figure


def _outlined(axes: Axes, clip: GestureClip, cut: float) -> None:
    middle = clip.shape[0] // 2
    both = clip.select(["rgb", "depth"]).frames
    picture = both["rgb"][:, middle].permute(1, 2, 0).numpy().copy()
    hand = both["depth"][0, middle].numpy() > cut
    picture[hand & (picture.max(axis=-1) <= cut)] = to_rgb(NO_READING)
    axes.imshow(picture)
    outline_hand(axes, hand)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
