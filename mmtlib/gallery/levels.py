"""Figures of the study's questions about how much: of corruption, clutter and clips."""

from __future__ import annotations

import pandas as pd

from mmtlib import figures
from mmtlib.analysis import accuracy_by_corruption
from mmtlib.config import SETTINGS
from mmtlib.figures import ONE_COLUMN, StyledFigure
from mmtlib.gallery.entry import entry
from mmtlib.gallery.material import Material
from mmtlib.gallery.words import change
from mmtlib.results import means_over_seeds, paired
from mmtlib.study import plan


def _test_rows(material: Material, question: str) -> pd.DataFrame:
    rows = material.results(material.grid(question).name)
    return rows[(rows["split"] == "test") & (rows["target"] == plan.TARGET)]


def _together(rows: pd.DataFrame) -> pd.Series:
    return rows["modalities"].str.contains("+", regex=False)


@entry(
    name="corruption",
    title="When the teacher is bad: accuracy against noise in depth",
    see="RGB, trained with depth that was corrupted by noise, with and without focal "
    "regularization. Below the dashed line it would be better off alone: negative transfer. "
    "Bars: 95 % t intervals over seeds.",
    function="corruption_curves",
    widths=(ONE_COLUMN,),
)
def _corruption(material: Material, width: float) -> StyledFigure:
    rows = _test_rows(material, "S4")
    joint = rows[_together(rows)]
    weights = [f"{SETTINGS[plan.WEIGHT].title} {w:g}" for w in joint[plan.WEIGHT]]
    table = accuracy_by_corruption(joint.assign(method=weights))
    alone = {plan.TARGET: rows.loc[~_together(rows), "accuracy"].mean()}
    return figures.corruption_curves(table, alone=alone, width=width)


def _by_level(
    material: Material, question: str, column: str, xlabel: str, width: float
) -> StyledFigure:
    rows = _test_rows(material, question)
    how = _together(rows).map({True: "with depth", False: "alone"})
    found = means_over_seeds(rows.assign(method=how), ["method", column])
    found = found.sort_values(["method", column])
    found = found.assign(measure="Accuracy of RGB").rename(columns={column: "x", "mean": "value"})
    figure = figures.compared_curves(found, xlabel=xlabel, width=width)
    figure.alt_text += f" Gain by level: {_gains(rows, column)}."
    return figure


def _gains(rows: pd.DataFrame, column: str) -> str:
    """Return what training together brought at each level, paired by seed, with t intervals."""
    gains = paired(rows, by=[column]).sort_values(column)
    return "; ".join(
        f"{row[column]:g}: {change(row['difference'], row['t_low'], row['t_high'], 'seeds')}"
        for row in gains.to_dict("records")
    )


@entry(
    name="clutter",
    title="From easy to hard scenes",
    see="RGB alone and trained with depth, at several amounts of clutter: where is there "
    "something to gain? Bars: 95 % t intervals over seeds.",
    function="compared_curves",
    widths=(ONE_COLUMN,),
)
def _clutter(material: Material, width: float) -> StyledFigure:
    return _by_level(material, "S5", "clutter", "Clutter of the scene", width)


@entry(
    name="training-clips",
    title="With fewer training clips",
    see="RGB alone and trained with depth, with several numbers of training clips. Bars: "
    "95 % t intervals over seeds.",
    function="compared_curves",
    widths=(ONE_COLUMN,),
)
def _clips(material: Material, width: float) -> StyledFigure:
    return _by_level(material, "S6", "train_clips", "Training clips", width)
