"""Features of several modalities in one plane, and probes across modalities."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from mmtlib.core.errors import DataError
from mmtlib.core.modalities import network_title
from mmtlib.figures.style import (
    STACKED_BELOW,
    TWO_COLUMN,
    StyledFigure,
    need_columns,
    new_figure,
    styled,
)

OTHERS = "#C4C4C4"
"""Points of classes that are not named."""
MOST_NAMED = 7
"""As many classes as the palette has colours that stand out from white."""
MARKERS = ("o", "^", "s", "D", "v", "P", "X", "*")
PLANES = 3
"""Planes or matrices per row."""


@styled
def embedding_scatter(
    embeddings: Mapping[str, pd.DataFrame],
    class_names: Sequence[str],
    *,
    named: Sequence[str] | None = None,
    width: float = TWO_COLUMN,
) -> StyledFigure:
    """Show clips as points in a plane: the class as colour, the modality as form.

    Args:
        embeddings: title (e.g. ``"alone"`` and ``"together"``) -> columns ``modality``, ``label``,
            ``x`` and ``y`` (`mmtlib.analysis.embed`). Each plane has its own axes, without unit.
        class_names: one name per label.
        named: which classes get a colour, at most `MOST_NAMED`; the others are grey. Default the
            first ones.
        width: the most that the figure may be wide, in inches; in a narrow one the legend is below.

    Returns:
        A figure of one axes per embedding.

    Raises:
        DataError: if there is no embedding, a table has no rows or lacks a column, a label has no
            name, or too many classes or one that does not exist shall be named.
    """
    if not embeddings:
        raise DataError("No embeddings were given; there is nothing to draw.")
    for title, table in embeddings.items():
        need_columns(table, ("modality", "label", "x", "y"), f"embedding {title!r}")
        if table["label"].max() >= len(class_names):
            raise DataError(f"Label {table['label'].max()} of {title!r} has no name.")
    named = list(class_names[:MOST_NAMED] if named is None else named)
    if len(named) > MOST_NAMED or not set(named) <= set(class_names):
        raise DataError(f"named: expected at most {MOST_NAMED} of the classes, got {named}.")
    colors = {name: f"C{i}" for i, name in enumerate(named)}
    every = pd.concat(embeddings.values())
    markers = dict(zip(dict.fromkeys(every["modality"]), MARKERS, strict=False))
    titles = ", ".join(network_title(m) for m in markers)
    narrow = width < STACKED_BELOW
    alt = f"{len(table)} points of {titles} in a plane, coloured by class: {', '.join(embeddings)}."
    legend = (0.1, 1.2) if narrow else (1.7, 0.0)
    figure, panels = _panels(embeddings, 0.22, legend, alt, width)
    for axes, table in zip(panels, embeddings.values(), strict=True):
        _scatter(axes, table, class_names, colors, markers)
    shapes = {"linestyle": "none", "markersize": 4.5}
    handles = [
        Line2D([], [], marker=mark, color="#555555", label=network_title(m), **shapes)
        for m, mark in markers.items()
    ]
    handles += [
        Line2D([], [], marker="o", color=color, label=textwrap.fill(name, 24), **shapes)
        for name, color in colors.items()
    ]
    if len(named) < len(class_names):
        handles.append(Line2D([], [], marker="o", color=OTHERS, label="other classes", **shapes))
    if narrow:
        figure.legend(handles=handles, loc="outside lower center", ncols=2)
    else:
        figure.legend(handles=handles, loc="outside right upper")
    return figure


def _scatter(
    axes: Axes,
    table: pd.DataFrame,
    class_names: Sequence[str],
    colors: Mapping[str, str],
    markers: Mapping[str, str],
) -> None:
    names = [class_names[label] for label in table["label"]]
    known = np.array([name in colors for name in names])
    shades = np.array([colors.get(name, OTHERS) for name in names])
    for modality, marker in markers.items():
        for layer, chosen in enumerate((~known, known)):
            rows = (table["modality"] == modality).to_numpy() & chosen
            axes.scatter(
                table["x"][rows],
                table["y"][rows],
                s=12,
                c=list(shades[rows]),
                marker=marker,
                linewidths=0.3,
                edgecolors="white",
                zorder=2 + layer,
            )
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color="#BBBBBB")


def _columns(items: int) -> int:
    """Return the panels per row: four are two pairs."""
    return 2 if items == 4 else min(PLANES, items)


def _panels(
    items: Mapping[str, object],
    title_height: float,
    legend: tuple[float, float],
    alt_text: str,
    width: float,
) -> tuple[StyledFigure, list[Axes]]:
    """Return a figure with a square panel for each item, under its title.

    `legend` is the room beside and below the panels.
    """
    columns = _columns(len(items))
    side = min((width - legend[0]) / columns, 2.7)
    rows = -(-len(items) // columns)
    height = rows * (side + title_height) + legend[1]
    figure = new_figure(columns * side + legend[0], height, alt_text)
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat[len(items) :]:
        axes.remove()
    panels = list(grid.flat[: len(items)])
    for axes, title in zip(panels, items, strict=True):
        axes.set_title(title)
    return figure, panels


@styled
def probe_matrices(
    matrices: Mapping[str, pd.DataFrame],
    *,
    chance: float | None = None,
    width: float = TWO_COLUMN,
) -> StyledFigure:
    """Show the accuracies of probes: trained on one modality's features, tested on another's.

    Args:
        matrices: title (e.g. ``"alone"`` and ``"together"``) -> square table of accuracies in
            [0, 1], rows trained on, columns tested on (`mmtlib.analysis.probe_matrix`).
        chance: accuracy of guessing, for the label of the colour bar.
        width: the most that the figure may be wide, in inches.

    Returns:
        A figure of one axes per matrix, then the colour bar; all on one scale.

    Raises:
        DataError: if there is no matrix, or one is not square or not in [0, 1].
    """
    if not matrices:
        raise DataError("No matrices were given; there is nothing to draw.")
    for title, matrix in matrices.items():
        values = matrix.to_numpy(dtype=float)
        if list(matrix.index) != list(matrix.columns) or not ((values >= 0) & (values <= 1)).all():
            raise DataError(
                f"{title!r}: expected accuracies from 0 to 1, a row and a column per modality."
            )
    text = "; ".join(f"{title}: {_across(matrix)}" for title, matrix in matrices.items())
    alt = f"Accuracy of linear probes by the modality of training and test. {text}."
    figure, panels = _panels(matrices, 0.35, (1.35, 0.0), alt, width)
    for axes, matrix in zip(panels, matrices.values(), strict=True):
        image = axes.imshow(100 * matrix.to_numpy(float), cmap="Blues", vmin=0, vmax=100)
        _cells(axes, matrix)
    for axes in panels[:: _columns(len(panels))]:
        axes.set_ylabel("Trained on")
    label = "Accuracy (%)" if chance is None else f"Accuracy (%),\nguessing {100 * chance:.1f}"
    figure.colorbar(image, ax=panels, label=label, shrink=0.75, aspect=20)
    return figure


def _across(matrix: pd.DataFrame) -> str:
    values = matrix.to_numpy(float)
    own = f"{np.diag(values).mean():.0%} within a modality"
    if len(values) == 1:
        return own
    others = values[~np.eye(len(values), dtype=bool)]
    return f"{own}, {others.mean():.0%} across"


def _cells(axes: Axes, matrix: pd.DataFrame) -> None:
    titles = [network_title(name) for name in matrix.columns]
    for (row, column), value in np.ndenumerate(matrix.to_numpy(float)):
        color = "white" if value > 0.5 else "black"
        axes.text(column, row, f"{100 * value:.1f}", ha="center", va="center", color=color)
    ticks = range(len(titles))
    axes.set_xticks(ticks, [title.replace(" ", "\n") for title in titles])
    axes.set_yticks(ticks, [title.replace(" ", "\n") for title in titles])
    axes.tick_params(length=0)
    axes.set_xlabel("Tested on")
    axes.spines[:].set_visible(False)
