"""The confusion matrix as a picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from mmtlib.errors import DataError
from mmtlib.figures.style import ONE_COLUMN, TWO_COLUMN, StyledFigure, new_figure, styled

MOST_CLASSES_IN_ONE_COLUMN = 6


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
