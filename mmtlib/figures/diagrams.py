"""Diagrams of the method: how networks are trained and tested, and how one learns from another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch
from numpy.typing import ArrayLike

from mmtlib.core.errors import DataError
from mmtlib.core.modalities import get_modality
from mmtlib.figures.looks import GREY, Look
from mmtlib.figures.strips import axes_at, show_picture
from mmtlib.figures.style import STACKED_BELOW, TWO_COLUMN, StyledFigure, new_figure, styled

SMALL = 7
"""Points of the text in boxes."""
SOLID = "solid"
TRAINING_ONLY = (0, (3, 1.5))
"""The line of what is gone when a network is used."""
Point = tuple[float, float]
PANEL_WIDTH, PANEL_HEIGHT = 2.36, 2.5
"""Of one scheme, in inches."""


@styled
def training_schemes(
    learner: str = "rgb", teacher: str = "depth", *, width: float = TWO_COLUMN
) -> StyledFigure:
    """Show three ways of training and testing: unimodal, multimodal, and MTUT.

    Args:
        learner: the modality that is used in the end.
        teacher: the other one.
        width: of the figure, in inches; in a narrow one the schemes are above each other.

    Returns:
        A figure of one axes, in inches.

    Raises:
        ConfigError: if a modality is not known.

    Source: the three schemes are those that MTUT (arXiv 1812.06145) compares.
    """
    m, n = get_modality(learner), get_modality(teacher)
    titles = ("(a) one modality", "(b) several modalities", "(c) MTUT")
    stacked = width < STACKED_BELOW
    across, down = (1, 3) if stacked else (3, 1)
    figure, axes = _canvas(
        width,
        down * PANEL_HEIGHT,
        f"Three schemes. (a) A network of {m.title} is trained and tested by itself. (b) Networks "
        f"of {m.title} and {n.title} are trained and tested together. (c) MTUT: they are trained "
        f"together, and the one of {m.title} is tested alone.",
    )
    for number, title in enumerate(titles):
        column, row = (0, number) if stacked else (number, 0)
        left = (width / across - PANEL_WIDTH) / 2 + column * width / across
        bottom = (down - 1 - row) * PANEL_HEIGHT
        _scheme(axes, (left, bottom), title, (m.name, n.name), number)
    return figure


def _scheme(axes: Axes, corner: Point, title: str, names: tuple[str, str], number: int) -> None:
    x, y = corner
    axes.text(x + PANEL_WIDTH / 2, y + 2.4, title, ha="center", va="center", weight="bold")
    for top, part in ((y + 2.2, "Training"), (y + 1.0, "Testing")):
        testing = part == "Testing"
        axes.text(x + 0.02, top, part, fontsize=SMALL, va="center", color="#555555")
        outcome = "gesture" if testing else "loss"
        both = number == 1 or (number == 2 and not testing)
        rows = (
            [(names[0], top - 0.28), (names[1], top - 0.78)] if both else [(names[0], top - 0.53)]
        )
        for name, middle in rows:
            _stream(axes, x, middle, name, result="scores" if number == 1 else outcome)
        if number == 1:
            _box(axes, (x + 1.98, top - 0.53), (0.36, 0.3), "mean", GREY)
            for _, middle in rows:
                side = 0.06 if middle > top - 0.53 else -0.06
                _arrow(axes, (x + 1.72, middle), (x + 1.8, top - 0.53 + side))
            _arrow(axes, (x + 1.98, top - 0.68), (x + 1.98, top - 0.8))
            axes.text(x + 1.98, top - 0.87, outcome, fontsize=SMALL, ha="center", va="center")
        if number == 2 and not testing:
            middle = x + 0.98
            _arrow(axes, (middle, top - 0.65), (middle, top - 0.41), both=True)
            axes.text(middle + 0.06, top - 0.53, "SSA", fontsize=SMALL, va="center")
    axes.plot([x, x + PANEL_WIDTH - 0.03], [y + 1.12] * 2, color="#CCCCCC", linewidth=0.6)


def _stream(axes: Axes, x: float, y: float, name: str, *, result: str) -> None:
    """Draw modality, network, result."""
    modality = get_modality(name)
    _box(axes, (x + 0.3, y), (0.54, 0.26), modality.title.replace("Optical f", "F"), modality.color)
    _arrow(axes, (x + 0.58, y), (x + 0.72, y))
    _box(axes, (x + 0.98, y), (0.5, 0.24), "3D-CNN", modality.color, filled=True)
    _arrow(axes, (x + 1.24, y), (x + 1.36, y))
    axes.text(x + 1.38, y, result, fontsize=SMALL, va="center")


@styled
def method_overview(
    pictures: Mapping[str, ArrayLike], maps: Mapping[str, ArrayLike], *, width: float = TWO_COLUMN
) -> StyledFigure:
    """Show how a network m learns from a network n in training, and what is left at test time.

    Args:
        pictures: name of the modality -> one picture ``(H, W, 3)`` in [0, 1]: the learner's first,
            then the teacher's.
        maps: name of the modality -> correlation map ``(d, d)`` of that network.
        width: of the figure, in inches.

    Returns:
        A figure: the axes of the diagram, then those of the pictures and of the maps.

    Raises:
        DataError: if there are not two pictures with their maps.
        ConfigError: if a modality is not known.

    Source: MTUT, arXiv 1812.06145: the SSA loss and the focal regularization parameter.
    """
    if len(pictures) != 2 or set(pictures) != set(maps):
        raise DataError(f"Expected two pictures and their maps, got {[*pictures]} and {[*maps]}.")
    learner, teacher = (get_modality(name) for name in pictures)
    height = 3.0
    figure, axes = _canvas(
        width,
        height,
        f"Two networks, of {learner.title} (m) and {teacher.title} (n), see the same clip. Their "
        "features give a correlation map each; the squared difference of the maps, weighted by "
        "rho, which grows with the difference of the losses, is added to the loss of m. At test "
        f"time only the network of {learner.title} and its classifier are used.",
    )
    scale = width / TWO_COLUMN
    for symbol, name, middle in (("m", learner.name, 2.12), ("n", teacher.name, 0.88)):
        _overview_stream(axes, scale, middle, name, symbol)
        for left, values in ((0.06, pictures[name]), (3.5, maps[name])):
            picture = axes_at(figure, (left * scale, height - middle - 0.36, 0.72, 0.72))
            show_picture(picture, np.asarray(values), vmin=0, vmax=1)
            picture.spines[:].set(linewidth=0.8, color=get_modality(name).color)
    _overview_losses(axes, scale)
    return figure


def _overview_stream(axes: Axes, scale: float, y: float, name: str, symbol: str) -> None:
    """Draw network, features and classifier of one modality."""
    modality, up = get_modality(name), 1 if symbol == "m" else -1
    line = SOLID if symbol == "m" else TRAINING_ONLY
    _arrow(axes, (0.84 * scale, y), (1.08 * scale, y), line)
    _box(axes, (1.5 * scale, y), (0.8, 0.46), f"3D-CNN {symbol}\n({modality.title})",
         modality.color, filled=True)  # fmt: skip
    _arrow(axes, (1.94 * scale, y), (2.16 * scale, y), line)
    _box(axes, (2.52 * scale, y), (0.68, 0.46), f"features\n$F_{symbol}$", modality.color)
    _arrow(axes, (2.9 * scale, y), (3.44 * scale, y), TRAINING_ONLY)
    axes.text(3.44 * scale, y - up * 0.28, f"corr($F_{symbol}$)\nd x d", fontsize=SMALL,
              ha="right", va="center")  # fmt: skip
    edge = y + up * 0.53
    _path(axes, [2.52 * scale] * 2, [y + up * 0.24, edge], line)
    _arrow(axes, (2.52 * scale, edge), (4.3 * scale, edge), line)
    _box(axes, (4.78 * scale, edge), (0.9, 0.26), f"classifier: $l_{{cls}}^{{{symbol}}}$",
         modality.color)  # fmt: skip


def _overview_losses(axes: Axes, scale: float) -> None:
    """Draw what joins the two streams: the difference of the maps, rho, and the objective of m."""
    middle, ssa, times, right = 1.5, 4.72 * scale, 5.72 * scale, 6.24 * scale
    _box(axes, (ssa, middle), (1.36, 0.3), r"$\Vert corr(F_m) - corr(F_n)\Vert_F^2$", GREY)
    for side in (1, -1):
        _arrow(axes, (4.26 * scale, middle + side * 0.36), (4.42 * scale, middle + side * 0.17),
               TRAINING_ONLY)  # fmt: skip
    _arrow(axes, (ssa + 0.68, middle), (times - 0.09, middle), TRAINING_ONLY)
    axes.text(times, middle, "$\\times$", ha="center", va="center", fontsize=10)
    _box(axes, (right, 0.72), (1.5, 0.46),
         "$\\Delta l = l_{cls}^m - l_{cls}^n$\n$\\rho = \\max(0, e^{\\beta \\Delta l} - 1)$",
         GREY)  # fmt: skip
    _arrow(axes, (times, 0.95), (times, middle - 0.1), TRAINING_ONLY)
    _arrow(axes, (times, middle + 0.1), (times, 1.94), TRAINING_ONLY)
    objective = "objective of m:\n$l_{cls}^m + \\lambda\\,\\rho\\,\\Vert\\cdot\\Vert_F^2$"
    _box(axes, (right, 2.17), (1.5, 0.46), objective, "#000000")
    top, edge = 2.65, right + 0.84
    _path(axes, [5.23 * scale, edge, edge], [top, top, 0.72])
    _arrow(axes, (edge, 0.72), (right + 0.75, 0.72), TRAINING_ONLY)
    _arrow(axes, (right, top), (right, 2.4), TRAINING_ONLY)
    _path(axes, [5.23 * scale, right], [0.35, 0.35])
    _arrow(axes, (right, 0.35), (right, 0.49), TRAINING_ONLY)
    axes.text(0.06 * scale, 0.1, "solid: training and testing; dashed: training only",
              fontsize=SMALL, color="#555555", va="center")  # fmt: skip


def _canvas(width: float, height: float, alt: str) -> tuple[StyledFigure, Axes]:
    """Return a figure with axes all over it, whose unit is the inch."""
    figure = new_figure(width, height, alt)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.set_axis_off()
    return figure, axes


def _box(
    axes: Axes, middle: Point, size: Point, text: str, color: str, *, filled: bool = False
) -> None:
    (x, y), (width, height) = middle, size
    axes.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - height / 2), width, height,
            boxstyle="round,pad=0,rounding_size=0.05", linewidth=1, edgecolor=color,
            facecolor=(color, 0.18) if filled else "white",
        )
    )  # fmt: skip
    axes.text(x, y, text, fontsize=SMALL, ha="center", va="center", linespacing=1.3)


def _arrow(axes: Axes, start: Point, end: Point, line: Any = SOLID, *, both: bool = False) -> None:
    style: Look = {"arrowstyle": "<|-|>" if both else "-|>", "linewidth": 0.8, "mutation_scale": 7}
    style |= {"linestyle": line, "shrinkA": 0, "shrinkB": 0, "color": "black"}
    axes.annotate("", end, start, arrowprops=style)


def _path(axes: Axes, x: list[float], y: list[float], line: Any = TRAINING_ONLY) -> None:
    axes.plot(x, y, color="black", linewidth=0.8, linestyle=line)
