"""`mmt explore` in a browser: every control by mouse and by keyboard, and the numbers drawn."""

import os
from pathlib import Path

import pytest

pytest.importorskip("voila")
from support.browser import browser_page, needs_browser
from support.explorer_page import LATE, ExplorerPage
from support.explorer_store import write_small
from support.served import served_explorer
from support.tiny_runs import tiny

import mmtlib
from mmtlib.core import cache
from mmtlib.explorer import ExplorerState, Source, draw_view
from mmtlib.explorer.focal_tab import focal_tab_figure
from mmtlib.explorer.inspection import Inspector, corr_figure, saliency_figure
from mmtlib.explorer.job import run_name
from mmtlib.explorer.train_tab import training_figure
from mmtlib.results import load_results
from mmtlib.synthetic import SyntheticGestures

pytestmark = needs_browser

START = ExplorerState(where={"study": ("small",)})
JOINT = "small / ssa_weight=10.0"
BACKGROUND = "getComputedStyle(document.querySelector('.mmtlib-explorer')).backgroundColor"
DARK = "rgb(17, 17, 17)"


@pytest.fixture(scope="module")
def own_store(own_cache, tmp_path_factory):
    """Give a cache with the small store, beside the package's results, for page and test alike."""
    folder = tmp_path_factory.mktemp("explorer_page")
    for split in ("train", "validation"):
        SyntheticGestures("tiny", split)
    (folder / "synthetic").symlink_to(own_cache / "synthetic")
    write_small(folder / "results")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache, "SHIPPED", Path(mmtlib.__file__).parent / "stored")
        patch.setenv("MMTLIB_CACHE", str(folder))
        patch.setenv("MMTLIB_FAST", "1")
        yield folder


@pytest.fixture(scope="module")
def explorer(own_store, tmp_path_factory):
    """Serve the explorer, open it once, and look at the end that nothing went wrong."""
    folder = tmp_path_factory.mktemp("served")
    with served_explorer(folder, START) as served, browser_page() as page:
        page.goto(served.address, timeout=300_000, wait_until="commit")
        page.wait_for_selector(".mmtlib-explorer .main-svg", timeout=300_000)
        yield ExplorerPage(page)
        assert set(page.errors) <= {LATE}
        assert page.outside == []


@pytest.fixture(scope="module")
def source(own_store):
    return Source()


def test_runs_every_control_by_mouse_and_keyboard(explorer, source):
    state = START
    explorer.open_tab("Runs")
    explorer.shows(draw_view(source, state).figure, "the first view")
    assert [trace["y"] for trace in explorer.drawn()] == [
        pytest.approx([50, 50, 70]),
        pytest.approx([90, 90, 90]),
    ]
    for label, by, shown, change in (
        ("network", "mouse", "RGB", {"target": "rgb"}),
        ("show", "keyboard", "gain", {"view": "gain"}),
        ("against", "mouse", "small / ssa_weight=1.0", {"reference": "small / ssa_weight=1.0"}),
        ("against", "keyboard", "the same network alone", {"reference": ""}),
        ("along x", "mouse", "SSA weight", {"x": "ssa_weight"}),
        ("along x", "keyboard", "arm", {"x": "arm"}),
        ("clips", "mouse", "TEST clips (stored figures)", {"split": "test"}),
        ("clips", "keyboard", "validation clips", {"split": "validation"}),
        ("show", "mouse", "heat map", {"view": "heat map"}),
        ("along y", "mouse", "SSA weight", {"y": "ssa_weight"}),
        ("along y", "keyboard", "tested network", {"y": "target"}),
        ("network", "keyboard", "all", {"target": ""}),
        ("runs of", "mouse", JOINT, {"chosen": JOINT}),
        ("show", "keyboard", "learning curves", {"view": "learning curves"}),
        ("show", "keyboard", "rho", {"view": "rho"}),
        ("show", "mouse", "confusion", {"view": "confusion"}),
        ("show", "keyboard", "classes", {"view": "classes"}),
        ("runs of", "keyboard", "none", {"chosen": ""}),
        ("show", "mouse", "accuracy", {"view": "accuracy"}),
    ):
        state = state.replace(**change)
        explorer.choose(label, shown, by)
        expected = draw_view(source, state)
        explorer.says(expected.sentence)
        explorer.shows(expected.figure, f"{label}: {shown}")
    assert explorer.page.locator(".mmtlib-explorer").get_by_text(state.to_link()).count() == 1


def test_runs_filters_points_and_files(explorer, source):
    page, weights = explorer.page, {"study": ("small",), "ssa_weight": ("10",)}
    explorer.open_tab("Runs", "keyboard")
    explorer.choose("factor", "SSA weight", "keyboard")
    levels = explorer.control("levels")
    explorer.wait("the levels", lambda: "10" in levels.locator("option").all_inner_texts())
    levels.locator("option", has_text="10").first.click()
    explorer.shows(draw_view(source, START.replace(where=weights)).figure, "one weight")
    page.keyboard.press("ArrowUp")  # to the level before it
    known = source.runs().levels["ssa_weight"]
    weights["ssa_weight"] = (known[known.index("10") - 1],)
    expected = draw_view(source, START.replace(where=weights))
    explorer.says(expected.sentence)
    explorer.shows(expected.figure, "another weight")
    explorer.press("clear all filters", "keyboard")
    explorer.shows(draw_view(source, ExplorerState()).figure, "every study")
    explorer.choose("factor", "study")
    explorer.wait("the studies", lambda: "small" in levels.locator("option").all_inner_texts())
    levels.locator("option", has_text="small").click()
    figure = draw_view(source, START).figure
    explorer.shows(figure, "one study")
    explorer.click_point(0, figure.data[0].x[2], figure.data[0].y[2])
    explorer.wait("the runs of a point", lambda: f"{JOINT}: 3 runs" in page.inner_text("body"))
    explorer.shows(draw_view(source, START.replace(chosen=JOINT)).figure, "the chosen point")
    page.get_by_text("as a command").locator("visible=true").click()
    assert "mmt train --modalities rgb,depth --preset tiny" in page.inner_text("body")
    explorer.choose("save as", "CSV", "keyboard")
    explorer.press("make the file")
    link = page.get_by_text("save mmtlib-accuracy.csv")
    with page.expect_download() as saved:
        link.click(timeout=60_000)
    text = Path(saved.value.path()).read_text()
    assert text == draw_view(source, START.replace(chosen=JOINT)).table.to_csv(index=False)
    explorer.choose("runs of", "none")


def test_focal_sliders_by_mouse_and_keyboard(explorer):
    explorer.open_tab("Focal")
    state = ExplorerState()
    explorer.shows(focal_tab_figure(state), "the first view")
    for name, label, steps, by in (
        ("loss_m", "loss of network m", 4, "keyboard"),
        ("loss_n", "loss of network n", 40, "mouse"),
        ("focal_beta", "beta", -3, "keyboard"),
        ("loss_m", "loss of network m", -25, "mouse"),
        ("loss_n", "loss of network n", -2, "keyboard"),
        ("focal_beta", "beta", 30, "mouse"),
    ):
        before = float(explorer.read_slider(label))
        explorer.slide(label, steps, by)
        explorer.wait(label, lambda b=before, t=label: float(explorer.read_slider(t)) != b)
        state = state.replace(**{name: float(explorer.read_slider(label))})
        assert (getattr(state, name) > before) == (steps > 0)
        explorer.shows(focal_tab_figure(state), label)


def test_two_networks_on_a_clip_by_mouse_and_keyboard(explorer):
    inspector, state = Inspector(), ExplorerState(tab="corr")
    explorer.open_tab("Corr", "keyboard")
    explorer.shows(corr_figure(inspector, state)[0], "the last step")
    explorer.slide("training step", -1, "keyboard")
    state = state.replace(first="ssa/rgb", second="ssa/depth")
    explorer.shows(corr_figure(inspector, state)[0], "the step before")
    explorer.choose("beside", "ssa/rgb", "mouse")
    state = state.replace(second="ssa/rgb")
    explorer.shows(corr_figure(inspector, state)[0], "another network")
    explorer.slide("clip", 2, "keyboard")
    state = state.replace(clip=2)
    explorer.shows(corr_figure(inspector, state)[0], "another clip")
    cells = next(
        i for i, trace in enumerate(corr_figure(inspector, state)[0].data) if trace.opacity == 0
    )
    explorer.click_point(cells, 3, 2)
    grid = inspector.maps(state)[1]
    state = state.replace(position=2 * grid[2] + 3)
    explorer.shows(corr_figure(inspector, state)[0], "another position")
    explorer.open_tab("Saliency")
    explorer.shows(saliency_figure(inspector, state)[0], "Grad-CAM")
    explorer.slide("frame", 1, "keyboard")
    explorer.shows(saliency_figure(inspector, state.replace(frame=1))[0], "the next frame")
    explorer.choose("stage", "stem", "keyboard")
    state = state.replace(stage="stem", frame=1)
    explorer.shows(saliency_figure(inspector, state)[0], "another stage")
    explorer.page.locator(".widget-play:visible button").first.click()  # plays by itself
    explorer.wait("the player", lambda: int(explorer.read_slider("frame")) > 3)
    explorer.page.locator(".widget-play:visible button").first.click()


def test_train_completes_and_its_run_appears(explorer, source, own_store):
    explorer.open_tab("Run it")
    explorer.type_into("seed", "7", "keyboard")
    explorer.type_into("epochs", "2", "mouse")
    explorer.says("This run is not stored.")
    explorer.wait("how long", lambda: "about" in explorer.button("Train").inner_text())
    explorer.press("Train")
    explorer.says("Stored: validation accuracy")
    rows = load_results("explorer")
    mine = rows[(rows["seed"] == 7) & (rows["epochs"] == 2)]
    assert sorted(mine["target"]) == ["depth", "fused", "rgb"]
    assert set(mine["split"]) == {"validation"}
    for row in mine.itertuples():
        assert f"{100 * row.accuracy:.1f} %" in explorer.said()
    name = run_name(tiny(seed=7, epochs=2, device="auto"))
    history = source.history("streams", [mine["identity"].iloc[0]])
    explorer.shows(training_figure(history, ExplorerState(), name), "its curves")
    explorer.open_tab("Runs")
    explorer.choose("runs of", f"explorer / {name}")
    explorer.wait("its runs", lambda: f"{name}: 1 runs" in explorer.page.inner_text("body"))
    explorer.choose("runs of", "none")


def trainings(folder):
    """Return the processes that train for the explorer of a cache."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            said = (process / "cmdline").read_bytes()
            ours = str(folder).encode() in (process / "environ").read_bytes()
        except OSError:  # it has just ended, or is of another user
            continue
        if ours and b"core.worker import work;" in said:
            found.append(process.name)
    return found


def test_cancel_stops_it(explorer, own_store):
    explorer.open_tab("Run it", "keyboard")
    explorer.type_into("seed", "8", "mouse")
    explorer.type_into("epochs", "400", "keyboard")
    body = explorer.page.locator(".mmtlib-explorer")
    explorer.wait("the command", lambda: "--epochs 400" in body.text_content())
    explorer.press("Train", "keyboard")
    explorer.wait("an epoch", lambda: "of 400 epochs" in explorer.page.inner_text("body"))
    assert trainings(own_store)
    explorer.press("Cancel")
    explorer.wait("its end", lambda: not trainings(own_store))
    explorer.says("Cancelled.")
    assert explorer.button("Cancel").is_disabled()


def test_dark_and_light(explorer):
    explorer.open_tab("Focal")
    box = explorer.control("dark")
    background = (
        "() => getComputedStyle(document.querySelector('.mmtlib-explorer')).backgroundColor"
    )
    box.click()
    explorer.wait("dark", lambda: explorer.page.evaluate(background) == "rgb(17, 17, 17)")
    box.focus()
    explorer.page.keyboard.press("Space")
    explorer.wait("light", lambda: explorer.page.evaluate(BACKGROUND) != DARK)
    if shots := os.environ.get("MMTLIB_SCREENSHOTS"):
        explorer.page.screenshot(path=f"{shots}/explorer.png")
