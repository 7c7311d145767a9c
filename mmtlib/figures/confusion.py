"""The confusion matrix as a picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from numpy.typing import ArrayLike

from mmtlib.core.errors import DataError
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
    matrix = np.asarray(matrix)
    k = len(class_names)
    if matrix.shape != (k, k) or not k or not (matrix >= 0).all():
        raise DataError(
            f"Expected a matrix of shape ({k}, {k}), entries >= 0, for {k} class names, got shape "
            f"{matrix.shape}."
        )
    shares = matrix.dtype.kind == "f"
    if shares and matrix.max() > 1 + 1e-9:
        raise DataError("Expected shares in [0, 1] or whole numbers of clips; do not mix them.")
    width = ONE_COLUMN if k <= MOST_CLASSES_IN_ONE_COLUMN else TWO_COLUMN
    unit = "Share of the true class (%)" if shares else "Clips"
    figure = new_figure(width, _height(k, width), _alt_text(matrix, class_names))
    axes = figure.subplots()
    shown = 100 * matrix if shares else matrix
    top = 100 if shares else max(1, matrix.max())
    image = axes.imshow(shown, cmap="Blues", vmin=0, vmax=top)
    _write_entries(axes, shown, top)
    axes.set_xticks(range(k), class_names, rotation=90 if k > 4 else 45, ha="center")
    if k <= 4:
        axes.set_xticks(range(k), class_names, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(k), class_names)
    axes.tick_params(length=0)
    axes.set_xlabel("Predicted class")
    axes.set_ylabel("True class")
    axes.spines[:].set_visible(True)
    figure.colorbar(image, ax=axes, label=unit, shrink=0.7, aspect=25)
    return figure


def _height(k: int, width: float) -> float:
    return width * 0.92 if k > MOST_CLASSES_IN_ONE_COLUMN else width * 0.85


def _alt_text(matrix: np.ndarray, class_names: Sequence[str]) -> str:
    off = matrix - np.diag(np.diag(matrix))
    text = f"Confusion matrix of {len(class_names)} classes."
    if off.max() > 0:
        true, predicted = np.unravel_index(off.argmax(), off.shape)
        text += f" Most often {class_names[true]} is taken for {class_names[predicted]}."
    return text


def _write_entries(axes: Axes, shown: np.ndarray, top: float) -> None:
    size = 7 if len(shown) <= 14 else 6
    for row, column in zip(*np.nonzero(np.round(shown)), strict=True):
        value = shown[row, column]
        color = "white" if value > 0.5 * top else "black"
        axes.text(column, row, f"{value:.0f}", ha="center", va="center", fontsize=size, color=color)


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
    before, after = (_shares(matrix, len(class_names)) for matrix in (first, second))
    change, k = 100 * (after - before), len(class_names)
    stacked = width < STACKED_BELOW
    key_columns = 2 if stacked else 3
    side = min(2.0, (width - 1.2) if stacked else (width - 1.75) / 3)
    height = (3 * (side + 0.28) if stacked else side + 0.4) + 0.45 + 0.15 * -(-k // key_columns)
    figure = new_figure(width, height, _change_text(change, class_names, titles))
    panels = figure.subplots(*((3, 1) if stacked else (1, 3)))
    top = max(1.0, abs(change).max())
    scales = [{"cmap": "Blues", "vmin": 0, "vmax": 100}] * 2
    scales.append({"cmap": "PuOr", "vmin": -top, "vmax": top})
    headings = (*titles, f"{titles[1]} minus {titles[0]}")
    images = []
    for axes, values, scale, title in zip(
        panels, (100 * before, 100 * after, change), scales, headings, strict=True
    ):
        images.append(axes.imshow(values, **scale))
        _number_classes(axes, k)
        axes.set_title(title)
    panels[-1 if stacked else 1].set_xlabel("Recognised class (number)")
    panels[1 if stacked else 0].set_ylabel("True class (number)")
    for image, parents, unit in (
        (images[0], list(panels[:2]), "Share of the true class (%)"),
        (images[2], [panels[2]], "Difference (points)"),
    ):
        aspect = 18 * len(parents) if stacked else 18
        figure.colorbar(image, ax=parents, label=unit, shrink=0.9, aspect=aspect)
    key = [Patch(alpha=0, label=f"{i}  {name}") for i, name in enumerate(class_names, 1)]
    tight = {"handlelength": 0, "handletextpad": 0.2, "columnspacing": 1.0, "borderpad": 0}
    figure.legend(handles=key, loc="outside lower center", ncols=key_columns, **tight)
    return figure


def _number_classes(axes: Axes, k: int) -> None:
    down, across = (range(0, k, -(-k // most)) for most in (MOST_NUMBERS, MOST_BESIDE))
    axes.set_xticks(across, [str(i + 1) for i in across])
    axes.set_yticks(down, [str(i + 1) for i in down])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(True)


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
