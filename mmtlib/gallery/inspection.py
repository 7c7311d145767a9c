"""Figures of what the networks of one training see, alone and trained together."""

from __future__ import annotations

from collections.abc import Iterator

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
from mmtlib.experiment import Run
from mmtlib.figures import ONE_COLUMN, StyledFigure
from mmtlib.figures.style import STACKED_BELOW
from mmtlib.gallery.entry import Entry
from mmtlib.gallery.inspected_run import first_clips, pair_of, shown_clip
from mmtlib.gallery.material import Material
from mmtlib.gallery.shared import CLIPS, energy_change
from mmtlib.study import plan

TRAININGS = {
    "RGB alone": "alone-rgb",
    "SSA without focal": "ssa",
    "SSA + focal": "mtut",
    "SSA + focal, four networks": "mtut-four",
}
"""Title of a row -> the stored run whose RGB network it shows."""


def _networks(material: Material) -> Iterator[tuple[str, str, Run]]:
    """Yield title, modality and run: both networks alone, then both trained together."""
    together = material.run()
    for how in ("alone", "together"):
        for modality in pair_of(together):
            run = together if how == "together" else material.alone(modality)
            yield f"{network_title(modality)} {how}", modality, run


def _correlation_maps(material: Material, width: float) -> StyledFigure:
    look, pairs, grid = shown_clip(material), {}, None
    for title, modality, run in _networks(material):
        found = stage_correlations(run.network(modality), look.frames(modality))
        grid, how = found.grid, title.rsplit(" ", 1)[1]
        pairs.setdefault(how, {})[network_title(modality)] = found.maps[0].numpy()
    return figures.correlation_pairs(pairs, grid=grid, width=width)


def _similarity(material: Material, width: float) -> StyledFigure:
    look, rows, position = shown_clip(material), {}, None
    clip = look.clips[0]
    for title, modality, run in _networks(material):
        found = stage_correlations(run.network(modality), look.frames(modality))
        position = position or _on_the_hand(clip.mask, found.grid)
        rows[title] = similarity_over_frames(found, position, clip.shape)[0].clamp(-1, 1).numpy()
    figure = figures.similarity_strip(
        clip, rows, position=position, grid=found.grid, frames=_frames(width), width=width
    )
    if clip.mask is not None:
        hand = clip.mask.numpy()
        said = [f"{k} {v[hand].mean():.2f} and {v[~hand].mean():.2f}" for k, v in rows.items()]
        figure.alt_text += f" Mean on the hand and beside it: {', '.join(said)}."
    return figure


def _on_the_hand(mask: Tensor | None, grid: tuple[int, int, int]) -> tuple[int, int, int]:
    """Return the position that the hand fills most, the first if several do; else the middle."""
    if mask is None or not mask.any():
        t, h, w = (n // 2 for n in grid)
        return t, h, w
    filled = torch.nn.functional.adaptive_avg_pool3d(mask[None].float(), grid)[0]
    t, h, w = torch.unravel_index(filled.argmax(), grid)
    return int(t), int(h), int(w)


def _feature_maps(material: Material, width: float) -> StyledFigure:
    look, rows = shown_clip(material), {}
    clip = look.clips[0]
    for title, modality, run in _networks(material):
        features = stage_features(run.network(modality), look.frames(modality))
        strength = over_frames(features.abs().mean(dim=1), clip.shape)[0]
        rows[title] = (strength / strength.max().clamp_min(1e-12)).numpy()
    return figures.saliency_strip(
        clip, rows, frames=_frames(width), what="Mean feature", width=width
    )


def _feature_maps_by_training(material: Material, width: float) -> StyledFigure:
    shown, many = shown_clip(material), first_clips(material, CLIPS)
    clip, masks, rows, tables = shown.clips[0], hand_masks(many.clips), {}, {}
    for title, name in TRAININGS.items():
        network = material.stored(name).network(plan.TARGET)
        one, every = (
            over_frames(
                stage_features(network, look.frames(plan.TARGET)).abs().mean(dim=1), clip.shape
            )
            for look in (shown, many)
        )
        rows[title] = (one[0] / one.max().clamp_min(1e-12)).numpy()
        tables[title] = pointing_table(every, masks, many.batch)
    figure = figures.saliency_strip(
        clip, rows, frames=_frames(width), what="Mean feature", width=width
    )
    first, *others = tables
    said = [f"{title} {energy_change(tables[first], tables[title])}" for title in others]
    figure.alt_text += (
        f" Over {len(many.clips)} clips: {first} {tables[first]['energy'].mean():.1%} (the hand's "
        f"area: {tables[first]['chance'].mean():.1%}); against it {'; '.join(said)}. One seed."
    )
    return figure


def _saliency(material: Material, width: float) -> StyledFigure:
    look, rows = shown_clip(material), {}
    for title, modality, run in _networks(material):
        net = run.network(modality)
        rows[title] = saliency(net, look.frames(modality), look.batch.labels)[0].numpy()
    return figures.saliency_strip(look.clips[0], rows, frames=_frames(width), width=width)


def _frames(width: float) -> int:
    return 4 if width < STACKED_BELOW else 6


INSPECTION = (
    Entry(
        name="correlation-maps",
        title="Correlation maps of two networks, with and without alignment",
        see="Each entry says how alike the features at two positions of the clip are; positions "
        "are ordered by time step, then by row. The number above each difference "
        "says how far the two maps of a row are apart, trained alone and trained together.",
        function="correlation_pairs",
        draw=_correlation_maps,
        of_run=True,
    ),
    Entry(
        name="similarity",
        title="What each network finds similar to one place on the hand",
        see="One row of each correlation map, laid back over the frames. The cross marks the place "
        "that all others are compared with: the one that the hand fills most.",
        function="similarity_strip",
        draw=_similarity,
        widths=(ONE_COLUMN,),
        of_run=True,
    ),
    Entry(
        name="feature-maps",
        title="Feature maps with and without alignment",
        see="The mean over all channels of the features that are compared, laid over the frames. "
        "White: the hand's true outline. The share of it that lies on the hand is in the text "
        "below.",
        function="saliency_strip",
        draw=_feature_maps,
        of_run=True,
    ),
    Entry(
        name="feature-maps-rgb",
        title="Feature maps of RGB without SSA, with it, and with focal regularization",
        see="As before, for the RGB network of four trainings that began with the same weights: "
        "alone, beside depth by SSA at full strength all the time, beside depth with focal "
        "regularization, and beside depth, flow and infrared. Compare this one clip with the mean "
        "over many, which is told below.",
        function="saliency_strip",
        draw=_feature_maps_by_training,
    ),
    Entry(
        name="saliency",
        title="Where the networks look for the true gesture (Grad-CAM)",
        see="Bright places speak for the true gesture. White: the hand's true outline. The share "
        "of each map that lies on the hand is in the text below; one clip proves nothing.",
        function="saliency_strip",
        draw=_saliency,
        of_run=True,
    ),
)
