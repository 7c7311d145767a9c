"""Bars with their intervals: accuracies, differences, and what each class gained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from mmtlib.core.tables import need_columns
from mmtlib.figures.intervals import AS_GIVEN, BAR, has_intervals, horizontal_bars, with_ends
from mmtlib.figures.looks import GREY, Look, color_of, interval_key, key, title_of, unlike
from mmtlib.figures.panels import legend_above, numbers, panels
from mmtlib.figures.style import (
    ONE_COLUMN,
    STACKED_BELOW,
    TWO_COLUMN,
    StyledFigure,
    new_figure,
    styled,
)

HATCHES = (None, "////", "....", "xxxx", "\\\\\\\\")
GUESSING: Look = {"color": "black", "linewidth": 0.8, "linestyle": (0, (3, 2))}
ROW = 0.175
"""Inches for a bar or a heading, so that 7-point labels do not meet."""
VERDICTS: dict[str, Look] = {
    "gains": {
        "facecolor": "#0072B2", "edgecolor": "#0072B2", "label": "gains: interval above 0",
    },
    "loses": {
        "facecolor": "#F7CFAF", "edgecolor": "#D55E00", "hatch": "xxxx",
        "label": "loses: interval below 0",
    },
    "not shown": {
        "facecolor": "white", "edgecolor": GREY, "hatch": "////", "label": "interval holds 0",
    },
    "without interval": {"facecolor": "#9DB9D1", "edgecolor": GREY, "label": "no interval"},
}  # fmt: skip
"""What an interval says -> how its bar looks, and what the legend calls it."""
ALL_CLASSES = "all classes"
LOSS: Look = {"facecolor": "white", "hatch": "//////", "label": VERDICTS["loses"]["label"]}


@styled
def accuracy_bars(
    table: pd.DataFrame,
    *,
    chance: float | None = None,
    label: str = "Accuracy",
    top: float = 1.0,
    chance_label: str = "guessing",
    width: float | None = None,
) -> StyledFigure:
    """Show accuracies as bars: one group per modality, one bar per variant.

    Args:
        table: columns ``modality`` (any other name, such as ``"fused"``, is drawn in grey) and
            ``accuracy`` in [0, 1]; optional ``variant`` (e.g. ``"alone"``), and ``low`` and
            ``high``, the ends of an interval (NaN or None: none).
        chance: accuracy of guessing, drawn as a line.
        label: what is shown, where it is another share than accuracy.
        top: the highest tick of the axis.
        chance_label: what the line is called.
        width: of the figure, in inches; default by the number of bars.

    Returns:
        A figure of one axes.

    Raises:
        DataError: if the table has no rows or lacks a column, or has a bar twice.
    """
    table = table.assign(variant=table.get("variant", ""))
    once = ("modality", "variant")
    need_columns(table, (*once, "accuracy"), "table of accuracies", once=once)
    names, variants = (list(dict.fromkeys(table[name])) for name in ("modality", "variant"))
    listed = "; ".join(
        f"{title_of(row.modality)} {row.variant} {row.accuracy:.1%}".replace("  ", " ")
        for row in table.itertuples()
    )
    width = width or min(TWO_COLUMN, max(2.4, 0.9 + 0.5 * len(table) + 0.3 * len(names)))
    figure = new_figure(width, 2.4, f"Bars of {label.lower()}: {listed}.")
    axes = figure.subplots()
    _vertical_bars(axes, table, names, variants)
    axes.set_xticks(range(len(names)), [title_of(name) for name in names])
    axes.tick_params(axis="x", length=0)
    axes.set(xlim=(-0.75, len(names) - 0.25), ylim=(0, 1.08 * top), xlabel="", ylabel=label)
    numbers(axes.yaxis, percent=True)
    handles: list[Artist] = [
        Patch(label=variant, **_bar_look(GREY, slot))
        for slot, variant in enumerate(variants)
        if variant
    ]
    if chance is not None:
        axes.axhline(chance, **GUESSING)
        handles.append(key(chance_label, GUESSING))
    legend_above(figure, handles)
    return figure


def _bar_look(color: str, slot: int) -> Look:
    hatch = HATCHES[slot % len(HATCHES)]
    return {"facecolor": "white" if hatch else color, "edgecolor": color, "hatch": hatch}


def _vertical_bars(axes: Axes, table: pd.DataFrame, names: list[str], variants: list[str]) -> None:
    sns.barplot(
        with_ends(table, "accuracy"), x="modality", y="accuracy", hue="variant", order=names,
        hue_order=variants, capsize=0.3 / len(variants), gap=0.05, linewidth=0.8, err_kws=BAR,
        legend=False, ax=axes, **AS_GIVEN,
    )  # fmt: skip
    places = {name: i for i, name in enumerate([*variants, *names])}
    ordered = table.sort_values(["variant", "modality"], key=lambda v: v.map(places))
    bars = [bar for group in axes.containers for bar in group]
    for bar, row in zip(bars, ordered.to_dict("records"), strict=True):
        bar.set(**_bar_look(color_of(row["modality"]), variants.index(row["variant"])))
        top = np.nanmax([row["accuracy"], row.get("high") or np.nan])
        axes.annotate(
            f"{100 * row['accuracy']:.1f}", (bar.get_x() + bar.get_width() / 2, top),
            xytext=(0, 2), textcoords="offset points", ha="center", va="bottom", fontsize=7,
        )  # fmt: skip


@styled
def difference_bars(
    table: pd.DataFrame,
    *,
    label: str = "Difference (points)",
    interval: str = "95% interval",
    form: str = "+.1f",
    width: float = ONE_COLUMN,
) -> StyledFigure:
    """Show differences as bars with their intervals, in groups under headings.

    Args:
        table: columns ``group`` (the heading), ``name``, ``difference``, ``low`` and ``high``
            (fractions); one row per bar, in the order to show.
        label: what the differences are, for the axis.
        interval: what the intervals are, for the legend.
        form: how the numbers beside the bars are written.
        width: of the figure, in inches.

    Returns:
        A figure of one axes. Colour and hatch say whether the interval is above, below or around 0.

    Raises:
        DataError: if the table has no rows, lacks a column, or has a bar twice.
    """
    once = ("group", "name")
    columns = (*once, "difference", "low", "high")
    need_columns(table, columns, "table of differences", once=once)
    names: list[str] = []
    headings, parts = [], []
    for group, rows in table.groupby("group", sort=False):
        headings.append(len(names))
        parts.append(rows.assign(y=range(len(names) + 1, len(names) + 1 + len(rows))))
        names += [str(group), *rows["name"]]
    table = pd.concat(parts, ignore_index=True)
    tests = [table["low"] > 0, table["high"] < 0, table["low"].notna()]
    verdicts = np.select(tests, [*VERDICTS][:3], "without interval")
    kinds = [kind for kind in VERDICTS if kind in verdicts]
    counted = ", ".join(f"{(verdicts == kind).sum()} {kind}" for kind in kinds)
    best = table.loc[table["difference"].idxmax()]
    figure = new_figure(
        width,
        1,
        f"{len(table)} differences: {counted}. Largest: {best['name']}, "
        f"{100 * best['difference']:+.1f} points ({100 * best['low']:+.1f} to "
        f"{100 * best['high']:+.1f}).",
    )
    axes = figure.subplots()
    looks = [VERDICTS[verdict] for verdict in verdicts]
    horizontal_bars(axes, table.assign(look=looks), "difference", names)
    for row in table.to_dict("records"):
        axes.annotate(
            f"{100 * row['difference'] + 0.0:{form}}",
            (100 * np.nanmax([row["difference"], row["high"], 0]), row["y"]),
            xytext=(3, 0), textcoords="offset points", fontsize=7, va="center",
        )  # fmt: skip
    for y in headings:
        axes.get_yticklabels()[y].set_fontweight("bold")
    # As many as there is room for beside the names: between long ones and a narrow page little.
    axes.xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 4, 5, 10]))
    axes.grid(axis="x")
    axes.margins(x=0.12)
    axes.set_xlabel(label)
    handles: list[Artist] = [Patch(**VERDICTS[kind]) for kind in kinds]
    if has_intervals(table):
        handles.append(interval_key(interval))
    rows_of_legend = legend_above(figure, handles, "outside upper right")
    figure.set_figheight(0.45 + ROW * len(names) + 0.16 * rows_of_legend)
    return figure


@styled
def gain_bars(
    by_class: pd.DataFrame,
    *,
    overall: pd.DataFrame | None = None,
    confidence: float = 0.95,
    width: float | None = None,
) -> StyledFigure:
    """Show what each class gained by training with others, one panel per learner.

    Args:
        by_class: columns ``learner``, ``class``, ``gain``, ``low`` and ``high`` (fractions; the
            interval may be NaN), one row per learner and class
            (`mmtlib.analysis.gain_by_class`).
        overall: the same without ``class``, one row per learner
            (`mmtlib.analysis.gain_by_learner`), drawn as a row of its own on top.
        confidence: the level that the intervals of the tables have, for the legend.
        width: of the figure, in inches; default by the number of learners. In a narrow one the
            panels are above each other.

    Returns:
        A figure of one axes per learner; bars of classes whose interval lies below 0 are hatched.

    Raises:
        DataError: if a table has no rows, lacks a column, or has a bar twice.
    """
    columns = ("learner", "gain", "low", "high")
    need_columns(by_class, (*columns, "class"), "table of gains by class")
    table, every = by_class, unlike(ALL_CLASSES, set(by_class["class"]))
    if overall is not None:
        need_columns(overall, columns, "table of gains by learner")
        table = pd.concat([overall.assign(**{"class": every}), by_class])
    need_columns(table, columns, "table of gains", once=("learner", "class"))
    names, learners = (list(dict.fromkeys(table[name])) for name in ("class", "learner"))
    width = width or min(TWO_COLUMN, 1.9 + 2.2 * len(learners))
    figure, axes_of = panels(
        len(learners), width, 0.75 + 0.145 * len(names), _gains_text(by_class), share="x"
    )
    for number, (axes, learner) in enumerate(zip(axes_of, learners, strict=True)):
        rows = table[table["learner"] == learner]
        looks = [
            _gain_look(row, "#444444" if row["class"] == every else color_of(learner))
            for row in rows.to_dict("records")
        ]
        rows = rows.assign(y=rows["class"].map(names.index), look=looks)
        horizontal_bars(axes, rows, "gain", names)
        numbers(axes.xaxis)
        axes.set(title=f"Learner: {title_of(learner)}", xlabel="Gain (points)")
        if width < STACKED_BELOW:
            axes.tick_params(labelbottom=True)
        elif number:
            axes.set_yticklabels([])
    handles: list[Artist] = [interval_key(f"{confidence:.0%} interval over people and seeds")]
    if (table["high"] < 0).any():
        handles.append(Patch(edgecolor=GREY, **LOSS))
    legend_above(figure, handles, "outside upper right")
    return figure


def _gain_look(row: Mapping[str, Any], color: str) -> Look:
    look = {"facecolor": color, "edgecolor": color, "alpha": 0.75}
    return look | (LOSS if row["high"] < 0 else {})


def _gains_text(table: pd.DataFrame) -> str:
    parts = []
    for learner, rows in table.groupby("learner", sort=False):
        best, worst = rows.loc[rows["gain"].idxmax()], rows.loc[rows["gain"].idxmin()]
        parts.append(
            f"{title_of(str(learner))}: from {100 * worst['gain']:+.1f} points ({worst['class']}) "
            f"to {100 * best['gain']:+.1f} ({best['class']})"
        )
    return f"Gain of each class by training together. {'; '.join(parts)}."
