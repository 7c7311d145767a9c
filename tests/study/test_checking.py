"""Stored results that are made again: the same bits here, and what happens where they are not."""

import os
import shutil

import pyarrow as pa
import pytest
from support.grids import tiny_grid
from support.made_up_study import write_study
from support.tiny_runs import use_fresh_cache

from mmtlib.core.cache import cache_dir, temporary_cache
from mmtlib.core.errors import DataError
from mmtlib.results import ResultsStore, load_results, sweep
from mmtlib.results.schema import RESULTS_SCHEMA
from mmtlib.study import check_stored, checking
from mmtlib.study.checking import named_rows

GRID = tiny_grid("study-primary", seeds=[0, 1])


@pytest.fixture(scope="module")
def made(own_cache, tmp_path_factory):
    """The cache after a tiny grid was measured on both splits, shared: do not change its files."""
    with pytest.MonkeyPatch.context() as patch:
        cache = use_fresh_cache(own_cache, tmp_path_factory.mktemp("made"), patch)
        for split in ("validation", "test"):
            sweep(GRID, split=split, workers=1)
    return cache


@pytest.fixture
def stored(made, fresh_cache, monkeypatch):
    """Results of a tiny grid as the stored ones; the check makes its seed 0 again."""
    for name in ("runs", "results"):
        shutil.copytree(made / name, fresh_cache / name)
    first = tiny_grid("study-primary", seeds=[0])
    monkeypatch.setattr(checking, "named_rows", lambda folder: [first])
    return fresh_cache / "results"


def changed(folder, **columns):
    """Overwrite columns of the stored results."""
    rows = ResultsStore(folder).rows("results").drop(columns=["recorded", "stored"])
    table = pa.Table.from_pandas(rows.assign(**columns), preserve_index=False)
    schema = pa.schema([RESULTS_SCHEMA.field(name) for name in table.column_names])
    ResultsStore(folder).append({"results": table.cast(schema)})


def test_the_same_bits_here(stored, fresh_cache):
    before = sorted((fresh_cache / "runs").iterdir())
    found = check_stored(stored, workers=1)
    assert len(found) == 6  # two networks and their fusion, two splits
    assert set(found["seed"]) == {0}
    assert found["alike"].all()
    assert found["same_bits"].all()
    assert found["holds"].all()
    assert cache_dir() == fresh_cache
    assert sorted((fresh_cache / "runs").iterdir()) == before


def test_other_bits_do_not_hold_on_the_same_processor(stored):
    accuracy = ResultsStore(stored).rows("results")["accuracy"]
    changed(stored, accuracy=accuracy + 0.25)
    found = check_stored(stored, workers=1)
    assert found["alike"].all()
    assert not found["same_bits"].any()
    assert not found["holds"].any()


def test_elsewhere_the_spread_of_the_seeds_counts(stored):
    rows = ResultsStore(stored).rows("results")
    changed(stored, machine="another one", accuracy=rows["accuracy"] + 0.3 * (rows["seed"] == 0))
    found = check_stored(stored, workers=1)
    assert not found["alike"].any()
    assert not found["same_bits"].any()
    apart = (found["here"] - found["stored"]).abs()
    assert (found["holds"] == (apart <= found["spread"])).all()


def test_what_is_made_again(tmp_path):
    with pytest.raises(DataError, match="no stored results of the study"):
        named_rows(tmp_path)
    write_study(tmp_path, lambda task, target, split: 0.6, upto="primary")
    (primary,) = named_rows(tmp_path)
    assert primary.seeds == (400,)
    write_study(tmp_path, lambda task, target, split: 0.6)
    grids = {grid.name: grid for grid in named_rows(tmp_path)}
    assert set(grids) == {"study-primary", "study-rivals", "study-corruption"}
    arms = {task.arm for task in grids["study-rivals"].tasks}
    assert arms == {"alone", "one_way", "kd"}
    bad = {task.arm for task in grids["study-corruption"].tasks}
    assert bad == {"ssa_weight=100.0, focal=false, corruption_strength=1.0"}
    stored = load_results(folder=tmp_path)
    for name, grid in grids.items():  # else nothing could be compared, after minutes of training
        there = set(stored.loc[stored["study"] == name, "arm"])
        assert {task.arm for task in grid.tasks} <= there


def test_the_cache_is_set_back(monkeypatch, tmp_path):
    monkeypatch.setenv("MMTLIB_CACHE", str(tmp_path))
    seen = []

    def fails():
        with temporary_cache() as inside:
            seen.append((inside, cache_dir()))
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fails()
    ((inside, used),) = seen
    assert inside == used != tmp_path
    assert cache_dir() == tmp_path
    assert not inside.exists()
    monkeypatch.delenv("MMTLIB_CACHE")
    with temporary_cache() as inside:
        assert inside.exists()
    assert "MMTLIB_CACHE" not in os.environ
