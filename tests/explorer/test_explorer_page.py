import ast
from importlib import import_module
from pathlib import Path

import pandas as pd
import pytest

import mmtlib
from mmtlib import explorer
from mmtlib.core.errors import ConfigError, MmtlibError
from mmtlib.explorer import ExplorerState, explore
from mmtlib.explorer.focal_tab import focal_tab_figure, focal_text, toy_steps

JOINT = "small / ssa_weight=10.0"


@pytest.fixture
def page(small_store):
    return explore(ExplorerState(target="rgb"), folder=small_store)


def drawn_y(page):
    return list(page.tabs["runs"].plot.shown.data[0].y)


def test_it_is_a_name_of_the_root():
    assert mmtlib.explore is explore


def test_a_control_changes_what_is_drawn_and_the_state(page):
    runs = page.tabs["runs"]
    runs.controls["view"].value = "gain"
    assert page.state == ExplorerState(target="rgb", view="gain")
    assert drawn_y(page) == pytest.approx([0, 20], abs=1e-9)
    runs.controls["split"].value = "test"
    runs.controls["view"].value = "accuracy"
    assert drawn_y(page) == pytest.approx([40, 40, 60])


def test_filters_are_set_and_cleared(page):
    controls = page.tabs["runs"].controls
    controls["factor"].value = "ssa_weight"
    controls["levels"].value = ("10",)
    assert page.state.filters == {"ssa_weight": ("10",)}
    assert drawn_y(page) == pytest.approx([70])
    assert "SSA weight: 10" in page.tabs["runs"].sentence.value
    controls["clear"].click()
    assert page.state.where == ()
    assert controls["levels"].value == ()
    assert drawn_y(page) == pytest.approx([50, 50, 70])


def test_a_click_on_a_point_lists_its_runs_and_how_to_make_them(page):
    runs = page.tabs["runs"]
    runs._picked(runs.plot.shown.data[0], 2)
    assert page.state.chosen == JOINT
    assert runs.controls["chosen"].value == JOINT
    shown = runs.details.value
    assert f"<b>{JOINT}</b>: 3 runs" in shown
    assert "mmtlib.ExperimentConfig.make(" in shown
    assert "mmt train --modalities rgb,depth --preset tiny" in shown


def test_a_link_and_a_cell_restore_the_view(page, small_store):
    page.go(view="heat map", x="ssa_weight", theme="dark", chosen=JOINT)
    again = explore(page.state.to_link(), folder=small_store)
    assert again.state == page.state
    assert page.state.to_link() in page.link.value
    assert again.tabs["runs"].drawn.sentence == page.tabs["runs"].drawn.sentence
    assert again.tabs["runs"].controls["x"].value == "ssa_weight"
    assert again.dark.value


def test_the_address_of_the_page_restores_the_view(monkeypatch, small_store):
    link = ExplorerState(view="gain").to_link()
    monkeypatch.setenv("QUERY_STRING", f"token=x&view={link}")
    page = explore(folder=small_store)
    assert page.state.view == "gain"
    assert f"?view={link}" in page.link.value


def test_a_broken_address_is_one_sentence_and_the_first_view(monkeypatch, small_store):
    monkeypatch.setenv("QUERY_STRING", "view=<script>")
    page = explore(folder=small_store)
    assert page.state == ExplorerState()
    assert "no link of the explorer: &#x27;&lt;script&gt;" in page.children[0].value
    with pytest.raises(ConfigError, match="no link"):
        explore("nope", folder=small_store)


def test_names_from_elsewhere_are_shown_and_said_to_be_missing(small_store):
    page = explore(ExplorerState(chosen="<b> / x", reference="other / y"), folder=small_store)
    runs = page.tabs["runs"]
    assert runs.controls["chosen"].value == "<b> / x"
    assert "Unknown arm" in runs.sentence.value
    assert "<b> / x" not in runs.sentence.value + runs.details.value


@pytest.mark.parametrize("damage", [False, True])
def test_an_empty_or_damaged_store_opens(tmp_path, damage):
    if damage:
        (tmp_path / "results").mkdir()
        (tmp_path / "results" / "00.parquet").write_bytes(b"nothing")
    page = explore(folder=tmp_path)
    said = page.tabs["runs"].sentence.value
    assert ("is damaged" if damage else "There are no results yet") in said
    page.go(view="gain", tab="rho")
    page.go(tab="runs")


def test_dark_and_light(page):
    page.dark.value = True
    assert page.state.theme == "dark"
    for tab in page.tabs.values():
        assert tab.plot.shown.layout.paper_bgcolor == "#111111"
    assert "mmtlib-dark" in page._dom_classes
    page.go(theme="light")
    assert not page.dark.value


def test_focal_sliders(page):
    focal = page.tabs["rho"]
    page.go(tab="rho")
    focal.controls["loss_m"].value = 1.5
    assert page.state.loss_m == 1.5
    # rho = exp(2 * (1.5 - 0.5)) - 1 = 6.389
    assert focal.plot.shown.data[1].y[0] == pytest.approx(6.389056)
    assert focal.plot.shown.data[2].y[0] == 0


def test_toy_step_by_hand():
    state = ExplorerState(loss_m=0.7, loss_n=0.5, focal_beta=1.0)
    steps = toy_steps(state)
    # rho of m = exp(0.2) - 1 = 0.2214; the step is 2 * 0.25 * 0.2214 = 0.1107
    assert steps["with focal"]["m"] == pytest.approx((0.0, 0.110701), abs=1e-6)
    assert steps["with focal"]["n"] == (1.0, 1.0)
    assert steps["without"] == {"m": (0.0, 0.5), "n": (1.0, 0.5)}
    assert "m goes to 0.11 and n to 1.00" in focal_text(state)
    assert list(focal_tab_figure(state).data[3].x) == pytest.approx([0.0, 0.110701], abs=1e-6)


def test_csv_and_html_hold_what_is_drawn(page, tmp_path):
    table = pd.read_csv(page.export(tmp_path / "view.csv"))
    assert table["mean"].tolist() == pytest.approx([0.5, 0.5, 0.7])
    html = page.export(tmp_path / "view.html").read_text()
    assert page.tabs["runs"].drawn.sentence in html
    assert 'src="http' not in html  # plotly itself is inside


def test_the_page_offers_the_file(page):
    runs = page.tabs["runs"]
    runs.controls["save"].click()
    assert 'download="mmtlib-accuracy.csv" href="data:text/csv;base64,' in runs.saved.value


def test_pictures_without_a_browser_are_one_sentence(page, monkeypatch, tmp_path):
    kaleido = pytest.importorskip("kaleido")

    def fail(*_args, **_options):
        raise OSError("no such file")

    monkeypatch.setattr(kaleido, "calc_fig_sync", fail)
    with pytest.raises(MmtlibError, match="kaleido with Chrome or Chromium, which did not start"):
        page.export(tmp_path / "view.png")
    assert not (tmp_path / "view.png").exists()
    page.tabs["runs"].controls["format"].value = "svg"
    page.tabs["runs"].controls["save"].click()
    assert 'role="alert"' in page.tabs["runs"].saved.value


def test_unknown_endings_are_named(page, tmp_path):
    with pytest.raises(ConfigError, match="Unknown format 'pdf'"):
        page.export(tmp_path / "view.pdf")


def test_nothing_here_measures_test_clips():
    """No file of the explorer can open test clips: it neither evaluates nor opens that split."""
    for file in Path(explorer.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom | ast.Import):
                names = {alias.name for alias in node.names}
                assert not names & {"evaluate", "compare", "sweep", "predict_video"}, file
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                texts = [a.value for a in ast.walk(node) if isinstance(a, ast.Constant)]
                opens = name in ("open_data", "SyntheticGestures", "prepare", "make_record")
                assert not (opens and "test" in texts), file


def test_the_whole_tour_reads_no_clip(monkeypatch, small_store):
    def refuse(*_args, **_options):
        raise AssertionError("clips were opened")

    for module, name in (("data", "open_data"), ("evaluate", "evaluate"), ("train", "open_data")):
        monkeypatch.setattr(import_module(f"mmtlib.experiment.{module}"), name, refuse)
    page = explore(folder=small_store)
    for view in explorer.state.VIEWS:
        page.go(view=view, split="test")
        assert page.tabs["runs"].drawn.figure.data
