"""The tab "run it": any settings; a stored run shows at once, another one is trained."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import ipywidgets as widgets
import pandas as pd
import plotly.graph_objects as go

from mmtlib.config import ExperimentConfig
from mmtlib.core.errors import MmtlibError
from mmtlib.experiment import count_clips, estimate_cost
from mmtlib.explorer import detail_charts
from mmtlib.explorer.appearance import empty_figure
from mmtlib.explorer.configs import as_command, as_python
from mmtlib.explorer.job import Job, run_name
from mmtlib.explorer.runs_tab import copies
from mmtlib.explorer.settings import OFFERED, find_run, first_settings, settings_config
from mmtlib.explorer.source import Source
from mmtlib.explorer.state import ExplorerState
from mmtlib.explorer.tab import WIDE, Change, Tab, columns
from mmtlib.figures.looks import title_of
from mmtlib.widgets.figure_view import FigureView

NOT_STORED = "This run is not stored. “Train” makes it here, in the background."
CANCELLED = "Cancelled. Nothing was lost: “Train” goes on from the last whole epoch."


def training_figure(history: pd.DataFrame, state: ExplorerState, name: str) -> go.Figure:
    """Return the curves of one training, also of one that has not ended.

    Args:
        history: rows of `mmtlib.training.History.streams`.
        state: for the theme.
        name: what the run is called.
    """
    if history.empty:
        return empty_figure(state.replace(split="validation"), "No epoch has ended yet.")
    plain = state.replace(split="validation")
    return detail_charts.curve_chart(history.assign(group=name), plain)


class TrainTab(Tab, widgets.HBox):
    """The tab "run it".

    Args:
        source: the results.
        change: called with the parts of the state that a control changed.
        state: where to start.
        stored: called when a run has joined the store.

    Attributes:
        controls: setting -> combo box, ``"train"`` and ``"cancel"``.
        job: the training that runs, or ran last, or None.
        bar: its progress.
        sentence: what is known of these settings.
    """

    def __init__(
        self, source: Source, change: Change, state: ExplorerState, stored: Callable[[], None]
    ) -> None:
        self._source, self._change, self._stored = source, change, stored
        self.state = state
        self.job: Job | None = None
        self._config: ExperimentConfig | None = None
        self._estimates: dict[str, float] = {}
        style = {"description_width": "150px"}
        self.controls: dict[str, Any] = {
            name: widgets.Combobox(
                options=each.suggestions or each.names, ensure_option=False,
                continuous_update=False, style=style, description=each.title, tooltip=each.help,
                layout=WIDE, placeholder="as the recipe has it",
            )
            for name, each in OFFERED.items()
        }  # fmt: skip
        for name, control in self.controls.items():
            self.tell(control, partial(self._set, name))
        train = widgets.Button(description="Train", layout={"width": "auto"})
        cancel = widgets.Button(description="Cancel", disabled=True, layout={"width": "auto"})
        train.on_click(lambda _: self.train())
        cancel.on_click(lambda _: self.cancel())
        self.bar = widgets.IntProgress(min=0, max=1, layout={"width": "100%"})
        self.progress, self.sentence = widgets.HTML(), widgets.HTML()
        self.details = widgets.HTML()
        self.plot = FigureView(empty_figure(state.replace(split="validation"), NOT_STORED))
        shown = [c for name, c in self.controls.items() if OFFERED[name].offered]
        rest = [c for name, c in self.controls.items() if not OFFERED[name].offered]
        more = widgets.Accordion([widgets.VBox(rest)], titles=["More settings"])
        left = [*shown, more, widgets.HBox([train, cancel]), self.bar, self.progress]
        right = [self.sentence, self.plot, self.details]
        self.controls |= {"train": train, "cancel": cancel}
        super().__init__(columns(320, left, right), layout={"width": "100%"})
        self.show(state)

    @property
    def running(self) -> bool:
        """Whether a training is going on."""
        return self.job is not None and self.job.running and not self.job.cancelled

    def _set(self, name: str, value: str) -> None:
        settings, first = {**dict(self.state.settings), name: value}, first_settings()
        self._change(settings={k: v for k, v in settings.items() if v != first[k]})

    def show(self, state: ExplorerState) -> None:
        """Show another state; the controls follow it."""
        other = state.settings != self.state.settings
        self.state = state
        chosen = {**first_settings(), **dict(state.settings)}
        with self.following():
            for name in OFFERED:
                self.controls[name].value = chosen.get(name, "")
        if not self.running:
            if other:  # what was trained last is another run
                self.bar.value, self.progress.value = 0, ""
            self._look_up()

    def _look_up(self) -> None:
        """Show the run of these settings if it is stored, else how long it would take."""
        train, self._config = self.controls["train"], None
        train.disabled, train.description = True, "Train"
        try:
            config = settings_config(dict(self.state.settings))
            rows = find_run(self._source.runs(), config)
            self.details.value = copies("This run", as_python(config), as_command(config))
            if rows:
                self._show_stored(config, rows)
                return
            self.say(NOT_STORED)
            self.plot.show(empty_figure(self.state.replace(split="validation"), NOT_STORED))
        except MmtlibError as error:
            self.say(str(error))
            self.plot.show(empty_figure(self.state.replace(split="validation"), str(error)))
            return
        self._config, train.disabled = config, False
        if self.state.tab == "run it":  # the estimate would slow down the first view of another tab
            self._estimate(config)

    def _show_stored(self, config: ExperimentConfig, rows: list[int]) -> None:
        table = self._source.runs().table.iloc[rows]
        scores = ", ".join(
            f"{title_of(row.target)} {100 * row.accuracy:.1f} %" for row in table.itertuples()
        )
        self.say(f"Stored: validation accuracy {scores}. {table['origin'].iloc[0]}.")
        history = self._source.history("streams", [table["identity"].iloc[0]])
        self.plot.show(training_figure(history, self.state, run_name(config)))

    def _estimate(self, config: ExperimentConfig) -> None:
        """Write onto the button how long it will take, when that is known."""
        key, button = config.to_json(), self.controls["train"]
        if key in self._estimates:
            button.description = f"Train (about {self._estimates[key]:.0f} s)"
            return
        button.description = "Train (how long?)"

        def work() -> None:
            try:
                cost = estimate_cost(config, count_clips(config, "train"))
            except MmtlibError:  # the training itself will say why
                return
            self._estimates[key] = max(cost.seconds, 1)
            if self._config == config and not self.running:
                button.description = f"Train (about {self._estimates[key]:.0f} s)"

        # Python waits for it at its end: PyTorch must not be at work when it is taken down.
        threading.Thread(target=work).start()

    def train(self) -> None:
        """Train the run of these settings in the background."""
        if self._config is None or self.running:
            return
        self.say(f"Training {run_name(self._config)} ...")
        self.controls["train"].disabled, self.controls["cancel"].disabled = True, False
        self.bar.value, self.bar.max = 0, 1
        self.progress.value = "starting ..."
        config = self._config
        self.job = Job(config, lambda message: self._hear(config, message))

    def wait(self) -> None:
        """Wait until the training that was started here has ended; at once if there is none."""
        if self.job is not None:
            self.job.wait()

    def cancel(self) -> None:
        """End the training."""
        if self.job is not None and self.running:
            self.controls["cancel"].disabled = True
            self.job.cancel()

    def _hear(self, config: ExperimentConfig, message: dict[str, Any]) -> None:
        """Show what the training's process tells."""
        kind = message["kind"]
        if kind in ("clips", "epoch"):
            self.bar.max, self.bar.value = message["all"], message["done"]
            what = "clips made" if kind == "clips" else "epochs"
            self.progress.value = f"{message['done']} of {message['all']} {what}"
        if kind == "epoch":
            history = pd.DataFrame(message["streams"])
            self.plot.show(training_figure(history, self.state, run_name(config)))
        if kind == "done":
            self._stored()
        if kind == "error":
            self.say(message["text"])
        if kind == "ended":
            self._ended(config)

    def _ended(self, config: ExperimentConfig) -> None:
        said = self.sentence.value
        self.controls["cancel"].disabled = True
        cancelled = self.job is not None and self.job.cancelled
        self._look_up()
        if cancelled:
            self.progress.value = "cancelled"
            self.say(CANCELLED)
        elif find_run(self._source.runs(), config):
            self.progress.value = "done"
        else:
            self.progress.value, self.sentence.value = "failed", said
