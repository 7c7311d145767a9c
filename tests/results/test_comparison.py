"""Paired differences, their intervals, and what is said where there is no pair."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from support.compared_rows import predictions_of, rows_of
from support.grids import tiny_grid

from mmtlib.core.errors import ConfigError, DataError
from mmtlib.evaluation import mean_interval, paired_difference, pooled
from mmtlib.results import paired
from mmtlib.results.baselines import ABSENT, IS_REFERENCE, REASONS
from mmtlib.results.comparison import over_seeds

GRID = tiny_grid(
    "s", seeds=[0, 1, 2], baselines=True, factors={"generator_seed": [5, 6]},
    arms={"joint": {}, "ssa": {"focal": False}},
)  # fmt: skip


def accuracy(task, target):
    """RGB 0.5 alone; 0.6, 0.7, 0.8 by seed in the joint training; 0.6 without focal."""
    if target != "rgb":
        return 0.9
    return {"joint": 0.6 + 0.1 * task.config.seed, "ssa": 0.6}.get(task.arm, 0.5)


@pytest.fixture(scope="module")
def rows():
    return rows_of(GRID, accuracy)


@pytest.fixture(scope="module")
def table(rows):
    found = paired(rows, predictions=predictions_of(rows))
    return found.set_index(["arm", "target"])


def test_means_over_seeds_with_their_intervals():
    value, group = np.array([0.1, 0.3, 0.2, 0.4, 0.9]), np.array([0, 0, 0, 0, 1])
    seed, clips = np.array([3, 3, 5, 5, 3]), np.array([10, 30, 20, 20, 7])
    found = over_seeds(value, group, seed, clips)
    interval = mean_interval([0.25, 0.3])
    one = found.iloc[0]
    assert one["per_seed"].tolist() == pytest.approx([0.25, 0.3])
    numbers = one[["mean", "low", "high"]].tolist()
    assert numbers == pytest.approx([interval.mean, interval.low, interval.high])
    assert one["p"] == pytest.approx(stats.ttest_1samp([0.25, 0.3], 0).pvalue)
    assert (one["seeds"], one["runs"]) == (2, 4)
    assert found.iloc[1][["low", "high", "p"]].isna().all()  # one seed
    nothing = np.zeros(0, dtype=int)
    assert over_seeds(np.zeros(0), nothing, nothing, nothing).empty


def test_the_same_network_alone(table):
    row = table.loc[("joint", "rgb")]
    assert (row["against"], row["missing"]) == ("alone", "")
    assert (row["before"], row["after"]) == pytest.approx((0.5, 0.7))
    assert row["per_seed"] == pytest.approx((0.1, 0.2, 0.3))
    assert (row["seeds"], row["runs"], row["people"]) == (3, 6, 8)  # four of each generator seed
    interval = mean_interval([0.1, 0.2, 0.3])
    assert (row["t_low"], row["t_high"]) == pytest.approx((interval.low, interval.high))
    assert row["p"] == pytest.approx(stats.ttest_1samp([0.1, 0.2, 0.3], 0).pvalue)
    assert table.loc[("joint", "depth"), "p"] == 1  # nothing changed


def test_intervals_over_people_are_those_of_the_pooled_clips(rows, table):
    known = predictions_of(rows)

    def seeds(arm):
        mine = rows[(rows["arm"] == arm) & (rows["target"] == "rgb")]
        return [
            pooled([known[row.identity, "rgb", "validation"] for row in group.itertuples()])
            for _, group in mine.groupby("seed")
        ]

    expected = paired_difference(seeds("alone"), seeds("joint"))
    row = table.loc[("joint", "rgb")]
    assert row["over_people"] == expected
    assert (row["low"], row["high"]) == (expected.low, expected.high)


def test_without_predictions_there_is_no_interval_over_people(rows, table):
    found = paired(rows).set_index(["arm", "target"])
    assert found["low"].isna().all()
    assert (found["people"] == 0).all()
    assert found["t_low"].equals(table["t_low"])
    some = predictions_of(rows[rows["target"] == "depth"])
    found = paired(rows, predictions=some).set_index(["arm", "target"])
    assert np.isnan(found.loc[("joint", "rgb"), "low"])
    assert found.loc[("joint", "depth"), "people"] == 8


def test_what_has_no_pair_says_so(rows, table):
    assert set(table.loc["alone", "missing"]) == {REASONS[IS_REFERENCE]}
    assert table.loc["alone", "difference"].isna().all()
    lonely = paired(rows[rows["arm"] == "joint"])
    assert len(lonely) == 2
    assert set(lonely["missing"]) == {REASONS[ABSENT]}
    assert (lonely["runs"] == 0).all()
    part = paired(rows[(rows["arm"] == "joint") | (rows["seed"] == 0)])
    row = part.set_index(["arm", "target"]).loc[("joint", "rgb")]
    assert (row["seeds"], row["missing"]) == (1, REASONS[ABSENT])


@pytest.mark.parametrize("against", ["ssa", {"method": "ssa"}, {"study": "s", "arm": "ssa"}])
def test_against_a_group_or_a_method(rows, against):
    found = paired(rows, against).set_index(["arm", "target"])
    assert found.loc[("joint", "rgb"), "difference"] == pytest.approx(0.1)
    assert found.loc[("alone", "rgb"), "difference"] == pytest.approx(-0.1)
    assert found.loc[("ssa", "rgb"), "missing"] == REASONS[IS_REFERENCE]


def test_any_columns_make_the_groups(rows):
    found = paired(rows[rows["target"] == "rgb"], by=["generator_seed", "arm"])
    assert len(found) == 6
    joint = found[found["arm"] == "joint"]
    assert joint["difference"].tolist() == pytest.approx([0.2, 0.2])


def test_what_is_not_there_is_named(rows):
    with pytest.raises(ConfigError, match=r"Unknown arm 'sss'.*Did you mean 'ssa'"):
        paired(rows, "sss")
    with pytest.raises(ConfigError, match="Unknown column 'arn'"):
        paired(rows, {"arn": "ssa"})


def test_seeds_on_other_sets_of_people_cannot_be_crossed(rows):
    part = rows[(rows["seed"] > 0) | (rows["generator_seed"] == 5)]
    found = paired(part, predictions=predictions_of(rows)).set_index(["arm", "target"])
    assert found.loc[("joint", "rgb"), "over_people"] is None
    assert found.loc[("joint", "rgb"), "seeds"] == 3


def test_other_clips_are_refused(rows):
    known = predictions_of(rows)
    key = next(key for key, mine in zip(known, rows["arm"], strict=True) if mine == "joint")
    known[key] = pooled([known[key], known[key]])
    with pytest.raises(DataError, match="clips"):
        paired(rows, predictions=known)


def test_no_rows_are_no_groups(rows):
    found = paired(rows[:0])
    assert isinstance(found, pd.DataFrame)
    assert found.empty
    assert "missing" in found
