"""Before and after, one thin line for each: seeds alone and together, people of two networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from mmtlib.core.errors import DataError
from mmtlib.core.tables import need_columns
from mmtlib.evaluation import mean_interval
from mmtlib.figures.looks import GREY, Look, color_of, key, title_of
from mmtlib.figures.panels import legend_above, numbers, panels
from mmtlib.figures.style import STACKED_BELOW, TWO_COLUMN, StyledFigure, new_figure, styled

ARMS = ("alone", "together")
ONE: Look = {"marker": "o", "markersize": 3, "linewidth": 0.7}
MEAN: Look = {"color": "black", "marker": "s", "markersize": 3.5}
LEVELS = (
    ("chance", "area of the hand", {"color": "black", "linestyle": (0, (1, 1.2))}),
    ("other", "another clip's hand", {"color": "black", "linestyle": (0, (4, 2))}),
)
"""Column of `mmtlib.analysis.pointing_table`, what it is called, how it is drawn."""


def _slopes(axes: Axes, pairs: ArrayLike, names: Sequence[str], color: str) -> None:
    """Draw a line from before to after for each of the pairs ``(N, 2)``."""
    axes.plot([0, 1], np.transpose(pairs), color=color, alpha=0.65, **ONE)
    axes.set_xticks([0, 1], [name.replace(" ", "\n") for name in names])
    numbers(axes.yaxis, percent=True)


def _means(axes: Axes, x: ArrayLike, values: ArrayLike, confidence: float) -> None:
    """Draw the mean of the values at each x, with its t interval if there are several."""

    def ends(chosen: pd.Series) -> tuple[float | None, float | None]:
        found = mean_interval(chosen.to_numpy(), confidence)
        return found.low, found.high

    sns.pointplot(
        x=np.ravel(x), y=np.ravel(values), errorbar=ends, native_scale=True, capsize=0.08,
        linestyle="none", err_kws={"linewidth": 1.3}, ax=axes, **MEAN,
    )  # fmt: skip
    axes.set(xlabel="", ylabel="")


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
    once = ("modality", "seed")
    need_columns(table, (*once, *ARMS), "table of paired seeds", once=once)
    if table[list(ARMS)].isna().any(axis=None):
        raise DataError("The table of paired seeds holds NaN; give both accuracies for each seed.")
    groups = {str(name): rows for name, rows in table.groupby("modality", sort=False)}
    width = width or TWO_COLUMN * min(1.0, 0.4 + 0.2 * len(groups))
    narrow = width < STACKED_BELOW
    figure = new_figure(width, 2.6, _seeds_text(groups, confidence))
    ratios = [1.0] * len(groups) + [0.9 if narrow else 0.55 + 0.4 * len(groups)]
    *first, last = figure.subplots(1, len(ratios), width_ratios=ratios)
    for axes, (name, rows) in zip(first, groups.items(), strict=True):
        if axes is not first[0]:
            axes.sharey(first[0])
            axes.tick_params(labelleft=False)
        _slopes(axes, rows[list(ARMS)], ARMS, color_of(name))
        _means(axes, np.repeat([-0.22, 1.22], len(rows)), rows[list(ARMS)].T, confidence)
        axes.set(title=title_of(name), xlim=(-0.5, 1.5))
    first[0].set_ylabel("Accuracy")
    _differences(last, groups, confidence)
    last.set_title("Difference" if narrow else "Paired difference")
    several = table["seed"].nunique() > 1
    mean = f"mean, {confidence:.0%} interval over seeds" if several else "mean"
    legend_above(figure, [key("one seed", {"color": GREY, **ONE}), key(mean, MEAN)])
    return figure


def _seeds_text(groups: dict[str, pd.DataFrame], confidence: float) -> str:
    means = "; ".join(
        f"{title_of(name)} {100 * (rows['together'] - rows['alone']).mean():+.1f} points "
        f"over {len(rows)} seed{'s' if len(rows) > 1 else ''}"
        for name, rows in groups.items()
    )
    return (
        f"Accuracy trained alone and together, paired by seed. Mean differences: {means}. "
        f"Bars are {confidence:.0%} t intervals over seeds."
    )


def _differences(axes: Axes, groups: dict[str, pd.DataFrame], confidence: float) -> None:
    axes.axhline(0, color="black", linewidth=0.6)
    for x, (name, rows) in enumerate(groups.items()):
        gains = 100 * (rows["together"] - rows["alone"]).to_numpy()
        at = np.full(len(gains), x)
        # Equal values stand side by side, without a random jitter.
        sns.swarmplot(
            x=at - 0.1, y=gains, native_scale=True, size=3.8, color=color_of(name), alpha=0.7,
            warn_thresh=1, ax=axes,
        )  # fmt: skip
        _means(axes, at + 0.25, gains, confidence)
    axes.set_xticks(range(len(groups)), [title_of(name).replace(" ", "\n") for name in groups])
    axes.set(xlim=(-0.6, len(groups) - 0.4), ylabel="Together minus alone (points)")
    numbers(axes.yaxis)


@styled
def pointing_by_person(tables: Mapping[str, Mapping[str, pd.DataFrame]]) -> StyledFigure:
    """Show the share of saliency on the hand of every person, for two networks of a modality.

    Args:
        tables: modality -> two titles (e.g. ``"alone"`` and ``"together"``, the same for every
            modality) -> `mmtlib.analysis.pointing_table` of the same clips.

    Returns:
        A figure of one axes per modality: a thin line for each person, the mean over all clips as
        squares, and the two levels to surpass, each at the network it was measured with.

    Raises:
        DataError: if there is no table, a modality has not two, or a table has no rows or lacks a
            column.
    """
    if not tables or any(len(pair) != 2 for pair in tables.values()):
        raise DataError("Expected two tables of shares on the hand for every modality.")
    for pair in tables.values():
        for title, table in pair.items():
            need_columns(table, ("subject", "energy", "chance", "other"), f"table {title!r}")
    width = min(TWO_COLUMN, 1.7 + 1.8 * len(tables))
    figure, axes_of = panels(len(tables), width, 2.7, _pointing_text(tables), share="y")
    for axes, (modality, pair) in zip(axes_of, tables.items(), strict=True):
        people = [table.groupby("subject")["energy"].mean() for table in pair.values()]
        _slopes(axes, np.stack(people, axis=1), [*pair], color_of(modality))
        for column, _, look in (("energy", "", MEAN), *LEVELS):
            axes.plot([0, 1], [table[column].mean() for table in pair.values()], **look)
        axes.set(title=title_of(modality), xlim=(-0.3, 1.3))
    axes_of[0].set_ylabel("Saliency on the hand")
    axes_of[0].set_ylim(bottom=0)
    keys: list[Artist] = [key("one person", {"color": GREY, **ONE}), key("mean over clips", MEAN)]
    keys += [key(label, look) for _, label, look in LEVELS]
    figure.legend(handles=keys, loc="outside right upper")
    return figure


def _pointing_text(tables: Mapping[str, Mapping[str, pd.DataFrame]]) -> str:
    parts = [
        f"{title_of(m)} {title} {table['energy'].mean():.1%}, "
        f"on another clip's hand {table['other'].mean():.1%}"
        for m, pair in tables.items()
        for title, table in pair.items()
    ]
    return f"Share of saliency on the hand, mean over clips: {'; '.join(parts)}."
