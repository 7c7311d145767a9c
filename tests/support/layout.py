"""Can a figure be read: nothing cut off, no two texts on each other, none too small."""

from __future__ import annotations

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from mmtlib.figures import StyledFigure, figure_style

LEAST_SIZE = 6


def check_layout(figure: StyledFigure, least_size: float = LEAST_SIZE) -> None:
    """Draw a figure and assert that its texts can be read."""
    canvas = FigureCanvasAgg(figure)
    with figure_style():
        canvas.draw()
        renderer = canvas.get_renderer()
        hidden = _not_drawn(figure)
        texts = [text for text in _texts(figure) if text not in hidden]
        boxes = [(text, text.get_window_extent(renderer)) for text in texts]
    for text, box in boxes:
        assert text.get_fontsize() >= least_size, text
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


def _texts(figure):
    return [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]


def _not_drawn(figure):
    """Return the labels of ticks that are outside the limits of their axis or switched off."""
    labels = []
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            drawn = axis._update_ticks() if axes.axison else []
            ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
            labels += [x for t in ticks if t not in drawn for x in (t.label1, t.label2)]
    return set(labels)
