"""What the tab "runs" shows: pure functions of the results and the state."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from mmtlib.core.errors import MmtlibError
from mmtlib.explorer import charts, detail_charts, tables
from mmtlib.explorer.appearance import empty_figure, p_text
from mmtlib.explorer.details import MOST_ARMS, curve_table, predicted_by
from mmtlib.explorer.factors import Runs
from mmtlib.explorer.source import Source
from mmtlib.explorer.state import ARM, ExplorerState
from mmtlib.figures.looks import title_of

NOTHING = (
    "There are no results yet: train something in the tab “Run it”, or with `mmt sweep`; it shows "
    "here as soon as it is stored."
)
NO_MATCH = "No run matches: clear a filter, or choose other clips or another network."
NO_PARTNER = (
    "None of these arms has runs with the same seeds and clips as the reference: choose another "
    "reference, or train the network alone."
)
_ALONE = "the same network alone"


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A view: the figure, a sentence that says what it shows, and the numbers in it.

    Attributes:
        figure: to be shown or saved.
        sentence: what can be seen; where nothing can, why.
        table: what is drawn, tidy; empty where nothing is.
    """

    figure: go.Figure
    sentence: str
    table: pd.DataFrame


def draw_view(source: Source, state: ExplorerState) -> View:
    """Return what the tab "runs" shows.

    Never fails for what is in the store or in the state: where there is nothing to draw (an empty
    store, a damaged file, a filter that nothing passes, an arm of another store), figure and
    sentence say why.

    Args:
        source: the results.
        state: what to show of them.
    """
    try:
        runs = source.runs()
        if runs.table.empty:
            return _nothing(state, NOTHING)
        tables.check_known(runs, state)
        return _VIEWS[state.view](source, runs, state)
    except MmtlibError as error:
        return _nothing(state, str(error))


def _nothing(state: ExplorerState, why: str) -> View:
    return View(empty_figure(state, why), why, pd.DataFrame())


def _unpaired(runs: Runs, state: ExplorerState) -> View:
    """Say why there is no difference: nothing is selected, or nothing of it has a pair."""
    there = len(tables.selected(runs, state))
    return _nothing(state, f"{NO_PARTNER} {tables.unpaired(runs, state)}" if there else NO_MATCH)


def _title(runs: Runs, factor: str) -> str:
    return "arm" if factor == ARM else runs.titles()[factor]


def _reference(state: ExplorerState) -> str:
    return state.reference or f"{_ALONE} (same seed, same clips)"


def _accuracy(source: Source, runs: Runs, state: ExplorerState) -> View:
    table = tables.accuracy_table(runs, state)
    if table.empty:
        return _nothing(state, NO_MATCH)
    figure = charts.point_chart(table, state, factor=_title(runs, state.x), gain=False)
    best = table.loc[table["mean"].idxmax()]
    said = [
        f"{table['group'].nunique()} arms, {table['runs'].sum()} results, {state.split} clips.",
        f"Highest: {title_of(best['target'])} of {best['group']} with {100 * best['mean']:.1f} %"
        f"{_ends(best)}.",
        _note_on(table, state),
    ]
    return View(figure, " ".join(filter(None, said)), table)


def _ends(row: pd.Series, form: str = ".1f") -> str:
    if row["low"] != row["low"]:
        return " (one seed: no interval)"
    ends = f"{100 * row['low']:{form}} to {100 * row['high']:{form}}"
    return f" (95 % interval over {row['seeds']} seeds {ends})"


def _note_on(table: pd.DataFrame, state: ExplorerState) -> str:
    said = []
    groups = table["group"].nunique()
    if groups > charts.MOST_POINTS:
        said.append(
            f"Of {groups} arms the {charts.MOST_POINTS} with the highest accuracy are drawn; the "
            "table has all of them." if state.x == ARM
            else "Boxes show the arms of each level: least, quartiles, most."
        )  # fmt: skip
    alone = int((table["seeds"] == 1).sum())
    if alone:
        said.append(f"{alone} of {len(table)} have one seed and no interval.")
    return " ".join(said)


def _gain(source: Source, runs: Runs, state: ExplorerState) -> View:
    table = tables.gain_table(runs, state)
    if table.empty:
        return _unpaired(runs, state)
    figure = charts.point_chart(table, state, factor=_title(runs, state.x), gain=True)
    best = table.loc[table["mean"].idxmax()]
    p = (
        f"; {p_text(best['p_holm'])}, Holm over {table['p'].notna().sum()}"
        if best["p_holm"] == best["p_holm"]
        else ""
    )
    said = [
        f"Paired differences from {_reference(state)}, {state.split} clips.",
        f"Largest: {title_of(best['target'])} of {best['group']} {100 * best['mean']:+.1f} points"
        f"{_ends(best, '+.1f')}{p}.",
        _note_on(table, state),
    ]
    return View(figure, " ".join(filter(None, said)), table)


def _heat(source: Source, runs: Runs, state: ExplorerState) -> View:
    gain = bool(state.reference)
    table = tables.heat_table(runs, state, gain=gain)
    if table.empty:
        return _unpaired(runs, state) if gain else _nothing(state, NO_MATCH)
    titles = _title(runs, state.x), _title(runs, state.y)
    figure = charts.heat_chart(table, state, titles=titles, gain=gain)
    best = table.loc[table["mean"].idxmax()]
    form = "+.1f" if gain else ".1f"
    what = f"difference from {state.reference} (points)" if gain else "accuracy (%)"
    mixed = int((table["arms"] > 1).sum())
    said = [
        f"Mean {state.split} {what} by {titles[0]} and {titles[1]}.",
        f"Highest at {best['x']} and {best['y']}: {100 * best['mean']:{form}}.",
        f"{mixed} of {len(table)} cells average several arms: filter to compare like with like."
        if mixed else "",
        f"Not in it: {missing}" if gain and (missing := tables.unpaired(runs, state)) else "",
    ]  # fmt: skip
    return View(figure, " ".join(filter(None, said)), table)


def _curves(source: Source, runs: Runs, state: ExplorerState) -> View:
    table = curve_table(source, state)
    if table.empty:
        return _nothing(state, "The store holds no learning curves of these runs.")
    figure = detail_charts.curve_chart(table, state)
    last = table[table["split"] == "train"].groupby(["group", "modality"], observed=True).tail(1)
    said = f"Training clips, means over seeds, {_how_many(runs, state, table)}. In the last epoch "
    ends = [
        f"{title_of(str(r.modality))} of {r.group}: loss {r.loss:.2f}, {100 * r.accuracy:.1f} %"
        for r in last.head(4).itertuples()
    ]
    return View(figure, said + "; ".join(ends) + ".", table)


def _rho(source: Source, runs: Runs, state: ExplorerState) -> View:
    table = curve_table(source, state, "pairs")
    if table.empty:
        return _nothing(
            state, "No rho here: these networks were trained alone. Choose an arm that aligns two."
        )
    figure = detail_charts.rho_chart(table, state)
    means = table.groupby(["group", "learner", "teacher"], observed=True)["rho"].mean()
    ends = [
        f"{title_of(str(learner))} from {title_of(str(teacher))} of {group}: {value:.2f}"
        for (group, learner, teacher), value in means.head(4).items()
    ]
    said = f"rho, means over seeds, {_how_many(runs, state, table)}. Mean over the epochs: "
    return View(figure, said + "; ".join(ends) + ".", table)


def _how_many(runs: Runs, state: ExplorerState, table: pd.DataFrame) -> str:
    there = 1 if state.chosen else len(tables.arms(runs, state))
    shown = table["group"].nunique()
    return f"the first {MOST_ARMS} of {there} arms" if there > MOST_ARMS else f"{shown} arms"


def _confusion(source: Source, runs: Runs, state: ExplorerState) -> View:
    said = predicted_by(source, state)
    first = said.confusion(said.after)
    second = said.confusion(said.before) if said.before else None
    figure = detail_charts.confusion_chart(first, second, said.classes, state)
    wrong = first.copy()
    wrong[range(len(wrong)), range(len(wrong))] = -1
    true, taken = divmod(int(pd.Series(wrong.ravel()).idxmax()), len(wrong))
    text = (
        f"{title_of(said.target)} of {said.group}, {len(said.after)} runs, {state.split} clips. "
        f"Most often wrong: {said.classes[true]} taken for {said.classes[taken]} "
        f"({100 * wrong[true, taken]:.0f} %)."
    )
    if second is not None:
        text += f" Right: change from {said.reference}."
    rows = [
        {"true": said.classes[i], "taken_for": said.classes[j], "share": first[i, j],
         "reference": None if second is None else second[i, j]}
        for i in range(len(first)) for j in range(len(first))
    ]  # fmt: skip
    return View(figure, text, pd.DataFrame(rows))


def _classes(source: Source, runs: Runs, state: ExplorerState) -> View:
    said = predicted_by(source, state)
    table = said.class_gains()
    figure = detail_charts.class_chart(table, state)
    text = f"{title_of(said.target)} of {said.group}, {len(said.after)} runs, {state.split} clips."
    if not said.before:
        best = table.loc[table["after"].idxmax()]
        text += f" Best recognised: {best['name']} ({100 * best['after']:.1f} %)."
        return View(figure, text, table)
    most, least = (
        table.loc[i] for i in (table["difference"].idxmax(), table["difference"].idxmin())
    )
    text += (
        f" Against {said.reference}: {most['name']} {100 * most['difference']:+.1f} points, "
        f"{least['name']} {100 * least['difference']:+.1f}; bars are 95 % intervals over seeds."
    )
    over = said.difference
    if over is not None and over.low is not None and over.high is not None:
        text += (
            f" All clips: {100 * over.mean:+.1f} points (95 % bootstrap over {over.n_subjects} "
            f"people and {over.n_seeds} seeds {100 * over.low:+.1f} to {100 * over.high:+.1f})."
        )
    return View(figure, text, table)


_VIEWS = {
    "accuracy": _accuracy,
    "gain": _gain,
    "heat map": _heat,
    "learning curves": _curves,
    "rho": _rho,
    "confusion": _confusion,
    "classes": _classes,
}
