"""Figures of what came of it: accuracies, their differences, and where they come from."""

from __future__ import annotations

import pandas as pd

from mmtlib import figures
from mmtlib.evaluation import accuracy
from mmtlib.figures import StyledFigure
from mmtlib.gallery.entry import Entry
from mmtlib.gallery.material import Material


def _paired_seeds(material: Material, width: float) -> StyledFigure:
    rows = []
    for modality in ("rgb", "depth"):
        alone, together = (material.predictions("H1", arm, modality) for arm in ("alone", "mtut"))
        for seed, (a, b) in enumerate(zip(alone, together, strict=True)):
            means = [sum(map(accuracy, found)) / len(found) for found in (a, b)]
            rows.append((modality, seed, *means))
    table = pd.DataFrame(rows, columns=["modality", "seed", "alone", "together"])
    return figures.paired_seeds(table, width=width)


OUTCOMES = (
    Entry(
        name="paired-seeds",
        title="H1: accuracy alone and trained together, seed by seed",
        see="Each line is one training seed (mean over two sets of test people). RGB gains on "
        "every seed; depth stays where it was. Squares: means with 95 % t intervals over seeds.",
        function="paired_seeds",
        draw=_paired_seeds,
    ),
)
