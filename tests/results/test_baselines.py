"""Who is compared with whom: from the settings of the rows alone."""

import itertools

import numpy as np
import pandas as pd
import pytest
from support.compared_rows import rows_of
from support.grids import tiny_grid
from support.tiny_runs import tiny

from mmtlib.results.baselines import (
    ABSENT,
    AMBIGUOUS,
    IS_REFERENCE,
    OF_ALL,
    PAIRED,
    UNREADABLE,
    Counterparts,
    baseline_key,
    find_baselines,
)
from mmtlib.results.schema import config_of, method_of, settings_row


def pairs(rows):
    """Return arm, target and seed of every row -> arm of its baseline, or the reason."""
    place, reason = find_baselines(rows)
    names = rows[["study", "arm", "target"]].agg(" ".join, axis=1)
    return {
        f"{name} {seed}": names.iloc[p] if p >= 0 else int(r)
        for name, seed, p, r in zip(names, rows["seed"], place, reason, strict=True)
    }


def test_each_network_of_a_joint_training_has_its_own():
    rows = rows_of(tiny_grid("s", seeds=[0, 1], baselines=True, arms={"joint": {}}), fused=True)
    found = pairs(rows)
    assert found["s joint rgb 0"] == "s alone rgb"
    assert found["s joint depth 1"] == "s alone depth"
    assert found["s joint fused 0"] == OF_ALL
    assert found["s alone rgb 0"] == IS_REFERENCE
    place, reason = find_baselines(rows)
    there = rows.iloc[place[place >= 0]]
    assert there["seed"].tolist() == rows["seed"][place >= 0].tolist()
    assert set(reason[place >= 0]) == {PAIRED}


def test_the_own_study_comes_first_then_any():
    alone, both = {"modalities": ["rgb"]}, tiny_grid("own", baselines=True, arms={"joint": {}})
    other = tiny_grid("other", arms={"alone": alone}, base={"modalities": ["rgb"]})
    lonely = tiny_grid("lonely", arms={"joint": {}})
    found = pairs(pd.concat([rows_of(each) for each in (both, other, lonely)], ignore_index=True))
    assert found["own joint rgb 0"] == "own alone rgb"
    assert found["lonely joint rgb 0"] == "other alone rgb"  # recorded last
    assert found["lonely joint depth 0"] == "own alone depth"
    assert pairs(rows_of(lonely))["lonely joint rgb 0"] == ABSENT


def test_a_network_alone_with_other_settings_has_the_plain_one_of_its_study():
    arms = {"joint": {}, "long": {"modalities": ["rgb"], "epochs": 9}}
    found = pairs(rows_of(tiny_grid("s", baselines=True, arms=arms)))
    assert found["s long rgb 0"] == "s alone rgb"
    without = pairs(rows_of(tiny_grid("s", arms={"long": arms["long"]})))
    assert without == {"s long rgb 0": IS_REFERENCE}
    two = {**arms, "other joint": {"dropout": 0.3}}
    doubtful = pairs(rows_of(tiny_grid("s", baselines=True, arms=two)))
    assert doubtful["s long rgb 0"] == AMBIGUOUS


VARIANTS = [
    tiny(**settings)
    for settings in (
        {}, {"ssa_weight": 3.0}, {"focal": False, "rho_constant": 2.0}, {"beta": 1.0},
        {"method": "kd", "teacher": "depth"}, {"method": "dml", "transfer_weight": 2.0},
        {"control": "other_clip_same_class"}, {"feature_stage": "mixed_2"}, {"rho_per": "clip"},
        {"ssa_start_epoch": 2}, {"corrupt": "depth", "corruption_strength": 1.0},
        {"corrupt": "rgb"}, {"dropout": 0.3}, {"dropout": None}, {"epochs": 9}, {"clutter": 0.1},
        {"train_clips": 24}, {"augment": "none"}, {"start_from": "elsewhere"}, {"batch_size": 8},
        {"freeze_to": "mixed_1"}, {"generator_seed": 7}, {"network": "inception_i3d"},
    )
]  # fmt: skip


def test_a_row_has_the_baseline_of_its_config():
    """The rule is that of `ExperimentConfig.alone`: nothing here knows which settings count."""
    for config, target in itertools.product(VARIANTS, ("rgb", "depth")):
        row = {**settings_row(config), "method": method_of(config, target)}
        assert baseline_key(config_of(row), target) == baseline_key(config, target)
    keys = [baseline_key(config, "rgb") for config in VARIANTS]
    assert len(set(keys[:11])) == 1  # what is of transfer, or reaches depth alone
    assert len(set(keys[10:])) == len(VARIANTS) - 10


def test_settings_that_are_not_known_here():
    rows = rows_of(tiny_grid("s", baselines=True, arms={"joint": {}}))
    rows.loc[rows["arm"] == "joint", "optimizer"] = "nope"
    assert pairs(rows)["s joint rgb 0"] == UNREADABLE


def test_no_rows_have_no_pairs():
    empty = rows_of(tiny_grid("s"))[:0]
    assert [len(each) for each in find_baselines(empty)] == [0, 0]


@pytest.mark.parametrize("repeated", [False, True])
def test_counterparts_in_a_named_group(repeated):
    arms = {"one": {}, "two": {"beta": 1.0}}
    rows = rows_of(tiny_grid("s", seeds=[0, 1], arms=arms))
    if repeated:  # the same seed twice in the group, by different runs
        again = rows[(rows["arm"] == "one") & (rows["seed"] == 1)].assign(identity="another")
        rows = pd.concat([rows, again], ignore_index=True)
    reference = (rows["arm"] == "one").to_numpy()
    place, reason = Counterparts(rows).of(reference)
    assert (reason[reference] == IS_REFERENCE).all()
    first = (~reference) & (rows["seed"] == 0).to_numpy()
    assert (reason[first] == PAIRED).all()
    there = rows.iloc[place[first]]
    assert set(there["arm"]) == {"one"}
    assert there["target"].tolist() == rows["target"][first].tolist()
    second = (~reference) & (rows["seed"] == 1).to_numpy()
    assert (reason[second] == (AMBIGUOUS if repeated else PAIRED)).all()
    none = Counterparts(rows).of(np.zeros(len(rows), dtype=bool))
    assert set(none.reason) == {ABSENT}
