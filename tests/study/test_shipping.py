"""What comes with the package answers the same questions, in little room."""

import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from support.made_up_study import write_grid, write_study
from support.tiny_runs import tiny

from mmtlib.core import cache
from mmtlib.core.errors import DataError
from mmtlib.experiment import run, stored_run
from mmtlib.results import load_history, load_predictions, load_results
from mmtlib.study import answers, grids_of, report_text, ship_study, shipping
from mmtlib.study.shipping import rounded


@pytest.fixture
def no_networks(monkeypatch):
    monkeypatch.setattr(shipping, "NETWORKS", {})


@pytest.fixture(scope="module")
def package(tmp_path_factory, whole_study):
    """What is shipped of the whole study, without networks, shared: do not change its files."""
    folder = tmp_path_factory.mktemp("package")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shipping, "NETWORKS", {})
        sizes = ship_study(folder, whole_study)
    assert set(sizes) == {"results", "predictions", "streams", "pairs"}
    assert sum(sizes.values()) == sum(map(len, files(folder).values()))
    return folder


def files(folder):
    return {f.relative_to(folder): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


def test_the_package_answers_like_the_store(
    package, whole_study, whole_answers, whole_report, tmp_path, monkeypatch
):
    monkeypatch.setattr(cache, "SHIPPED", package)
    empty = tmp_path / "empty"
    assert answers(empty).equals(whole_answers)
    assert report_text(empty) == whole_report
    rows = load_results(folder=empty)
    assert rows["stored"].all()
    assert rows["origin"].str.startswith("stored, made by: ").all()
    assert len(rows) == len(load_results(folder=whole_study))
    assert len(load_history("study-primary", folder=empty)) > 0


@pytest.mark.usefixtures("no_networks")
def test_shipping_again_gives_the_same_bytes(package, whole_study, tmp_path):
    shutil.copytree(package, tmp_path / "package")
    ship_study(tmp_path / "package", whole_study)
    assert files(tmp_path / "package") == files(package)


@pytest.mark.usefixtures("no_networks")
def test_what_is_new_joins_what_was_shipped(
    whole_study, whole_answers, gain, tmp_path, monkeypatch
):
    """The study may go on in an empty cache: what the package has is kept."""
    write_study(tmp_path / "begun", gain, upto="primary")
    ship_study(tmp_path / "package", tmp_path / "begun")
    monkeypatch.setattr(cache, "SHIPPED", tmp_path / "package")
    for grid in grids_of("secondary", tmp_path / "rest").values():
        write_grid(tmp_path / "rest", grid, ("validation", "test"), gain)
    ship_study(tmp_path / "package", tmp_path / "rest")
    assert answers(tmp_path / "empty").equals(whole_answers)
    assert len(load_results(folder=tmp_path / "empty")) == len(load_results(folder=whole_study))


def test_a_part_is_not_given_for_the_whole(package, tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "SHIPPED", package)
    empty = tmp_path / "empty"
    assert len(load_predictions("study-rivals", folder=empty, target="rgb", split="test"))
    with pytest.raises(DataError, match="of the package's results only some have them"):
        load_predictions("study-rivals", folder=empty, target="rgb", split="validation")


def test_networks_come_along(whole_study, tmp_path, monkeypatch, own_cache):
    made = run(tiny(epochs=1, ssa_start_epoch=0))
    monkeypatch.setattr(shipping, "_run_of", lambda *_: made)
    sizes = ship_study(tmp_path / "package", whole_study)
    assert sizes["runs"] > 0
    monkeypatch.setattr(cache, "SHIPPED", tmp_path / "package")
    for name in shipping.NETWORKS:
        assert stored_run(name).identity == made.identity


def test_a_network_that_is_not_there(whole_study, tmp_path):
    with pytest.raises(Exception, match="is no run"):
        ship_study(tmp_path / "package", whole_study)


def test_nothing_to_ship(tmp_path):
    with pytest.raises(DataError, match="has no test results here"):
        ship_study(tmp_path / "package", tmp_path / "empty")


@given(arrays(np.float32, (5, 4), elements=st.floats(2**-10, 1, width=32)))
def test_rounding_keeps_the_class(raw):
    scores = raw / raw.sum(axis=1, keepdims=True)
    found = rounded(scores)
    assert np.array_equal(found.argmax(axis=1), scores.argmax(axis=1))
    assert np.abs(found - scores).max() <= 0.5 / 4096 + 1e-7
    assert np.array_equal(rounded(found), found)
