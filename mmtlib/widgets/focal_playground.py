"""The focal regularization parameter to play with: two losses, beta, and who listens to whom."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import torch

from mmtlib.core.errors import ConfigError
from mmtlib.losses import focal_regularization
from mmtlib.widgets.live_figure import LiveFigure, slider

LOSSES = (0.0, 3.0)
"""Span of the two losses; ln 12 = 2.5 is the loss of guessing among twelve gestures."""
BETAS = (0.0, 4.0)
LINE, LEARNER, TEACHER = "#777777", "#0072B2", "#D55E00"


def focal_figure(loss_m: float = 1.0, loss_n: float = 0.5, beta: float = 2.0) -> go.Figure:
    """Return the curve of rho with a mark for each of the two networks as the learner.

    Args:
        loss_m, loss_n: classification losses of the two networks, finite, at least 0.
        beta: steepness of rho, at least 0.

    Returns:
        A figure of three traces: the curve, "m learns from n", "n learns from m".

    Raises:
        ConfigError: if a number is negative or not finite.

    Source: MTUT, arXiv 1812.06145: rho = max(0, exp(beta * dl) - 1).
    """
    figure = add_rho(go.Figure(), (loss_m, loss_n), beta, (LINE, LEARNER, TEACHER))
    left = figure.layout.xaxis.range[0]
    figure.add_vrect(x0=left, x1=0, fillcolor="#F2F2F2", line_width=0, layer="below")
    return figure.update_layout(
        template="plotly_white",
        width=620,
        height=340,
        margin={"l": 60, "r": 20, "t": 40, "b": 55},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )


def add_rho(
    figure: go.Figure,
    losses: tuple[float, float],
    beta: float,
    colors: tuple[str, str, str],
    **place: int,
) -> go.Figure:
    """Add the curve of rho and the marks of both networks to a figure; return it.

    Args:
        figure: where.
        losses: of m and n.
        beta: steepness of rho.
        colors: of the curve, of m and of n.
        place: ``row`` and ``col`` of a panel.

    Raises:
        ConfigError: as `focal_figure`.
    """
    both, gap = both_rho(*losses, beta), losses[0] - losses[1]
    reach, top = max(1.5, 1.1 * abs(gap)), max(4.0, 1.25 * max(both))
    gaps = np.linspace(-reach, reach, 241)
    figure.add_scatter(x=gaps, y=_rho(gaps, beta), mode="lines", line={"color": colors[0]},
                       name="rho", hoverinfo="skip", **place)  # fmt: skip
    marks = (("m learns from n", gap, "circle"), ("n learns from m", -gap, "diamond"))
    for (name, x, symbol), y, color in zip(marks, both, colors[1:], strict=True):
        figure.add_scatter(
            x=[x], y=[y], mode="markers", name=name,
            marker={"color": color, "size": 13, "symbol": symbol},
            hovertemplate=f"{name}<br>dl = %{{x:.2f}}<br>rho = %{{y:.2f}}<extra></extra>", **place,
        )  # fmt: skip
    label = "dl = learner's loss - teacher's loss"
    figure.update_xaxes(title_text=label, range=[-reach, reach], **place)
    label = "rho (0 = does not listen)"
    return figure.update_yaxes(title_text=label, range=[-0.04 * top, top], **place)


def focal_sentence(loss_m: float, loss_n: float, beta: float) -> str:
    """Return what `focal_figure` shows, in words.

    Raises:
        ConfigError: as `focal_figure`.
    """
    m_from_n, n_from_m = both_rho(loss_m, loss_n, beta)
    gap = f"dl of m = {loss_m:.2f} - {loss_n:.2f} = {loss_m - loss_n:+.2f}"
    if m_from_n > 0:
        return f"{gap}: m learns from n with rho = {m_from_n:.2f}; n does not listen to m."
    if n_from_m > 0:
        return f"{gap}: m does not listen to n; n learns from m with rho = {n_from_m:.2f}."
    why = "beta is 0" if loss_m != loss_n else "the losses are equal"
    return f"{gap}: {why}, nobody listens."


def focal_playground(loss_m: float = 1.0, loss_n: float = 0.5, beta: float = 2.0) -> LiveFigure:
    """Return sliders for two losses and beta over `focal_figure`.

    Without a running kernel, show `mmtlib.figures.focal_curve` instead.

    Args:
        loss_m, loss_n, beta: where the sliders start; brought into their spans.
    """
    controls = {
        "loss_m": slider("loss of network m", loss_m, LOSSES),
        "loss_n": slider("loss of network n", loss_n, LOSSES),
        "beta": slider("beta", beta, BETAS, step=0.25),
    }
    return LiveFigure(controls, lambda **state: (focal_figure(**state), focal_sentence(**state)))


def both_rho(loss_m: float, loss_n: float, beta: float) -> tuple[float, float]:
    """Return rho of m as the learner and rho of n as the learner.

    Raises:
        ConfigError: if a number is negative or not finite.
    """
    if not all(0 <= number < np.inf for number in (loss_m, loss_n, beta)):
        raise ConfigError(
            f"Expected two losses and beta, finite and at least 0, got {loss_m}, {loss_n}, {beta}."
        )
    gap = loss_m - loss_n
    of_m, of_n = _rho(np.array([gap, -gap]), beta)
    return float(of_m), float(of_n)


def _rho(gaps: np.ndarray, beta: float) -> np.ndarray:
    learner = torch.from_numpy(gaps)
    return focal_regularization(learner, torch.zeros_like(learner), beta=beta).numpy()
