"""`mmtlib.explore()` in JupyterLab: one control of each kind, by mouse and by keyboard."""

from pathlib import Path

import nbformat
import pytest
from support.browser import browser_page, needs_browser
from support.explorer_page import LATE, ExplorerPage
from support.explorer_store import write_small
from support.lab import running_lab, wait_in

import mmtlib
from mmtlib.core import cache
from mmtlib.explorer import ExplorerState, Source, draw_view
from mmtlib.explorer.focal_tab import focal_tab_figure

pytestmark = needs_browser
START = ExplorerState(target="rgb", where={"study": ("small",)})
CELL = f'import mmtlib\n\nmmtlib.explore("{START.to_link()}")'


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Give a JupyterLab with a notebook of one cell, and the small store in its cache."""
    folder = tmp_path_factory.mktemp("lab")
    write_small(folder / "cache" / "results")
    (folder / "notebooks").mkdir()
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)], metadata=kernel)
    nbformat.write(notebook, folder / "notebooks" / "explorer.ipynb")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache, "SHIPPED", Path(mmtlib.__file__).parent / "stored")
        patch.setenv("MMTLIB_CACHE", str(folder / "cache"))
        with running_lab(folder) as lab:
            yield lab


def test_one_control_of_each_kind_by_mouse_and_keyboard(lab):
    with browser_page(1600) as page:
        lab.run_all(page, "explorer.ipynb")
        figures = page.locator(".mmtlib-explorer .main-svg")
        wait_in(page, "the explorer", figures.count)
        explorer = ExplorerPage(page, arrows_open=True)
        check_runs(explorer)
        check_sliders(explorer)
        explorer.open_tab("Run it")
        explorer.type_into("seed", "2", "keyboard")
        explorer.says("RGB 80.0 %")  # a stored run shows at once
        assert page.outside == []
        assert set(page.errors) <= {LATE}


def check_runs(explorer):
    source, state = Source(), START
    explorer.shows(draw_view(source, state).figure, "the first view")
    for by, view in (("mouse", "gain"), ("keyboard", "heat map"), ("keyboard", "gain")):
        explorer.choose("show", view, by)
        state = state.replace(view=view)
        explorer.shows(draw_view(source, state).figure, view)
    assert [trace["y"] for trace in explorer.drawn()] == [pytest.approx([0, 20], abs=1e-6)]
    figure = draw_view(source, state).figure
    explorer.click_point(0, figure.data[0].x[1], figure.data[0].y[1])
    state = state.replace(chosen="small / ssa_weight=10.0")
    explorer.shows(draw_view(source, state).figure, "the chosen point")
    explorer.press("clear all filters", "keyboard")
    explorer.shows(draw_view(source, state.replace(where=())).figure, "every study")
    levels = explorer.control("levels")
    levels.locator("option", has_text="small").click()
    explorer.shows(draw_view(source, state).figure, "one study")


def check_sliders(explorer):
    explorer.open_tab("Focal", "keyboard")
    state = ExplorerState()
    explorer.shows(focal_tab_figure(state), "the sliders' first values")
    for name, label, steps, by in (
        ("loss_m", "loss of network m", 3, "keyboard"),
        ("focal_beta", "beta", 30, "mouse"),
    ):
        before = float(explorer.read_slider(label))
        explorer.slide(label, steps, by)
        explorer.wait(label, lambda b=before, t=label: float(explorer.read_slider(t)) > b)
        state = state.replace(**{name: float(explorer.read_slider(label))})
        explorer.shows(focal_tab_figure(state), label)
