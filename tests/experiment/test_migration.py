"""Runs of another cache, e.g. of version 0.1, are taken over; the original stays as it is."""

import json

import pytest
from support.tiny_runs import tiny

from mmtlib.core.errors import CheckpointError, DataError
from mmtlib.experiment import list_runs, load_run, migrate_runs, run


def content(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def unsealed(path):
    """Take the seal out of a file, as it was before there were any, and return the content."""
    content = json.loads(path.read_text())
    del content["seal"]
    path.write_text(json.dumps(content))
    return content


@pytest.fixture
def other(tmp_path, monkeypatch, fresh_cache):
    """Another cache: a run as version 0.1 left it, one of an older training, a broken one."""
    with monkeypatch.context() as patch:
        patch.setenv("MMTLIB_CACHE", str(tmp_path / "other"))
        made = run(tiny(epochs=1))
        folder = made.path.parent
        facts = unsealed(made.path / "run.json")
        unsealed(made.path / "history.json")
        (made.path / "evaluations.jsonl").write_text('{"split": "test"}\n{"split": "test"}\n')
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
    assert table["0" * 12].startswith("copied; a record")
    assert table["broken"].startswith("passed over: ")
    assert "run.json is damaged" in table["broken"]
    assert content(other) == before
    monkeypatch.setattr("mmtlib.experiment.train.fit", None)  # nothing is trained
    assert run(tiny(epochs=1)).run_id == name
    assert load_run(name).config == tiny(epochs=1)
    assert len(load_run(name).readings("test")) == 2
    assert load_run(name).history.streams
    assert set(list_runs()["run"]) == {name, "0" * 12}
    again = migrate_runs(other).set_index("run")["what"]
    assert again[name] == again["0" * 12] == "is here already"


def test_a_folder_without_runs_is_said(tmp_path):
    with pytest.raises(DataError, match="holds no finished runs"):
        migrate_runs(tmp_path)


def test_the_cache_in_use_gets_its_seals_where_it_is(other, monkeypatch):
    monkeypatch.setenv("MMTLIB_CACHE", str(other))
    (name,) = (p.parent.name for p in (other / "runs").glob("*/README.txt"))
    with pytest.raises(CheckpointError, match=rf"`mmt runs migrate {other}`"):
        load_run(name)
    before = content(other)
    table = migrate_runs(other).set_index("run")["what"]
    assert table[name] == "sealed; the same settings find it"
    assert load_run(name).readings("test") == [{"split": "test"}] * 2
    changed = {str(path) for path, found in content(other).items() if before.get(path) != found}
    sealed = {f"runs/{name}/{n}" for n in ("run.json", "history.json", "evaluations.jsonl")}
    assert changed - {f"runs/{name}.lock", f"runs/{'0' * 12}.lock"} == {
        *sealed, f"runs/{'0' * 12}/run.json",
    }  # fmt: skip


def test_accuracies_that_the_predictions_do_not_have_are_not_believed(other):
    (file,) = (p.parent / "run.json" for p in (other / "runs").glob("*/README.txt"))
    facts = json.loads(file.read_text())
    facts["validation_accuracy"]["rgb"] = 0.123
    file.write_text(json.dumps(facts))
    table = migrate_runs(other).set_index("run")["what"]
    assert "says 0.123 as the accuracy of rgb" in table[file.parent.name]
