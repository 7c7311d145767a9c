import argparse
import tarfile

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import nn

from mmtlib.core.errors import CheckpointError, DataError
from mmtlib.models import load_weights, save_weights
from mmtlib.models.weight_files import WRAPPERS, read_weights

STATE = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)).state_dict()
NAMES = ["w", "w.pt", "w.pth.tar", "w.ckpt", "w.bin", "w.safetensors", "w.model.best"]


def same(found):
    return found.keys() == STATE.keys() and all(torch.equal(found[n], STATE[n]) for n in STATE)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["zip", "legacy", "safetensors"])
def test_the_content_says_what_a_file_is_not_its_name(tmp_path, name, kind):
    if kind == "safetensors":
        save_file(STATE, tmp_path / name)
    else:
        torch.save(STATE, tmp_path / name, _use_new_zipfile_serialization=kind == "zip")
    found = read_weights(tmp_path / name, STATE)
    assert same(found.tensors)
    assert found.note == ""


@pytest.mark.parametrize("header", range(120, 136))
def test_safetensors_whose_first_byte_is_that_of_a_pickle(tmp_path, header):
    """The file begins with the length of its header, which may be 128 as well."""
    save_file(STATE, tmp_path / "w", metadata={"x": "y" * (header % 8), "z": "." * (header // 8)})
    assert same(read_weights(tmp_path / "w").tensors)


@given(
    prefixes=st.lists(st.sampled_from(["module", "_orig_mod", "model", "net", "a.b"]), max_size=3),
    wrapper=st.none() | st.sampled_from(WRAPPERS),
    legacy=st.booleans(),
)
def test_wrappers_and_prefixes_are_taken_off_and_said(prefixes, wrapper, legacy, tmp_path_factory):
    prefix = "".join(f"{part}." for part in prefixes)
    content = {prefix + name: nn.Parameter(t, False) for name, t in STATE.items()}
    if wrapper is not None:
        content = {"epoch": 7, "optimizer": {"state": {}, "lr": 0.1}, wrapper: content}
    path = tmp_path_factory.mktemp("w") / "x.pth.tar"
    torch.save(content, path, _use_new_zipfile_serialization=not legacy)
    found = read_weights(path, STATE)
    assert same(found.tensors)
    assert (f"its part {wrapper!r}" in found.note) == (wrapper is not None)
    assert (f"without the prefix {prefix!r}" in found.note) == bool(prefix)


def test_what_stands_beside_the_network_is_left_aside_and_said(tmp_path):
    content = {f"model.{n}": t for n, t in STATE.items()} | {"criterion.weight": torch.ones(2)}
    torch.save({"state_dict": content, "hparams": {"lr": 1}}, tmp_path / "lightning.ckpt")
    found = read_weights(tmp_path / "lightning.ckpt", STATE)
    assert same(found.tensors)
    assert found.note.endswith("without the prefix 'model.', 1 other tensors left aside")


def test_two_networks_in_a_file_are_not_chosen_between(tmp_path):
    two = {f"{m}.{n}": t for m in ("rgb", "flow") for n, t in STATE.items()}
    torch.save(two, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match=r"several networks, named rgb\., flow\."):
        read_weights(tmp_path / "a.pt", STATE)
    torch.save({"generator": STATE, "critic": STATE}, tmp_path / "b.pt")
    with pytest.raises(CheckpointError, match=r"several state_dicts \(generator, critic"):
        read_weights(tmp_path / "b.pt", STATE)


def test_weights_of_any_file_fill_a_network(tmp_path, caplog):
    torch.save({f"module.{n}": t + 1 for n, t in STATE.items()}, tmp_path / "w.safetensors")
    network = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    assert load_weights(network, tmp_path / "w.safetensors") == {}
    assert torch.equal(network[0].weight, STATE["0.weight"] + 1)
    assert caplog.messages == [f"{tmp_path / 'w.safetensors'}: without the prefix 'module.'."]


def test_objects_beside_the_tensors_are_named_and_not_made(tmp_path):
    torch.save({"state_dict": STATE, "args": argparse.Namespace(lr=1)}, tmp_path / "w.pt")
    with pytest.raises(CheckpointError, match=r"objects of argparse\.Namespace.*nothing in it was"):
        read_weights(tmp_path / "w.pt")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        (b"\n<!DOCTYPE html><html>Google Drive", "web page: download"),
        (b"\x1f\x8b\x08" + b"\0" * 40, "unpack it first"),
        (b"\x89HDF\r\n\x1a\n" + b"\0" * 40, "HDF5"),
        (b"\x93NUMPY\x01\0" + b"\0" * 40, "numpy"),
        (b"", "no known kind"),
        (None, "tar archive: unpack"),
    ],
)
def test_other_kinds_are_named_and_never_called_deletable(tmp_path, content, said):
    path = tmp_path / "w.pth.tar"
    if content is None:
        save_weights(nn.Linear(1, 1), tmp_path / "a", metadata={})
        with tarfile.open(path, "w") as archive:
            archive.add(tmp_path / "a", "a")
    else:
        path.write_bytes(content)
    with pytest.raises(CheckpointError, match=said) as caught:
        read_weights(path)
    assert "delete" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_name_that_no_file_can_have():
    with pytest.raises(DataError, match="No file can be called"):
        read_weights("n" * 300, STATE)
