import pytest
from support.tiny_runs import tiny

from mmtlib.config import ExperimentConfig
from mmtlib.core.errors import ConfigError
from mmtlib.experiment import build_network, plan_training


@pytest.mark.parametrize(
    ("preset", "clip", "grid", "weights"),
    [
        # The figures of docs/architecture and of the paper's setting, worked out by hand.
        ("tutorial", (16, 32, 32), (2, 8, 8), (10 / 128**2, 10.0)),
        ("paper-lite", (32, 112, 112), (4, 4, 4), (0.05, 0.05 * 64**2)),
        ("paper", (64, 224, 224), (8, 7, 7), (0.05, 0.05 * 392**2)),
    ],
)
def test_sizes_and_both_forms_of_the_weight(preset, clip, grid, weights):
    plan = plan_training(ExperimentConfig.make(preset=preset, modalities=("rgb", "depth")))
    assert (plan.clip, plan.grid) == (clip, grid)
    assert plan.weights == pytest.approx(weights)
    assert f"d = {plan.positions}" in plan.weight_line
    assert f"{weights[0]:.4g} on the sum" in plan.weight_line
    assert f"{weights[1]:.4g} on the mean" in plan.weight_line


def test_parameters_are_those_of_the_networks():
    config = tiny(modalities=("depth", "flow"))
    for m, count in plan_training(config).parameters.items():
        assert count == sum(p.numel() for p in build_network(config, m, 4).parameters())


@pytest.mark.parametrize("config", [tiny(ssa_weight=0.0), tiny(modalities="rgb")])
def test_without_alignment(config):
    plan = plan_training(config)
    assert plan.weights is None
    assert plan.weight_line == "no alignment: every network is trained by itself"


def test_a_real_data_set_has_its_own_classes():
    paper = ExperimentConfig.make(dataset="nvgesture", preset="tiny", modalities="rgb", root="x")
    synthetic = tiny(modalities="rgb")
    more = plan_training(paper).parameters["rgb"] - plan_training(synthetic).parameters["rgb"]
    assert more == (25 - 4) * (64 + 1)


def test_clips_that_are_too_short():
    with pytest.raises(ConfigError, match="feature_time_pool=4: stage mixed_3 has only 2"):
        plan_training(tiny(feature_stage="mixed_3", feature_time_pool=4).replace())


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        (
            {"method": "kd", "teacher": "depth"},
            "distillation, weight 1, temperature 4, from depth only",
        ),
        ({"method": "dml", "transfer_weight": 0.5}, "mutual learning, weight 0.5"),
        ({"method": "dml", "transfer_weight": 0.0}, "no alignment: every network is trained by it"),
        ({"method": "attention", "teacher": "rgb"}, "attention transfer, weight 1, from rgb only"),
        ({"method": "one_way", "teacher": "rgb"}, "SSA weight 10 on the mean"),
    ],
)
def test_other_methods_are_told(settings, line):
    plan = plan_training(tiny(**settings))
    assert plan.weight_line.startswith(line)
    assert (plan.weights is None) == (settings["method"] != "one_way")


def test_directions_and_controls_are_told():
    one_way = plan_training(tiny(method="one_way", teacher="depth")).weight_line
    assert one_way == plan_training(tiny()).weight_line + ", from depth only"
    control = plan_training(tiny(control="frozen_random")).weight_line
    assert control == plan_training(tiny()).weight_line + ", control frozen random teacher"


def test_networks_that_are_trained():
    second = plan_training(tiny(control="same_modality"))
    assert list(second.parameters) == ["rgb", "depth", "rgb-2", "depth-2"]
    assert second.parameters["rgb"] == second.parameters["rgb-2"]
    assert list(plan_training(tiny(method="kd", teacher="depth")).parameters) == ["rgb"]
    assert plan_training(tiny(modalities="rgb", control="same_modality")).weights is not None
