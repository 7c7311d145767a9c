"""Networks trained alone against networks trained together."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, PercentFormatter

from mmtlib.core.errors import DataError
from mmtlib.core.modalities import MODALITIES
from mmtlib.evaluation import SeedInterval, mean_interval
from mmtlib.figures.style import (
    GREY,
    STACKED_BELOW,
    TWO_COLUMN,
    StyledFigure,
    need_columns,
    new_figure,
    styled,
)

ARMS = ("alone", "together")
HATCHES = (None, "////", "....", "xxxx", "\\\\\\\\")


def _title(name: str) -> str:
    return MODALITIES[name].title if name in MODALITIES else name.capitalize()


def _color(name: str) -> str:
    return MODALITIES[name].color if name in MODALITIES else GREY


@styled
def paired_seeds(
    table: pd.DataFrame, *, confidence: float = 0.95, width: float | None = None
) -> StyledFigure:
    """Show every seed's accuracy alone and together, and the paired differences.

    Args:
        table: columns ``modality``, ``seed``, ``alone`` and ``together`` (accuracies in [0, 1]);
            one row per modality and seed.
        confidence: of the Student t intervals over seeds (drawn for two seeds or more).
        width: of the figure, in inches; default by the number of modalities.

    Returns:
        A figure of one axes per modality, then one with all differences in points.

    Raises:
        DataError: if the table has no rows, lacks a column, holds NaN, or has a seed twice.
    """
    need_columns(table, ("modality", "seed", *ARMS), "table of paired seeds")
    if table[list(ARMS)].isna().any().any():
        raise DataError("The table of paired seeds holds NaN; give both accuracies for each seed.")
    if table.duplicated(["modality", "seed"]).any():
        raise DataError(
            "The table of paired seeds has a modality and seed twice; give one row each."
        )
    groups = {str(name): rows for name, rows in table.groupby("modality", sort=False)}
    width = width or TWO_COLUMN * min(1.0, 0.4 + 0.2 * len(groups))
    figure = new_figure(width, 2.6, _alt_text(groups, confidence))
    last_ratio = 0.9 if width < STACKED_BELOW else 0.55 + 0.4 * len(groups)
    *panels, last = figure.subplots(
        1, len(groups) + 1, width_ratios=[1.0] * len(groups) + [last_ratio]
    )
    for axes, (name, rows) in zip(panels, groups.items(), strict=True):
        if axes is not panels[0]:
            axes.sharey(panels[0])
            axes.tick_params(labelleft=False)
        _slopes(axes, rows, _color(name), confidence)
        axes.set_title(_title(name))
    panels[0].set_ylabel("Accuracy")
    _differences(last, groups, confidence)
    last.set_title("Difference" if width < STACKED_BELOW else "Paired difference")
    marks = [Line2D([], [], color=GREY, marker="o", markersize=3, linewidth=0.7, label="one seed")]
    mean = (
        "mean" if (table["seed"].nunique() == 1) else f"mean, {confidence:.0%} interval over seeds"
    )
    marks.append(Line2D([], [], color="black", marker="s", markersize=3.5, label=mean))
    figure.legend(handles=marks, loc="outside upper center", ncols=2)
    return figure


def _alt_text(groups: dict[str, pd.DataFrame], confidence: float) -> str:
    means = "; ".join(
        f"{_title(name)} {100 * (rows['together'] - rows['alone']).mean():+.1f} points "
        f"over {len(rows)} seed{'s' if len(rows) > 1 else ''}"
        for name, rows in groups.items()
    )
    return (
        f"Accuracy trained alone and together, paired by seed. Mean differences: {means}. "
        f"Bars are {confidence:.0%} t intervals over seeds."
    )


def _slopes(axes: Axes, rows: pd.DataFrame, color: str, confidence: float) -> None:
    values = rows[list(ARMS)].to_numpy()
    axes.plot([0, 1], values.T, color=color, linewidth=0.7, alpha=0.6, marker="o", markersize=3)
    for x, arm in ((-0.22, "alone"), (1.22, "together")):
        _mean_mark(axes, x, mean_interval(rows[arm], confidence))
    axes.set_xticks([0, 1], ARMS)
    axes.set_xlim(-0.5, 1.5)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10], min_n_ticks=2))
    axes.grid(axis="y")


def _mean_mark(axes: Axes, x: float, interval: SeedInterval, scale: float = 1.0) -> None:
    """Draw the mean as a black square, with its interval if there is one."""
    error = None
    if interval.low is not None and interval.high is not None:
        below, above = interval.mean - interval.low, interval.high - interval.mean
        error = np.array([[below], [above]]) * scale
    axes.errorbar(
        x, interval.mean * scale, error, color="black", marker="s", markersize=3.5, capsize=2
    )


def _differences(axes: Axes, groups: dict[str, pd.DataFrame], confidence: float) -> None:
    axes.axhline(0, color="black", linewidth=0.6)
    for x, (name, rows) in enumerate(groups.items()):
        difference = (rows["together"] - rows["alone"]).to_numpy()
        # A fixed fan keeps equal values apart without a random jitter.
        spread = (np.arange(len(difference)) - (len(difference) - 1) / 2) * 0.04
        axes.plot(
            x - 0.1 + np.clip(spread, -0.25, 0.25),
            100 * difference,
            linestyle="none",
            marker="o",
            markersize=3,
            color=_color(name),
            alpha=0.7,
        )
        _mean_mark(axes, x + 0.25, mean_interval(difference, confidence), 100)
    axes.set_xticks(range(len(groups)), [_title(name).replace(" ", "\n") for name in groups])
    axes.set_xlim(-0.6, len(groups) - 0.4)
    axes.set_ylabel("Together minus alone (points)")
    axes.grid(axis="y")


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
    need_columns(table, ("modality", "accuracy"), "table of accuracies")
    table = table.assign(variant=table.get("variant", ""))
    if table.duplicated(["modality", "variant"]).any():
        raise DataError(
            "The table of accuracies has a modality and variant twice; give one row each."
        )
    names = list(dict.fromkeys(table["modality"]))
    variants = list(dict.fromkeys(table["variant"]))
    listed = "; ".join(
        f"{_title(row.modality)} {row.variant} {row.accuracy:.1%}".replace("  ", " ")
        for row in table.itertuples()
    )
    width = width or min(TWO_COLUMN, max(2.4, 0.9 + 0.5 * len(table) + 0.3 * len(names)))
    figure = new_figure(width, 2.4, f"Bars of {label.lower()}: {listed}.")
    axes = figure.subplots()
    for row in table.itertuples():
        slot = variants.index(row.variant)
        x = names.index(row.modality) + (slot - (len(variants) - 1) / 2) * 0.8 / len(variants)
        _bar(axes, x, 0.76 / len(variants), row, HATCHES[slot % len(HATCHES)])
    if chance is not None:
        axes.axhline(
            chance, color="black", linewidth=0.8, linestyle=(0, (3, 2)), label=chance_label
        )
    axes.set_xticks(range(len(names)), [_title(name) for name in names])
    axes.tick_params(axis="x", length=0)
    axes.set(xlim=(-0.75, len(names) - 0.25), ylim=(0, 1.08 * top), ylabel=label)
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.grid(axis="y")
    _bars_legend(figure, axes, variants)
    return figure


def _bar(axes: Axes, x: float, width: float, row: object, hatch: str | None) -> None:
    color = _color(row.modality)
    face = color if hatch is None else "white"
    axes.bar(x, row.accuracy, width, facecolor=face, edgecolor=color, hatch=hatch, linewidth=0.8)
    top = row.accuracy
    low, high = getattr(row, "low", None), getattr(row, "high", None)
    if pd.notna(low) and pd.notna(high):
        error = [[row.accuracy - low], [high - row.accuracy]]
        axes.errorbar(x, row.accuracy, error, color="black", capsize=2, linewidth=1)
        top = high
    axes.annotate(
        f"{100 * row.accuracy:.1f}",
        (x, top),
        xytext=(0, 2),
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=7,
    )


def _bars_legend(figure: StyledFigure, axes: Axes, variants: list[str]) -> None:
    handles = [
        Patch(
            facecolor=GREY if HATCHES[i % len(HATCHES)] is None else "white",
            edgecolor=GREY,
            hatch=HATCHES[i % len(HATCHES)],
            label=variant,
        )
        for i, variant in enumerate(variants)
        if variant
    ]
    handles += axes.get_legend_handles_labels()[0]
    if handles:
        figure.legend(handles=handles, loc="outside upper center", ncols=len(handles))
