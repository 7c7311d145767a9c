import matplotlib as mpl
import numpy as np
import pytest
import torch
from support.layout import check_layout

from mmtlib.core.clips import GestureClip
from mmtlib.figures import StyledFigure


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


@pytest.fixture
def check_figure():
    """Draw a figure and make sure that it describes itself and that its texts can be read."""

    def check(figure):
        assert isinstance(figure, StyledFigure)
        assert len(figure.alt_text) > 20
        check_layout(figure)

    return check
