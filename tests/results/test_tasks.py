"""From factors, arms, seeds and folds to runs: how many, in which order, what they are called."""

import pytest
from support.grids import tiny_grid

from mmtlib.results.grid import value_text


def names(grid):
    return [(t.arm, "+".join(t.config.modalities), t.config.seed) for t in grid.tasks]


def test_every_combination_in_order():
    grid = tiny_grid(seeds=[3, 1], factors={"beta": [1.0, 2.0], "normalize": ["position"]})
    assert names(grid) == [
        ("beta=1.0, normalize=position", "rgb+depth", 3),
        ("beta=1.0, normalize=position", "rgb+depth", 1),
        ("beta=2.0, normalize=position", "rgb+depth", 3),
        ("beta=2.0, normalize=position", "rgb+depth", 1),
    ]
    assert [t.config.beta for t in grid.tasks] == [1.0, 1.0, 2.0, 2.0]
    assert grid.tasks[0].levels == {"beta": "1.0", "normalize": "position"}
    assert {t.study for t in grid.tasks} == {"study"}


def test_a_bundle_sets_several_settings_at_once():
    reductions = {
        "sum": {"ssa_reduction": "sum", "ssa_weight": 0.05},
        "mean": {"ssa_reduction": "mean", "ssa_weight": 10},
    }
    tasks = tiny_grid(factors={"reduction": reductions}).tasks
    assert [t.arm for t in tasks] == ["reduction=sum", "reduction=mean"]
    found = [(t.config.ssa_reduction, t.config.ssa_weight) for t in tasks]
    assert found == [("sum", 0.05), ("mean", 10.0)]


def test_baselines_are_trained_once_for_all_arms_that_share_them():
    grid = tiny_grid(baselines=True, factors={"ssa_weight": [1.0, 2.0], "focal": [True, False]})
    assert [name[:2] for name in names(grid)] == [
        ("ssa_weight=1.0, focal=true", "rgb+depth"),
        ("alone", "rgb"),
        ("alone", "depth"),
        ("ssa_weight=1.0, focal=false", "rgb+depth"),
        ("ssa_weight=2.0, focal=true", "rgb+depth"),
        ("ssa_weight=2.0, focal=false", "rgb+depth"),
    ]


def test_baselines_that_differ_say_in_what():
    grid = tiny_grid(
        baselines=True, factors={"ssa_weight": [1.0, 2.0], "augment": ["shift", "none"]}
    )
    alone = [name[:2] for name in names(grid) if name[0].startswith("alone")]
    assert alone == [
        ("alone (augment=shift)", "rgb"),
        ("alone (augment=shift)", "depth"),
        ("alone (augment=none)", "rgb"),
        ("alone (augment=none)", "depth"),
    ]


def test_methods_and_controls_are_arms_with_the_same_baselines():
    arms = {
        "mtut": {},
        "kd": {"method": "kd", "teacher": "depth"},
        "second network": {"control": "same_modality", "modalities": ["rgb"]},
    }
    grid = tiny_grid(baselines=True, arms=arms)
    assert [name[:2] for name in names(grid)] == [
        ("mtut", "rgb+depth"), ("alone", "rgb"), ("alone", "depth"), ("kd", "rgb+depth"),
        ("second network", "rgb"),
    ]  # fmt: skip


def test_an_arm_whose_baseline_is_another_one():
    arms = {"long": {"epochs": 2}, "off": {"ssa_weight": 0}}
    grid = tiny_grid(baselines=True, factors={"ssa_weight": [1.0, 2.0]}, arms=arms)
    found = {(arm, t.config.epochs) for t in grid.tasks if (arm := t.arm).startswith("alone")}
    assert found == {("alone", 1), ("alone (arm=long)", 2)}
    only_arms = tiny_grid(baselines=True, arms={"one": {"beta": 1}, "off": {"ssa_weight": 0}})
    assert [t.arm for t in only_arms.tasks] == ["one", "alone", "alone", "off"]


def test_combinations_that_are_the_same_run_are_one_task():
    """With weight 0 no other setting of the alignment means anything."""
    grid = tiny_grid(factors={"ssa_weight": [0.0, 1.0], "focal": [True, False]})
    assert [t.arm for t in grid.tasks] == [
        "ssa_weight=0.0", "ssa_weight=1.0, focal=true", "ssa_weight=1.0, focal=false",
    ]  # fmt: skip
    assert grid.tasks[0].levels == {"ssa_weight": "0.0"}


def test_combinations_of_some_levels_that_are_the_same_run():
    kinds = {"a": {"beta": 1.0}, "b": {"beta": 1}, "c": {"beta": 2.0}}
    assert [t.arm for t in tiny_grid(factors={"kind": kinds}).tasks] == ["kind=a|b", "kind=c"]


def test_arms_stand_beside_the_combinations():
    grid = tiny_grid(factors={"beta": [1.0, 2.0]}, arms={"off": {"ssa_weight": 0}})
    assert [t.arm for t in grid.tasks] == ["beta=1.0", "beta=2.0", "off"]
    assert grid.tasks[2].levels == {}


def test_arms_without_factors_are_all_there_is():
    grid = tiny_grid(arms={"a": {"beta": 1.0}, "b": {"beta": 2.0}}, seeds=[0, 1])
    assert [t.arm for t in grid.tasks] == ["a", "a", "b", "b"]
    assert [t.arm for t in tiny_grid().tasks] == ["base"]


def test_an_arm_that_is_also_a_combination_has_both_names():
    (one, two) = tiny_grid(factors={"beta": [1.0, 2.0]}, arms={"mtut": {"beta": 2.0}}).tasks
    assert (one.arm, one.levels) == ("beta=1.0", {"beta": "1.0"})
    assert (two.arm, two.levels) == ("mtut", {"beta": "2.0"})


def test_a_network_alone_that_was_asked_for_is_no_second_baseline():
    grid = tiny_grid(baselines=True, factors={"modalities": [["rgb"], ["rgb", "depth"]]})
    assert [t.arm for t in grid.tasks] == ["modalities=rgb", "modalities=rgb+depth", "alone"]
    assert grid.tasks[2].config.modalities == ("depth",)


def test_folds_and_generator_seeds_repeat_an_arm():
    base = {"dataset": "viva", "root": "/viva"}
    grid = tiny_grid(
        base=base, seeds=[0, 1], factors={"fold": [0, 5], "beta": [1.0]}, arms={"off": {"beta": 3}}
    )
    found = [(t.arm, t.config.fold, t.config.seed) for t in grid.tasks]
    assert found == [(a, f, s) for a in ("beta=1.0", "off") for f in (0, 5) for s in (0, 1)]
    people = tiny_grid(baselines=True, factors={"generator_seed": [1, 2]})
    found = [(t.arm, t.config.generator_seed) for t in people.tasks]
    assert found == [(arm, g) for g in (1, 2) for arm in ("base", "alone", "alone")]


def test_work_grows_with_networks_epochs_and_pixels():
    def work(**base):
        return tiny_grid(base=base).tasks[0].work

    assert work(epochs=4) == 4 * work(epochs=1)
    assert work() == 2 * work(modalities=["rgb"])
    assert work(preset="tutorial") == work() * (16 * 32**2 * 480) / (8 * 16**2 * 48)
    assert work(dataset="viva", root="/x", preset="paper") > work(dataset="viva", root="/x")


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (1, "1"), (0.05, "0.05"), ("clip", "clip"), (["rgb", "ir"], "rgb+ir")],
)
def test_levels_as_text(value, text):
    assert value_text(value) == text
