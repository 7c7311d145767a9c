"""What a study came to, on stores whose accuracies are known."""

import numpy as np
import pytest
from support.made_up_study import write_grid, write_study

from mmtlib.core.errors import DataError
from mmtlib.evaluation import accuracy, holm, paired_difference
from mmtlib.results import load_results
from mmtlib.study import (
    answers,
    calibration_and_cost,
    complete_grids,
    control_contrasts,
    focal_contrasts,
    partner_changes,
    parts,
    plan,
)
from mmtlib.study.answers import LATE_FUSION
from mmtlib.study.measured import Measured


def gains(task, target, split):
    """RGB 0.6 alone; +0.1 by mtut, +0.05 by rivals; worse the noisier depth is without focal."""
    config = task.config
    base = 0.6 if target == "rgb" else 0.9
    if len(config.modalities) == 1:
        return base + (0.05 if config.dropout or config.epochs == 80 else 0)
    if target != "rgb":
        return base - (0.3 if config.recipe == "paper-literal" else 0)
    if config.corrupt:
        return base + (0.1 if config.focal else 0.1 - 0.2 * config.corruption_strength)
    return base + (0.1 if config.method == "mtut" and config.control == "none" else 0.05)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    write_study(folder, gains)
    return folder


@pytest.fixture(scope="module")
def table(store):
    return answers(store)


def test_the_primary_question(table):
    row = table[(table["question"] == "H1") & (table["target"] == "rgb")]
    assert len(row) == 1
    row = row.iloc[0]
    assert (row["before"], row["after"]) == pytest.approx((0.6, 0.7))
    assert row["difference"] == pytest.approx(0.1)
    assert (row["seeds"], row["people"]) == (12, 12)  # six people of each generator seed
    assert row["low"] <= row["difference"] <= row["high"]
    assert np.isnan(row["p_holm"])  # it stands alone
    depth = table[(table["question"] == "H1") & (table["target"] == "depth")].iloc[0]
    assert depth["difference"] == 0
    assert depth["p_holm"] == 1


def test_every_question_is_answered(table):
    assert list(dict.fromkeys(table["question"])) == ["H1", *(f"S{n}" for n in range(1, 9))]
    rgb = table[table["target"] == "rgb"]
    for question, arms in {"S1": 4, "S2": 7, "S4": 12, "S5": 5, "S6": 3, "S7": 3, "S8": 1}.items():
        assert (rgb["question"] == question).sum() == arms, question
    assert set(table.loc[table["question"] == "S1", "target"]) == {"rgb", "depth", "flow", "ir"}


def test_what_each_arm_is_compared_with(table):
    against = table.set_index(["question", "arm", "target"])["against"]
    assert against["S2", "kd", "rgb"] == "alone"
    assert against["S3", "alone, twice the epochs", "rgb"] == "alone"
    assert against["S3", "second rgb", "rgb"] == "alone"
    assert against["S4", "ssa_weight=100.0, focal=false, corruption_strength=1.0", "rgb"] == "alone"
    assert against["S5", "clutter=0.5", "rgb"] == "alone (clutter=0.5)"
    assert against["S6", "train_clips=120", "rgb"] == "alone (train_clips=120)"
    assert against["S8", "paper", "rgb"] == "alone"
    assert not table["arm"].str.startswith("alone (").any()


def test_differences_are_those_of_the_store(table):
    found = table.set_index(["question", "arm", "target"])["difference"]
    assert found["S2", "kd", "rgb"] == pytest.approx(0.05)
    assert found["S3", "alone, twice the epochs", "rgb"] == pytest.approx(0.05)
    noisy = "ssa_weight=10.0, focal=false, corruption_strength=1.0"
    assert found["S4", noisy, "rgb"] == pytest.approx(-0.1)


def test_what_became_of_the_partner(table, store, tmp_path):
    found = partner_changes("S8", store)
    assert found[["arm", "target"]].to_numpy().tolist() == [["paper", "depth"]]
    row = found.iloc[0]
    assert (row["before"], row["after"], row["seeds"]) == pytest.approx((0.9, 0.6, 4))
    assert row["difference"] == pytest.approx(-0.3)
    assert row["low"] <= row["difference"] <= row["high"]
    assert not ((table["question"] == "S8") & (table["target"] == "depth")).any()  # no test of S8
    assert partner_changes("S8", tmp_path).empty


def test_late_fusion_is_a_reference_and_no_test(table, store):
    row = table[table["arm"] == LATE_FUSION].iloc[0]
    assert (row["question"], row["target"], row["against"]) == ("S2", "fused", "alone")
    assert np.isnan(row["p_holm"])
    grid = complete_grids(store)["S2"]
    measured = Measured(grid, folder=store)
    fused = measured.fused([("alone", "rgb"), ("alone", "depth")])
    assert row["after"] == pytest.approx(np.mean([accuracy(p) for seed in fused for p in seed]))
    # With equal confidence and RGB first, a clip that RGB alone or both recognise counts.
    assert row["after"] > 0.6


def test_pooled_predictions_tell_the_generator_seeds_apart(table, store):
    measured = Measured(complete_grids(store)["H1"], folder=store)
    arm, pooled = measured.of_arm("mtut", "rgb"), measured.pooled("mtut", "rgb")
    assert len(pooled) == len(arm) == 12
    for seed, both in zip(arm, pooled, strict=True):
        assert len(both) == len(set(both.clip_ids)) == sum(len(p) for p in seed) == 120
        assert len(np.unique(both.subjects)) == 12
        np.testing.assert_array_equal(both.correct, np.concatenate([p.correct for p in seed]))
    pair = paired_difference(measured.pooled("alone", "rgb"), pooled)
    found = table.set_index(["question", "arm", "target"]).loc[("H1", "mtut", "rgb")]
    assert (found["low"], found["high"]) == (pair.low, pair.high)
    assert found["difference"] == pytest.approx(pair.mean)


def test_p_values_are_adjusted_together(table):
    family = table[table["p_holm"].notna()]
    assert len(family) == len(table) - 2  # H1 about RGB, and late fusion
    assert (family["p_holm"] >= family["p"]).all()
    assert (family["p_holm"] <= 1).all()


def test_the_method_against_its_controls(store):
    found = control_contrasts(store).set_index("arm")
    assert set(found.index) == set(plan.secondary(_chosen(store), 1.25)["S3"].arms) - {"mtut"}
    assert found["after"].to_numpy() == pytest.approx(0.7)
    steps = found["difference"].to_dict()
    assert steps["alone, twice the epochs"] == pytest.approx(0.05)
    assert steps["other_clip_same_class"] == pytest.approx(0.05)
    assert steps["second rgb"] == pytest.approx(0.1)  # one network: as alone
    assert (found["low"] <= found["difference"]).all()


def scattered(task, target, split):
    """As `gains`, but every seed differs, so that no p value is 0, and many are equal."""
    joint = len(task.config.modalities) > 1
    return gains(task, target, split) + 0.05 * joint * (task.config.seed % 3)


def test_the_same_comparison_counts_once(tmp_path):
    write_study(tmp_path, scattered, upto="primary")
    grids = parts.grids_of("secondary", tmp_path)
    for question in ("S2", "S3"):
        write_grid(tmp_path, grids[question], ("test",), scattered)
    table = answers(tmp_path)
    family = table[table["p_holm"].notna()].set_index(["question", "arm", "target"])
    both = family.loc[[("S2", "mtut", "rgb"), ("S3", "mtut", "rgb")]]
    assert 0 < both["p"].iloc[0] == both["p"].iloc[1]
    assert both["p_holm"].nunique() == 1
    once = family.drop(("S3", "mtut", "rgb"))
    # Rivals with equal p values are different runs, and count each.
    assert family.loc[("S2", "kd", "rgb"), "p"] == family.loc[("S2", "dml", "rgb"), "p"]
    np.testing.assert_array_equal(once["p_holm"], holm(once["p"].to_numpy()))
    assert (family["p_holm"] <= holm(family["p"].to_numpy())).all()
    assert (family["p_holm"] < holm(family["p"].to_numpy())).any()


def test_focal_against_constant(store):
    found = focal_contrasts(store).set_index(["ssa_weight", "corruption_strength"])
    assert found["difference"].to_dict() == pytest.approx(
        {(w, s): 0.2 * s for w in (10.0, 100.0) for s in (0.0, 0.5, 1.0)}
    )


def test_calibration_and_cost(store):
    found = calibration_and_cost(store).set_index(["arm", "target"])
    assert found.loc[("mtut", "rgb"), "accuracy"] == pytest.approx(0.7)
    # Every clip is said with 0.8.
    assert found.loc[("alone", "rgb"), "ece"] == pytest.approx(0.2)
    assert found.loc[("mtut", "rgb"), "ece_difference"] == pytest.approx(-0.1)
    assert found["seconds"].to_dict() == {
        ("alone", "rgb"): 48, ("alone", "depth"): 48, ("mtut", "rgb"): 96, ("mtut", "depth"): 96,
    }  # fmt: skip


def test_only_what_is_there(tmp_path):
    assert answers(tmp_path).empty
    assert focal_contrasts(tmp_path).empty
    assert calibration_and_cost(tmp_path).empty
    write_study(tmp_path, gains, upto="primary")
    assert set(answers(tmp_path)["question"]) == {"H1"}


def test_validation_alone_answers_nothing(tmp_path):
    write_study(tmp_path, gains, upto="tuning")
    (grid,) = parts.grids_of("primary", tmp_path).values()
    write_grid(tmp_path, grid, ("validation",), gains)
    assert not load_results(plan.PRIMARY, folder=tmp_path).empty
    assert answers(tmp_path).empty


def test_half_a_grid_is_no_answer(tmp_path):
    write_study(tmp_path, gains, upto="tuning")
    (grid,) = parts.grids_of("primary", tmp_path).values()
    half = type(grid)(**{**vars_of(grid), "seeds": grid.seeds[:5]})
    write_grid(tmp_path, half, ("validation", "test"), gains)
    with pytest.raises(DataError, match=r"study-primary has no test result of 'mtut'.*seed 405"):
        answers(tmp_path)


def vars_of(grid):
    names = ("name", "seeds", "baselines", "base", "factors", "arms")
    return {name: getattr(grid, name) for name in names}


def _chosen(store):
    return plan.choose(load_results(plan.TUNING, folder=store))
