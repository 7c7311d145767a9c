import pytest
import torch
from torch.nn import functional as F

from mmtlib.core.errors import CheckpointError, ConfigError
from mmtlib.models import build_model, save_weights, start_from_weights

OLD = ("wave", "click", "push")
SHAPES = {"compact_i3d": (8, 16, 16), "inception_i3d": (16, 32, 32)}


@pytest.fixture(params=SHAPES)
def network(request):
    return request.param


def build(network, classes, seed=0, modality="depth"):
    return build_model(network, modality, num_classes=classes, seed=seed)


@pytest.fixture
def weights(network, tmp_path):
    old = build(network, len(OLD), seed=1)
    save_weights(old, tmp_path / "old.safetensors", metadata={})
    return old, tmp_path / "old.safetensors"


def test_known_classes_keep_their_rows_whatever_their_order(network, weights):
    old, path = weights
    new, fresh = build(network, 4), build(network, 4)
    classes = ("push", "new one", "wave", "another")
    note = start_from_weights(new, path, old_classes=OLD, classes=classes)
    assert note == "the classifier knows 2 of 4 classes by name; the rest is new"
    found, before, was = new.state_dict(), fresh.state_dict(), old.state_dict()
    for name, tensor in found.items():
        if not name.startswith(new.CLASSIFIER):
            assert torch.equal(tensor, was[name])
            continue
        assert torch.equal(tensor[0], was[name][2])
        assert torch.equal(tensor[2], was[name][0])
        assert torch.equal(tensor[1], before[name][1])
        assert torch.equal(tensor[3], before[name][3])


def test_with_the_same_classes_the_outputs_are_the_same(network, weights):
    old, path = weights
    new = build(network, 3)
    note = start_from_weights(new, path, old_classes=OLD, classes=OLD)
    assert note == "the classifier knows all 3 classes"
    x = torch.randn(2, 1, *SHAPES[network], generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(new.eval()(x).logits, old.eval()(x).logits)


def test_what_does_not_fit_changes_nothing(network, weights, tmp_path):
    _, path = weights
    other = build(network, 3, modality="rgb")
    before = {name: tensor.clone() for name, tensor in other.state_dict().items()}
    with pytest.raises(CheckpointError, match=r"does not fit .*misshapen"):
        start_from_weights(other, path, old_classes=OLD, classes=OLD)
    with pytest.raises(CheckpointError, match=r"does not fit .*misshapen: .*expected float32 \(2,"):
        start_from_weights(build(network, 3), path, old_classes=OLD[:2], classes=OLD)
    with pytest.raises(CheckpointError, match="There is no file of weights"):
        start_from_weights(other, tmp_path / "no.safetensors", old_classes=OLD, classes=OLD)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(CheckpointError, match="damaged"):
        start_from_weights(build(network, 3), path, old_classes=OLD, classes=OLD)
    assert all(torch.equal(tensor, before[name]) for name, tensor in other.state_dict().items())


def test_frozen_stages_do_not_change(network):
    net = build(network, 3)
    last = net.STAGES[1]
    net.freeze_to(last)
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    net.train()
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.1, weight_decay=0.5)
    x = torch.randn(4, 1, *SHAPES[network], generator=torch.Generator().manual_seed(0))
    F.cross_entropy(net(x).logits, torch.tensor([0, 1, 2, 0])).backward()
    optimizer.step()
    frozen = tuple(f"{name}." for name in net.STAGES[:2])
    changed = {name for name, t in net.state_dict().items() if not torch.equal(t, before[name])}
    assert not any(name.startswith(frozen) for name in changed)
    learnt = [name for name, _ in net.named_parameters() if not name.startswith(frozen)]
    assert set(learnt) <= changed


def test_freezing_what_is_not_there_or_everything(network):
    net = build(network, 3)
    with pytest.raises(ConfigError, match="Unknown stage 'mixed_9'"):
        net.freeze_to("mixed_9")
    if network == "inception_i3d":
        with pytest.raises(ConfigError, match="nothing to train"):
            net.freeze_to("Logits")
