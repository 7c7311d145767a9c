"""The tabs "corr" and "saliency": two stored networks on the same clip."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets
import numpy as np

from mmtlib.core.errors import MmtlibError
from mmtlib.explorer.appearance import empty_figure
from mmtlib.explorer.inspection import (
    CLIPS,
    Inspector,
    chosen,
    corr_figure,
    network_names,
    saliency_figure,
    steps,
)
from mmtlib.explorer.state import ExplorerState
from mmtlib.explorer.tab import Change, Tab, offer
from mmtlib.widgets.figure_view import FigureView

UNOPENED = "Open this tab to load two networks."
OWN_STAGE = "where they are aligned"


class InspectionTab(Tab, widgets.VBox):
    """A tab about two networks: nothing is loaded before it is opened.

    Args:
        name: ``"corr"`` or ``"saliency"``.
        inspector: networks and clips, shared by both tabs.
        change: called with the parts of the state that a control changed.
        state: where to start.

    Attributes:
        controls: ``"step"``, ``"first"``, ``"second"``, ``"clip"``, ``"stage"``, and ``"frame"`` of
            "saliency".
    """

    def __init__(
        self, name: str, inspector: Inspector, change: Change, state: ExplorerState
    ) -> None:
        self.name, self._inspector, self._change = name, inspector, change
        self._grid, self._opened = (1, 1, 1), False
        style = {"description_width": "110px"}
        look = {"style": style, "layout": {"width": "420px", "max_width": "100%"}}
        self.controls: dict[str, Any] = {
            "step": widgets.SelectionSlider(options=["-"], description="training step", **look),
            "first": widgets.Dropdown(description="network", **look),
            "second": widgets.Dropdown(description="beside", **look),
            "clip": widgets.IntSlider(min=0, max=CLIPS - 1, description="clip", **look),
            "stage": widgets.Dropdown(description="stage", **look),
        }
        parts = list(self.controls.values())
        if name == "saliency":
            frame = widgets.IntSlider(min=0, max=0, description="frame", **look)
            play = widgets.Play(min=0, max=0, interval=400)
            widgets.jslink((play, "value"), (frame, "value"))
            self.controls["frame"], self._play = frame, play
            parts += [widgets.HBox([frame, play])]
        first = empty_figure(state.replace(split="validation"), UNOPENED)
        self.plot = FigureView(first, self._picked)
        self.sentence = widgets.HTML()
        for key in ("first", "second", "clip", "stage", "frame"):
            if key in self.controls:
                self.tell_state(self.controls[key], key)
        self.tell(self.controls["step"], self._stepped)
        super().__init__([*parts, self.plot, self.sentence])

    def _stepped(self, step: str) -> None:
        if step != "-":
            first, second = {title: pair for title, *pair in steps()}[step]
            self._change(first=first, second=second)

    def _picked(self, trace: Any, index: Any) -> None:
        """Move to the position that was clicked: its time step is the trace's, then row, column."""
        if self.name == "corr" and trace.type == "heatmap" and isinstance(index, tuple | list):
            place = (int(trace.meta), int(index[0]), int(index[1]))
            self._change(position=int(np.ravel_multi_index(place, self._grid)))

    def show(self, state: ExplorerState) -> None:
        """Show another state; networks are loaded when the tab is the open one."""
        if state.tab != self.name:
            if not self._opened:
                self.plot.show(empty_figure(state.replace(split="validation"), UNOPENED))
            return
        self._opened = True
        try:
            with self.following():
                self._fill(state)
            if self.name == "corr":
                self._grid = self._inspector.maps(state)[1]
            draw = corr_figure if self.name == "corr" else saliency_figure
            figure, said = draw(self._inspector, state)
        except MmtlibError as error:
            figure, said = empty_figure(state.replace(split="validation"), str(error)), str(error)
        self.plot.show(figure)
        self.say(said)

    def _fill(self, state: ExplorerState) -> None:
        names, pair, known = network_names(), chosen(state), steps()
        for key, name in zip(("first", "second"), pair, strict=True):
            offer(self.controls[key], names, name)
        titles = {tuple(networks): title for title, *networks in known}
        offer(self.controls["step"], ["-", *titles.values()], titles.get(pair, "-"))
        stages = [(OWN_STAGE, ""), *((s, s) for s in self._inspector.stages(state))]
        offer(self.controls["stage"], stages, state.stage)
        inspected = self._inspector.pair(state)
        self.controls["clip"].max = len(inspected.clips) - 1
        self.controls["clip"].value = state.clip
        if "frame" in self.controls:
            last = inspected.clips[state.clip].shape[0] - 1
            self.controls["frame"].max = self._play.max = last
            self.controls["frame"].value = self._play.value = state.frame
