"""What both networks promise alike: shapes, features, gradients, errors."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from mmtlib.core.errors import ConfigError, DataError
from mmtlib.models import CompactI3D, InceptionI3D, build_model
from mmtlib.models.blocks import mean_over_time

SMALL = {"compact_i3d": (16, 16, 16), "inception_i3d": (16, 32, 32)}


@pytest.fixture(params=SMALL)
def network(request):
    return request.param


def build(network, **settings):
    return build_model(network, "flow", **{"num_classes": 5, "seed": 3, **settings})


def clips(network, n=2):
    return torch.randn(n, 2, *SMALL[network], generator=torch.Generator().manual_seed(0))


def test_every_stage_gives_its_own_output_as_features(network):
    seen = {}
    net = build(network, feature_time_pool=1).eval()
    for name in net.STAGES:
        net.stage_module(name).register_forward_hook(
            lambda _module, _inputs, output, name=name: seen.update({name: output})
        )
    for name in (net.STAGES[0], net.STAGES[-2], net.STAGES[-1]):
        net.feature_stage = name
        with torch.no_grad():
            features = net(clips(network)).features
        assert torch.equal(features, seen[name])
    assert list(seen) == list(net.STAGES)


def test_features_are_pooled_in_time(network):
    stage = "mixed_2" if network == "compact_i3d" else "Mixed_4f"
    plain = build(network, feature_stage=stage, feature_time_pool=1).eval()
    pooled = build(network, feature_stage=stage, feature_time_pool=2).eval()
    with torch.no_grad():
        expected = F.avg_pool3d(plain(clips(network)).features, (2, 1, 1))
        torch.testing.assert_close(pooled(clips(network)).features, expected)


@pytest.mark.parametrize(("length", "pool"), [(4, 2), (5, 2), (7, 3), (3, 3), (4, 1)])
def test_mean_over_time_equals_average_pooling_and_keeps_the_layout(length, pool):
    x = torch.randn(2, 3, length, 4, 5).to(memory_format=torch.channels_last_3d)
    mean = mean_over_time(x, pool)
    torch.testing.assert_close(mean, F.avg_pool3d(x, (pool, 1, 1)))
    assert mean.is_contiguous(memory_format=torch.channels_last_3d)


def test_evaluation_is_deterministic_and_training_is_not(network):
    net = build(network, dropout=0.5)
    x = clips(network)
    assert not torch.equal(net(x).logits, net(x).logits)
    net.eval()
    assert torch.equal(net(x).logits, net(x).logits)


def test_a_clip_does_not_depend_on_its_neighbours_in_evaluation(network):
    net = build(network).eval()
    x = clips(network, 3)
    with torch.no_grad():
        torch.testing.assert_close(net(x).logits[1:2], net(x[1:2]).logits, rtol=1e-4, atol=1e-5)


def test_gradient_reaches_every_parameter(network):
    net = build(network, dropout=0.0)
    F.cross_entropy(net(clips(network, 4)).logits, torch.tensor([0, 1, 2, 3])).backward()
    dead = [k for k, p in net.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert dead == []


def test_channels_last_gives_the_same_result(network):
    net = build(network).eval()
    x = clips(network)
    with torch.no_grad():
        default = net(x)
        last = net.to(memory_format=torch.channels_last_3d)(
            x.to(memory_format=torch.channels_last_3d)
        )
    torch.testing.assert_close(last.logits, default.logits, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(last.features, default.features, rtol=1e-4, atol=1e-4)


def test_wrong_settings_are_refused(network):
    with pytest.raises(ConfigError, match=r"Unknown feature stage 'mixed_9'"):
        build(network, feature_stage="mixed_9")
    with pytest.raises(ConfigError, match="feature_time_pool: expected a whole number"):
        build(network, feature_time_pool=0)
    with pytest.raises(ConfigError, match=r"dropout: expected a probability in \[0, 1\), got 1"):
        build(network, dropout=1.0)
    with pytest.raises(ConfigError, match="num_classes"):
        build(network, num_classes=0)
    with pytest.raises(ConfigError, match="Unknown stage"):
        build(network).stage_module("head")


def test_clips_of_another_shape_are_refused(network):
    net = build(network)
    with pytest.raises(DataError, match=r"expected clips of shape \(N, 2, T, H, W\), got \(1, 3,"):
        net(torch.zeros(1, 3, *SMALL[network]))
    with pytest.raises(DataError, match="expected clips of shape"):
        net(torch.zeros(2, *SMALL[network]))


def test_pooling_more_than_there_is_is_refused(network):
    stage = "mixed_2" if network == "compact_i3d" else "Mixed_5c"
    net = build(network, feature_time_pool=9, feature_stage=stage).eval()
    with pytest.raises(ConfigError, match=r"feature_time_pool=9: stage .* has only"):
        net(clips(network))


def test_classes_are_modules_with_stages():
    for kind in (CompactI3D, InceptionI3D):
        assert issubclass(kind, nn.Module)
        assert len(set(kind.STAGES)) == len(kind.STAGES)
