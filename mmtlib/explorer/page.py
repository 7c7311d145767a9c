"""The explorer as one widget: tabs over one state."""

from __future__ import annotations

import html
import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import ipywidgets as widgets

from mmtlib.core.errors import MmtlibError
from mmtlib.explorer.focal_tab import FocalTab
from mmtlib.explorer.inspection import Inspector
from mmtlib.explorer.inspection_tabs import InspectionTab
from mmtlib.explorer.runs_tab import RunsTab
from mmtlib.explorer.saving import save_view
from mmtlib.explorer.source import Source
from mmtlib.explorer.state import ExplorerState
from mmtlib.explorer.train_tab import TrainTab

TITLES = {
    "runs": "Runs", "run it": "Run it", "corr": "Corr", "rho": "Focal", "saliency": "Saliency",
}  # fmt: skip
"""Tabs, in order, with their titles."""
QUERY = "QUERY_STRING"
"""Where Voila puts what follows the question mark of the page's address."""
_ARROW = (
    "%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 18 18'%3E%3Cpath "
    "d='M4 6.5l5 5 5-5' fill='none' stroke='%23EEEEEE' stroke-width='2'/%3E%3C/svg%3E"
)
_COLORS = {
    "layout-color1": "#111111", "layout-color2": "#333333", "layout-color3": "#444444",
    "ui-font-color0": "#FFFFFF", "ui-font-color1": "#EEEEEE", "ui-font-color2": "#BBBBBB",
    "border-color1": "#666666", "border-color2": "#555555",
    "widgets-color": "#EEEEEE", "widgets-label-color": "#EEEEEE",
    "widgets-readout-color": "#EEEEEE", "widgets-input-color": "#EEEEEE",
    "widgets-input-background-color": "#1B1B1B", "widgets-input-border-color": "#666666",
    "widgets-dropdown-arrow": f'url("data:image/svg+xml,{_ARROW}")',
}  # fmt: skip
"""What the controls are drawn with, whatever theme the page around them has."""
DARK = (
    "<style>.mmtlib-dark {background: #111111; "
    + "; ".join(f"--jp-{name}: {value}" for name, value in _COLORS.items())
    + "} .mmtlib-dark, .mmtlib-dark .widget-html-content, .mmtlib-dark .widget-label, "
    ".mmtlib-dark .widget-readout {color: #EEEEEE}</style>"
)


class Explorer(widgets.VBox):
    """Tabs, each drawn from its part of one state.

    Args:
        source: the results.
        state: where to start.
        note: a sentence above the tabs.

    Attributes:
        state: what is shown; `go` changes it.
        tabs: name -> tab, those of `TITLES`.
    """

    def __init__(self, source: Source, state: ExplorerState, note: str = "") -> None:
        self.source, self.state, inspector = source, state, Inspector()
        self.tabs: dict[str, Any] = {
            "runs": RunsTab(source, self.go, state),
            "run it": TrainTab(source, self.go, state, self.refresh),
            "corr": InspectionTab("corr", inspector, self.go, state),
            "rho": FocalTab(self.go, state),
            "saliency": InspectionTab("saliency", inspector, self.go, state),
        }
        self.dark = widgets.Checkbox(
            description="dark", value=state.theme == "dark", indent=False, layout={"width": "80px"}
        )
        self.link = widgets.HTML()
        self._bar = widgets.Tab(list(self.tabs.values()), titles=[TITLES[n] for n in self.tabs])
        self._bar.selected_index = self._index(state)
        self._bar.observe(lambda e: self.go(tab=list(self.tabs)[e["new"]]), "selected_index")
        self.dark.observe(lambda e: self.go(theme="dark" if e["new"] else "light"), "value")
        top = widgets.HBox([self.link, self.dark], layout={"justify_content": "space-between"})
        said = f'<div role="alert">{html.escape(note)}</div>' if note else ""
        super().__init__([widgets.HTML(DARK + said), self._bar, top])
        self.add_class("mmtlib-explorer")
        if state.tab in ("corr", "saliency"):  # the others draw when they are made
            self.tabs[state.tab].show(state)
        self._finish()

    def _index(self, state: ExplorerState) -> int:
        names = list(self.tabs)
        return names.index(state.tab) if state.tab in names else 0

    def go(self, **changes: Any) -> None:
        """Change the state and draw what follows from it.

        Args:
            changes: parts of `ExplorerState`.

        Raises:
            ConfigError: if a name is unknown or a value out of range.
        """
        after = self.state.replace(**changes)
        if after == self.state:
            return
        every = after.theme != self.state.theme
        self.state = after
        for name, tab in self.tabs.items():
            if every or name == after.tab:
                tab.show(after)
        self._finish()

    def refresh(self) -> None:
        """Draw the tab "runs" anew: the store has more results."""
        self.tabs["runs"].show(self.state)

    def _finish(self) -> None:
        (self.add_class if self.state.theme == "dark" else self.remove_class)("mmtlib-dark")
        self.dark.value = self.state.theme == "dark"
        self._bar.selected_index = self._index(self.state)
        link = self.state.to_link()
        address = f'<a href="?view={link}">link to this view</a>, ' if QUERY in os.environ else ""
        cell = f"mmtlib.explore(&quot;{link}&quot;)"
        self.link.value = (
            f'<div style="overflow-wrap:anywhere;max-width:60em;line-height:1.3">{address}as a '
            f'cell: <code style="user-select:all">{cell}</code></div>'
        )

    def export(self, path: str | Path) -> Path:
        """Save the view of the tab "runs" as ``.csv``, ``.html``, ``.png`` or ``.svg``.

        Raises:
            ConfigError, MmtlibError: as `mmtlib.explorer.saving.save_view`.
        """
        return save_view(self.tabs["runs"].drawn, path)


def explore(
    view: str | ExplorerState | None = None, *, folder: str | Path | None = None
) -> Explorer:
    """Return the explorer: the results of all studies to move through, as a widget.

    The tab "runs" draws accuracies, paired gains, heat maps, learning curves, rho, confusion and
    classes of any selection of runs; "run it" shows the run of any settings, or trains it in the
    background; "rho" lets one play with the focal regularization parameter; "corr" and
    "saliency" show what two stored networks see in a validation clip.
    Nothing is ever measured on test clips: what the studies stored of them is shown, and marked.

    Args:
        view: what to show: the text of a link, an `ExplorerState`, or None for the first view (on
            a page that `mmt explore` serves, the one in the address).
        folder: a results store; default ``MMTLIB_CACHE/results``, beside the package's.

    Raises:
        ConfigError: if `view` is no view.
    """
    note = ""
    if view is None:
        view, note = _from_address()
    state = view if isinstance(view, ExplorerState) else ExplorerState.from_link(view)
    return Explorer(Source(Path(folder) if folder is not None else None), state, note)


def _from_address() -> tuple[ExplorerState, str]:
    """Return the view in the page's address, and what to say where it is none."""
    asked = parse_qs(os.environ.get(QUERY, "")).get("view", [""])[0]
    try:
        return (ExplorerState.from_link(asked) if asked else ExplorerState()), ""
    except MmtlibError as error:
        return ExplorerState(), f"{error} This is the first view instead."
