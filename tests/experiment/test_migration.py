"""Runs of another cache, e.g. of version 0.1, are taken over; the original stays as it is."""

import json

import pytest
from support.tiny_runs import tiny

from mmtlib.core.errors import DataError
from mmtlib.experiment import list_runs, load_run, migrate_runs, run


def content(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
def other(tmp_path, monkeypatch, fresh_cache):
    """Another cache: a run as version 0.1 left it, one of an older training, a broken one."""
    with monkeypatch.context() as patch:
        patch.setenv("MMTLIB_CACHE", str(tmp_path / "other"))
        made = run(tiny(epochs=1))
        folder = made.path.parent
        facts = json.loads((made.path / "run.json").read_text())
        del facts["recipe_version"], facts["config"]["log"], facts["config"]["plugins"]
        facts["config"]["fold"] = 3  # kept without influence then, refused today
        (made.path / "run.json").write_text(json.dumps(facts))
        older = {**facts, "identity": "0" * 64}
        (folder / ("0" * 12)).mkdir()
        (folder / ("0" * 12) / "run.json").write_text(json.dumps(older))
        (folder / "broken").mkdir()
        (folder / "broken" / "run.json").write_text("{")
    return tmp_path / "other"


def test_runs_are_copied_and_found_by_their_settings(other, monkeypatch):
    before = content(other)
    table = migrate_runs(other).set_index("run")["what"]
    (name,) = (n for n in table.index if n not in ("0" * 12, "broken"))
    assert table[name] == "copied; the same settings find it"
    assert table["0" * 12].startswith("copied as a record")
    assert table["broken"].startswith("passed over: ")
    assert "run.json is damaged" in table["broken"]
    assert content(other) == before
    monkeypatch.setattr("mmtlib.experiment.train.fit", None)  # nothing is trained
    assert run(tiny(epochs=1)).run_id == name
    assert load_run(name).config == tiny(epochs=1)
    assert set(list_runs()["run"]) == {name, "0" * 12}
    again = migrate_runs(other).set_index("run")["what"]
    assert again[name] == again["0" * 12] == "is here already"


def test_a_folder_without_runs_is_said(tmp_path):
    with pytest.raises(DataError, match="holds no finished runs"):
        migrate_runs(tmp_path)
