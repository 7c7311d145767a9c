import pytest
import torch
from support.tiny_runs import tiny

from mmtlib.config import ExperimentConfig
from mmtlib.experiment import build_network, count_clips, estimate_cost, plan_training
from mmtlib.experiment import cost as cost_module


def conv_flops(network, clips):
    """Count the operations of the forward pass by hand, from the outputs of its layers."""
    total = []

    def count(module, _, output):
        each = module.weight[0].numel()  # one output value is a sum of so many products
        total.append(2 * each * output.numel())

    for module in network.modules():
        if isinstance(module, (torch.nn.Conv3d, torch.nn.Linear)):
            module.register_forward_hook(count)
    with torch.no_grad():
        network(clips)
    return sum(total) / len(clips)


def test_operations_are_three_forward_passes_less_what_the_clips_need():
    config = tiny(modalities="rgb")
    network = build_network(config, "rgb", 2)
    clips = torch.zeros(2, 3, 8, 16, 16)
    forward = conv_flops(network, clips)
    with torch.device("meta"):
        stem = conv_flops(build_network(config, "rgb", 2).stem[:1], torch.zeros(2, 3, 8, 16, 16))
    # Weights and inputs of a layer each cost a forward pass; nobody asks the clip's gradient.
    assert estimate_cost(config, 48).flops == pytest.approx(3 * forward - stem, rel=1e-3)


def test_costs_grow_as_they_should(monkeypatch):
    monkeypatch.setattr(cost_module, "_measure_speed", lambda *_: 1e9)
    one, two = (estimate_cost(tiny(modalities=m), 48) for m in ("rgb", "rgb,depth"))
    assert one.flops < two.flops
    assert one.seconds == pytest.approx(one.flops * 48 * 3 / 1e9)
    for more, factor in ((48, 1), (96, 2)):
        assert estimate_cost(tiny(modalities="rgb"), more).seconds == factor * one.seconds
    shared = estimate_cost(tiny(modalities="rgb", devices=2), 48)
    assert shared.seconds == one.seconds / 2
    assert shared.batch_bytes == one.batch_bytes / 2 == 8 * one.activation_bytes
    again = estimate_cost(tiny(modalities="rgb", recompute=True), 48)
    assert again.batch_bytes < 0.6 * one.batch_bytes
    assert again.seconds == pytest.approx(4 / 3 * one.seconds)
    momentum = estimate_cost(tiny(modalities="rgb", optimizer="sgd"), 48)
    weights = plan_training(tiny(modalities="rgb")).parameters["rgb"]
    assert (momentum.state_bytes, one.state_bytes) == (12 * weights, 16 * weights)


def test_second_networks_and_frozen_teachers_have_their_costs(monkeypatch):
    monkeypatch.setattr(cost_module, "_measure_speed", lambda *_: 1e9)
    plain = estimate_cost(tiny(), 48)
    second = estimate_cost(tiny(control="same_modality"), 48)
    assert (second.flops, second.state_bytes) == (2 * plain.flops, 2 * plain.state_bytes)
    frozen = estimate_cost(tiny(control="frozen_random"), 48)
    assert frozen.flops == pytest.approx(4 / 3 * plain.flops)
    assert frozen.batch_bytes == plain.batch_bytes
    rgb, depth = (estimate_cost(tiny(modalities=m), 48) for m in ("rgb", "depth"))
    student = estimate_cost(tiny(method="kd", teacher="depth"), 48)
    assert student.flops == pytest.approx(rgb.flops + depth.flops / 3)
    assert student.state_bytes == rgb.state_bytes


def test_kept_bytes_are_those_of_a_real_forward_pass():
    config, kept = tiny(modalities="rgb"), {}

    def keep(x):
        kept[x.untyped_storage().data_ptr()] = x.untyped_storage().nbytes()
        return x

    network = build_network(config, "rgb", 2)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda x: x):
        outputs = network(torch.zeros(2, 3, 8, 16, 16))
    weights = sum(kept.get(p.data_ptr(), 0) for p in network.parameters())
    assert outputs.logits.shape == (2, 2)
    measured = (sum(kept.values()) - weights) / 2
    assert estimate_cost(config, 48).activation_bytes == pytest.approx(measured, rel=0.05)


def test_the_number_of_clips_without_the_clips(monkeypatch):
    monkeypatch.setattr("mmtlib.experiment.data.SyntheticGestures", None)  # must not be needed
    assert count_clips(tiny(), "train") == 48
    assert count_clips(ExperimentConfig.make(preset="paper"), "test") == 600
