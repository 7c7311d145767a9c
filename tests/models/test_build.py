import pytest
import torch

from mmtlib.core.errors import ConfigError, DataError
from mmtlib.core.modalities import MODALITIES
from mmtlib.models import NETWORKS, StreamSet, build_model


def compact(modality, seed=0, **settings):
    return build_model("compact_i3d", modality, num_classes=4, seed=seed, **settings)


def frames(*modalities, n=2):
    generator = torch.Generator().manual_seed(1)
    return {
        m: torch.randn(n, MODALITIES[m].channels, 8, 16, 16, generator=generator)
        for m in modalities
    }


def same_weights(a, b):
    return all(torch.equal(x, y) for x, y in zip(a.parameters(), b.parameters(), strict=True))


@pytest.mark.parametrize("modality", MODALITIES)
@pytest.mark.parametrize("network", NETWORKS)
def test_channels_follow_the_modality(network, modality):
    with torch.device("meta"):
        net = build_model(network, modality, num_classes=4, seed=0)
    assert net.in_channels == MODALITIES[modality].channels
    assert net.num_classes == 4
    assert type(net) is NETWORKS[network].load()


def test_settings_left_out_are_the_networks_defaults():
    assert compact("rgb").feature_stage == "mixed_2"
    assert compact("rgb").feature_time_pool == 2
    assert compact("rgb").dropout.p == 0.3
    given = compact("rgb", feature_stage="mixed_3", feature_time_pool=1, dropout=0.0)
    assert (given.feature_stage, given.feature_time_pool, given.dropout.p) == ("mixed_3", 1, 0.0)


def test_initial_weights_depend_on_seed_and_modality_only():
    alone = compact("depth")
    torch.manual_seed(99)
    compact("rgb")
    assert same_weights(alone, compact("depth"))
    assert not same_weights(alone, compact("depth", seed=1))
    assert not same_weights(alone, compact("ir"))  # one channel too, but its own draw


def test_a_second_network_has_its_own_initial_weights():
    first, second = compact("rgb"), compact("rgb-2")
    assert second.in_channels == 3
    assert not same_weights(first, second)
    assert same_weights(second, compact("rgb-2"))
    with pytest.raises(ConfigError, match="Unknown modality 'rgb-3'"):
        compact("rgb-3")


def test_building_leaves_the_global_generator_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    compact("rgb")
    assert torch.equal(torch.rand(3), expected)


def test_unknown_names_are_refused():
    with pytest.raises(
        ConfigError, match=r"Unknown network 'compact_i3'.*Did you mean 'compact_i3"
    ):
        build_model("compact_i3", "rgb", num_classes=4, seed=0)
    with pytest.raises(ConfigError, match="Unknown modality 'rbg'"):
        compact("rbg")


def test_a_set_runs_each_network_on_its_own_modality():
    nets = StreamSet({m: compact(m) for m in ("depth", "rgb")}).eval()
    batch = frames("rgb", "depth", "ir")
    with torch.no_grad():
        outputs = nets(batch)
        assert list(outputs) == ["depth", "rgb"]
        for name, output in outputs.items():
            assert torch.equal(output.logits, nets[name](batch[name]).logits)


def test_dropout_of_one_network_does_not_depend_on_the_others():
    batch = frames("rgb", "depth")
    both = StreamSet({m: compact(m) for m in ("rgb", "depth")})
    alone = StreamSet({"depth": compact("depth")})
    step = (7, "dropout", 3)
    together = both(batch, seed_parts=step)["depth"].logits
    assert torch.equal(together, alone(batch, seed_parts=step)["depth"].logits)
    assert not torch.equal(together, alone(batch, seed_parts=(7, "dropout", 4))["depth"].logits)


def test_a_second_network_sees_the_same_clips_with_its_own_dropout():
    nets = StreamSet({name: compact("rgb") for name in ("rgb", "rgb-2")})
    assert nets.modalities == ("rgb",)
    batch = frames("rgb")
    outputs = nets(batch, seed_parts=(7, "dropout", 3))
    assert list(outputs) == ["rgb", "rgb-2"]
    assert not torch.equal(outputs["rgb"].logits, outputs["rgb-2"].logits)
    alone = StreamSet({"rgb": compact("rgb")})(batch, seed_parts=(7, "dropout", 3))
    assert torch.equal(outputs["rgb"].logits, alone["rgb"].logits)
    nets.eval()
    outputs = nets(batch)
    assert torch.equal(outputs["rgb"].features, outputs["rgb-2"].features)


def test_seeded_forward_leaves_the_global_generator_alone():
    nets = StreamSet({"rgb": compact("rgb")})
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    nets(frames("rgb"), seed_parts=(1, 2))
    assert torch.equal(torch.rand(3), expected)


def test_a_set_names_what_is_missing():
    nets = StreamSet({m: compact(m) for m in ("rgb", "depth")})
    with pytest.raises(DataError, match=r"the batch lacks depth \(it has rgb\)"):
        nets(frames("rgb"))
    with pytest.raises(ConfigError, match="Unknown modality of this set 'flow'"):
        nets["flow"]
    with pytest.raises(ConfigError, match="At least one network"):
        StreamSet({})
