"""Figures of what the networks of one training see, alone and trained together."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from mmtlib import figures
from mmtlib.analysis import (
    hand_masks,
    pointing_table,
    saliency,
    similarity_over_frames,
    stage_correlations,
    stage_features,
)
from mmtlib.analysis.features import over_frames
from mmtlib.core.modalities import network_title
from mmtlib.experiment.inspection import staged_network
from mmtlib.figures import ONE_COLUMN, StyledFigure
from mmtlib.figures.style import STACKED_BELOW
from mmtlib.gallery.entry import entry
from mmtlib.gallery.inspected_run import first_clips, measured, shown_clip, titled
from mmtlib.gallery.material import Material
from mmtlib.gallery.shared import CLIPS, energy_change
from mmtlib.models import StagedNetwork
from mmtlib.study import plan

TRAININGS = {
    "RGB alone": "alone-rgb",
    "SSA without focal": "ssa",
    "SSA + focal": "mtut",
    "SSA + focal, four networks": "mtut-four",
}
"""Title of a row -> the stored run whose RGB network it shows."""


@entry(
    name="correlation-maps",
    title="Correlation maps of two networks, with and without alignment",
    see="Each entry says how alike the features at two positions of the clip are; positions "
    "are ordered by time step, then by row. The number above each difference "
    "says how far the two maps of a row are apart, trained alone and trained together.",
    function="correlation_pairs",
    of_run=True,
)
def _correlation_maps(material: Material, width: float) -> StyledFigure:
    found = measured(material, shown_clip(material), stage_correlations)
    pairs = {
        how: {network_title(m): each.maps[0].numpy() for m, each in of.items()}
        for how, of in found.items()
    }
    grid = next(iter(found["alone"].values())).grid
    return figures.correlation_pairs(pairs, grid=grid, width=width)


@entry(
    name="similarity",
    title="What each network finds similar to one place on the hand",
    see="One row of each correlation map, laid back over the frames. The cross marks the place "
    "that all others are compared with: the one that the hand fills most.",
    function="similarity_strip",
    widths=(ONE_COLUMN,),
    of_run=True,
)
def _similarity(material: Material, width: float) -> StyledFigure:
    clip = shown_clip(material).clips[0]
    found = titled(measured(material, shown_clip(material), stage_correlations))
    grid = next(iter(found.values())).grid
    position = _on_the_hand(clip.mask, grid)
    rows = {
        title: similarity_over_frames(maps, position, clip.shape)[0].clamp(-1, 1).numpy()
        for title, maps in found.items()
    }
    figure = figures.similarity_strip(
        clip, rows, position=position, grid=grid, frames=_frames(width), width=width
    )
    if clip.mask is not None:
        hand = clip.mask.numpy()
        said = [f"{k} {v[hand].mean():.2f} and {v[~hand].mean():.2f}" for k, v in rows.items()]
        figure.alt_text += f" Mean on the hand and beside it: {', '.join(said)}."
    return figure


def _on_the_hand(mask: Tensor | None, grid: tuple[int, int, int]) -> tuple[int, int, int]:
    """Return the position that the hand fills most, the first if several do; else the middle."""
    if mask is None or not mask.any():
        return grid[0] // 2, grid[1] // 2, grid[2] // 2
    filled = torch.nn.functional.adaptive_avg_pool3d(mask[None].float(), grid)[0]
    first, *others = np.unravel_index(int(filled.argmax()), grid)
    return int(first), int(others[0]), int(others[1])


def _strengths(network: StagedNetwork, clips: Tensor) -> Tensor:
    """Return the mean size of the features of all channels, over the frames of every clip."""
    return over_frames(stage_features(network, clips).abs().mean(dim=1), clips.shape[2:])


def _share_of_most(strengths: Tensor) -> np.ndarray:
    """Return the first clip's, as shares of their highest."""
    return (strengths[0] / strengths[0].max().clamp_min(1e-12)).numpy()


@entry(
    name="feature-maps",
    title="Feature maps with and without alignment",
    see="The mean over all channels of the features that are compared, laid over the frames. "
    "White: the hand's true outline. The share of it that lies on the hand is in the text "
    "below.",
    function="saliency_strip",
    of_run=True,
)
def _feature_maps(material: Material, width: float) -> StyledFigure:
    clips = shown_clip(material)
    rows = titled(
        measured(material, clips, lambda net, seen: _share_of_most(_strengths(net, seen)))
    )
    return figures.saliency_strip(
        clips.clips[0], rows, frames=_frames(width), what="Mean feature", width=width
    )


@entry(
    name="feature-maps-rgb",
    title="Feature maps of RGB without SSA, with it, and with focal regularization",
    see="As before, for the RGB network of four trainings that began with the same weights: "
    "alone, beside depth by SSA at full strength all the time, beside depth with focal "
    "regularization, and beside depth, flow and infrared. Compare this one clip with the mean "
    "over many, which is told below.",
    function="saliency_strip",
)
def _feature_maps_by_training(material: Material, width: float) -> StyledFigure:
    shown, many = shown_clip(material), first_clips(material, CLIPS)
    masks, rows, tables = hand_masks(many.clips), {}, {}
    for title, name in TRAININGS.items():
        network = staged_network(material.stored(name), plan.TARGET)
        rows[title] = _share_of_most(_strengths(network, shown.frames(plan.TARGET)))
        strengths = _strengths(network, many.frames(plan.TARGET))
        tables[title] = pointing_table(strengths, masks, many.batch)
    figure = figures.saliency_strip(
        shown.clips[0], rows, frames=_frames(width), what="Mean feature", width=width
    )
    first, *others = tables
    said = [f"{title} {energy_change(tables[first], tables[title])}" for title in others]
    figure.alt_text += (
        f" Over {len(many.clips)} clips: {first} {tables[first]['energy'].mean():.1%} (the hand's "
        f"area: {tables[first]['chance'].mean():.1%}); against it {'; '.join(said)}. One seed."
    )
    return figure


@entry(
    name="saliency",
    title="Where the networks look for the true gesture (Grad-CAM)",
    see="Bright places speak for the true gesture. White: the hand's true outline. The share "
    "of each map that lies on the hand is in the text below; one clip proves nothing.",
    function="saliency_strip",
    of_run=True,
)
def _saliency(material: Material, width: float) -> StyledFigure:
    clips = shown_clip(material)
    labels = clips.batch.labels
    found = measured(material, clips, lambda net, seen: saliency(net, seen, labels)[0].numpy())
    return figures.saliency_strip(clips.clips[0], titled(found), frames=_frames(width), width=width)


def _frames(width: float) -> int:
    return 4 if width < STACKED_BELOW else 6
