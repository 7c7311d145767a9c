"""A view of the explorer as a picture that needs no kernel, no browser, and can be printed."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from mmtlib.explorer.appearance import TEST_TITLE, without_common_beginning
from mmtlib.explorer.charts import cells_of, drawn_points
from mmtlib.explorer.source import Source
from mmtlib.explorer.state import ARM, ExplorerState
from mmtlib.explorer.views import View, draw_view
from mmtlib.figures import (
    TWO_COLUMN,
    StyledFigure,
    compared_curves,
    confusion_change,
    confusion_matrix,
    difference_bars,
)
from mmtlib.figures.looks import title_of
from mmtlib.figures.results import result_matrix, result_points
from mmtlib.figures.style import new_figure, styled

OVER_SEEDS = "95% interval over seeds"


def static_view(
    view: str | ExplorerState | None = None, *, folder: str | Path | None = None
) -> StyledFigure:
    """Return what the tab "runs" of `explore` shows, as a picture: the same table, for print.

    The last line of a cell shows it, also in a notebook that was executed elsewhere and in print.

    Args:
        view: the text of a link, an `ExplorerState`, or None for the first view.
        folder: a results store; default ``MMTLIB_CACHE/results``, beside the package's.

    Raises:
        ConfigError: if `view` is no view.
    """
    state = ExplorerState() if view is None else view
    state = state if isinstance(state, ExplorerState) else ExplorerState.from_link(state)
    source = Source(Path(folder) if folder is not None else None)
    shown = draw_view(source, state)
    if shown.table.empty:
        return _sentence(shown.sentence)
    titles = {ARM: "", **source.runs().titles()}
    figure = _FIGURES[state.view](shown, state, titles)
    figure.alt_text = shown.sentence
    if state.split == "test":
        _mark_test(figure)
    return figure


@styled
def _mark_test(figure: StyledFigure) -> None:
    """Say that it shows test clips: below, or above what the legend explains."""
    if figure.legends:
        figure.legends[0].set_title(TEST_TITLE)
    else:
        figure.supxlabel(TEST_TITLE, fontsize=7)


@styled
def _sentence(text: str) -> StyledFigure:
    figure = new_figure(TWO_COLUMN, 1.0, text)
    figure.text(0.5, 0.5, text, ha="center", va="center", wrap=True)
    return figure


def _label(state: ExplorerState, *, gain: bool) -> str:
    return "Difference (points)" if gain else f"{state.split.capitalize()} accuracy (%)"


def _points(view: View, state: ExplorerState, titles: dict[str, str]) -> StyledFigure:
    rows, names, boxes = drawn_points(view.table, state)
    gain = state.view == "gain"
    labels = {"xlabel": titles[state.x], "ylabel": _label(state, gain=gain)}
    return result_points(rows, names, **labels, gain=gain, boxes=boxes)


def _matrix(view: View, state: ExplorerState, titles: dict[str, str]) -> StyledFigure:
    cells = cells_of(view.table, "mean").rename_axis(index=titles[state.y], columns=titles[state.x])
    gain = bool(state.reference)
    return result_matrix(cells, label=_label(state, gain=gain), gain=gain)


def _curves(view: View, state: ExplorerState, titles: dict[str, str]) -> StyledFigure:
    table = view.table[view.table["split"] == "train"]
    networks = [title_of(network) for network in table["modality"]]
    parts = [
        table.assign(measure=[f"{name} of {network}" for network in networks], value=table[of])
        for name, of in (("Loss", "loss"), ("Accuracy", "accuracy"))
    ]
    return _compared(pd.concat(parts))


def _rho(view: View, state: ExplorerState, titles: dict[str, str]) -> StyledFigure:
    pairs = zip(view.table["learner"], view.table["teacher"], strict=True)
    measures = [f"rho, {title_of(learner)} from {title_of(teacher)}" for learner, teacher in pairs]
    return _compared(view.table.assign(measure=measures, value=view.table["rho"]), "y")


def _compared(table: pd.DataFrame, share: str = "") -> StyledFigure:
    """Draw the curves of several arms, with short names; epochs count from 1."""
    groups = list(dict.fromkeys(table["group"]))
    short = dict(zip(groups, without_common_beginning(groups), strict=True))
    table = table.assign(method=table["group"].map(short), x=table["epoch"] + 1)
    return compared_curves(table, share=share)


def _confusion(view: View, state: ExplorerState, titles: dict[str, str]) -> StyledFigure:
    names = list(dict.fromkeys(view.table["true"]))
    first, second = (
        view.table.pivot(index="true", columns="taken_for", values=of).loc[names, names]
        for of in ("share", "reference")
    )
    if second.isna().all(axis=None):
        return confusion_matrix(first.fillna(0).to_numpy(float), names)
    pair = [each.fillna(0).to_numpy(float) for each in (second, first)]
    return confusion_change(pair[0], pair[1], names, titles=("reference", "chosen"))


def _classes(view: View, state: ExplorerState, titles: dict[str, str]) -> StyledFigure:
    gain = bool(view.table["difference"].notna().any())
    table = view.table.assign(group="Classes")
    table = table if gain else table.assign(difference=table["after"])
    table = table.dropna(subset=["difference"]).sort_values("difference", ascending=False)
    form, label = "+.1f" if gain else ".1f", _label(state, gain=gain)
    return difference_bars(table, label=label, form=form, interval=OVER_SEEDS, width=TWO_COLUMN)


_FIGURES = {
    "accuracy": _points,
    "gain": _points,
    "heat map": _matrix,
    "learning curves": _curves,
    "rho": _rho,
    "confusion": _confusion,
    "classes": _classes,
}
