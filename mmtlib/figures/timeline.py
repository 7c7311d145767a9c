"""What a network says of a long video, over time."""

from __future__ import annotations

from itertools import cycle

import pandas as pd

from mmtlib.core.tables import OF_CLASS, need_columns
from mmtlib.figures.looks import DASHES, as_written
from mmtlib.figures.panels import numbers
from mmtlib.figures.style import TWO_COLUMN, StyledFigure, new_figure, styled

OTHERS = "#C4C4C4"
"""Lines of classes that are not named."""
MOST_NAMED = 7
"""As many lines as the palette has colours that stand out from white."""


@styled
def score_timeline(windows: pd.DataFrame, *, top: int = MOST_NAMED) -> StyledFigure:
    """Show the score of every class over the time of a video, from windows that slide over it.

    Args:
        windows: a row per window: ``start_s`` and ``end_s`` (seconds), and a column ``score of
            NAME`` per class, 0 to 1; other columns are passed over. Each score is drawn at the
            middle of its window.
        top: how many classes get a colour and a name, those with the highest scores; the others
            are grey. At most `MOST_NAMED`.

    Returns:
        A figure of one axes.

    Raises:
        DataError: if the table has no rows or lacks a column.
    """
    need_columns(windows, ("start_s", "end_s"), "table of windows")
    scores = windows.filter(regex=f"^{OF_CLASS}").rename(columns=lambda c: c.removeprefix(OF_CLASS))
    classes = list(scores.columns)
    ranked = scores.max().sort_values(ascending=False, kind="stable").index
    named = [name for name in classes if name in set(ranked[: min(top, MOST_NAMED)])]
    others = [name for name in classes if name not in named]
    middle = (windows["start_s"] + windows["end_s"]) / 2
    start, end = windows["start_s"].min(), windows["end_s"].max()
    figure = new_figure(
        TWO_COLUMN,
        2.4,
        f"Scores of {len(classes)} classes in {len(windows)} windows from {start:.1f} to "
        f"{end:.1f} s; highest: {', '.join(ranked[:top])}.",
    )
    axes = figure.subplots()
    marker = "o" if len(windows) < 3 else None
    for name, dashes in zip(named, cycle(DASHES), strict=False):
        axes.plot(
            middle, scores[name], dashes=dashes, marker=marker, label=as_written(name), zorder=3
        )
    for number, name in enumerate(others):
        label = None if number else "other classes"
        axes.plot(middle, scores[name], color=OTHERS, linewidth=0.7, marker=marker, label=label)
    length = (windows["end_s"] - windows["start_s"]).mean()
    axes.set(
        xlabel=f"Time (s), middle of each window of {length:.2g} s",
        ylabel="Score",
        xlim=(start, end),
        ylim=(0, 1.02),
    )
    numbers(axes.yaxis, percent=True)
    figure.legend(loc="outside right upper")
    return figure
