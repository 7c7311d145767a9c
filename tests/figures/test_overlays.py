import numpy as np
import pytest
import torch

from mmtlib.core.errors import ConfigError, DataError
from mmtlib.figures import TWO_COLUMN, modality_to_rgb, saliency_strip, similarity_strip


def ramp(clip, low=0.0):
    """Values from `low` at the left to 1 at the right, in every frame."""
    t, h, w = clip.shape
    return np.broadcast_to(np.linspace(low, 1, w), (t, h, w))


def pictures(figure, rows):
    """Return the pictures of every row, without the colour bar."""
    panels = [axes.images[0].get_array() for axes in figure.axes[:-1]]
    return np.array_split(np.stack(panels), rows)


def test_strong_saliency_covers_the_picture_and_none_leaves_it(make_clip, check_figure):
    clip = make_clip(t=7)
    figure = saliency_strip(clip, {"RGB alone": ramp(clip), "RGB together": 0 * ramp(clip)})
    check_figure(figure)
    plain, strong, none = pictures(figure, 3)
    times = np.linspace(0, 6, 6).round().astype(int)
    np.testing.assert_allclose(plain, modality_to_rgb("rgb", clip.frames["rgb"])[times])
    grey = plain @ [0.299, 0.587, 0.114]
    np.testing.assert_allclose(none, np.repeat(grey[..., None], 3, axis=-1))
    np.testing.assert_allclose(strong[:, :, 0], none[:, :, 0])
    change = np.abs(strong - none).max(axis=-1).mean(axis=(0, 1))
    assert change[-1] > 0.4
    labels = [axes.get_ylabel() for axes in figure.axes if axes.get_ylabel()]
    assert labels == ["RGB", "RGB alone", "RGB\ntogether", "Saliency, share\nof the highest"]
    assert [axes.get_title() for axes in figure.axes[:2]] == ["0.00 s", "0.10 s"]


def test_the_hand_is_outlined_and_its_share_is_said(make_clip, check_figure):
    clip = make_clip()
    on_hand = clip.mask.float()
    figure = saliency_strip(clip, {"RGB": on_hand, "Depth": torch.ones(clip.shape)}, frames=3)
    check_figure(figure)
    assert all(len(axes.collections) == 2 for axes in figure.axes[:-1])
    area = float(on_hand.mean())
    assert figure.alt_text.endswith(f"share on the hand: RGB 100%, Depth {area:.0%}.")


def test_a_silhouette_may_be_given_and_a_clip_may_have_no_mask(make_clip, check_figure):
    clip = make_clip(mask=False)
    figure = saliency_strip(clip, {"RGB": ramp(clip)})
    check_figure(figure)
    assert not any(axes.collections for axes in figure.axes[:-1])
    mask = np.zeros(clip.shape, bool)
    mask[0, 3:6, 3:6] = True
    figure = saliency_strip(clip, {"RGB": ramp(clip)}, mask=mask)
    assert [len(axes.collections) for axes in figure.axes[:6]] == [2, 0, 0, 0, 0, 2]  # 5 columns


@pytest.mark.parametrize(
    ("t", "h", "w", "frames"), [(1, 20, 20, 6), (30, 12, 40, 10), (5, 40, 20, 4)]
)
def test_strips_of_many_shapes_can_be_read(make_clip, check_figure, t, h, w, frames):
    clip = make_clip(t=t, h=h, w=w)
    for maps in ({"a": ramp(clip)}, {f"Optical flow, seed {i}": ramp(clip) for i in range(4)}):
        figure = saliency_strip(clip, maps, modality="depth", frames=frames)
        check_figure(figure)
        assert figure.get_figwidth() <= TWO_COLUMN + 1e-9
        assert len(figure.axes) == (1 + len(maps)) * min(t, frames) + 1


def test_maps_that_do_not_fit_the_clip_are_refused(make_clip):
    clip = make_clip()
    with pytest.raises(DataError, match="No maps"):
        saliency_strip(clip, {})
    with pytest.raises(DataError, match=r"a: expected values of 0 to 1 in the shape \(5, 16, 20\)"):
        saliency_strip(clip, {"a": np.zeros((5, 16, 21))})
    for wrong in (-0.5, 1.5, np.nan):
        with pytest.raises(DataError, match="a: expected values of 0 to 1"):
            saliency_strip(clip, {"a": np.full(clip.shape, wrong)})
    with pytest.raises(ConfigError, match="at least 1 frame"):
        saliency_strip(clip, {"a": ramp(clip)}, frames=0)
    clip = make_clip(modalities=("rgb",))
    with pytest.raises(DataError, match="has rgb, not depth"):
        saliency_strip(clip, {"a": ramp(clip)}, modality="depth")


def marks(figure):
    return [i for i, axes in enumerate(figure.axes) if axes.lines]


def test_the_position_is_marked_where_it_is(make_clip, check_figure):
    clip = make_clip(t=8, h=16, w=20)
    settings = {"position": (2, 0, 4), "grid": (4, 4, 5)}
    figure = similarity_strip(clip, {"RGB": ramp(clip), "Depth": ramp(clip)}, **settings)
    check_figure(figure)
    assert marks(figure) == [2, 6, 10]  # the third of four columns, in three rows
    line = figure.axes[2].lines[0]
    # The last of five columns covers pixels 16 to 19, the first of four rows pixels 0 to 3.
    assert (line.get_xdata()[0], line.get_ydata()[0]) == (17.5, 1.5)
    times = [axes.get_title() for axes in figure.axes[:4]]
    assert times == ["0.10 s", "0.30 s", "0.50 s", "0.70 s"]  # the middles of the time steps
    assert "time step 3, row 1, column 5" in figure.alt_text


def test_of_many_time_steps_the_marked_one_is_shown(make_clip, check_figure):
    clip = make_clip(t=32)
    for t in (0, 5, 15):
        figure = similarity_strip(clip, {"a": ramp(clip)}, position=(t, 0, 0), grid=(16, 1, 1))
        check_figure(figure)
        assert len(marks(figure)) == 2
        title = figure.axes[marks(figure)[0]].get_title()
        assert title == f"{(2 * t + 1) / 10:.2f} s"
        assert len(figure.axes) <= 2 * 6 + 1


def test_negative_similarities_get_a_scale_with_two_ends(make_clip, check_figure):
    clip = make_clip()
    settings = {"position": (0, 0, 0), "grid": (1, 1, 1)}
    figure = similarity_strip(clip, {"a": ramp(clip, -1.0)}, **settings)
    check_figure(figure)
    assert figure.axes[-1].get_yticks().tolist() == [-1, 0, 1]
    figure = similarity_strip(clip, {"a": ramp(clip)}, **settings)
    assert figure.axes[-1].get_yticks().tolist() == [0, 0.5, 1]


def test_positions_beyond_the_grid_are_refused(make_clip):
    clip = make_clip()
    with pytest.raises(ConfigError, match=r"on the grid \(2, 2, 2\), got \(0, 2, 0\)"):
        similarity_strip(clip, {"a": ramp(clip)}, position=(0, 2, 0), grid=(2, 2, 2))
    with pytest.raises(ConfigError, match="at least 1 frame"):
        similarity_strip(clip, {"a": ramp(clip)}, position=(0, 0, 0), grid=(2, 2, 2), frames=0)
