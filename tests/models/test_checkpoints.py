import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import nn

from mmtlib.core.errors import CheckpointError, DataError
from mmtlib.models import build_model, load_weights, read_metadata, save_weights


def compact(seed=0, num_classes=4):
    return build_model("compact_i3d", "depth", num_classes=num_classes, seed=seed)


def tiny():
    return nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))


@pytest.fixture
def saved(tmp_path):
    model = tiny()
    path = tmp_path / "weights.safetensors"
    save_weights(model, path, metadata={"recipe": "compact"})
    return model, path


def states_equal(a, b):
    a, b = a.state_dict(), b.state_dict()
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


def test_round_trip_in_any_memory_format(tmp_path):
    model = compact().to(memory_format=torch.channels_last_3d)
    model(torch.randn(2, 1, 8, 16, 16))  # moves the running statistics
    path = tmp_path / "new" / "weights.safetensors"
    metadata = {"network": "compact_i3d", "note": "größer"}
    save_weights(model, path, metadata=metadata)
    assert read_metadata(path) == metadata
    other = compact(seed=1)
    assert load_weights(other, path) == metadata
    assert states_equal(model, other)
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_loading_keeps_the_layout_of_the_model(tmp_path):
    path = tmp_path / "w.safetensors"
    save_weights(compact(), path, metadata={})
    model = compact(1).to(memory_format=torch.channels_last_3d)
    load_weights(model, path)
    assert model.mixed_1.wide.weight.is_contiguous(memory_format=torch.channels_last_3d)
    assert states_equal(model, compact())


def test_shared_tensors_can_be_saved(tmp_path):
    model = nn.ModuleDict({"a": nn.Linear(2, 2), "b": nn.Linear(2, 2)})
    model["b"].weight = model["a"].weight
    save_weights(model, tmp_path / "w", metadata={})
    assert load_weights(model, tmp_path / "w") == {}


def test_files_of_others_without_check_sum_are_read(tmp_path):
    model = tiny()
    save_file(model.state_dict(), tmp_path / "w")
    assert load_weights(tiny(), tmp_path / "w") == {}
    assert read_metadata(tmp_path / "w") == {}


def test_absent_file_is_named(tmp_path):
    for act in (read_metadata, lambda path: load_weights(tiny(), path)):
        with pytest.raises(CheckpointError, match=r"no file of weights at .*nothing\.safetensors"):
            act(tmp_path / "nothing.safetensors")
        with pytest.raises(CheckpointError, match="no file of weights"):
            act(tmp_path)


@settings(max_examples=40)
@given(data=st.data())
def test_any_damage_is_refused_and_the_model_left_as_it_was(data, tmp_path_factory):
    path = tmp_path_factory.mktemp("damage") / "w.safetensors"
    save_weights(tiny(), path, metadata={"recipe": "compact"})
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        del content[place:]
    elif place >= len(content) - 40:  # among the values
        content[place] ^= data.draw(st.integers(1, 255))
    else:
        content[:8] = (2**40).to_bytes(8, "little")
    path.write_bytes(content)
    model = tiny()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    with pytest.raises(CheckpointError, match=r"w\.safetensors"):
        load_weights(model, path)
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())


def test_one_changed_bit_among_the_values_is_refused(saved):
    _, path = saved
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"damaged .*its check sum differs"):
        load_weights(tiny(), path)


def test_text_is_no_file_of_weights(tmp_path):
    path = tmp_path / "w.safetensors"
    path.write_text("these are not weights, " * 9)
    with pytest.raises(CheckpointError, match="damaged or no file of weights"):
        read_metadata(path)


def test_misfit_lists_missing_unexpected_and_misshapen(saved):
    _, path = saved
    model = nn.Sequential(nn.Linear(3, 5), nn.PReLU())
    with pytest.raises(CheckpointError) as caught:
        load_weights(model, path)
    message = str(caught.value)
    assert str(path) in message
    assert "unexpected: 1.bias, 1.num_batches_tracked, 1.running_mean, 1.running_var" in message
    assert "0.weight (expected float32 (5, 3), got float32 (2, 3))" in message
    with pytest.raises(CheckpointError, match=r"missing: 2\.bias, 2\.weight\."):
        load_weights(nn.Sequential(*tiny(), nn.Linear(2, 2)), path)


def test_long_lists_are_shortened(saved):
    with pytest.raises(CheckpointError, match=r"missing: .* and \d+ more"):
        load_weights(compact(), saved[1])


def test_another_number_of_classes_is_misshapen(tmp_path):
    save_weights(compact(), tmp_path / "w", metadata={})
    with pytest.raises(CheckpointError, match=r"misshapen: linear\.bias .*linear\.weight"):
        load_weights(compact(num_classes=5), tmp_path / "w")


def test_another_precision_is_a_misfit(saved):
    with pytest.raises(CheckpointError, match="expected float64"):
        load_weights(tiny().double(), saved[1])


def test_metadata_must_be_text(tmp_path):
    with pytest.raises(CheckpointError, match="'epoch'"):
        save_weights(tiny(), tmp_path / "w", metadata={"epoch": 3})
    with pytest.raises(CheckpointError, match="mmtlib_crc32"):
        save_weights(tiny(), tmp_path / "w", metadata={"mmtlib_crc32": "0"})
    assert not (tmp_path / "w").exists()


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="Cannot write"):
        save_weights(tiny(), tmp_path / "file" / "w", metadata={})
