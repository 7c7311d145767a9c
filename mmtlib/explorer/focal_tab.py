"""The tab "focal": who listens to whom, and the step that two toy networks would take."""

from __future__ import annotations

import ipywidgets as widgets
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from mmtlib.explorer.appearance import GREY, framed, theme_color
from mmtlib.explorer.state import ExplorerState
from mmtlib.explorer.tab import Change, Tab
from mmtlib.widgets.figure_view import FigureView
from mmtlib.widgets.focal_playground import BETAS, LOSSES, add_rho, both_rho, focal_sentence
from mmtlib.widgets.live_figure import slider

RATE = 0.25
"""Learning rate of the toy step."""


def toy_steps(state: ExplorerState) -> dict[str, dict[str, tuple[float, float]]]:
    """Return the step that two networks of one number each would take, with and without focal.

    Each network's correlation map is one number, x_m = 0 and x_n = 1, and its alignment term is
    rho (x_m - x_n)^2, in which the teacher stands still (as in the paper). A step of gradient
    descent with rate `RATE` moves the learner by -2 RATE rho (x_m - x_n).

    Returns:
        ``"with focal"`` and ``"without"`` (rho = 1) -> network -> (from, to).
    """
    rho = dict(zip("mn", both_rho(state.loss_m, state.loss_n, state.focal_beta), strict=True))
    start = {"m": 0.0, "n": 1.0}
    steps: dict[str, dict[str, tuple[float, float]]] = {}
    for name, weights in (("with focal", rho), ("without", {"m": 1.0, "n": 1.0})):
        steps[name] = {}
        for learner, teacher in (("m", "n"), ("n", "m")):
            gap = start[learner] - start[teacher]
            # A step beyond the teacher's place would be the learning rate's doing, not rho's.
            share = min(2 * RATE * weights[learner], 1.0)
            steps[name][learner] = (start[learner], start[learner] - share * gap)
    return steps


def focal_tab_figure(state: ExplorerState) -> go.Figure:
    """Return rho in both directions over beta, and the toy step with and without focal.

    Traces: the curve of rho over the loss difference, "m learns from n", "n learns from m", then
    the two steps.
    """
    figure = make_subplots(
        1, 2, column_widths=[0.55, 0.45], horizontal_spacing=0.12,
        subplot_titles=("rho of a learner", "one step of two toy networks"),
    )  # fmt: skip
    framed(figure, state.replace(split="validation"))
    figure.update_layout(margin={"t": 90}, legend={"y": 1.1})
    hues = {"m": theme_color("rgb", state.theme), "n": theme_color("depth", state.theme)}
    losses, colors = (state.loss_m, state.loss_n), (GREY[state.theme], hues["m"], hues["n"])
    add_rho(figure, losses, state.focal_beta, colors, row=1, col=1)
    for y, (name, of) in enumerate(toy_steps(state).items()):
        for network, (start, end) in of.items():
            height, arrow = (y + 0.1, "right") if network == "m" else (y - 0.1, "left")
            figure.add_scatter(
                x=[start, end], y=[height, height], mode="lines+markers", showlegend=False,
                name=f"{network}, {name}", line={"color": hues[network], "width": 3},
                marker={"symbol": ["circle-open", f"arrow-bar-{arrow}"], "size": 12,
                        "color": hues[network]},
                hovertemplate=f"{network} {name}: %{{x:.3f}}<extra></extra>", row=1, col=2,
            )  # fmt: skip
    figure.update_xaxes(title_text="the networks' maps, as one number", range=[-0.15, 1.15],
                        row=1, col=2)  # fmt: skip
    figure.update_yaxes(tickvals=[0, 1], ticktext=["with focal", "rho = 1"], range=[-0.5, 1.5],
                        row=1, col=2)  # fmt: skip
    return figure


def focal_text(state: ExplorerState) -> str:
    """Return what `focal_tab_figure` shows, in words."""
    ends = {name: {n: end for n, (_, end) in of.items()} for name, of in toy_steps(state).items()}
    focal, plain = ends["with focal"], ends["without"]
    return (
        f"{focal_sentence(state.loss_m, state.loss_n, state.focal_beta)} A step of the toy: with "
        f"focal m goes to {focal['m']:.2f} and n to {focal['n']:.2f}; with rho = 1 both give way, "
        f"to {plain['m']:.2f} and {plain['n']:.2f}."
    )


class FocalTab(Tab, widgets.VBox):
    """The tab "focal": three sliders.

    Args:
        change: called with the parts of the state that a control changed.
        state: where to start.

    Attributes:
        controls: ``"loss_m"``, ``"loss_n"``, ``"focal_beta"``.
    """

    def __init__(self, change: Change, state: ExplorerState) -> None:
        self.controls = {
            "loss_m": slider("loss of network m", state.loss_m, LOSSES),
            "loss_n": slider("loss of network n", state.loss_n, LOSSES),
            "focal_beta": slider("beta", state.focal_beta, BETAS, step=0.25),
        }
        self._change = change
        self.plot, self.sentence = FigureView(focal_tab_figure(state)), widgets.HTML()
        for name, control in self.controls.items():
            self.tell_state(control, name)
        super().__init__([*self.controls.values(), self.plot, self.sentence])
        self.say(focal_text(state))

    def show(self, state: ExplorerState) -> None:
        """Show another state; the sliders follow it."""
        with self.following():
            for name, control in self.controls.items():
                control.value = getattr(state, name)
        self.plot.show(focal_tab_figure(state))
        self.say(focal_text(state))
