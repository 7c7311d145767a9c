import numpy as np
import pytest
from support.tiny_runs import tiny, use_fresh_cache

from mmtlib.analysis import saliency, stage_correlations
from mmtlib.core.errors import ConfigError
from mmtlib.experiment import make_transform, run
from mmtlib.explorer import ExplorerState, explore
from mmtlib.explorer.inspection import Inspector, corr_figure, network_names, saliency_figure
from mmtlib.synthetic import SyntheticGestures


@pytest.fixture(scope="module")
def trained(own_cache, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("inspector")
        cache = use_fresh_cache(own_cache, folder, patch)
        yield cache, run(tiny(epochs=1, ssa_start_epoch=0))


@pytest.fixture
def state(trained, monkeypatch):
    cache, found = trained
    monkeypatch.setenv("MMTLIB_CACHE", str(cache))
    first, second = (f"{found.run_id}/{m}" for m in ("rgb", "depth"))
    return ExplorerState(first=first, second=second, clip=2, position=9)


def heats(figure):
    return [t for t in figure.data if t.type == "heatmap" and t.opacity is None]


def test_corr_shows_the_rows_of_both_maps(trained, state):
    found = trained[1]
    figure, said = corr_figure(Inspector(), state)
    clip = SyntheticGestures("tiny", "validation", ("rgb", "depth"))[2]
    ready = make_transform(found.config, training=False)(clip)
    shown = heats(figure)
    for column, m in enumerate(("rgb", "depth")):
        maps, grid = stage_correlations(found.network(m), ready.frames[m][None])
        row = maps[0, 9].reshape(grid).numpy()
        for time in range(grid[0]):
            np.testing.assert_allclose(shown[2 * time + column].z, row[time], atol=1e-5)
    assert said.startswith(f"Validation clip {clip.clip_id}")


def test_saliency_shows_grad_cam_of_the_true_class(trained, state):
    found = trained[1]
    figure, said = saliency_figure(Inspector(), state.replace(frame=3))
    clip = SyntheticGestures("tiny", "validation", ("rgb", "depth"))[2]
    ready = make_transform(found.config, training=False)(clip)
    overlays = [t for t in figure.data if t.type == "heatmap"]
    for overlay, m in zip(overlays, ("rgb", "depth"), strict=True):
        expected = saliency(found.network(m), ready.frames[m][None], clip.label)[0, 3]
        np.testing.assert_allclose(overlay.z, expected.numpy(), atol=1e-5)
    assert "Frame 3 of 0 to 7" in said


def test_tabs_load_when_they_are_opened_and_a_click_moves_on(trained, state, tmp_path):
    page = explore(state, folder=tmp_path)
    corr = page.tabs["corr"]
    assert not heats(corr.plot.shown)
    page.go(tab="corr")
    assert len(heats(corr.plot.shown)) >= 2
    assert corr.controls["first"].value == state.first
    cells = next(t for t in corr.plot.shown.data if t.opacity == 0)
    corr._picked(cells, (1, 2))
    assert page.state.position == 1 * corr._grid[2] + 2  # row 1, column 2 of the first step
    corr.controls["stage"].value = "stem"
    assert page.state.stage == "stem"
    page.go(tab="saliency", stage="")
    page.tabs["saliency"].controls["frame"].value = 5
    assert page.state.frame == 5
    assert "Frame 5 of 0 to 7" in page.tabs["saliency"].sentence.value
    assert "expected 0 to" not in page.tabs["saliency"].sentence.value


def test_what_is_not_there_is_a_sentence(trained, state, tmp_path):
    with pytest.raises(ConfigError, match="Unknown network 'nope/rgb'"):
        Inspector().pair(state.replace(first="nope/rgb"))
    page = explore(state.replace(tab="corr", position=10_000), folder=tmp_path)
    assert "position: expected 0 to" in page.tabs["corr"].sentence.value
    assert sorted(network_names()) == sorted([state.first, state.second])


def test_without_any_network(own_cache, tmp_path, monkeypatch):
    monkeypatch.setenv("MMTLIB_CACHE", str(tmp_path))
    page = explore(ExplorerState(tab="saliency"))
    assert "no stored network yet" in page.tabs["saliency"].sentence.value
