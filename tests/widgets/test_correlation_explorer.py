import numpy as np
import pytest
import torch

from mmtlib.core.clips import GestureClip
from mmtlib.core.errors import ConfigError, DataError
from mmtlib.losses import correlation_map

pytest.importorskip("plotly")
from support.clicks import click

from mmtlib.widgets.correlation_explorer import (
    correlation_explorer,
    correlation_figure,
    correlation_sentence,
    correlation_static,
)

GRID = (2, 3, 4)


def make_clip(t=8, h=12, w=16):
    generator = torch.Generator().manual_seed(0)
    frames = {"rgb": torch.rand(3, t, h, w, generator=generator)}
    frames["depth"] = torch.rand(1, t, h, w, generator=generator)
    return GestureClip(frames=frames, label=0, subject=1, clip_id="c1")


def make_maps(*, positive=True):
    generator = torch.Generator().manual_seed(1)
    draw = torch.rand if positive else torch.randn
    return {
        title: correlation_map(draw(1, 5, *GRID, generator=generator))[0]
        for title in ("RGB alone", "Depth alone", "RGB with SSA")
    }


def heats_of(figure):
    return [trace for trace in figure.data if trace.type == "heatmap"]


def marks_of(figure):
    found = [trace for trace in figure.data if trace.type == "scatter" and len(trace.x)]
    return {(trace.xaxis, trace.x[0], trace.y[0]) for trace in found}


def test_heat_maps_are_the_row_of_the_position_in_space_and_time():
    maps = make_maps()
    figure = correlation_figure(make_clip(), maps, grid=GRID, position=17)
    shown = np.array([trace.z for trace in heats_of(figure)]).reshape(2, 3, 3, 4)
    for column, values in enumerate(maps.values()):
        np.testing.assert_allclose(shown[:, column], values[17].reshape(GRID))
    assert [note.text for note in figure.layout.annotations] == ["RGB", "Depth", *maps]


def test_the_position_is_marked_in_every_panel_of_its_time_step():
    # 17 = 1 * 12 + 1 * 4 + 1: time step 2, row 2, column 2
    figure = correlation_figure(make_clip(), make_maps(), grid=GRID, position=17)
    assert marks_of(figure) == {(f"x{panel}", 1, 1) for panel in range(6, 11)}


def test_pictures_are_the_middle_frames_in_the_units_of_the_grid():
    clip = make_clip()
    figure = correlation_figure(clip, make_maps(), grid=GRID)
    images = [trace for trace in figure.data if trace.type == "image"]
    expected = (255 * clip.frames["rgb"][:, 2].permute(1, 2, 0)).round().numpy()
    np.testing.assert_array_equal(images[0].z, expected)  # the middle of frames 0 to 3
    assert images[0].x0 - images[0].dx / 2 == pytest.approx(-0.5)
    assert images[0].x0 + 15.5 * images[0].dx == pytest.approx(3.5)


@pytest.mark.parametrize("positive", [True, False])
def test_one_colour_scale_for_all(positive):
    maps = make_maps(positive=positive)
    figure = correlation_figure(make_clip(), maps, grid=GRID)
    assert figure.layout.coloraxis.cmin == (0 if positive else -1)
    assert {trace.coloraxis for trace in heats_of(figure)} == {"coloraxis"}
    static = correlation_static(make_clip(), maps, grid=GRID)
    assert static.axes[2].images[0].get_clim() == ((0, 1) if positive else (-1, 1))


def test_the_sentence_names_the_most_alike_position():
    map_ = np.eye(24)
    map_[5, 20] = map_[20, 5] = 0.5
    assert correlation_sentence({"RGB": map_}, grid=GRID, position=5) == (
        "Time step 1, row 2, column 2 against all others. RGB: most alike is time step 2, row 3, "
        "column 1 (0.50), mean 0.02."
    )
    one = correlation_sentence({"RGB": np.eye(1)}, grid=(1, 1, 1))
    assert one == "There is one position only: time step 1, row 1, column 1."


def test_sliders_move_the_mark_and_the_rows():
    maps = make_maps()
    live = correlation_explorer(make_clip(), maps, grid=GRID, position=17)
    assert live.state == {"time_step": 2, "row": 2, "column": 2}
    live.controls["time_step"].value = 1
    live.controls["column"].value = 4
    assert marks_of(live.figure) == {("x" if p == 1 else f"x{p}", 3, 1) for p in range(1, 6)}
    expected = maps["RGB alone"][7].reshape(GRID)[0]
    np.testing.assert_allclose(heats_of(live.figure)[0].z, expected)
    assert "Time step 1, row 2, column 4" in live.sentence.value


def test_a_click_on_a_map_goes_there():
    live = correlation_explorer(make_clip(), make_maps(), grid=GRID)
    heat = heats_of(live.figure)[4]  # time step 2
    click(live.view, live.figure.data.index(heat), [2, 3])
    assert live.state == {"time_step": 2, "row": 3, "column": 4}
    mark = next(i for i, trace in enumerate(live.figure.data) if trace.type != "heatmap")
    click(live.view, mark, 0)  # a mark is no position
    assert live.state == {"time_step": 2, "row": 3, "column": 4}


def test_the_still_picture_shows_the_same():
    maps = make_maps()
    static = correlation_static(make_clip(), maps, grid=GRID, position=17)
    assert "Time step 2, row 2, column 2 against all others" in static.alt_text
    panels = np.array(static.axes[:10]).reshape(2, 5)
    np.testing.assert_allclose(
        panels[1, 2].images[0].get_array(), maps["RGB alone"][17, 12:].reshape(3, 4)
    )
    assert [len(axes.lines) for axes in panels.flat] == [0] * 5 + [1] * 5
    assert [axes.get_title() for axes in panels[0]] == ["RGB", "Depth", *maps]


@pytest.mark.parametrize("show", [correlation_figure, correlation_static, correlation_explorer])
def test_what_does_not_fit_is_refused(show):
    with pytest.raises(ConfigError, match="0 to 23"):
        show(make_clip(), make_maps(), grid=GRID, position=24)
    with pytest.raises(DataError, match=r"'a' .* shape \(12, 12\) for the grid 1 x 3 x 4"):
        show(make_clip(), {"a": np.eye(24)}, grid=(1, 3, 4))
    with pytest.raises(DataError, match="No correlation maps"):
        show(make_clip(), {}, grid=GRID)
