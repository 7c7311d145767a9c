"""What two stored networks see in one clip: their correlation maps and where they look."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from mmtlib.analysis import saliency, stage_correlations
from mmtlib.core.clips import GestureClip
from mmtlib.core.errors import ConfigError, unknown_name
from mmtlib.experiment import Run, list_runs, load_run, stored_run, stored_runs
from mmtlib.experiment.inspection import Inspection, inspect_runs
from mmtlib.explorer.appearance import framed
from mmtlib.explorer.state import ExplorerState
from mmtlib.figures.correlation import Grid
from mmtlib.figures.looks import title_of
from mmtlib.figures.pictures import modality_to_rgb
from mmtlib.widgets.correlation_explorer import correlation_figure, correlation_sentence
from mmtlib.widgets.live_figure import without_ticks

PANEL, MOST_WIDE = 170, 5
"""Width of a panel in pixels, where there are at most so many side by side."""
CLIPS = 12
"""The first validation clips: they are made in a second or two."""
STEPS = (
    ("alone", "alone-rgb/rgb", "alone-depth/depth"),
    ("SSA", "ssa/rgb", "ssa/depth"),
    ("SSA + focal", "mtut/rgb", "mtut/depth"),
)
"""Steps of training, with the two networks of each among the runs that come with the package."""


def network_names() -> list[str]:
    """Return every stored network as ``"RUN/MODALITY"``: the package's by name, then the cache's.

    Raises:
        CheckpointError: if a run is damaged.
    """
    names = [
        f"{row.name}/{modality}"
        for row in stored_runs()[["name", "modalities"]].itertuples(index=False)
        for modality in row.modalities.split("+")
    ]
    here = list_runs()
    for row in here.itertuples(index=False) if len(here) else ():
        names += [f"{row.run}/{modality}" for modality in row.modalities.split("+")]
    return names


def steps() -> list[tuple[str, str, str]]:
    """Return the `STEPS` whose networks are stored."""
    names = set(network_names())
    return [step for step in STEPS if names.issuperset(step[1:])]


def chosen(state: ExplorerState) -> tuple[str, str]:
    """Return the two networks of a state; where it names none, those of the last step.

    Raises:
        ConfigError: if there is no network of such a name, or none at all.
    """
    names = network_names()
    if not names:
        raise ConfigError(
            "There is no stored network yet: train something in the tab “Run it” first."
        )
    known = steps()
    first, second = known[-1][1:] if known else (names[0], names[min(1, len(names) - 1)])
    pair = state.first or first, state.second or second
    for name in pair:
        if name not in names:
            raise unknown_name("network", name, names)
    return pair


@dataclass
class Inspector:
    """Networks and clips, opened once.

    Only validation clips are opened, and of them the first `CLIPS`.
    """

    _kept: dict[Any, Any] = field(default_factory=dict, repr=False)

    def pair(self, state: ExplorerState) -> Inspection:
        """Return the two networks of a state, as the arms ``"first"`` and ``"second"``, and clips.

        Raises:
            ConfigError: if a network is unknown, or they were trained on different clips.
            CheckpointError: if a file of a run is damaged.
        """
        names = chosen(state)
        if names not in self._kept:
            runs = [_run(name) for name in names]
            arms = {"first": [runs[0]], "second": [runs[1]]}
            self._kept = {names: inspect_runs(arms, clips=CLIPS)}
        found = self._kept[names]
        if state.clip >= len(found.clips):
            raise ConfigError(
                f"clip: expected 0 to {len(found.clips) - 1}, the first validation clips, got "
                f"{state.clip}."
            )
        return found

    def maps(self, state: ExplorerState) -> tuple[dict[str, np.ndarray], Grid]:
        """Return the ``(d, d)`` correlation map of the clip for both networks, and their grid.

        Raises:
            ConfigError: as `pair`; if the stage is unknown, or its grids differ.
        """
        inspected, found = self.pair(state), {}
        for arm, name in zip(("first", "second"), chosen(state), strict=True):
            modality = name.rpartition("/")[2]
            clip = inspected.batch.frames[modality][state.clip : state.clip + 1]
            network = inspected.networks[arm, modality]
            found[_title(name)] = stage_correlations(network, clip, state.stage or None)
        grids = {each.grid for each in found.values()}
        if len(grids) > 1:
            raise ConfigError(f"The networks' features have different grids: {sorted(grids)}.")
        maps = {title: each.maps[0].numpy() for title, each in found.items()}
        return maps, grids.pop()

    def saliency(self, state: ExplorerState) -> list[tuple[str, str, np.ndarray, str]]:
        """Return title, modality, Grad-CAM ``(T, H, W)`` for the true class and what was said.

        Raises:
            ConfigError: as `pair`; if the stage is unknown.
        """
        inspected, found = self.pair(state), []
        label = int(inspected.batch.labels[state.clip])
        for arm, name in zip(("first", "second"), chosen(state), strict=True):
            modality = name.rpartition("/")[2]
            clip = inspected.batch.frames[modality][state.clip : state.clip + 1]
            network = inspected.networks[arm, modality]
            shown = saliency(network, clip, label, stage=state.stage or None)[0].numpy()
            said = inspected.predictions[arm, modality].predicted[state.clip]
            found.append((_title(name), modality, shown, inspected.classes[int(said)]))
        return found

    def about(self, state: ExplorerState) -> str:
        """Return which clip it is."""
        inspected = self.pair(state)
        label = inspected.classes[int(inspected.batch.labels[state.clip])]
        return f"Validation clip {inspected.clips[state.clip].clip_id}, “{label}”."

    def stages(self, state: ExplorerState) -> tuple[str, ...]:
        """Return the stages of the first network."""
        return tuple(next(iter(self.pair(state).networks.values())).STAGES)


def _run(name: str) -> Run:
    run, _, _modality = name.rpartition("/")
    return stored_run(run) if run in set(stored_runs()["name"]) else load_run(run)


def _title(name: str) -> str:
    run, _, modality = name.rpartition("/")
    return f"{title_of(modality)} of {run}"


def corr_figure(inspector: Inspector, state: ExplorerState) -> tuple[go.Figure, str]:
    """Return frames and, for both networks, how alike every position is to the chosen one.

    Raises:
        ConfigError: as `Inspector.maps`; if the position is not on the grid.
    """
    maps, grid = inspector.maps(state)
    clip = inspector.pair(state).clips[state.clip]
    options: dict[str, Any] = {"grid": grid, "position": state.position}
    figure = correlation_figure(clip, maps, **options)
    _make_pictures_clickable(figure, clip, grid)
    framed(figure, state.replace(split="validation"))
    columns, (t, h, w) = len(clip.frames) + len(maps), grid
    panel = PANEL if columns <= MOST_WIDE else PANEL * MOST_WIDE // columns
    size = {"width": panel * columns + 150, "height": max(panel * t * h // w + 70, 260)}
    figure.update_layout(autosize=False, title=None, **size)
    return figure, f"{inspector.about(state)} {correlation_sentence(maps, **options)}"


def _make_pictures_clickable(figure: go.Figure, clip: GestureClip, grid: Grid) -> None:
    """Lay cells without colour over the frames: plotly's pictures do not tell of clicks."""
    t, h, w = grid
    for time in range(t):
        for column in range(1, len(clip.frames) + 1):
            cells = go.Heatmap(
                z=np.zeros((h, w)), opacity=0, showscale=False, meta=time,
                hovertemplate="row %{y}, column %{x}<extra></extra>",
            )  # fmt: skip
            figure.add_trace(cells, time + 1, column)


def saliency_figure(inspector: Inspector, state: ExplorerState) -> tuple[go.Figure, str]:
    """Return one frame as both networks take it, with Grad-CAM over it.

    Raises:
        ConfigError: as `Inspector.saliency`; if there is no such frame.
    """
    shown, clip = inspector.saliency(state), inspector.pair(state).clips[state.clip]
    frames = clip.shape[0]
    if state.frame >= frames:
        raise ConfigError(f"frame: expected 0 to {frames - 1}, got {state.frame}.")
    figure = make_subplots(1, 2, subplot_titles=[title for title, *_ in shown])
    framed(figure, state.replace(split="validation"))
    for column, (title, modality, values, _) in enumerate(shown, 1):
        pixels = (255 * modality_to_rgb(modality, clip.frames[modality])[state.frame]).round()
        figure.add_trace(go.Image(z=pixels.astype(np.uint8), hoverinfo="skip"), 1, column)
        over = go.Heatmap(
            z=values[state.frame], zmin=0, zmax=1, opacity=0.45, colorscale="Inferno",
            showscale=column == 2, colorbar={"title": {"text": "Grad-CAM", "side": "right"}},
            hovertemplate=f"{title}: %{{z:.2f}}<extra></extra>",
        )  # fmt: skip
        figure.add_trace(over, 1, column)
    without_ticks(figure).update_yaxes(autorange="reversed")
    figure.update_layout(autosize=False, width=760, height=400)
    said = ", ".join(f"{title} says “{answer}”" for title, _, _, answer in shown)
    return figure, f"{inspector.about(state)} Frame {state.frame} of 0 to {frames - 1}. {said}."
