import os
import pickle
import runpy
import zipfile
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from support.kinetics_files import kinetics_state

from mmtlib.core.errors import CheckpointError, ConfigError
from mmtlib.models import build_model, load_i3d_checkpoint, load_weights
from mmtlib.models.weight_files import read_weights

CONVERT = Path(__file__).parents[2] / "data_scripts" / "convert_i3d_checkpoint.py"
CLASSES = 6
STEM = "Conv3d_1a_7x7.conv3d.weight"


def i3d(modality="rgb", classes=CLASSES, seed=0):
    return build_model("inception_i3d", modality, num_classes=classes, seed=seed).eval()


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


def write(state, path, *, legacy=False):
    if path.suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save(state, path, _use_new_zipfile_serialization=not legacy)
    return path


@pytest.fixture(scope="module")
def reference():
    """A checkpoint in the first style, which names tensors as the network does."""
    return kinetics_state(0, classes=CLASSES)


@pytest.fixture(scope="module")
def file(tmp_path_factory, reference):
    """A good checkpoint, shared: do not change it."""
    return write(reference, tmp_path_factory.mktemp("kinetics") / "rgb.pt")


@pytest.fixture
def untouched():
    """A network that must be left as it is."""
    model = i3d()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    yield model
    assert same(model.state_dict(), before)


# Good checkpoints


@pytest.mark.parametrize("style", [0, 1])
@pytest.mark.parametrize(
    ("name", "legacy"), [("w.pt", False), ("w.pth", True), ("w.safetensors", False)]
)
def test_both_key_styles_in_every_kind_of_file(tmp_path, reference, style, name, legacy):
    path = write(kinetics_state(style, classes=CLASSES), tmp_path / name, legacy=legacy)
    model, expected = i3d(), i3d(seed=1)
    assert load_i3d_checkpoint(model, path) == "as it is"
    expected.load_state_dict(reference)
    assert same(model.state_dict(), reference)
    clip = torch.randn(1, 3, 8, 32, 32, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        assert torch.equal(model(clip).logits, expected(clip).logits)
    assert model(clip).logits.abs().max() > 0.1  # the comparison is about something


@pytest.mark.parametrize("style", [0, 1])
def test_old_files_without_counters(tmp_path, reference, style):
    state = kinetics_state(style, classes=CLASSES, counters=False)
    model = i3d()
    load_i3d_checkpoint(model, write(state, tmp_path / "w.pt"))
    loaded = model.state_dict()
    counted = {k for k in loaded if k.endswith("num_batches_tracked")}
    assert len(counted) == 57
    assert all(loaded[k] == 0 for k in counted)
    assert all(torch.equal(loaded[k], reference[k]) for k in loaded.keys() - counted)


@pytest.mark.parametrize("modality", ["depth", "flow", "ir"])
def test_other_channels_keep_the_activations_of_a_grey_picture(file, modality):
    model, rgb = i3d(modality), i3d()
    note = load_i3d_checkpoint(model, file)
    load_i3d_checkpoint(rgb, file)
    assert note == f"first filter from 3 to {model.in_channels} channels"
    grey = torch.randn(1, 1, 4, 32, 32, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        outputs = [m(grey.repeat(1, m.in_channels, 1, 1, 1)).logits for m in (model, rgb)]
    torch.testing.assert_close(*outputs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("style", [0, 1])
def test_what_scripts_wrap_around_the_weights_is_found_and_said(tmp_path, reference, style):
    state = kinetics_state(style, classes=CLASSES, counters=False)
    wrapped = {"epoch": 3, "state_dict": {f"module.{name}": t for name, t in state.items()}}
    model = i3d("rgb")
    note = load_i3d_checkpoint(model, write(wrapped, tmp_path / "best.pth.tar"))
    assert note == "read from its part 'state_dict'; without the prefix 'module.'"
    assert torch.equal(model.state_dict()[STEM], reference[STEM])


def test_mean_over_channels_by_hand(file, reference):
    model = i3d("flow")
    load_i3d_checkpoint(model, file)
    weight = model.Conv3d_1a_7x7.conv3d.weight
    r, g, b = reference[STEM].unbind(1)
    torch.testing.assert_close(weight[:, 0], (r + g + b) / 2)
    assert torch.equal(weight[:, 0], weight[:, 1])
    assert same(
        {k: v for k, v in model.state_dict().items() if k != STEM},
        {k: v for k, v in reference.items() if k != STEM},
    )


def test_flow_checkpoint(tmp_path):
    state = kinetics_state(1, channels=2, classes=CLASSES)
    path = write(state, tmp_path / "flow.pth")
    flow, rgb = i3d("flow"), i3d()
    assert load_i3d_checkpoint(flow, path) == "as it is"
    assert torch.equal(flow.state_dict()[STEM], state["conv3d_1a_7x7.conv3d.weight"])
    assert load_i3d_checkpoint(rgb, path) == "first filter from 2 to 3 channels"


def test_classifier_is_kept_where_the_classes_differ(file, reference):
    model = i3d("depth", classes=25, seed=3)
    own = {k: v.clone() for k, v in model.state_dict().items() if k.startswith("logits.")}
    note = load_i3d_checkpoint(model, file)
    assert note == ("first filter from 3 to 1 channels; new classifier of 25 classes instead of 6")
    loaded = model.state_dict()
    assert all(torch.equal(loaded[k], own[k]) for k in own)
    assert all(torch.equal(loaded[k], reference[k]) for k in loaded.keys() - own - {STEM})


def test_layout_of_the_network_is_kept(file):
    model = i3d().to(memory_format=torch.channels_last_3d)
    load_i3d_checkpoint(model, file)
    assert model.Conv3d_2c_3x3.conv3d.weight.is_contiguous(memory_format=torch.channels_last_3d)


# Bad checkpoints


@pytest.mark.parametrize("style", [0, 1])
def test_misfit_lists_the_keys_in_the_files_own_style(tmp_path, untouched, style):
    state = kinetics_state(style, classes=CLASSES)
    b, n, c = [("b1a", "bn", "Mixed_3b"), ("branch_1.0", "batch3d", "mixed_3b")][style]
    lost = state.pop(f"{c}.{b}.{n}.running_mean")
    state["extra.weight"] = lost
    state[f"{c}.{b}.conv3d.weight"] = torch.zeros(96, 192, 3, 3, 3)
    path = write(state, tmp_path / "w.pt")
    with pytest.raises(CheckpointError) as caught:
        load_i3d_checkpoint(untouched, path)
    assert str(caught.value).startswith(
        f"{path} does not fit InceptionI3D; missing: {c}.{b}.{n}.running_mean; "
        f"unexpected: extra.weight; misshapen: {c}.{b}.conv3d.weight "
        "(expected float32 (96, 192, 1, 1, 1), got float32 (96, 192, 3, 3, 3)). "
    )


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (STEM, torch.zeros(64, 3, 5, 5, 5), r"expected float32 \(64, channels, 7, 7, 7\)"),
        (STEM, torch.zeros(64, 4, 7, 7, 7), r"sees 4 channels \(1, 2 or 3"),
        (STEM, torch.zeros(64, 0, 7, 7, 7), "sees 0 channels"),
        (STEM, torch.zeros(3), "misshapen"),
        ("logits.conv3d.weight", torch.zeros(6, 512, 1, 1, 1), r"\(classes, 1024, 1, 1, 1\)"),
        ("logits.conv3d.bias", torch.zeros(7), "weights for 6 classes and 7 biases"),
        ("logits.conv3d.bias", torch.zeros(6, 1), r"expected float32 \(classes\)"),
        ("Mixed_5c.b0.bn.weight", torch.zeros(384).half(), r"got float16 \(384,\)"),
        ("Mixed_5c.b0.bn.num_batches_tracked", torch.tensor(1.0), r"expected int64 \(\)"),
        ("Mixed_5c.b0.bn.weight", torch.zeros(384).to_sparse(), "is no state_dict"),
        ("Mixed_5c.b0.bn.weight", [0.0] * 384, "is no state_dict"),
        (7, torch.zeros(1), "is no state_dict"),
    ],
)
def test_wrong_tensors(tmp_path, untouched, reference, name, value, message):
    path = write({**reference, name: value}, tmp_path / "w.pt")
    with pytest.raises(CheckpointError, match=message):
        load_i3d_checkpoint(untouched, path)


def test_checkpoint_of_another_network(tmp_path, untouched):
    other = build_model("compact_i3d", "rgb", num_classes=6, seed=0)
    path = write(other.state_dict(), tmp_path / "w.safetensors")
    with pytest.raises(CheckpointError, match=r"missing: .* and 282 more; unexpected: linear"):
        load_i3d_checkpoint(untouched, path)
    with pytest.raises(ConfigError, match="for the network inception_i3d, not for CompactI3D"):
        load_i3d_checkpoint(other, path)


class Evil:
    """A pickle of this calls a function on loading."""

    def __init__(self, target):
        self.target = str(target)

    def __reduce__(self):
        return os.mkdir, (self.target,)


@pytest.mark.parametrize("kind", ["zip", "legacy", "plain"])
def test_nothing_in_a_pickle_is_run(tmp_path, untouched, reference, kind):
    path, made = tmp_path / "w.pt", tmp_path / "made"
    content = {**reference, "evil": Evil(made)}
    if kind == "plain":
        path.write_bytes(pickle.dumps(Evil(made)))
    else:
        write(content, path, legacy=kind == "legacy")
    with pytest.raises(CheckpointError, match=r"holds more than tensors .*nothing in it was run"):
        load_i3d_checkpoint(untouched, path)
    assert not made.exists()
    if kind != "plain":  # the trap does work, for those who load it with trust
        torch.load(path, weights_only=False)
        assert made.exists()


def test_a_bomb_is_not_unpacked(tmp_path, untouched, monkeypatch):
    """Records that grow a thousand times on reading are refused by the list of contents."""
    good, path = tmp_path / "good.pt", tmp_path / "bomb.pt"
    torch.save({"zeros": torch.zeros(2**22)}, good)
    with zipfile.ZipFile(good) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for record in old.infolist():
            new.writestr(record.filename, old.read(record))
    assert path.stat().st_size < good.stat().st_size / 100
    torch.load(path, weights_only=True)  # torch itself would unpack it
    monkeypatch.setattr(torch, "load", None)
    with pytest.raises(CheckpointError, match=r"bomb\.pt is damaged .*ValueError"):
        load_i3d_checkpoint(untouched, path)


def test_an_old_file_that_claims_a_huge_tensor(tmp_path, untouched):
    path = write({"w": torch.zeros(77)}, tmp_path / "w.pt", legacy=True)
    content = path.read_bytes()
    assert content.count(b"KM") >= 1  # the number 77 as a pickle says it
    path.write_bytes(content.replace(b"KM", b"\x8a\x07\x00\x00\x00\x00\x00\x00\x01"))
    with pytest.raises(CheckpointError, match="is damaged"):
        load_i3d_checkpoint(untouched, path)


@pytest.mark.parametrize("name", ["w.pt", "w.pth", "w.safetensors", "w.tar"])
@pytest.mark.parametrize("content", [b"", b"garbage" * 1000, b"PK\x03\x04" + b"\0" * 100, None])
def test_garbage_and_folders(tmp_path, untouched, name, content):
    path = tmp_path / name
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    expected = "There is no file of weights at" if content is None else "is damaged or"
    with pytest.raises(CheckpointError, match=expected) as caught:
        load_i3d_checkpoint(untouched, path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["none.pt", "none.safetensors", "no/folder.pth"])
def test_no_file(tmp_path, untouched, name):
    with pytest.raises(CheckpointError, match=rf"no file of weights at .*{name}"):
        load_i3d_checkpoint(untouched, tmp_path / name)


@pytest.mark.parametrize("wrapped", [{"state_dict": {}}, [torch.zeros(1)], torch.zeros(2), 5])
def test_other_things_of_torch_save(tmp_path, untouched, wrapped):
    torch.save(wrapped, tmp_path / "w.pt")
    with pytest.raises(CheckpointError, match="is no state_dict, which maps names to tensors"):
        load_i3d_checkpoint(untouched, tmp_path / "w.pt")


@settings(max_examples=60)
@given(place=st.integers(0, 10**4), flip=st.none() | st.integers(1, 255), legacy=st.booleans())
def test_any_damage_is_one_sentence_or_harmless(place, flip, legacy, tmp_path_factory):
    """A file is cut, or one byte changed. An archive has check sums, an old file has none."""
    path = tmp_path_factory.mktemp("damage") / "w.pt"
    state = {"a": torch.arange(6.0), "b": torch.ones(2, 2)}
    content = bytearray(write(state, path, legacy=legacy).read_bytes())
    place %= len(content)
    if flip is None:
        del content[place:]
    else:
        content[place] ^= flip
    path.write_bytes(content)
    try:
        found = read_weights(path).tensors
    except CheckpointError as error:
        found, said = None, str(error)
    if found is None:
        assert str(path) in said
        assert "\n" not in said
    else:
        assert flip is not None
        assert legacy or same(found, state)


# The converter


@pytest.fixture
def convert(monkeypatch, capsys):
    """Call the script in this process; return exit code, standard output and standard error."""
    main = runpy.run_path(str(CONVERT))["main"]

    def call(*arguments):
        monkeypatch.setattr("sys.argv", ["convert", *map(str, arguments)])
        return (main(), *capsys.readouterr())

    return call


def test_converter(convert, tmp_path, reference):
    source = write(kinetics_state(1, classes=CLASSES, counters=False), tmp_path / "model_rgb.pth")
    target = tmp_path / "new" / "rgb.safetensors"
    said = f"{target}: 3 channels, 6 classes, from model_rgb.pth\n"
    assert convert(source, target) == (0, said, "")
    model = i3d()
    metadata = load_weights(model, target)
    assert metadata["source"] == "model_rgb.pth"
    assert len(metadata["source_sha256"]) == 64
    assert load_i3d_checkpoint(i3d("depth"), target) == "first filter from 3 to 1 channels"
    written = load_file(target)
    assert all(torch.equal(written[k], reference[k]) for k in reference if "num_batches" not in k)
    assert [p.name for p in target.parent.iterdir()] == [target.name]


def test_converter_refuses_and_leaves_what_is_there(convert, tmp_path):
    source, target = tmp_path / "w.pt", tmp_path / "rgb.safetensors"
    target.write_bytes(b"precious")
    source.write_bytes(b"garbage")
    cases = [
        ((source, target), "rgb.safetensors is there, and mmtlib did not write it"),
        ((source, target, "--overwrite"), "w.pt is damaged"),
        ((tmp_path / "x.pt", tmp_path / "new.safetensors"), "no file of weights"),
        ((source, source), "a name that ends in .safetensors is expected"),
    ]
    for arguments, part in cases:
        code, out, err = convert(*arguments)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert part in err
    assert target.read_bytes() == b"precious"
    assert source.read_bytes() == b"garbage"
