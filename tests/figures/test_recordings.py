import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb

from mmtlib.core.errors import DataError
from mmtlib.figures import annotated_span, depth_levels, silhouettes_on_colour
from mmtlib.figures.pictures import NO_READING
from mmtlib.figures.recordings import PICTURES, SPAN_COLOUR


def recording(length=60, first=20, last=44, h=24, w=32):
    """Noise that a square crosses during the span."""
    frames = np.random.default_rng(0).integers(0, 9, (length, h, w, 3)).astype(np.uint8)
    for i in range(first, last):
        frames[i, 4:20, (i - first) : (i - first) + 8] = 220
    return frames, (first, last)


def test_span_is_shaded_framed_and_sampled(check_figure):
    frames, span = recording()
    figure = annotated_span(frames, span, frame_rate=30.0, sampled=6)
    check_figure(figure)
    *pictures, curve = figure.axes
    times = np.linspace(0, 59, PICTURES).round()
    framed = [axes.spines["left"].get_edgecolor()[:3] == to_rgb(SPAN_COLOUR) for axes in pictures]
    assert framed == [20 <= t < 44 for t in times]
    change, of_span, of_all = (line.get_xydata() for line in curve.lines)
    inside = (change[:, 0] >= 20 / 30) & (change[:, 0] <= 44 / 30)
    assert change[inside, 1].min() > 3 * change[~inside, 1].max()
    assert change[:, 1].max() == pytest.approx(1)
    np.testing.assert_allclose(of_span[:, 0], (20 + (np.arange(6) + 0.5) * 4) / 30)
    np.testing.assert_allclose(of_all[:, 0], (np.arange(6) + 0.5) * 10 / 30)
    assert len(figure.axes) == PICTURES + 1


def test_span_of_a_grey_recording_that_stands_still(check_figure):
    check_figure(annotated_span(np.full((9, 12, 16), 7, np.uint8), (0, 9)))


@pytest.mark.parametrize("span", [(-1, 5), (5, 5), (0, 61)])
def test_a_span_must_be_inside_the_recording(span):
    with pytest.raises(DataError, match="not inside 60 frames"):
        annotated_span(recording()[0], span)


def test_levels_are_counted_in_three_parts(make_clip, check_figure):
    clip = make_clip(t=2, h=10, w=10, modalities=("depth",))
    depth = torch.zeros(1, 2, 10, 10)
    depth[0, 0, :2] = 200 / 255
    depth[0, 0, 2, :5] = 3 / 255
    figure = depth_levels(clip.with_frames({"depth": depth}))
    check_figure(figure)
    shares = [text.get_text().split(": ")[1] for text in figure.legends[0].get_texts()]
    assert shares == ["87.5% of the pixels", "2.5% of the pixels", "10.0% of the pixels"]
    heights = {round(bar.get_x() + 0.5): bar.get_height() for bar in figure.axes[0].patches}
    assert heights[200] == pytest.approx(0.1)
    assert heights[3] == pytest.approx(0.025)
    assert heights[17] == 0
    assert "88%" in figure.alt_text or "87%" in figure.alt_text


def test_levels_need_depth(make_clip):
    with pytest.raises(DataError, match="not depth"):
        depth_levels(make_clip(modalities=("rgb",)))


def test_silhouette_beyond_the_colour_is_filled(make_clip, check_figure):
    clip = make_clip(t=3, h=12, w=16, modalities=("rgb", "depth"))
    depth, rgb = torch.zeros(1, 3, 12, 16), torch.full((3, 3, 12, 16), 0.5)
    depth[0, :, 2:10, 3:9] = 0.8
    depth[0, :, 0, 0] = 0.02  # below the cut
    rgb[..., :5] = 0.01
    clip = clip.with_frames({"rgb": rgb, "depth": depth})
    figure = silhouettes_on_colour([clip, clip], [0.25, 1.0])
    check_figure(figure)
    shown = figure.axes[0].images[0].get_array()
    filled = (np.abs(shown - to_rgb(NO_READING)) < 1e-6).all(axis=-1)
    assert filled.sum() == 8 * 2
    assert filled[2:10, 3:5].all()
    assert [axes.get_title() for axes in figure.axes] == [
        "clip clip0:\n25% on colour",
        "clip clip0:\n100% on colour",
    ]
    assert all(len(axes.collections) == 1 for axes in figure.axes)


def test_silhouettes_need_clips_with_both_modalities(make_clip, check_figure):
    with pytest.raises(DataError, match="No clips"):
        silhouettes_on_colour([], [])
    with pytest.raises(DataError, match="not depth"):
        silhouettes_on_colour([make_clip(modalities=("rgb",))], [1.0])
    empty = make_clip(modalities=("rgb", "depth"))
    empty = empty.with_frames({**empty.frames, "depth": 0 * empty.frames["depth"]})
    check_figure(silhouettes_on_colour([empty], [float("nan")]))
