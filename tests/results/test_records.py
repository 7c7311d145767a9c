"""What is kept of a run: names of methods, columns, and settings without influence."""

import pyarrow as pa
import pytest
from support.tiny_runs import tiny

from mmtlib.config import SETTINGS
from mmtlib.core.errors import DataError
from mmtlib.evaluation import fuse
from mmtlib.experiment import run
from mmtlib.results import make_record, method_of
from mmtlib.results.schema import FACT_NAMES, KEYS, RESULTS_SCHEMA, SETTINGS_SCHEMA, settings_row
from mmtlib.results.tasks import Task


@pytest.fixture(scope="module")
def joint_run(own_cache):
    """A finished run of RGB and depth, shared: do not change its files."""
    return run(tiny(epochs=2, ssa_start_epoch=1))


def task(config, arm="base", **levels):
    return Task(study="s", arm=arm, levels=levels, config=config, key="k")


@pytest.mark.parametrize(
    ("settings", "target", "method"),
    [
        ({"modalities": "rgb"}, "rgb", "unimodal"),
        ({"modalities": "rgb", "focal": False}, "rgb", "unimodal"),
        ({"ssa_weight": 0}, "depth", "unimodal"),
        ({"ssa_weight": 0}, "fused", "late_fusion"),
        ({}, "rgb", "mtut"),
        ({}, "fused", "mtut"),
        ({"focal": False}, "rgb", "ssa"),
        ({"focal": False}, "fused", "ssa"),
        ({"method": "one_way", "teacher": "depth"}, "rgb", "one_way"),
        ({"method": "kd", "teacher": "depth", "ssa_weight": 0}, "rgb", "kd"),
        ({"method": "kd", "teacher": "depth", "transfer_weight": 0.0}, "rgb", "unimodal"),
        ({"method": "dml", "transfer_weight": 0.0}, "fused", "late_fusion"),
        ({"method": "similarity", "focal": False}, "rgb", "similarity"),
        ({"modalities": "rgb", "control": "same_modality"}, "rgb", "mtut"),
    ],
)
def test_methods(settings, target, method):
    assert method_of(tiny(**settings), target) == method


def test_every_setting_has_a_column():
    row = settings_row(tiny(step_epochs=(3, 5), seed=7))
    assert row["modalities"] == "rgb+depth"
    assert row["step_epochs"] == "3+5"
    assert (row["ssa_weight"], row["seed"], row["root"]) == (10.0, 7, None)
    settings = {*SETTINGS, "recipe"}
    assert settings <= set(RESULTS_SCHEMA.names)
    assert set(SETTINGS_SCHEMA.names) == settings - set(FACT_NAMES)
    assert RESULTS_SCHEMA.field("focal").type == pa.bool_()
    assert RESULTS_SCHEMA.field("dropout").type == pa.float64()
    assert RESULTS_SCHEMA.names[:3] == ["study", "arm", "method"]


def test_settings_without_influence_are_left_empty():
    aligned = {"ssa_weight", "ssa_reduction", "normalize", "focal", "beta", "rho_per",
               "ssa_start_epoch", "feature_stage", "feature_time_pool"}  # fmt: skip
    everything = settings_row(tiny()).keys()
    assert everything == set(SETTINGS_SCHEMA.names)
    assert everything - settings_row(tiny(modalities="depth")).keys() == aligned
    assert everything - settings_row(tiny(ssa_weight=0)).keys() == aligned - {"ssa_weight"}
    assert everything - settings_row(tiny(modalities="rgb,flow,ir", corrupt="ir")).keys() == set()
    taught = settings_row(tiny(method="kd", teacher="depth"))
    assert everything - taught.keys() == aligned - {"ssa_start_epoch"}
    assert (taught["teacher"], taught["control"], taught["temperature"]) == ("depth", "none", 4.0)


def test_a_record_has_everything(joint_run):
    wanted = task(joint_run.config, "named", ssa_weight="10.0")
    record = make_record(wanted, "fingerprint", joint_run, "validation")
    assert list(record)[-1] == "results"
    assert all(set(KEYS[kind]) <= set(table.column_names) for kind, table in record.items())
    rows = record["results"].to_pandas().set_index("target")
    assert list(rows.index) == ["rgb", "depth", "fused"]
    predictions = joint_run.predictions()
    for m, found in predictions.items():
        assert rows.loc[m, "accuracy"] == joint_run.validation_accuracy[m] == found.correct.mean()
    fused = fuse(predictions.values())
    assert rows.loc["fused", "accuracy"] == fused.correct.mean()
    first = rows.iloc[0]
    for name, value in {
        "study": "s", "arm": "named", "levels": '{"ssa_weight": "10.0"}', "method": "mtut",
        "split": "validation", "n_clips": 24, "identity": joint_run.identity,
        "run_id": joint_run.run_id, "task": "fingerprint", "device": "cpu", "precision": "float32",
        "seconds": joint_run.facts["seconds"], "torch": joint_run.facts["torch"],
        "code": joint_run.facts["code"], "command": joint_run.facts["command"], "epochs": 2,
    }.items():  # fmt: skip
        assert first[name] == value, name
    assert first["seconds"] > 0
    clips = record["predictions"].to_pandas()
    assert len(clips) == 3 * 24
    assert clips["scores"][2 * 24 + 5].tolist() == fused.scores[5].tolist()
    assert record["streams"].to_pylist()[0] == {
        "identity": joint_run.identity, "run_id": joint_run.run_id, **joint_run.history.streams[0],
    }  # fmt: skip
    assert len(record["pairs"]) == 2
    assert (record["pairs"]["epoch"].to_pylist(), len(record["streams"])) == ([1, 1], 4)


def test_runs_of_older_versions_have_no_time(joint_run):
    older = type(joint_run)(joint_run.path, joint_run.config, joint_run.identity)
    older.__dict__["facts"] = {k: v for k, v in joint_run.facts.items() if k != "seconds"}
    rows = make_record(task(older.config), "f", older, "validation")["results"]
    assert rows["seconds"].to_pylist() == [None] * 3


def test_a_split_that_was_not_measured(joint_run):
    with pytest.raises(DataError, match="no predictions of the test clips"):
        make_record(task(joint_run.config), "f", joint_run, "test")
