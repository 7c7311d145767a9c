"""The tab "runs": controls over `views.draw_view`, and what belongs to the arm that was clicked."""

from __future__ import annotations

import html
from typing import Any

import ipywidgets as widgets
import pandas as pd

from mmtlib.core.errors import MmtlibError
from mmtlib.explorer import tables
from mmtlib.explorer.configs import as_command, as_python
from mmtlib.explorer.factors import TITLES, level_title
from mmtlib.explorer.saving import FORMATS, download_link
from mmtlib.explorer.source import Source
from mmtlib.explorer.state import ARM, SPLITS, VIEWS, ExplorerState
from mmtlib.explorer.tab import WIDE, Change, Tab, columns, offer, status
from mmtlib.explorer.views import View, draw_view
from mmtlib.figures.looks import title_of
from mmtlib.results.schema import config_of
from mmtlib.widgets.figure_view import FigureView

MOST_ROWS = 40
"""Runs that are listed at most."""
TELLING = ("view", "split", "target", "x", "y", "reference", "chosen")
"""The controls that stand for a part of the state each."""


class RunsTab(Tab, widgets.HBox):
    """The tab "runs".

    Args:
        source: the results.
        change: called with the parts of the state that a control changed.

    Attributes:
        controls: name -> widget: the parts of the state, and ``"factor"``, ``"levels"`` (the
            filter), ``"clear"``, ``"format"``, ``"save"``.
        plot: the figure.
        drawn: what is shown.
    """

    def __init__(self, source: Source, change: Change, state: ExplorerState) -> None:
        self._source, self._change = source, change
        self.controls = _controls()
        self.state = state
        self.drawn: View = draw_view(source, state)
        self.plot = FigureView(self.drawn.figure, self._picked)
        self.sentence, self.details, self.saved = widgets.HTML(), widgets.HTML(), widgets.HTML()
        self._wire()
        parts = [self.controls[name] for name in TELLING]
        more = [self.controls[name] for name in ("factor", "levels", "clear")]
        saving = widgets.HBox([self.controls["format"], self.controls["save"]])
        heading = widgets.HTML("<b>Only runs with</b>")
        left = [*parts, heading, *more, saving, self.saved]
        right = [self.plot, self.sentence, self.details]
        super().__init__(columns(290, left, right), layout={"width": "100%"})
        self._follow(state)

    def show(self, state: ExplorerState) -> None:
        """Show another state; the controls follow it."""
        self.state = state
        self.drawn = draw_view(self._source, state)
        self.plot.show(self.drawn.figure)
        self._follow(state)

    def _follow(self, state: ExplorerState) -> None:
        """Bring the controls and the words beside the figure to a state."""
        with self.following():
            self._fill(state)
        self.sentence.value = _said(self.drawn.sentence, state)
        self.details.value = self._details(state)

    def _wire(self) -> None:
        for name in TELLING:
            self.tell_state(self.controls[name], name)
        self.controls["factor"].observe(lambda _: self._fill_levels(self.state), "value")
        self.tell(self.controls["levels"], self._filtered)
        self.controls["clear"].on_click(lambda _: self._change(where=()))
        self.controls["save"].on_click(self._save)

    def _filtered(self, levels: tuple[str, ...]) -> None:
        self._change(where={**self.state.filters, self.controls["factor"].value: levels})

    def _picked(self, trace: Any, index: int) -> None:
        """Choose the arm of a point, a curve, or a cell of a heat map with one arm."""
        if trace.customdata is not None and trace.type == "scatter":
            self._change(chosen=str(trace.customdata[index][0]))
        elif isinstance(trace.meta, str):
            self._change(chosen=trace.meta)

    def _fill(self, state: ExplorerState) -> None:
        """Bring the controls to a state: first what may be chosen, then what is."""
        try:
            runs = self._source.runs()
            titles, groups = runs.titles(), runs.texts("group")
            targets, splits = runs.texts("target"), set(runs.texts("split"))
        except MmtlibError:  # the picture says so
            titles, groups, targets, splits = {}, (), (), set()
        factors = [(title, name) for name, title in titles.items()]
        arms = [(name, name) for name in groups]
        options = {
            "view": VIEWS,
            "split": [(_split_title(s), s) for s in SPLITS if s in splits or s == state.split],
            "target": [("all", ""), *((title_of(t), t) for t in targets)],
            "x": [("arm", ARM), *factors],
            "y": [("arm", ARM), *factors],
            "reference": [("the same network alone", ""), *arms],
            "chosen": [("none", ""), *arms],
        }
        for name, choices in options.items():
            wanted = getattr(state, name)
            values = [c[1] if isinstance(c, tuple) else c for c in choices]
            if wanted not in values:  # from a link: the picture says that it is not here
                choices = [*choices, (f"{wanted} (not here)", wanted)]
            offer(self.controls[name], choices, wanted)
        heat = state.view == "heat map"
        self.controls["y"].disabled = not heat
        self.controls["x"].disabled = state.view not in ("accuracy", "gain", "heat map")
        first = next(iter(titles), None)
        now = self.controls["factor"].value
        offer(self.controls["factor"], factors, now if now in titles else first)
        self._fill_levels(state)

    def _fill_levels(self, state: ExplorerState) -> None:
        factor = self.controls["factor"].value
        try:
            levels = self._source.runs().levels.get(factor, ()) if factor else ()
        except MmtlibError:
            levels = ()
        chosen = [level for level in state.filters.get(factor, ()) if level in levels]
        titled = [(level_title(factor, level), level) for level in levels]
        with self.following():
            offer(self.controls["levels"], titled, tuple(chosen))

    def _details(self, state: ExplorerState) -> str:
        if not state.chosen:
            return "<p>Click a point, or choose an arm, to see its runs and how to make them.</p>"
        try:
            runs = self._source.runs()
            found = tables.runs_of(runs, state)
            if found.empty:
                return f"<p>{html.escape(state.chosen)} has no {state.split} results.</p>"
            first = runs.table[runs.table["identity"] == found["identity"].iloc[0]].iloc[0]
            config = config_of(first)
        except MmtlibError as error:
            return f"<p>{html.escape(str(error))}</p>"
        texts = as_python(config), as_command(config)
        return _table(found, state) + copies("The first of these runs", *texts)

    def _save(self, _button: object) -> None:
        kind = self.controls["format"].value
        self.saved.value = "<i>drawing ...</i>"
        try:
            self.saved.value = download_link(self.drawn, kind, f"mmtlib-{self.state.view}")
        except MmtlibError as error:
            self.saved.value = f'<div role="alert">{html.escape(str(error))}</div>'


def _split_title(split: str) -> str:
    return "validation clips" if split == "validation" else "TEST clips (stored figures)"


def _controls() -> dict[str, Any]:
    names = {
        "view": "show", "split": "clips", "target": "network", "x": "along x", "y": "along y",
        "reference": "against", "chosen": "runs of", "factor": "factor",
    }  # fmt: skip
    style = {"description_width": "62px"}
    made: dict[str, Any] = {
        name: widgets.Dropdown(description=title, style=style, layout=WIDE)
        for name, title in names.items()
    }
    made["levels"] = widgets.SelectMultiple(
        description="levels", rows=5, style=style, layout=WIDE,
        tooltip="Ctrl or Shift with a click chooses several; none = all",
    )  # fmt: skip
    made["clear"] = widgets.Button(description="clear all filters", layout={"width": "auto"})
    made["format"] = widgets.Dropdown(
        options=[(name.upper(), name) for name in FORMATS], description="save as", style=style,
        layout={"width": "160px"},
    )  # fmt: skip
    made["save"] = widgets.Button(description="make the file", layout={"width": "auto"})
    return made


def _said(text: str, state: ExplorerState) -> str:
    said = status(text)
    if state.where:
        shown = "; ".join(
            f"{TITLES.get(name, name)}: {', '.join(level_title(name, level) for level in levels)}"
            for name, levels in state.where
        )
        said += f"<div><i>Filters:</i> {html.escape(shown)}</div>"
    return said


def _table(found: pd.DataFrame, state: ExplorerState) -> str:
    """Return the runs as an HTML table, accuracies in percent."""
    shown = found.drop(columns=["identity", "origin"]).head(MOST_ROWS)
    networks = [name for name in shown.columns if name not in tables.RUN_FACTS]
    shown = shown.assign(**{name: 100 * shown[name] for name in networks})
    titles = {name: f"{title_of(name)} (%)" for name in networks}
    titles |= {"run_id": "run", "generator_seed": "generator", "seconds": "training (s)"}
    body = shown.rename(columns=titles).to_html(
        index=False, escape=True, border=0, na_rep="-", float_format="{:.1f}".format
    )
    more = f", the first {MOST_ROWS} shown" if len(found) > MOST_ROWS else ""
    heading = f"<p><b>{html.escape(state.chosen)}</b>: {len(found)} runs{more}</p>"
    origins = "; ".join(dict.fromkeys(found["origin"].astype(str)))
    style = "max-height:220px;overflow:auto;line-height:1.3"
    return f'{heading}<div style="{style}">{body}</div><p>{html.escape(origins)}.</p>'


def copies(what: str, python: str, command: str) -> str:
    """Return the texts to copy; a click on one selects all of it."""
    style = (
        "user-select:all;white-space:pre-wrap;margin:4px 0;padding:6px;"
        "border:1px solid currentColor;opacity:.85"
    )
    parts = []
    for title, text in (("as Python", python), ("as a command", command)):
        parts.append(
            f"<details><summary>{title} (a click selects all)</summary>"
            f'<pre style="{style}" tabindex="0">{html.escape(text)}</pre></details>'
        )
    return f"<p>{what}:</p>" + "".join(parts)
