"""Reading: one table of all studies, with shipped results, older parts, and chosen rows."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from support.result_rows import TARGETS, made_up

import mmtlib
from mmtlib.core import cache
from mmtlib.core.errors import ConfigError, DataError
from mmtlib.experiment import run  # noqa: F401  (torch is loaded before the clock runs)
from mmtlib.results import ResultsStore
from mmtlib.results.schema import FACT_NAMES, RESULTS_SCHEMA


@pytest.fixture(autouse=True)
def shipped_here(tmp_path, nothing_shipped, monkeypatch):
    monkeypatch.setattr(cache, "SHIPPED", tmp_path / "shipped")


def test_no_results_yet(tmp_path):
    found = mmtlib.load_results(folder=tmp_path)
    assert len(found) == 0
    assert set(FACT_NAMES) - {"recorded"} <= set(found.columns)
    with pytest.raises(ConfigError, match="There are no results yet of 's'; `mmt sweep` makes"):
        mmtlib.load_results("s", folder=tmp_path)


def test_studies(tmp_path):
    for number, study in enumerate(["one", "two", "one"]):
        ResultsStore(tmp_path).append(made_up(number, study=study))
    assert len(mmtlib.load_results(folder=tmp_path)) == 9
    rows = mmtlib.load_results("one", folder=str(tmp_path))
    assert (len(rows), set(rows["seed"])) == (6, {0, 2})
    assert list(rows.index) == list(range(6))
    with pytest.raises(
        ConfigError, match=r"Unknown study 'on'; known: one, two. Did you mean 'one"
    ):
        mmtlib.load_results("on", folder=tmp_path)


def test_where_a_number_comes_from(tmp_path):
    ResultsStore(tmp_path / "shipped").append(made_up(1, command="mmt sweep a.toml"))
    ResultsStore(tmp_path / "shipped").append(made_up(2))
    ResultsStore(tmp_path / "own").append(
        made_up(2, command="mmt sweep here.toml", date="2027-01-01T00:00:00")
    )
    ResultsStore(tmp_path / "own").append(made_up(3))
    rows = mmtlib.load_results("made-up", folder=tmp_path / "own")
    assert len(rows) == 3 * len(TARGETS)
    found = rows.groupby("seed")[["stored", "origin"]].first()
    assert found["stored"].to_dict() == {1: True, 2: False, 3: False}
    assert found["origin"].to_dict() == {
        1: "stored, made by: mmt sweep a.toml on 2026-01-02",
        2: "made by: mmt sweep here.toml on 2027-01-01",
        3: "made by: mmt sweep g.toml on 2026-01-02",
    }
    clips = mmtlib.load_predictions("made-up", folder=tmp_path / "own", target="rgb")
    assert clips.groupby("seed")["stored"].first().to_dict() == {1: True, 2: False, 3: False}
    assert len(clips) == 3 * 2


def test_factors_that_are_no_settings_are_columns_of_their_study(tmp_path):
    ResultsStore(tmp_path).append(made_up(1, levels='{"kind": "a", "beta": "2.0"}'))
    ResultsStore(tmp_path).append(made_up(2, levels='{"kind": "b", "beta": "2.0"}'))
    ResultsStore(tmp_path).append(made_up(3, levels="{}"))
    rows = mmtlib.load_results("made-up", folder=tmp_path)
    assert rows.groupby("seed")["kind"].agg(set).to_dict() == {1: {"a"}, 2: {"b"}, 3: {np.nan}}
    assert set(rows["beta"]) == {2.0}  # the setting's own column
    assert "kind" not in mmtlib.load_results(folder=tmp_path).columns


@pytest.mark.parametrize("merge", [False, True])
def test_settings_younger_than_a_part_have_the_value_that_held_then(tmp_path, merge):
    tables = made_up(1)
    older = tables["results"].drop_columns(["sampling", "focal", "dropout", "step_epochs"])
    ResultsStore(tmp_path).append({"results": older})
    ResultsStore(tmp_path).append(made_up(2))
    if merge:
        ResultsStore(tmp_path).compact()
    rows = mmtlib.load_results("made-up", folder=tmp_path).groupby("seed").first()
    assert rows["sampling"].to_dict() == {1: "plain", 2: "plain"}
    assert rows["focal"].to_dict() == {1: True, 2: True}
    assert rows["dropout"].to_dict() == {1: 0.0, 2: 0.0}
    assert rows["step_epochs"].to_dict() == {1: "", 2: ""}


def test_settings_that_are_gone_stay_columns(tmp_path):
    tables = made_up(1)
    ResultsStore(tmp_path).append(
        {"results": tables["results"].append_column("gone", pa.array([5] * 3))}
    )
    ResultsStore(tmp_path).append(made_up(2))
    ResultsStore(tmp_path).compact()
    rows = mmtlib.load_results("made-up", folder=tmp_path).groupby("seed").first()
    assert rows.loc[1, "gone"] == 5
    assert np.isnan(rows.loc[2, "gone"])


def test_settings_without_a_value_choose_no_row(tmp_path):
    tables = made_up(1)
    empty = pa.nulls(3, RESULTS_SCHEMA.field("focal").type)
    position = tables["results"].column_names.index("focal")
    ResultsStore(tmp_path).append(
        {"results": tables["results"].set_column(position, "focal", empty)}
    )
    ResultsStore(tmp_path).append(made_up(2))
    rows = mmtlib.load_results("made-up", folder=tmp_path)
    assert set(rows[rows["focal"]]["seed"]) == {2}
    assert rows.groupby("focal")["seed"].first().to_dict() == {True: 2}


def test_chosen_predictions(tmp_path):
    ResultsStore(tmp_path).append(made_up(1))
    ResultsStore(tmp_path).append(made_up(2, arm="other"))
    ResultsStore(tmp_path).append(made_up(3, study="another"))
    clips = mmtlib.load_predictions("made-up", folder=tmp_path)
    assert len(clips) == 2 * 3 * 2
    clips = mmtlib.load_predictions("made-up", folder=tmp_path, arm="other", target="fused")
    assert list(clips["clip_id"]) == ["clip-0", "clip-1"]
    assert set(clips["seed"]) == {2}
    assert clips["scores"][0].dtype == np.float32
    assert clips["scores"][0].tolist() == [0.25, 0.75]
    assert {"study", "arm", "method", "modalities", "split", "label", "subject"} <= set(clips)
    clips = mmtlib.load_predictions("made-up", folder=tmp_path, modalities=("rgb", "depth"), seed=1)
    assert len(clips) == 6
    assert len(mmtlib.load_predictions("made-up", folder=tmp_path, seed=9)) == 0
    with pytest.raises(ConfigError, match=r"Unknown column 'arn'; known: .*Did you mean 'arm'"):
        mmtlib.load_predictions("made-up", folder=tmp_path, arn="other")


def test_chosen_histories(tmp_path):
    ResultsStore(tmp_path).append(made_up(1))
    ResultsStore(tmp_path).append(made_up(2, arm="other"))
    rows = mmtlib.load_history("made-up", folder=tmp_path)
    assert rows[["seed", "epoch", "modality", "split", "loss"]].to_numpy().tolist() == [
        [1, 0, "rgb", "train", 1.25], [2, 0, "rgb", "train", 1.25],
    ]  # fmt: skip
    assert set(mmtlib.load_history("made-up", folder=tmp_path, arm="other")["seed"]) == {2}
    assert len(mmtlib.load_history("made-up", "pairs", folder=tmp_path)) == 0
    with pytest.raises(ConfigError, match="Unknown kind of history 'pair'; known: pairs, streams"):
        mmtlib.load_history("made-up", "pair", folder=tmp_path)


def test_clips_that_are_missing(tmp_path):
    ResultsStore(tmp_path).append({"results": made_up(1)["results"]})
    with pytest.raises(
        DataError, match=r"The predictions of 3 results are not in the store, e.g. of"
    ):
        mmtlib.load_predictions("made-up", folder=tmp_path)
    with pytest.raises(DataError, match="The streams of 1 results are not in the store"):
        mmtlib.load_history("made-up", folder=tmp_path)


def test_no_failures(tmp_path):
    assert list(ResultsStore(tmp_path).failures("s").columns) == [
        "arm", "seed", "modalities", "split", "error", "recorded",
    ]  # fmt: skip


def test_ten_thousand_rows(tmp_path):
    tables = [made_up(number)["results"] for number in range(3334)]
    ResultsStore(tmp_path).append({"results": pa.concat_tables(tables[:3000])})
    ResultsStore(tmp_path).append({"results": pa.concat_tables(tables[3000:])})
    ResultsStore(tmp_path).compact()
    rows = mmtlib.load_results("made-up", folder=tmp_path)
    assert isinstance(rows, pd.DataFrame)
    assert len(rows) == 10_002
    assert rows["seed"].nunique() == 3334
