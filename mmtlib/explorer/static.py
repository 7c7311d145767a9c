"""A view of the explorer as a picture that needs no kernel, no browser, and can be printed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import matplotlib.colors
import numpy as np
import plotly.graph_objects as go
from matplotlib.axes import Axes
from plotly.colors import get_colorscale

from mmtlib.explorer.source import Source
from mmtlib.explorer.state import ExplorerState
from mmtlib.explorer.views import draw_view
from mmtlib.figures.style import TWO_COLUMN, StyledFigure, new_figure, styled

MARKERS = {"circle": "o", "diamond": "D", "square": "s", "triangle-up": "^", "x": "X"}
DASHES = {"solid": "-", "dash": "--", "dot": ":", "dashdot": "-.", "longdash": (0, (8, 3)),
          "longdashdot": (0, (8, 3, 1, 3))}  # fmt: skip
HEIGHT = 3.4
LONG = 20
"""Letters of a name along the axis that need more height."""


@styled
def static_view(
    view: str | ExplorerState | None = None, *, folder: str | Path | None = None
) -> StyledFigure:
    """Return what the tab "runs" of `explore` shows, as a picture.

    The last line of a cell shows it, also in a notebook that was executed elsewhere and in print.

    Args:
        view: the text of a link, an `ExplorerState`, or None for the first view.
        folder: a results store; default ``MMTLIB_CACHE/results``, beside the package's.

    Raises:
        ConfigError: if `view` is no view.
    """
    state = ExplorerState() if view is None else view
    state = state if isinstance(state, ExplorerState) else ExplorerState.from_link(state)
    drawn = draw_view(
        Source(Path(folder) if folder is not None else None), state.replace(theme="light")
    )
    layout = drawn.figure.layout
    panels = sorted({(trace.xaxis or "x") for trace in drawn.figure.data}) or ["x"]
    longest = max(map(len, layout.xaxis.ticktext or [""]))
    made = new_figure(TWO_COLUMN, HEIGHT + 0.7 * (longest > LONG), drawn.sentence)
    axes = dict(zip(panels, np.atleast_1d(made.subplots(1, len(panels))), strict=True))
    for trace in drawn.figure.data:
        _DRAW[trace.type](axes[trace.xaxis or "x"], trace)
    for name, panel in axes.items():
        _axes(panel, layout, name, drawn.figure.data)
    if not drawn.figure.data:
        panel = axes["x"]
        panel.set_axis_off()
        panel.text(0.5, 0.5, _plain(layout.annotations[0].text), ha="center", va="center")
    elif layout.title.text:
        made.suptitle(_plain(layout.title.text), fontsize=7)
    return made


def _points(axes: Axes, trace: Any) -> None:
    x, y = np.asarray(trace.x, dtype=float), np.asarray(trace.y, dtype=float)
    name = trace.name if trace.showlegend is not False else None
    if trace.mode == "lines":
        line = DASHES[trace.line.dash or "solid"]
        axes.plot(x, y, color=trace.line.color, linestyle=line, label=name, linewidth=1)
        return
    marker = MARKERS.get(trace.marker.symbol, "o")
    axes.errorbar(
        x, y, yerr=np.asarray(trace.error_y.array, dtype=float), fmt=marker, markersize=4,
        color=trace.marker.color, elinewidth=0.7, capsize=1.5, label=name,
    )  # fmt: skip


def _bars(axes: Axes, trace: Any) -> None:
    half = np.asarray(trace.error_y.array, dtype=float)
    axes.bar(trace.x, trace.y, yerr=half, color=list(trace.marker.color), error_kw={"lw": 0.7})


def _boxes(axes: Axes, trace: Any) -> None:
    stats = [
        {"whislo": low, "q1": q1, "med": med, "q3": q3, "whishi": high}
        for low, q1, med, q3, high in zip(
            trace.lowerfence, trace.q1, trace.median, trace.q3, trace.upperfence, strict=True
        )
    ]
    color = trace.marker.color
    axes.bxp(stats, positions=list(trace.x), widths=0.2, showfliers=False, label=trace.name,
             boxprops={"color": color}, medianprops={"color": color})  # fmt: skip


def _cells(axes: Axes, trace: Any) -> None:
    z = np.ma.masked_invalid(np.asarray(trace.z, dtype=float))
    colors = [_color(color) for _, color in trace.colorscale or get_colorscale("Cividis")]
    scale = matplotlib.colors.LinearSegmentedColormap.from_list("of the page", colors)
    shown = axes.imshow(z, cmap=scale, vmin=trace.zmin, vmax=trace.zmax, aspect="auto",
                        origin="lower")  # fmt: skip
    axes.figure.colorbar(shown, ax=axes, label=_plain(trace.colorbar.title.text or ""))
    if z.size <= 60:
        form = "+.1f" if "+" in (trace.texttemplate or "") else ".1f"
        for (row, column), value in np.ndenumerate(z):
            if value is not np.ma.masked:
                dark = matplotlib.colors.rgb_to_hsv(shown.cmap(shown.norm(value))[:3])[2] < 0.6
                axes.text(column, row, f"{value:{form}}", ha="center", va="center", fontsize=6,
                          color="white" if dark else "black")  # fmt: skip


_DRAW = {"scatter": _points, "bar": _bars, "box": _boxes, "heatmap": _cells}


def _color(text: str) -> tuple[float, ...] | str:
    numbers = re.findall(r"\d+", text) if text.startswith("rgb") else []
    return tuple(int(n) / 255 for n in numbers[:3]) if numbers else text


def _axes(axes: Axes, layout: go.Layout, name: str, traces: Any) -> None:
    """Give a panel the titles and ticks of the page's."""
    number = name.removeprefix("x")
    x, y = layout[f"xaxis{number}"], layout[f"yaxis{number}"]
    axes.set_xlabel(x.title.text or "")
    axes.set_ylabel(y.title.text or "")
    if x.tickvals is not None:
        turned = bool(x.tickangle) or sum(map(len, x.ticktext)) > 70
        look = {"rotation": 40 if turned else 0, "ha": "right" if turned else "center"}
        axes.set_xticks(list(x.tickvals), list(x.ticktext), **look)
        axes.xaxis.set_tick_params(labelsize=5 if len(x.tickvals) > 20 else None)
    if y.tickvals is not None:
        axes.set_yticks(list(y.tickvals), list(y.ticktext))
    if y.autorange == "reversed":
        axes.invert_yaxis()
    for shape in layout.shapes:
        if shape.y0 == shape.y1 == 0:
            axes.axhline(0, color="#555555", linewidth=0.7)
    names = axes.get_legend_handles_labels()[1]
    if names and not number:
        axes.legend(fontsize=5 if len(names) > 4 else 7, loc="best")
    titles = [_plain(note.text) for note in layout.annotations]
    if x.range is not None:
        axes.set_xlim(*x.range)
    if len(titles) > 1 and traces:
        axes.set_title(titles[int(number or 1) - 1])


def _plain(text: str) -> str:
    return text.replace("<br>", "\n")
