"""Runs that come with the package: found by name and by identity, and never written to."""

import pytest
from support.tiny_runs import tiny, use_fresh_cache

from mmtlib.core import cache
from mmtlib.core.errors import CheckpointError, ConfigError, DataError
from mmtlib.experiment import evaluate, load_run, run, ship_run, stored_run, stored_runs


@pytest.fixture
def package(own_cache, tmp_path, monkeypatch):
    """A package with two runs, and an empty cache."""
    use_fresh_cache(own_cache, tmp_path, monkeypatch)
    shipped = tmp_path / "stored"
    for name, settings in (("mtut", {}), ("ssa", {"focal": False})):
        made = run(tiny(epochs=1, ssa_start_epoch=0, **settings))
        evaluate(made, "test")
        ship_run(made, name, shipped)
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("MMTLIB_CACHE", str(tmp_path / "empty"))
    monkeypatch.setattr(cache, "SHIPPED", shipped)
    return shipped


def contents(folder):
    return {f.relative_to(folder): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


def test_nothing_comes_with_the_package():
    assert stored_runs().empty
    assert list(stored_runs().columns)[:2] == ["name", "run_id"]
    with pytest.raises(ConfigError, match="stored run 'mtut'"):
        stored_run("mtut")


def test_found_by_name_and_by_identity(package):
    table = stored_runs().set_index("name")
    assert table["method"].to_dict() == {"mtut": "mtut", "ssa": "ssa"}
    assert set(table["modalities"]) == {"rgb+depth"}
    assert table["origin"].str.match(r"stored, made by: .+ on \d{4}-\d\d-\d\d$").all()
    named = stored_run("ssa")
    assert load_run(named.run_id).path == named.path == package / "runs" / "ssa"
    assert named.run_id == table.loc["ssa", "run_id"]
    with pytest.raises(ConfigError, match=r"Unknown stored run 'mtu'; known: mtut, ssa"):
        stored_run("mtu")


def test_a_run_of_the_cache_comes_first(package):
    named = stored_run("mtut")
    made = run(named.config)
    assert made.identity == named.identity
    assert not made.shipped
    assert load_run(named.run_id).path == made.path
    assert made.origin.startswith("made by: ")


def test_it_is_all_there_and_read_only(package):
    before = contents(package)
    found = stored_run("mtut")
    assert found.shipped
    found.streams()
    assert found.predictions("test").keys() == found.predictions().keys() == {"rgb", "depth"}
    assert not found.history.pair_table().empty
    assert not list(found.path.glob("state*"))
    with pytest.raises(DataError, match=r"came with the package.*mmtlib\.run\(run\.config\)"):
        evaluate(found, "validation")
    assert contents(package) == before


def test_shipping_again_changes_nothing(package, tmp_path):
    before = contents(package)
    source = stored_run("ssa")
    first = contents(ship_run(source, "copy", tmp_path / "elsewhere"))
    assert contents(ship_run(source, "copy", tmp_path / "elsewhere")) == first
    assert first == contents(source.path)
    assert contents(package) == before


def test_what_is_no_run_is_not_shipped(package, tmp_path):
    found = stored_run("mtut")
    (found.path / "run.json").unlink()
    with pytest.raises(DataError, match="holds no finished run"):
        ship_run(found, "mtut", tmp_path / "elsewhere")
    assert not (tmp_path / "elsewhere" / "runs" / "mtut").exists()
    with pytest.raises(CheckpointError, match="is no run"):
        load_run(found.run_id)
