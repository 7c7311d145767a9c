import matplotlib as mpl
import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from mmtlib.clips import GestureClip
from mmtlib.figures import StyledFigure, figure_style


@pytest.fixture(autouse=True)
def no_global_state():
    """No figure may leave a trace in matplotlib's settings or its list of open figures."""
    before = dict(mpl.rcParams)
    yield
    assert dict(mpl.rcParams) == before
    from matplotlib import pyplot

    assert pyplot.get_fignums() == []


@pytest.fixture
def make_clip():
    """A disc that circles over a plain ground, seen in every modality."""

    def make(t=5, h=16, w=20, modalities=("rgb", "depth", "flow", "ir"), label=0, mask=True):
        time, y, x = np.mgrid[:t, :h, :w]
        angle = 2 * np.pi * time / max(t, 2)
        disc = np.hypot(x - w / 2 - 3 * np.cos(angle), y - h / 2 - 3 * np.sin(angle)) < 4
        depth = np.where(disc, 0.4, 0.8)
        depth[:, 0, 0] = 0.0
        values = {
            "rgb": np.stack([np.where(disc, c, 0.2) for c in (0.9, 0.6, 0.5)]),
            "depth": depth[None],
            "flow": np.stack([-1.0 * disc * np.sin(angle), disc * np.cos(angle)]),
            "ir": np.where(disc, 0.7, 0.1)[None],
        }
        return GestureClip(
            frames={m: torch.tensor(values[m], dtype=torch.float32) for m in modalities},
            label=label,
            subject=1,
            clip_id=f"clip{label}",
            frame_rate=10.0,
            mask=torch.tensor(disc) if mask else None,
        )

    return make


def _texts(figure):
    return [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]


@pytest.fixture
def check_figure():
    """Draw a figure and make sure that it describes itself and that its texts can be read."""

    def check(figure):
        assert isinstance(figure, StyledFigure)
        assert len(figure.alt_text) > 20
        canvas = FigureCanvasAgg(figure)
        with figure_style():
            canvas.draw()
            renderer = canvas.get_renderer()
            hidden = _not_drawn(figure)
            texts = [text for text in _texts(figure) if text not in hidden]
            boxes = [(text, text.get_window_extent(renderer)) for text in texts]
        for text, box in boxes:
            assert text.get_fontsize() >= 6
            assert box.x0 >= -1, text
            assert box.y0 >= -1, text
            assert box.x1 <= figure.bbox.x1 + 1, text
            assert box.y1 <= figure.bbox.y1 + 1, text
        straight = [(t, b) for t, b in boxes if t.get_rotation() % 90 == 0]
        low = np.array([box.min for _, box in straight])
        high = np.array([box.max for _, box in straight])
        shared = np.minimum(high[:, None], high) - np.maximum(low[:, None], low)
        meet = np.argwhere(np.triu((shared > 1).all(axis=2), k=1))
        assert not len(meet), [(straight[i][0], straight[j][0]) for i, j in meet]

    return check


def _not_drawn(figure):
    """Return the labels of ticks that are outside the limits of their axis or switched off."""
    labels = []
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            drawn = axis._update_ticks() if axes.axison else []
            ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
            labels += [x for t in ticks if t not in drawn for x in (t.label1, t.label2)]
    return set(labels)
