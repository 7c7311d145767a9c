"""Figures of what came of it: accuracies, their differences, and where they come from."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mmtlib import figures
from mmtlib.analysis import gain_by_class, gain_by_learner
from mmtlib.evaluation import accuracy, confusion
from mmtlib.figures import StyledFigure
from mmtlib.gallery.entry import entry
from mmtlib.gallery.material import Material
from mmtlib.study import plan
from mmtlib.study.wording import NAMES, arm_name
from mmtlib.synthetic import get_preset

CURVES = ("S4", "S5", "S6")
"""Questions that have a figure of curves of their own."""
HEADINGS = {
    "H1": "H1. RGB with depth",
    "S1": "S1. Other partners",
    "S2": "S2. Rivals",
    "S3": "S3. Controls",
    "S7": "S7. Stage",
    "S8": "S8. Recipe",
}


@entry(
    name="paired-seeds",
    title="H1: accuracy alone and trained together, seed by seed",
    see="Each line is one training seed (mean over two sets of test people). A line "
    "that rises is a seed that gained by training together. Squares: means with 95 % t "
    "intervals over seeds.",
    function="paired_seeds",
)
def _paired_seeds(material: Material, width: float) -> StyledFigure:
    rows = []
    for modality in (plan.TARGET, "depth"):
        alone, together = (material.predictions("H1", arm, modality) for arm in ("alone", "mtut"))
        for seed, (a, b) in enumerate(zip(alone, together, strict=True)):
            rows.append((modality, seed, accuracy(a), accuracy(b)))
    table = pd.DataFrame(rows, columns=["modality", "seed", "alone", "together"])
    return figures.paired_seeds(table, width=width)


@entry(
    name="ablation",
    title="What each way of training changes, against the same network alone",
    see="One bar per comparison of the study on test clips, paired over seeds, with the 95 % "
    "bootstrap interval over people and seeds. White bars: the interval holds 0, so nothing "
    "was shown.",
    function="difference_bars",
)
def _ablation(material: Material, width: float) -> StyledFigure:
    table = material.answers()
    table = table[~table["question"].isin(CURVES)]
    names = [f"{NAMES[row.target]}: {arm_name(row.arm)}" for row in table.itertuples()]
    table = table.assign(name=names, group=[HEADINGS[q] for q in table["question"]])
    return figures.difference_bars(
        table,
        label="Gain over alone (points)",
        interval="95% interval over people and seeds",
        width=width,
    )


def _classes(material: Material) -> tuple[str, ...]:
    preset = material.results(material.grid("H1").name)["preset"].iloc[0]
    return get_preset(preset).classes


@entry(
    name="confusion",
    title="Which gestures RGB takes for which, alone and trained with depth",
    see="Means over the runs of H1 on test clips; rows are true classes. Right: purple on the "
    "diagonal is what was gained, orange off it which mistakes became rarer.",
    function="confusion_change",
)
def _confusion(material: Material, width: float) -> StyledFigure:
    alone, together = (
        np.mean(
            [confusion(p, "true") for p in material.predictions("H1", arm, plan.TARGET)], axis=0
        )
        for arm in ("alone", "mtut")
    )
    return figures.confusion_change(alone, together, _classes(material), width=width)


@entry(
    name="class-gains",
    title="Gain of each gesture by training together",
    see="A mean can hide classes that lose: here each has its own bar, with the 95 % interval "
    "over people and seeds. Many classes are many chances; hatched ones lose.",
    function="gain_bars",
)
def _class_gains(material: Material, width: float) -> StyledFigure:
    alone, together = (
        {m: material.predictions("H1", arm, m) for m in (plan.TARGET, "depth")}
        for arm in ("alone", "mtut")
    )
    table = gain_by_class(alone, together, _classes(material))
    return figures.gain_bars(table, overall=gain_by_learner(alone, together), width=width)
