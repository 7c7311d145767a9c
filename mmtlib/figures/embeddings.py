"""Clips as points in one plane."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

import pandas as pd
import seaborn as sns

from mmtlib.core.errors import DataError
from mmtlib.core.tables import need_columns
from mmtlib.figures.looks import MARKS, as_written, key, title_of, unlike
from mmtlib.figures.panels import grid_of_panels
from mmtlib.figures.style import STACKED_BELOW, TWO_COLUMN, StyledFigure, styled

OTHERS = "#C4C4C4"
"""Points of classes that are not named."""
OTHER_CLASSES = "other classes"
MOST_NAMED = 7
"""As many classes as the palette has colours that stand out from white."""


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
    check_planes(embeddings, class_names)
    named = list(class_names[:MOST_NAMED] if named is None else named)
    if len(named) > MOST_NAMED or not set(named) <= set(class_names):
        raise DataError(f"named: expected at most {MOST_NAMED} of the classes, got {named}.")
    others = unlike(OTHER_CLASSES, class_names)
    colors = {others: OTHERS} | {name: f"C{i}" for i, name in enumerate(named)}
    networks = list(dict.fromkeys(pd.concat(embeddings.values())["modality"]))
    marks = dict(zip(networks, MARKS, strict=False))
    table, titles = next(iter(embeddings.values())), ", ".join(map(title_of, marks))
    narrow = width < STACKED_BELOW
    alt = f"{len(table)} points of {titles} in a plane, coloured by class: {', '.join(embeddings)}."
    beside, below = (0.1, 1.2) if narrow else (1.7, 0.0)
    figure, panels = grid_of_panels(list(embeddings), width, 0.22, beside, below, alt)
    for axes, table in zip(panels, embeddings.values(), strict=True):
        names = [class_names[label] for label in table["label"]]
        shown = table.assign(name=[name if name in colors else others for name in names])
        # Grey points first, so that they hide none.
        shown = shown.sort_values("name", key=lambda v: v != others, kind="stable")
        sns.scatterplot(
            shown, x="x", y="y", hue="name", palette=colors, style="modality", markers=marks, s=12,
            linewidth=0.3, edgecolor="white", legend=False, ax=axes,
        )  # fmt: skip
        axes.set(xticks=[], yticks=[], xlabel="", ylabel="")
        axes.spines[:].set(visible=True, color="#BBBBBB")
    point = {"linestyle": "none", "markersize": 4.5}
    keys = [key(title_of(m), {"marker": marks[m], "color": "#555555", **point}) for m in networks]
    shades = {name: colors[name] for name in named}
    if len(named) < len(class_names):
        shades[others] = OTHERS
    keys += [
        key(textwrap.fill(as_written(name), 24), {"marker": "o", "color": shade, **point})
        for name, shade in shades.items()
    ]
    figure.legend(
        handles=keys,
        loc="outside lower center" if narrow else "outside right upper",
        ncols=2 if narrow else 1,
    )
    return figure


def check_planes(
    embeddings: Mapping[str, pd.DataFrame], class_names: Sequence[str], more: Sequence[str] = ()
) -> None:
    """Make sure that there are embeddings, with these columns more, and a name for each label.

    Raises:
        DataError: if one lacks something.
    """
    if not embeddings:
        raise DataError("No embeddings were given; there is nothing to draw.")
    for title, table in embeddings.items():
        need_columns(table, ("modality", "label", "x", "y", *more), f"embedding {title!r}")
        if not table[["x", "y"]].notna().all(axis=None):
            raise DataError(f"The embedding {title!r} holds NaN; leave those points out.")
        if table["label"].max() >= len(class_names):
            raise DataError(f"Label {table['label'].max()} of {title!r} has no name.")
