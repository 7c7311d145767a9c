import json

import pytest

from mmtlib.core.errors import ConfigError
from mmtlib.explorer import ExplorerState

FULL = ExplorerState(
    tab="rho", view="gain", split="test", target="rgb", x="beta", y="method", clip=3,
    where={"method": ["mtut", "kd"], "seed": ("1",)}, reference="a / b", chosen="ü / <c>",
    theme="dark", loss_m=0.25, settings={"beta": "2"}, first="x", stage="mixed_1", position=7,
)  # fmt: skip


@pytest.mark.parametrize("state", [ExplorerState(), FULL])
def test_json_and_link_lead_back(state):
    assert ExplorerState.from_json(state.to_json()) == state
    assert ExplorerState.from_link(state.to_link()) == state
    assert set(state.to_link()) <= set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    )


def test_only_what_differs_is_written():
    assert ExplorerState().to_json() == "{}"
    assert json.loads(ExplorerState(where={"b": ["2"], "a": "1"}).to_json()) == {
        "where": {"a": ["1"], "b": ["2"]}
    }


def test_a_filter_without_levels_is_none():
    assert ExplorerState(where={"a": []}).where == ()
    assert ExplorerState(where={"a": ["1"]}).filters == {"a": ("1",)}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tab": "nope"}, "Unknown tab 'nope'"),
        ({"split": "train"}, "Unknown split 'train'"),
        ({"view": 3}, "view must be of the kind str"),
        ({"clip": True}, "clip must be of the kind int"),
        ({"loss_m": float("nan")}, "loss_m must be at least 0"),
        ({"position": -1}, "position must be at least 0"),
        ({"where": {"a": [1]}}, "levels of a factor as text"),
        ({"where": 3}, "Expected names with values"),
        ({"settings": {"a": 1}}, "names and values as text"),
        ({"nope": 1}, "Unknown part of the view 'nope'"),
    ],
)
def test_wrong_values_are_named(changes, message):
    with pytest.raises(ConfigError, match=message):
        ExplorerState().replace(**changes)


@pytest.mark.parametrize(
    "text", ["", "%", "AAAA", "x" * 30_000, ExplorerState(x="seed").to_link()[:-5]]
)
def test_broken_links_are_one_sentence(text):
    with pytest.raises(ConfigError, match="no link of the explorer"):
        ExplorerState.from_link(text)


def test_a_link_cannot_unpack_to_gigabytes():
    bomb = ExplorerState(x="0" * 300_000).to_link()
    assert len(bomb) < 20_000
    with pytest.raises(ConfigError, match="no link of the explorer"):
        ExplorerState.from_link(bomb)


@pytest.mark.parametrize("text", ["[]", "{", '{"nope": 1}', "3", "[" * 100_000])
def test_json_of_something_else(text):
    with pytest.raises(ConfigError):
        ExplorerState.from_json(text)
