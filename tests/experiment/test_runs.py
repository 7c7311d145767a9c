import json
import shutil

import pytest
import torch
from support.tiny_runs import tiny

from mmtlib.core.errors import CheckpointError, ConfigError, DataError
from mmtlib.core.sealed import write_json
from mmtlib.experiment import list_runs, load_run, run


@pytest.fixture
def copied(joint_run, fresh_cache):
    """A copy of a finished run in an empty cache, to be damaged."""
    folder = fresh_cache / "runs" / joint_run.run_id
    shutil.copytree(joint_run.path, folder)
    return load_run(folder)


def test_a_run_explains_itself(joint_run):
    assert joint_run.config.canonical() == tiny().canonical()
    assert joint_run.run_id == joint_run.identity[:12] == joint_run.path.name
    names = {p.name for p in joint_run.path.iterdir()} - {"evaluations.jsonl"}
    assert names == {
        "README.txt", "run.json", "history.json", "rgb.safetensors", "depth.safetensors",
        "validation-rgb.npz", "validation-depth.npz",
    }  # fmt: skip
    readme = (joint_run.path / "README.txt").read_text()
    assert "rgb, depth on synthetic (tiny), seed 0" in readme
    assert joint_run.identity in readme
    facts = joint_run.facts
    assert {"code", "torch", "python", "machine", "date", "command", "data"} <= set(facts)
    assert (facts["device"], facts["precision"], facts["note"]) == ("cpu", "float32", None)
    assert joint_run.classes == ("move hand left", "move hand right", "push hand out", "open hand")
    assert joint_run.validation_accuracy == {
        m: p.correct.mean() for m, p in joint_run.predictions("validation").items()
    }


def test_networks(joint_run):
    streams = joint_run.streams()
    assert not streams.training
    assert streams.modalities == ("rgb", "depth")
    clip = torch.rand(1, 3, 8, 16, 16)
    with torch.no_grad():
        assert torch.equal(joint_run.network("rgb")(clip).logits, streams["rgb"](clip).logits)
    with pytest.raises(ConfigError, match="Unknown modality of this run 'flow'; known: depth, rgb"):
        joint_run.network("flow")


def test_history(joint_run):
    table = joint_run.history.stream_table()
    assert sorted(set(table.epoch)) == [0, 1, 2]
    assert sorted(set(joint_run.history.pair_table().epoch)) == [1, 2]


def test_predictions_that_were_not_made(copied):
    assert copied.has_predictions("validation")
    assert not copied.has_predictions("test")
    with pytest.raises(DataError, match=r"no predictions of the test clips.*evaluate\(run, split="):
        copied.predictions("test")
    (copied.path / "validation-depth.npz").unlink()
    assert not copied.has_predictions("validation")


def test_finding_a_run(copied):
    for where in (copied.run_id, copied.run_id[:4], copied.path, str(copied.path)):
        assert load_run(where) == copied
    table = list_runs()
    assert list(table.run) == [copied.run_id]
    row = table.iloc[0]
    assert (row.modalities, row.weight, row.focal, row.seed) == ("rgb+depth", 10.0, True, 0)
    assert row["validation rgb"] == copied.validation_accuracy["rgb"]


def test_list_is_in_order_of_time(copied):
    facts = {**copied.facts, "date": "2001-01-01T00:00:00+00:00", "identity": "0" * 64}
    facts["config"] = {**facts["config"], "modalities": ["rgb"]}
    older = copied.path.with_name("000000000000")
    shutil.copytree(copied.path, older)
    write_json(older / "run.json", facts)
    table = list_runs()
    assert list(table.run) == [older.name, copied.run_id]
    assert list(table.weight) == [0.0, 10.0]


def test_no_runs(fresh_cache):
    assert len(list_runs()) == 0


@pytest.mark.parametrize("where", ["ffff", "/no/such/folder", "**", "[", "../x"])
def test_no_such_run(copied, where, monkeypatch):
    monkeypatch.chdir(copied.path)  # where "../x" is nothing, whatever lies beside the project
    with pytest.raises(CheckpointError, match=r"There is no run .*`mmt runs` lists"):
        load_run(where)


def test_several_runs(copied):
    shutil.copytree(copied.path, copied.path.with_name(f"{copied.run_id[:4]}zzzz"))
    with pytest.raises(CheckpointError, match="There are 2 runs"):
        load_run(copied.run_id[:4])


def test_an_unfinished_run(copied):
    (copied.path / "run.json").unlink()
    with pytest.raises(CheckpointError, match=r"holds no finished run \(no run\.json\)"):
        load_run(copied.path)
    assert len(list_runs()) == 0


@pytest.mark.parametrize(
    "content",
    ["", "{", "5", "[]", '["identity", "config"]', '{"seal": 1}', "\x00", "[" * 99_999],
)
def test_damaged_facts(copied, content):
    (copied.path / "run.json").write_text(content)
    with pytest.raises(CheckpointError, match=r"run\.json is damaged \(.*delete the folder"):
        load_run(copied.path)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"epochs": 3}, r"run\.json is damaged"),
        ({"recipe": "compact", "epoch": 3}, r"run\.json is damaged"),
        ({"recipe": 1}, r"run\.json cannot be used here: Unknown recipe 1"),
        ({"recipe": "compact", "network": "mine"}, "Unknown network 'mine'.* register it first"),
    ],
)
def test_damaged_config(copied, config, message):
    write_json(copied.path / "run.json", {**copied.facts, "config": config})
    with pytest.raises(CheckpointError, match=message):
        load_run(copied.path)


@pytest.mark.parametrize(
    "change",
    [
        {"identity": 5}, {"config": []}, {"classes": "ab"}, {"classes": [1]}, {"note": 1},
        {"data": {"train": 1}}, {"validation_accuracy": {"rgb": "high"}}, {"date": None},
    ],
)  # fmt: skip
def test_facts_of_wrong_types(copied, change):
    write_json(copied.path / "run.json", {**copied.facts, **change})
    with pytest.raises(CheckpointError, match=r"run\.json is damaged \(\w+ should be "):
        load_run(copied.path)


def test_every_changed_digit_is_found(copied):
    path = copied.path / "run.json"
    whole = path.read_text()
    for place, sign in enumerate(whole):
        if sign.isdigit():
            path.write_text(whole[:place] + str((int(sign) + 1) % 10) + whole[place + 1 :])
            with pytest.raises(CheckpointError, match=r"run\.json is "):
                load_run(copied.path)


def test_one_damaged_run_does_not_hide_the_others(copied, caplog):
    (copied.path.parent / "0123").mkdir()
    bad = copied.path.parent / "0123" / "run.json"
    bad.write_text("{")
    assert list(list_runs().run) == [copied.run_id]
    (said,) = caplog.messages
    assert f"{bad} is damaged" in said
    assert load_run(copied.run_id) == copied


def test_an_unsealed_run_is_named_with_what_to_do(copied, fresh_cache):
    (copied.path / "run.json").write_text(json.dumps(copied.facts))
    advice = rf"without a check sum; take it over with `mmt runs migrate {fresh_cache}`"
    with pytest.raises(CheckpointError, match=advice):
        load_run(copied.run_id)


@pytest.mark.parametrize("content", [None, "", "[1]", '{"seal": {"version": 1, "crc32": 0}}'])
def test_damaged_history(copied, content):
    path = copied.path / "history.json"
    path.unlink()
    if content is not None:
        path.write_text(content)
    with pytest.raises(CheckpointError, match=r"history\.json is (damaged|missing)"):
        _ = copied.history


def test_damaged_weights(copied):
    path = copied.path / "rgb.safetensors"
    content = bytearray(path.read_bytes())
    content[-10] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"rgb\.safetensors is damaged"):
        copied.network("rgb")
    path.write_bytes(content[:1000])
    with pytest.raises(CheckpointError, match=r"rgb\.safetensors is damaged"):
        copied.streams()
    path.unlink()
    with pytest.raises(CheckpointError, match=r"no file of weights at .*rgb\.safetensors"):
        copied.network("rgb")


def test_weights_of_another_network(copied):
    shutil.copy(copied.path / "rgb.safetensors", copied.path / "depth.safetensors")
    with pytest.raises(CheckpointError, match=r"depth\.safetensors does not fit.*misshapen"):
        copied.network("depth")


def test_damaged_predictions(copied):
    (copied.path / "validation-rgb.npz").write_bytes(b"garbage")
    with pytest.raises(DataError, match=r"validation-rgb\.npz is damaged"):
        copied.predictions("validation")


def test_a_stored_run_is_the_same_object_of_value(joint_run):
    assert run(tiny()) == load_run(joint_run.run_id) == joint_run
