"""Figures of what the networks of one training see, alone and trained together."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from mmtlib import figures
from mmtlib.analysis import saliency, similarity_over_frames, stage_correlations, stage_features
from mmtlib.analysis.features import over_frames
from mmtlib.experiment import Run
from mmtlib.figures import ONE_COLUMN, StyledFigure
from mmtlib.figures.style import STACKED_BELOW
from mmtlib.gallery.entry import Entry
from mmtlib.gallery.looking import pair_of, shown_clip
from mmtlib.gallery.material import Material
from mmtlib.modalities import network_title


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
    return figures.similarity_strip(
        clip, rows, position=position, grid=found.grid, frames=_frames(width), width=width
    )


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


def _saliency(material: Material, width: float) -> StyledFigure:
    look, rows = shown_clip(material), {}
    for title, modality, run in _networks(material):
        net = run.network(modality)
        rows[title] = saliency(net, look.frames(modality), look.batch.labels)[0].numpy()
    return figures.saliency_strip(look.clips[0], rows, frames=_frames(width), width=width)


def _frames(width: float) -> int:
    return 4 if width < STACKED_BELOW else 6


SEEING = (
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
        name="saliency",
        title="Where the networks look for the true gesture (Grad-CAM)",
        see="Bright places speak for the true gesture. White: the hand's true outline. The share "
        "of each map that lies on the hand is in the text below; one clip proves nothing.",
        function="saliency_strip",
        draw=_saliency,
        of_run=True,
    ),
)
