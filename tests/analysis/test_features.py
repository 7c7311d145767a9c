import pytest
import torch
from torch import nn

from mmtlib.analysis import pooled_features, stage_features
from mmtlib.analysis.features import evaluating
from mmtlib.core.errors import ConfigError, DataError
from mmtlib.models import CompactI3D, build_model

SIZES = {"compact_i3d": (8, 16, 16), "inception_i3d": (9, 32, 32)}


@pytest.fixture(params=SIZES)
def network(request):
    return build_model(request.param, "flow", num_classes=3, seed=0)


def clips_for(network, n=3):
    size = SIZES["compact_i3d" if isinstance(network, CompactI3D) else "inception_i3d"]
    return torch.randn(n, 2, *size, generator=torch.Generator().manual_seed(0))


def test_a_stage_gives_what_the_network_gives_as_features(network):
    clips = clips_for(network)
    for stage in (network.STAGES[0], network.STAGES[-2], network.STAGES[-1]):
        settings = {"feature_stage": stage, "feature_time_pool": 1}
        name = "compact_i3d" if isinstance(network, CompactI3D) else "inception_i3d"
        other = build_model(name, "flow", num_classes=3, seed=0, **settings).eval()
        with torch.no_grad():
            expected = other(clips).features
        found = stage_features(network, clips, stage)
        torch.testing.assert_close(found, expected)
        assert not found.requires_grad


def test_without_a_stage_the_features_are_those_of_the_alignment(network):
    clips = clips_for(network, 2)
    found = stage_features(network.eval(), clips)
    with torch.no_grad():
        torch.testing.assert_close(found, network(clips).features)
    torch.testing.assert_close(pooled_features(network, clips), found.mean(dim=(2, 3, 4)))


def test_parts_make_no_difference_and_no_hook_stays(network):
    clips = clips_for(network)
    stage = network.STAGES[-2]
    whole = stage_features(network, clips, stage)
    parts = stage_features(network, clips, stage, batch_size=2)
    torch.testing.assert_close(parts, whole, rtol=1e-4, atol=1e-5)
    assert not any(module._forward_hooks for module in network.modules())


def test_no_hook_stays_after_an_error(network):
    with pytest.raises(DataError, match="expected clips of shape"):
        stage_features(network, torch.zeros(1, 5, 8, 16, 16), network.STAGES[0])
    assert not any(module._forward_hooks for module in network.modules())


def test_every_part_of_the_network_keeps_its_mode():
    network = nn.Sequential(nn.Dropout(), nn.Sequential(nn.Dropout(), nn.Dropout()))
    network[1].eval()
    network[1][0].train()
    before = [module.training for module in network.modules()]
    with evaluating(network):
        assert not any(module.training for module in network.modules())
    assert [module.training for module in network.modules()] == before


def test_training_statistics_are_not_touched(network):
    network.train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    stage_features(network, clips_for(network))
    assert network.training
    assert all(torch.equal(before[name], x) for name, x in network.state_dict().items())


def test_what_cannot_be_is_refused(network):
    with pytest.raises(ConfigError, match="Unknown stage 'mixed_9'"):
        stage_features(network, clips_for(network), "mixed_9")
    with pytest.raises(ConfigError, match="batch_size: expected at least 1, got 0"):
        stage_features(network, clips_for(network), batch_size=0)
    with pytest.raises(DataError, match="No clips"):
        stage_features(network, clips_for(network)[:0])
