"""Figures that measure what networks of one training share, and how much they look at the hand."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mmtlib import figures
from mmtlib.analysis import (
    compare_pointing,
    cross_modal_probes,
    embed,
    hand_masks,
    pointing_table,
    pooled_features,
    probe_matrix,
    saliency,
)
from mmtlib.core.modalities import network_title
from mmtlib.evaluation import mean_interval
from mmtlib.figures import ONE_COLUMN, StyledFigure
from mmtlib.gallery.entry import entry
from mmtlib.gallery.inspected_run import first_clips, measured
from mmtlib.gallery.material import Material
from mmtlib.gallery.words import change

CLIPS = 144
"""One clip of each gesture by each of the twelve validation people of the benchmark."""
PROBED = 288


@entry(
    name="pointing",
    title="How much of the saliency lies on the hand",
    see="Share of Grad-CAM (for the true gesture) inside the hand's true outline, on "
    "validation clips; bars: 95 % t intervals over people. A map without content reaches the "
    "dashed line.",
    function="accuracy_bars",
    widths=(ONE_COLUMN,),
    of_run=True,
)
def _pointing(material: Material, width: float) -> StyledFigure:
    clips = first_clips(material, CLIPS)
    masks, labels = hand_masks(clips.clips), clips.batch.labels
    found = measured(
        material,
        clips,
        lambda net, seen: pointing_table(saliency(net, seen, labels), masks, clips.batch),
    )
    rows = []
    for modality in found["together"]:
        for how, of in found.items():
            people = mean_interval(of[modality].groupby("subject")["energy"].mean().to_numpy())
            rows.append((modality, how, people.mean, people.low, people.high))
    columns = ["modality", "variant", "accuracy", "low", "high"]
    shares = pd.DataFrame(rows, columns=columns)
    alone, together = found["alone"], found["together"]
    chance = float(next(iter(alone.values()))["chance"].mean())
    figure = figures.accuracy_bars(
        shares,
        chance=chance,
        chance_label="the hand's share of the picture",
        label="Saliency on the hand",
        top=min(1.0, 1.15 * shares["high"].max()),
        width=width,
    )
    changes = [f"{network_title(m)} {energy_change(alone[m], together[m])}" for m in alone]
    figure.alt_text += (
        f" A map without content: {chance:.1%}. Together minus alone, one seed, {CLIPS} clips: "
        f"{'; '.join(changes)}."
    )
    return figure


def energy_change(before: pd.DataFrame, after: pd.DataFrame) -> str:
    """Return how much more of the maps of one `pointing_table` is on the hand than of another."""
    step = compare_pointing([before], [after]).difference
    return change(step.mean, step.low, step.high, "people")


def _features(material: Material) -> dict[str, dict[str, np.ndarray]]:
    """Return how a network was trained -> its modality -> its features, pooled over positions."""

    def make() -> dict[str, dict[str, np.ndarray]]:
        clips = first_clips(material, PROBED)
        return measured(material, clips, lambda net, seen: pooled_features(net, seen).numpy())

    return material.keep("pooled features", make)


@entry(
    name="embedding",
    title="Features of both networks in one plane",
    see="Each point is a validation clip, seen by one network; first two principal components, "
    "every channel standardised. What to ask of it: do clips of a class lie together, and do "
    "both networks put them at the same place? The probes give the number.",
    function="embedding_scatter",
    of_run=True,
)
def _embedding(material: Material, width: float) -> StyledFigure:
    labels = first_clips(material, PROBED).batch.labels.numpy()
    planes = {how: embed(found, labels) for how, found in _features(material).items()}
    return figures.embedding_scatter(planes, material.run().classes, width=width)


@entry(
    name="probes",
    title="Linear probes across modalities",
    see="A linear classifier on the features of one network, tested on those of another, by "
    "people it has not seen. The loss does not ask for features that fit each other channel by "
    "channel, so low numbers off the diagonal are no failure of the alignment.",
    function="probe_matrices",
    widths=(ONE_COLUMN,),
    of_run=True,
)
def _probes(material: Material, width: float) -> StyledFigure:
    batch, matrices = first_clips(material, PROBED).batch, {}
    labels, classes = batch.labels.numpy(), material.run().classes
    for how, found in _features(material).items():
        probes = cross_modal_probes(
            found, labels, batch.subjects.numpy(), classes=len(classes), clip_ids=batch.clip_ids
        )
        matrices[how] = probe_matrix(probes)
    chance = np.bincount(labels).max() / len(labels)
    return figures.probe_matrices(matrices, chance=chance, width=width)
