"""The focal regularization parameter as a curve."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle

import matplotlib as mpl
import numpy as np
import torch

from mmtlib.core.errors import ConfigError
from mmtlib.figures.looks import DASHES
from mmtlib.figures.panels import numbers
from mmtlib.figures.style import ONE_COLUMN, StyledFigure, new_figure, styled
from mmtlib.losses import focal_regularization


@styled
def focal_curve(
    betas: Sequence[float] = (1.0, 2.0, 3.0),
    *,
    loss_gap: tuple[float, float] = (-1.0, 1.0),
    width: float = ONE_COLUMN,
) -> StyledFigure:
    """Show rho against the difference of the two classification losses.

    Args:
        betas: one curve each.
        loss_gap: the range of loss of the learner m minus loss of the teacher n.
        width: of the figure, in inches.

    Returns:
        A figure of one axes with one line per beta, in the order given.

    Raises:
        ConfigError: if no beta is given or the range is empty.

    Source: MTUT, arXiv 1812.06145: rho = max(0, exp(beta * gap) - 1); beta = 2 in the paper.
    """
    low, high = loss_gap
    if not betas or low >= high:
        raise ConfigError(f"Expected a beta and a range from low to high, got {betas}, {loss_gap}.")
    gap = torch.linspace(low, high, 401, dtype=torch.float64)
    listed = ", ".join(f"{beta:g}" for beta in betas)
    figure = new_figure(
        width,
        2.5,
        f"rho against the difference of losses for beta = {listed}: zero where the learner is "
        "better, then growing faster and faster, the more so the larger beta.",
    )
    axes = figure.subplots()
    colors = mpl.colormaps["viridis"](np.linspace(0.0, 0.8, len(betas)))
    for beta, color, dashes in zip(betas, colors, cycle(DASHES), strict=False):
        rho = focal_regularization(gap, torch.zeros_like(gap), beta=beta)
        label = f"$\\beta$ = {beta:g}"
        axes.plot(gap.numpy(), rho.numpy(), label=label, color=color, dashes=dashes)
    axes.set(xlim=(low, high), xlabel="Loss of learner m minus loss of teacher n")
    axes.set(ylim=(0, None), ylabel=r"$\rho^{(m,n)}$")
    numbers(axes.xaxis)
    numbers(axes.yaxis)
    axes.legend(loc="upper left")
    if low < 0:
        axes.axvspan(low, min(0.0, high), color="#F2F2F2", zorder=0)
        middle = (low + min(0.0, high)) / 2
        note = "n is no better:\nm does not listen"
        axes.text(middle, 0.3, note, transform=axes.get_xaxis_transform(), ha="center", fontsize=7)
    return figure
