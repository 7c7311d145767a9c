import numpy as np
import pandas as pd
import pytest

from mmtlib.analysis import (
    accuracy_by_corruption,
    focal_effect,
    gain_by_class,
    gain_by_learner,
    rho_over_epochs,
)
from mmtlib.core.errors import ConfigError, DataError
from mmtlib.evaluation import mean_interval, paired_difference

NAMES = ("wave", "point", "click")


def history(*rhos):
    rows = [("rgb", "depth", epoch, rho) for epoch, rho in enumerate(rhos)]
    rows += [("depth", "rgb", epoch, rho / 4) for epoch, rho in enumerate(rhos)]
    return pd.DataFrame(rows, columns=["learner", "teacher", "epoch", "rho"])


def test_rho_is_averaged_over_seeds_epoch_by_epoch():
    table = rho_over_epochs({0: history(1.0, 0.5), 3: history(2.0, 0.7)})
    pairs = list(zip(table["learner"], table["teacher"], table["epoch"], strict=True))
    assert pairs == [("rgb", "depth", 0), ("rgb", "depth", 1), ("depth", "rgb", 0),
                     ("depth", "rgb", 1)]  # fmt: skip
    np.testing.assert_allclose(table["rho"], [1.5, 0.6, 0.375, 0.15])
    expected = mean_interval([1.0, 2.0])
    assert (table["low"][0], table["high"][0]) == (expected.low, expected.high)
    assert table["seeds"].tolist() == [2] * 4


def test_rho_of_one_seed_has_no_interval():
    table = rho_over_epochs({0: history(1.0)})
    assert table["rho"].tolist() == [1.0, 0.25]
    assert table[["low", "high"]].isna().all(axis=None)


def test_histories_that_are_none_are_refused():
    with pytest.raises(DataError, match="No history"):
        rho_over_epochs({})
    with pytest.raises(DataError, match="history of seed 2 lacks the columns rho"):
        rho_over_epochs({2: history(1.0).drop(columns="rho")})
    with pytest.raises(DataError, match="seed 1 has a pair and epoch twice"):
        rho_over_epochs({1: pd.concat([history(1.0), history(2.0)])})
    with pytest.raises(ConfigError, match="confidence"):
        rho_over_epochs({0: history(1.0)}, confidence=95)


@pytest.fixture
def pairs(predictions):
    """Two learners, two seeds, three classes of which the last has no clip; RGB loses class 1."""
    labels, subjects = [0, 0, 0, 1, 1, 1], [0, 1, 2, 0, 1, 2]

    def made(*rows):
        return [predictions(row, labels, subjects) for row in rows]

    alone = {"rgb": made([0, 0, 1, 1, 1, 1], [0, 0, 0, 1, 1, 1]), "depth": made([1] * 6, [1] * 6)}
    together = {
        "rgb": made([1, 1, 1, 0, 0, 0], [1, 1, 1, 0, 0, 1]),
        "depth": made([1, 1, 1, 1, 1, 0], [1] * 6),
    }
    return alone, together


def test_gain_of_each_learner_is_the_paired_difference(pairs):
    alone, together = pairs
    table = gain_by_learner(alone, together).set_index("learner")
    assert table.index.tolist() == ["rgb", "depth"]
    assert table.loc["rgb", "alone"] == pytest.approx(7 / 12)
    assert table.loc["rgb", "together"] == pytest.approx(7 / 12)
    assert table.loc["depth", "gain"] == pytest.approx(-1 / 12)
    expected = paired_difference(alone["depth"], together["depth"])
    assert table.loc["depth", ["low", "high"]].tolist() == [expected.low, expected.high]
    assert table.loc["depth", ["clips", "subjects", "seeds"]].tolist() == [6, 3, 2]
    assert table["transfer"].tolist() == ["open", "open"]


def test_classes_that_lose_are_seen_behind_a_mean_of_0(pairs):
    table = gain_by_class(*pairs, NAMES)
    rgb = table[table["learner"] == "rgb"].set_index("class")
    assert rgb.index.tolist() == ["wave", "point"]
    np.testing.assert_allclose(rgb["gain"], [5 / 6, -5 / 6])
    np.testing.assert_allclose(rgb["alone"], [1 / 6, 1])
    assert rgb["clips"].tolist() == [3, 3]
    assert rgb["transfer"].tolist() == ["positive", "negative"]
    assert (table[table["learner"] == "depth"]["transfer"] == "open").all()


def test_intervals_of_a_class_are_those_of_its_clips_alone(pairs, predictions):
    alone, together = pairs
    table = gain_by_class(alone, together, NAMES).set_index(["learner", "class"])
    here = [0, 1, 2]

    def part(p):
        return predictions(p.correct[here], p.labels[here], p.subjects[here])

    expected = paired_difference([part(p) for p in alone["rgb"]],
                                 [part(p) for p in together["rgb"]])  # fmt: skip
    row = table.loc[("rgb", "wave")]
    assert (row["low"], row["high"]) == (expected.low, expected.high)


def test_one_subject_leaves_the_question_open(predictions):
    p, q = ([predictions(c, [0, 0], [1, 1])] for c in ([0, 0], [1, 1]))
    (row,) = gain_by_learner({"rgb": p}, {"rgb": q}).to_dict("records")
    assert row["gain"] == 1
    assert np.isnan(row["low"])
    assert row["transfer"] == "open"


def test_predictions_that_are_no_pairs_are_refused(pairs):
    alone, together = pairs
    with pytest.raises(DataError, match="same learners in both, got rgb alone and rgb, depth"):
        gain_by_learner({"rgb": alone["rgb"]}, together)
    for function in (gain_by_learner, lambda a, b: gain_by_class(a, b, NAMES)):
        with pytest.raises(DataError, match="2 trained alone and 1"):
            function(alone, {**together, "rgb": together["rgb"][:1]})
    with pytest.raises(DataError, match="Expected 3 class names, got 2"):
        gain_by_class(alone, together, NAMES[:2])


def results():
    rows = [
        ("ssa", True, 0.5, "rgb", 0, 0.7),
        ("ssa", True, 0.5, "rgb", 1, 0.6),
        ("ssa", False, 0.5, "rgb", 0, 0.5),
        ("ssa", False, 0.5, "rgb", 1, 0.5),
        ("ssa", True, 0.0, "rgb", 0, 0.8),
        ("ssa", False, 0.0, "rgb", 0, 0.75),
        ("ssa", False, 0.0, "rgb", 1, 0.75),
        ("dml", None, 0.0, "rgb", 0, 0.4),
    ]
    columns = ["method", "focal", "corruption_strength", "target", "seed", "accuracy"]
    return pd.DataFrame(rows, columns=columns).assign(note="not needed")


def test_accuracy_against_strength_over_seeds():
    table = accuracy_by_corruption(results())
    keys = ["method", "focal", "target", "corruption_strength"]
    found = {tuple(row[:4]): row for row in table.itertuples(index=False)}
    assert table.columns.tolist() == [*keys, "accuracy", "low", "high", "seeds"]
    assert len(found) == 5
    row = found["ssa", True, "rgb", 0.5]
    expected = mean_interval([0.7, 0.6])
    assert (row.accuracy, row.low, row.high) == (expected.mean, expected.low, expected.high)
    assert found["ssa", True, "rgb", 0.0].seeds == 1
    assert np.isnan(found["ssa", True, "rgb", 0.0].low)
    with_rho = table[(table["method"] == "ssa") & table["focal"].isin([True])]
    assert with_rho["corruption_strength"].tolist() == [0.0, 0.5]


def test_the_effect_of_rho_is_paired_by_seed():
    table = focal_effect(results()).set_index("corruption_strength")
    assert table.index.tolist() == [0.0, 0.5]
    np.testing.assert_allclose(table["difference"], [0.05, 0.15])
    expected = mean_interval([0.2, 0.1])
    np.testing.assert_allclose(table.loc[0.5, ["low", "high"]].astype(float),
                               [expected.low, expected.high])  # fmt: skip
    assert table["seeds"].tolist() == [1, 2]
    assert set(table["method"]) == {"ssa"}


def test_results_that_cannot_be_compared_are_refused():
    table = results()
    with pytest.raises(DataError, match="lacks the columns focal"):
        accuracy_by_corruption(table.drop(columns="focal"))
    with pytest.raises(DataError, match=r"has a training twice: .*'seed': 0"):
        accuracy_by_corruption(pd.concat([table, table[:1].assign(accuracy=0.1)]))
    with pytest.raises(DataError, match="both with and without focal"):
        focal_effect(table[table["focal"].isin([True])])
    with pytest.raises(DataError, match="no rows"):
        focal_effect(table[:0])
