"""A notebook with one widget of every kind, on numbers made up in its first cell."""

import nbformat

MAKE = """\
import numpy as np
import pandas as pd
import plotly.graph_objects as go
import torch

from mmtlib.core.clips import GestureClip

draw = torch.Generator().manual_seed(0)
frames = {"rgb": torch.rand(3, 8, 12, 16, generator=draw)}
frames["depth"] = torch.rand(1, 8, 12, 16, generator=draw)
clip = GestureClip(frames=frames, label=0, subject=1, clip_id="c1")
GRID = (2, 3, 4)
map_ = torch.rand(24, 24, generator=draw)
plane = pd.DataFrame({"modality": ["rgb"] * 3 + ["depth"] * 3, "clip": [0, 1, 2] * 2,
                      "label": [0, 1, 1] * 2, "x": [0., 1, 2, 0, 1, 2], "y": [0., 0, 0, 1, 1, 1]})
"""

WIDGETS = {
    "clip player": """\
from mmtlib.widgets.clip_player import clip_player
clip_player(clip, title="the moving clip")""",
    "saliency player": """\
from mmtlib.widgets.clip_player import saliency_player
saliency_player(clip, {"RGB alone": np.random.default_rng(0).random((8, 12, 16))})""",
    "focal playground": """\
from mmtlib.widgets.focal_playground import focal_playground
focal_playground(loss_m=1.0, loss_n=0.5, beta=2.0)""",
    "correlation explorer": """\
from mmtlib.widgets.correlation_explorer import correlation_explorer
correlation_explorer(clip, {"RGB alone": map_}, grid=GRID)""",
    "correlation picture": """\
from mmtlib.widgets.correlation_explorer import correlation_static
correlation_static(clip, {"RGB alone": map_}, grid=GRID)""",
    "embedding explorer": """\
from mmtlib.widgets.embedding_explorer import embedding_explorer
embedding_explorer({"alone": plane}, ("wave", "point"))""",
    "live figure": """\
from mmtlib.widgets.live_figure import LiveFigure, counter
LiveFigure({"steps": counter("steps", 2, 4)},
           lambda steps: (go.Figure(go.Bar(y=[steps, 1])), f"The first bar is {steps} high."))""",
    "self-test": """\
from mmtlib.widgets import self_test
self_test("00_quickstart")""",
}
"""Name -> the cell that shows it."""


def widget_notebook():
    """Return the notebook; the cell of a widget is the one with its name as heading before it."""
    cells = [nbformat.v4.new_code_cell(MAKE)]
    for name, code in WIDGETS.items():
        cells += [nbformat.v4.new_markdown_cell(f"## {name}"), nbformat.v4.new_code_cell(code)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return nbformat.v4.new_notebook(cells=cells, metadata=kernel)
