import pytest
import torch
from support.tiny_runs import same_tensors, tiny

from mmtlib.core.errors import ConfigError
from mmtlib.experiment import build_network, make_fabric, resolve_device
from mmtlib.models import CompactI3D


@pytest.mark.parametrize(
    ("gpu", "has_bf16", "settings", "expected"),
    [
        (False, True, {}, ("cpu", "float32")),
        (False, True, {"precision": "bf16"}, ("cpu", "bf16")),
        (True, True, {}, ("cuda", "bf16")),
        (True, False, {}, ("cuda", "float32")),
        (True, True, {"precision": "float32"}, ("cuda", "float32")),
        (True, True, {"device": "cpu"}, ("cpu", "float32")),
        (True, True, {"device": "cuda"}, ("cuda", "bf16")),
    ],
)
def test_auto(monkeypatch, gpu, has_bf16, settings, expected):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    for room, name in ((torch.cuda, "is_bf16_supported"), (torch.cpu, "_is_avx512_bf16_supported")):
        monkeypatch.setattr(room, name, lambda: has_bf16)
    assert resolve_device(tiny(**{"device": "auto", **settings})) == expected


def test_no_imitated_bf16(monkeypatch):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    with pytest.raises(ConfigError, match="this processor has no bf16 arithmetic; use 'float32'"):
        resolve_device(tiny(precision="bf16"))


def test_no_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match="torch sees no GPU here; use device='cpu'"):
        resolve_device(tiny(device="cuda"))


def test_network_from_its_name():
    config = tiny(feature_time_pool=2)
    network = build_network(config, "flow", 4)
    assert isinstance(network, CompactI3D)
    assert network.eval()(torch.zeros(2, 2, 8, 16, 16)).logits.shape == (2, 4)
    again = build_network(config.replace(modalities=("flow",), seed=0), "flow", 4)
    assert same_tensors(network.state_dict(), again.state_dict())
    other = build_network(config.replace(seed=1), "flow", 4)
    assert not same_tensors(network.state_dict(), other.state_dict())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"network": "compact_i3"}, "Unknown network 'compact_i3'.*'compact_i3d'"),
        ({"feature_stage": "nowhere"}, "nowhere"),
    ],
)
def test_wrong_networks(settings, message):
    with pytest.raises(ConfigError, match=message):
        build_network(tiny(**settings), "rgb", 4)(torch.zeros(1, 3, 8, 16, 16))


@pytest.mark.parametrize(
    ("precision", "kind"), [("float32", torch.float32), ("bf16", torch.bfloat16)]
)
def test_precision(precision, kind, capsys):
    fabric = make_fabric("cpu", precision)
    assert capsys.readouterr() == ("", "")
    assert fabric.device.type == "cpu"
    assert fabric.world_size == 1
    with fabric.autocast():
        assert torch.nn.functional.linear(torch.ones(1, 2), torch.ones(1, 2)).dtype == kind
