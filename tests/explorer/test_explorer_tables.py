import numpy as np
import pytest
from scipy import stats

from mmtlib.core.errors import ConfigError
from mmtlib.evaluation import mean_interval
from mmtlib.explorer import ExplorerState
from mmtlib.explorer.factors import level_text, level_title
from mmtlib.explorer.tables import (
    accuracy_table,
    arms,
    gain_table,
    heat_table,
    runs_of,
    selected,
)

JOINT = "small / ssa_weight=10.0"


def row(table, **wanted):
    for name, value in wanted.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return table.iloc[0]


def test_accuracy_is_the_mean_over_seeds_with_its_t_interval(source):
    found = row(accuracy_table(source.runs(), ExplorerState()), group=JOINT, target="rgb")
    expected = mean_interval([0.6, 0.7, 0.8])
    assert found["mean"] == pytest.approx(0.7)
    assert found["low"] == pytest.approx(expected.low)
    assert found["high"] == pytest.approx(expected.high)
    assert (found["seeds"], found["runs"]) == (3, 3)


def test_each_network_of_each_arm_is_there_in_order(source):
    table = accuracy_table(source.runs(), ExplorerState())
    assert list(zip(table["group"], table["target"], strict=True)) == [
        ("small / alone", "rgb"), ("small / alone", "depth"),
        ("small / ssa_weight=1.0", "rgb"), ("small / ssa_weight=1.0", "depth"),
        (JOINT, "rgb"), (JOINT, "depth"),
    ]  # fmt: skip


def test_test_figures_only_when_asked_for(source):
    state = ExplorerState(split="test", target="rgb")
    found = row(accuracy_table(source.runs(), state), group=JOINT)
    assert found["mean"] == pytest.approx(0.6)  # 36 of 60, 0.1 below validation


def test_gain_is_paired_with_the_same_network_alone(source):
    table = gain_table(source.runs(), ExplorerState())
    found = row(table, group=JOINT, target="rgb")
    expected = mean_interval([0.1, 0.2, 0.3])
    assert found["mean"] == pytest.approx(0.2)
    assert (found["low"], found["high"]) == pytest.approx((expected.low, expected.high))
    assert found["p"] == pytest.approx(stats.ttest_1samp([0.1, 0.2, 0.3], 0).pvalue)
    assert "small / alone" not in set(table["group"])


def test_p_values_are_adjusted_over_the_rows_that_are_shown(source):
    runs = source.runs()
    one = gain_table(runs, ExplorerState(target="rgb", where={"ssa_weight": ["10"]}))
    assert one["p_holm"].tolist() == one["p"].tolist()
    both = gain_table(runs, ExplorerState(target="rgb"))
    assert row(both, group=JOINT)["p_holm"] == pytest.approx(2 * one["p"].iloc[0])


def test_gain_against_a_chosen_arm(source):
    state = ExplorerState(reference="small / ssa_weight=1.0", target="rgb")
    table = gain_table(source.runs(), state)
    assert set(table["group"]) == {"small / alone", JOINT}
    found = row(table, group=JOINT)
    assert found["mean"] == pytest.approx(0.2)
    assert found["sd"] == pytest.approx(0, abs=1e-12)
    assert row(table, group="small / alone")["mean"] == pytest.approx(0.0)


def test_a_factor_along_x_has_its_levels_in_order_of_their_size(source):
    table = accuracy_table(source.runs(), ExplorerState(x="ssa_weight", target="rgb"))
    assert table["x"].tolist() == ["-", "1", "10"]
    assert table["mean"].tolist() == pytest.approx([0.5, 0.5, 0.7])


def test_runs_of_an_arm_are_split_where_they_differ_along_x(source):
    table = accuracy_table(source.runs(), ExplorerState(x="seed", target="rgb"))
    found = row(table, group=JOINT, x="2")
    assert found["mean"] == pytest.approx(0.8)
    assert np.isnan(found["low"])
    assert found["seeds"] == 1


def test_filters_leave_the_rows_with_a_level(source):
    runs = source.runs()
    state = ExplorerState(where={"ssa_weight": ["1", "10"], "seed": ["0"]}, target="rgb")
    rows = runs.table.iloc[selected(runs, state)]
    assert sorted(rows["accuracy"]) == [0.4, 0.6]
    assert arms(runs, state) == ("small / ssa_weight=1.0", JOINT)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (ExplorerState(where={"nope": ["1"]}), "Unknown factor 'nope'"),
        (ExplorerState(where={"seed": ["9"]}), "Unknown level of seed '9'"),
        (ExplorerState(x="nope"), "Unknown factor 'nope'"),
        (ExplorerState(reference="nope"), "Unknown arm 'nope'"),
    ],
)
def test_what_is_not_there_is_named(source, state, message):
    with pytest.raises(ConfigError, match=message):
        gain_table(source.runs(), state)


def test_heat_map_over_two_factors(source):
    state = ExplorerState(x="ssa_weight", y="target")
    table = heat_table(source.runs(), state)
    assert row(table, x="10", y="RGB")["mean"] == pytest.approx(0.7)
    assert row(table, x="-", y="Depth")["mean"] == pytest.approx(0.9)
    assert row(table, x="10", y="RGB")["runs"] == 3
    gains = heat_table(source.runs(), state, gain=True)
    assert row(gains, x="1", y="RGB")["mean"] == pytest.approx(0.0)
    assert "-" not in set(gains["x"])


def test_a_cell_says_how_many_arms_it_averages(source):
    table = heat_table(source.runs(), ExplorerState(x="seed", y="target"))
    found = row(table, x="0", y="RGB")
    assert (found["arms"], found["runs"]) == (3, 3)
    assert found["mean"] == pytest.approx((0.5 + 0.4 + 0.6) / 3)


def test_runs_of_the_chosen_arm(source):
    found = runs_of(source.runs(), ExplorerState(chosen=JOINT))
    assert found["seed"].tolist() == [0, 1, 2]
    assert found["rgb"].tolist() == [0.6, 0.7, 0.8]
    assert set(found["modalities"]) == {"rgb+depth"}
    assert runs_of(source.runs(), ExplorerState()).empty


def test_factors_are_those_that_the_runs_differ_in(source):
    levels = source.runs().levels
    assert levels["ssa_weight"] == ("-", "1", "10")
    assert levels["method"] == ("mtut", "unimodal")
    assert levels["target"] == ("rgb", "depth")
    assert "beta" not in levels  # "no influence" and 2
    assert source.runs().titles()["ssa_weight"] == "SSA weight"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3.0, "3"),
        (0.1, "0.1"),
        (True, "true"),
        (None, "-"),
        (float("nan"), "-"),
        ("", "-"),
        (5, "5"),
    ],
)
def test_levels_as_text(value, text):
    assert level_text(value) == text


def test_levels_are_called_by_their_titles(source):
    assert level_title("method", "mtut") == "SSA + focal (MTUT)"
    assert level_title("method", "unimodal") == "trained alone"
    assert level_title("modalities", "rgb+depth") == "RGB + Depth"
    assert level_title("target", "fused") == "Late fusion"
    assert level_title("control", "same_modality") == "second network of the same modality"
    assert [level_title("seed", level) for level in ("0", "-")] == ["0", "-"]
    assert level_title("network", "lab.nets:Mine") == "lab.nets:Mine"
    table = accuracy_table(source.runs(), ExplorerState(x="method", target="rgb"))
    assert {"trained alone", "SSA + focal (MTUT)"} <= set(table["x"])


def test_levels_of_one_title_keep_their_names(source, monkeypatch):
    runs = source.runs()
    monkeypatch.setattr("mmtlib.explorer.factors.level_title", lambda factor, level: "the same")
    assert runs.titled("method").equals(runs.factor("method"))
