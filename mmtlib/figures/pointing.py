"""How much of networks' saliency lies on the hand, person by person."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, PercentFormatter

from mmtlib.core.errors import DataError
from mmtlib.core.modalities import get_modality
from mmtlib.figures.style import GREY, TWO_COLUMN, StyledFigure, need_columns, new_figure, styled

LEVELS = (
    ("chance", "area of the hand", {"linestyle": (0, (1, 1.2))}),
    ("other", "another clip's hand", {"linestyle": (0, (4, 2))}),
)
"""Column of `mmtlib.analysis.pointing_table`, what it is called, how it is drawn."""


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
    figure = new_figure(width, 2.7, _alt_text(tables))
    panels = figure.subplots(1, len(tables), sharey=True, squeeze=False)[0]
    for axes, (modality, pair) in zip(panels, tables.items(), strict=True):
        _panel(axes, pair, get_modality(modality).color)
        axes.set_title(get_modality(modality).title)
    panels[0].set_ylabel("Saliency on the hand")
    panels[0].set_ylim(bottom=0)
    panels[0].yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    panels[0].yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    marks = [
        Line2D([], [], color=GREY, marker="o", markersize=3, linewidth=0.7, label="one person"),
        Line2D([], [], color="black", marker="s", markersize=3.5, label="mean over clips"),
    ]
    marks += [Line2D([], [], color="black", label=label, **look) for _, label, look in LEVELS]
    figure.legend(handles=marks, loc="outside right upper")
    return figure


def _alt_text(tables: Mapping[str, Mapping[str, pd.DataFrame]]) -> str:
    parts = [
        f"{get_modality(m).title} {title} {table['energy'].mean():.1%}, "
        f"on another clip's hand {table['other'].mean():.1%}"
        for m, pair in tables.items()
        for title, table in pair.items()
    ]
    return f"Share of saliency on the hand, mean over clips: {'; '.join(parts)}."


def _panel(axes: Axes, pair: Mapping[str, pd.DataFrame], color: str) -> None:
    people = [table.groupby("subject")["energy"].mean() for table in pair.values()]
    axes.plot([0, 1], np.stack(people), color=color, linewidth=0.7, alpha=0.7, marker="o", ms=3)
    means = [table["energy"].mean() for table in pair.values()]
    axes.plot([0, 1], means, color="black", marker="s", markersize=4, linewidth=1.6)
    for column, _, look in LEVELS:
        axes.plot([0, 1], [table[column].mean() for table in pair.values()], color="black", **look)
    axes.set_xticks([0, 1], [title.replace(" ", "\n") for title in pair])
    axes.set_xlim(-0.3, 1.3)
    axes.grid(axis="y")
