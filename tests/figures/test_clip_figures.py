import numpy as np
import pytest
from matplotlib.quiver import Quiver

from mmtlib.core.errors import ConfigError, DataError
from mmtlib.figures import TWO_COLUMN, class_sheet, clip_strip, modality_to_rgb


def pictures_of(figure):
    return [axes for axes in figure.axes if axes.axison and axes.images]


def test_strip_shows_every_modality_at_even_times(make_clip, check_figure):
    clip = make_clip(t=9)
    figure = clip_strip(clip, frames=3)
    check_figure(figure)
    assert len(figure.axes) == 4 * 3 + 3  # a key for all but RGB
    labels = [axes.get_ylabel() for axes in figure.axes if axes.get_ylabel()]
    assert labels == ["RGB", "Depth", "Optical flow", "Infrared"]
    assert [axes.get_title() for axes in figure.axes[:3]] == ["0.00 s", "0.40 s", "0.80 s"]
    expected = modality_to_rgb("rgb", clip.frames["rgb"])[[0, 4, 8]]
    shown = [axes.images[0].get_array() for axes in figure.axes[:3]]
    np.testing.assert_allclose(shown, expected)


def test_arrows_point_where_the_flow_goes(make_clip):
    clip = make_clip(t=4, modalities=("flow",))
    figure = clip_strip(clip, frames=4)
    arrows = [c for axes in figure.axes for c in axes.collections if isinstance(c, Quiver)]
    assert len(arrows) == 4
    assert (arrows[0].V > 0).all()  # the disc starts downwards
    assert (arrows[2].V < 0).all()


def test_outline_can_be_left_out_and_needs_a_mask(make_clip):
    def outlined(figure):
        return sum(len(axes.collections) for axes in figure.axes)

    assert outlined(clip_strip(make_clip(modalities=("rgb",)))) == 5
    assert outlined(clip_strip(make_clip(modalities=("rgb",)), outline=False)) == 0
    assert outlined(clip_strip(make_clip(modalities=("rgb",), mask=False))) == 0


@pytest.mark.parametrize("modality", ["rgb", "depth", "flow", "ir"])
@pytest.mark.parametrize("t", [1, 2])
def test_short_clips_of_one_modality(make_clip, check_figure, modality, t):
    figure = clip_strip(make_clip(t=t, modalities=(modality,)))
    check_figure(figure)
    assert len(pictures_of(figure)) >= t


def test_many_small_frames_stay_readable(make_clip, check_figure):
    figure = clip_strip(
        make_clip(t=16, h=12, w=24, modalities=("depth", "flow")), frames=16, depth_unit="metres"
    )
    check_figure(figure)
    assert figure.get_figwidth() <= TWO_COLUMN + 1e-6


def test_a_clip_that_is_empty_everywhere(make_clip, check_figure):
    clip = make_clip()
    empty = clip.with_frames({name: 0 * x for name, x in clip.frames.items()}, mask=0 * clip.mask)
    check_figure(clip_strip(empty))


def test_no_frames_are_refused(make_clip):
    with pytest.raises(ConfigError, match="at least 1 frame"):
        clip_strip(make_clip(), frames=0)


def test_sheet_has_a_tile_per_clip(make_clip, check_figure):
    names = ["wave", "rotate two fingers counter-clockwise", "OK", "click", "beckon"]
    clips = [make_clip(label=i) for i in range(5)]
    figure = class_sheet(clips, names, frames=3)
    check_figure(figure)
    assert len(figure.axes) == 15
    shown = [text.get_text().replace("-\n", "-") for text in figure.texts]
    assert shown == names
    np.testing.assert_allclose(
        figure.axes[4].images[0].get_array(), modality_to_rgb("rgb", clips[1].frames["rgb"])[2]
    )


@pytest.mark.parametrize("columns", [1, 3, 8])
def test_sheet_of_any_number_of_columns(make_clip, check_figure, columns):
    clips = [make_clip(t=1, h=10 + i, label=i) for i in range(3)]
    figure = class_sheet(clips, ["one", "two", "three"], modality="depth", columns=columns)
    check_figure(figure)
    assert figure.get_figwidth() <= TWO_COLUMN + 1e-6


def test_sheet_errors(make_clip):
    with pytest.raises(DataError, match="No clips"):
        class_sheet([], [])
    with pytest.raises(DataError, match="label 2, but there are 1 names"):
        class_sheet([make_clip(label=2)], ["wave"])
    with pytest.raises(DataError, match="not flow"):
        class_sheet([make_clip(modalities=("rgb",))], ["wave"], modality="flow")
    with pytest.raises(ConfigError, match="at least 1"):
        class_sheet([make_clip()], ["wave"], columns=0)
