"""Matrices with a number in each cell or a colour for it: confusions, their change, and probes."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from numpy.typing import ArrayLike

from mmtlib.core.errors import DataError
from mmtlib.figures.looks import as_written, title_of
from mmtlib.figures.panels import colour_bar, grid_of_panels
from mmtlib.figures.style import (
    ONE_COLUMN,
    STACKED_BELOW,
    TWO_COLUMN,
    StyledFigure,
    new_figure,
    styled,
)

MOST_CLASSES_IN_ONE_COLUMN = 6
MOST_NUMBERS, MOST_BESIDE = 12, 9
"""Below and beside each other, along an axis; of more classes every second or so has its number."""
LETTERS = 20
"""In a line of a class's name."""


def draw_matrix(
    axes: Axes,
    cells: pd.DataFrame,
    *,
    form: str = "",
    least: float = -np.inf,
    size: float = 7,
    step: tuple[int, int] = (1, 1),
    square: bool = True,
    **scale: Any,
) -> None:
    """Draw a table as a heat map, its first row on top.

    Args:
        axes: where.
        cells: what to draw, with the names of rows and columns; NaN stays white.
        form: how a number is written into its cell; "" = not at all.
        least: numbers whose size is less are not written.
        size: of the numbers, in points.
        step: every how many rows and columns have their name.
        square: whether cells are squares, instead of filling the axes.
        scale: colours and their ends.
    """

    def number(value: float) -> str:
        return f"{value + 0.0:{form}}" if abs(value) >= least else ""

    sns.heatmap(
        cells, annot=cells.map(number) if form else False, fmt="", annot_kws={"size": size},
        square=square, cbar=False, yticklabels=step[0], xticklabels=step[1], ax=axes, **scale,
    )  # fmt: skip
    axes.tick_params(length=0, rotation=0)
    axes.spines[:].set_visible(True)


@styled
def confusion_matrix(matrix: ArrayLike, class_names: Sequence[str]) -> StyledFigure:
    """Show a confusion matrix; every entry that is not zero is printed in its cell.

    Args:
        matrix: ``(K, K)``, rows = true class: counts of clips (integers), or shares of the true
            class in [0, 1] (floats; printed in percent).
        class_names: K names.

    Returns:
        A figure of two axes: matrix and colour bar.

    Raises:
        DataError: if the matrix is not square, negative, or does not fit the names.
    """
    values, k = np.asarray(matrix), len(class_names)
    if values.shape != (k, k) or not k or not (values >= 0).all():
        raise DataError(
            f"Expected a matrix of shape ({k}, {k}), entries >= 0, for {k} class names, got shape "
            f"{values.shape}."
        )
    shares = values.dtype.kind == "f"
    if shares and values.max() > 1 + 1e-9:
        raise DataError("Expected shares in [0, 1] or whole numbers of clips; do not mix them.")
    small = k <= MOST_CLASSES_IN_ONE_COLUMN
    width = ONE_COLUMN if small else TWO_COLUMN
    figure = new_figure(width, width * (0.85 if small else 0.92), _alt_text(values, class_names))
    axes = figure.subplots()
    names = [textwrap.fill(as_written(name), LETTERS) for name in class_names]
    shown, top = (100 * values, 100) if shares else (values, max(1, values.max()))
    draw_matrix(axes, pd.DataFrame(shown, names, names), form=".0f", least=0.5,
                size=7 if k <= 14 else 6, cmap="Blues", vmin=0, vmax=top)  # fmt: skip
    axes.tick_params(axis="x", rotation=90)
    axes.set(xlabel="Predicted class", ylabel="True class")
    unit = "Share of the true class (%)" if shares else "Clips"
    colour_bar([axes], unit)
    return figure


def _alt_text(matrix: np.ndarray, class_names: Sequence[str]) -> str:
    off = matrix - np.diag(np.diag(matrix))
    text = f"Confusion matrix of {len(class_names)} classes."
    if off.max() > 0:
        true, predicted = np.unravel_index(off.argmax(), off.shape)
        text += f" Most often {class_names[true]} is taken for {class_names[predicted]}."
    return text


@styled
def confusion_change(
    first: ArrayLike,
    second: ArrayLike,
    class_names: Sequence[str],
    *,
    titles: tuple[str, str] = ("alone", "together"),
    width: float = TWO_COLUMN,
) -> StyledFigure:
    """Show two confusion matrices and their difference.

    Args:
        first, second: ``(K, K)``, rows = true class, shares of the true class in [0, 1]
            (`mmtlib.evaluation.confusion` with ``normalize="true"``).
        class_names: K names.
        titles: of the two.
        width: of the figure, in inches; in a narrow one the matrices are above each other.

    Returns:
        A figure: the axes of the two matrices and of the second minus the first, then the colour
        bars of the shares and of the differences.

    Raises:
        DataError: if a matrix is not of shares, or does not fit the names.
    """
    k = len(class_names)
    before, after = (100 * _shares(matrix, k) for matrix in (first, second))
    change = after - before
    stacked = width < STACKED_BELOW
    key_columns = 2 if stacked else 3
    side = min(2.0, (width - 1.2) if stacked else (width - 1.75) / 3)
    height = (3 * (side + 0.28) if stacked else side + 0.4) + 0.45 + 0.15 * -(-k // key_columns)
    figure = new_figure(width, height, _change_text(change, class_names, titles))
    panels = list(figure.subplots(*((3, 1) if stacked else (1, 3)), squeeze=False).flat)
    top = max(1.0, abs(change).max())
    shares: dict[str, Any] = {"cmap": "Blues", "vmin": 0, "vmax": 100}
    points: dict[str, Any] = {"cmap": "PuOr", "vmin": -top, "vmax": top}
    numbers = range(1, k + 1)
    for axes, values, scale, title in zip(
        panels, (before, after, change), (shares, shares, points),
        (*titles, f"{titles[1]} minus {titles[0]}"), strict=True,
    ):  # fmt: skip
        step = (-(-k // MOST_NUMBERS), -(-k // MOST_BESIDE))
        draw_matrix(axes, pd.DataFrame(values, numbers, numbers), step=step, **scale)
        axes.set_title(title)
    panels[-1 if stacked else 1].set_xlabel("Predicted class (number)")
    panels[1 if stacked else 0].set_ylabel("True class (number)")
    for parents, unit in (
        (panels[:2], "Share of the true class (%)"),
        (panels[2:], "Difference (points)"),
    ):
        colour_bar(parents, unit, aspect=18 * len(parents) if stacked else 18)
    key = [
        Patch(alpha=0, label=f"{i}  {as_written(name)}") for i, name in enumerate(class_names, 1)
    ]
    figure.legend(
        handles=key, loc="outside lower center", ncols=key_columns, handlelength=0,
        handletextpad=0.2, columnspacing=1.0, borderpad=0,
    )  # fmt: skip
    return figure


def _shares(matrix: ArrayLike, k: int) -> np.ndarray:
    values = np.asarray(matrix, dtype=float)
    if values.shape != (k, k) or not ((values >= 0) & (values <= 1 + 1e-9)).all():
        raise DataError(
            f"Expected shares in [0, 1] of shape ({k}, {k}) for {k} class names, got shape "
            f"{values.shape}."
        )
    return values


def _change_text(change: np.ndarray, names: Sequence[str], titles: tuple[str, str]) -> str:
    right, wrong = np.diag(change), change - np.diag(np.diag(change))
    best, worst = int(right.argmax()), int(right.argmin())
    true, said = np.unravel_index(wrong.argmin(), wrong.shape)
    text = (
        f"Confusion matrices {titles[0]} and {titles[1]}, and their difference. Recognised: from "
        f"{right[worst]:+.1f} points ({names[worst]}) to {right[best]:+.1f} ({names[best]})."
    )
    if wrong.min() < 0:
        text += (
            f" The mistake that falls most: {names[true]} taken for {names[said]} "
            f"({wrong.min():+.1f} points)."
        )
    return text


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
    figure, panels = grid_of_panels(list(matrices), width, 0.35, 1.35, 0.0, alt)
    for axes, matrix in zip(panels, matrices.values(), strict=True):
        names = [title_of(name).replace(" ", "\n") for name in matrix.columns]
        draw_matrix(axes, 100 * matrix.set_axis(names).set_axis(names, axis=1), form=".1f", size=8,
                    cmap="Blues", vmin=0, vmax=100)  # fmt: skip
        axes.set_xlabel("Tested on")
        place = axes.get_subplotspec()
        if place is not None and place.is_first_col():
            axes.set_ylabel("Trained on")
    label = "Accuracy (%)" if chance is None else f"Accuracy (%),\nguessing {100 * chance:.1f}"
    colour_bar(panels, label, aspect=20)
    return figure


def _across(matrix: pd.DataFrame) -> str:
    values = matrix.to_numpy(float)
    own = f"{np.diag(values).mean():.0%} within a modality"
    if len(values) == 1:
        return own
    others = values[~np.eye(len(values), dtype=bool)]
    return f"{own}, {others.mean():.0%} across"
