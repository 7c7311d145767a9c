"""Start I3D from a checkpoint of Kinetics, whatever its key style, channels and classes.

Two PyTorch versions of the published weights are in use, and name the same tensors differently:

| here and in the first | in the second |
|---|---|
| ``Conv3d_1a_7x7.conv3d.weight`` | ``conv3d_1a_7x7.conv3d.weight`` |
| ``Mixed_3b.b1a.bn.running_mean`` | ``mixed_3b.branch_1.0.batch3d.running_mean`` |
| ``logits.conv3d.bias`` | ``conv3d_0c_1x1.conv3d.bias`` |
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from mmtlib.core.errors import CheckpointError, ConfigError
from mmtlib.models.checkpoints import check_fit, describe, misshapen
from mmtlib.models.inception_i3d import InceptionI3D
from mmtlib.models.weight_files import read_weights

STEM = "Conv3d_1a_7x7.conv3d.weight"
CLASSIFIER = ("logits.conv3d.weight", "logits.conv3d.bias")
COUNTER = "num_batches_tracked"
"""Of batch normalisation; PyTorch before 0.4.1 did not keep it, and it is not used here."""

_SECOND_STYLE = {
    "logits": "conv3d_0c_1x1",
    "bn": "batch3d",
    "b0": "branch_0",
    "b1a": "branch_1.0",
    "b1b": "branch_1.1",
    "b2a": "branch_2.0",
    "b2b": "branch_2.1",
    "b3b": "branch_3.1",
}


def _second_style(name: str) -> str:
    return ".".join(_SECOND_STYLE.get(part, part.lower()) for part in name.split("."))


STYLES: tuple[Callable[[str], str], ...] = (str, _second_style)
"""From a name of ours to the name in a checkpoint; the first style has our names."""


def load_i3d_checkpoint(model: nn.Module, path: str | Path) -> str:
    """Fill an I3D network with a checkpoint of Kinetics; on an error it is left as it was.

    Parameters and running statistics are taken over. Where the checkpoint sees other channels (RGB
    for depth or flow), the first filter becomes its mean over the channels, once for each channel
    of the network, times the channels it had over those it gets: a grey picture, alike in all
    channels, gives the activations it gave. The classifier stays the network's own where the
    numbers of classes differ.

    Args:
        model: an `InceptionI3D`.
        path: a file of `torch.save`, read without running anything in it, or safetensors; its
            content says which. Wrapped state_dicts and prefixes are found
            (`mmtlib.models.weight_files.read_weights`).

    Returns:
        What was changed to make it fit, in words.

    Raises:
        ConfigError: if the network is another one.
        CheckpointError: if the file is absent or damaged, or its tensors are not those of I3D; the
            message lists missing, unexpected and misshapen ones.
    """
    state, note = fit_i3d_checkpoint(model, path)
    model.load_state_dict(state)
    return note


def fit_i3d_checkpoint(model: nn.Module, path: str | Path) -> tuple[dict[str, Tensor], str]:
    """Return what `load_i3d_checkpoint` would load, and its note; the network is only looked at."""
    if not isinstance(model, InceptionI3D):
        raise ConfigError(
            f"{path}: checkpoints of Kinetics are for the network inception_i3d, not for "
            f"{type(model).__name__}."
        )
    wanted = model.state_dict()
    found, note = read_i3d_checkpoint(path)
    channels, classes = found[STEM].shape[1], len(found[CLASSIFIER[1]])
    notes = [note] if note else []
    if channels != model.in_channels:
        found[STEM] = _other_channels(found[STEM], model.in_channels)
        notes.append(f"first filter from {channels} to {model.in_channels} channels")
    if classes != model.num_classes:
        found |= {name: wanted[name] for name in CLASSIFIER}
        notes.append(f"new classifier of {model.num_classes} classes instead of {classes}")
    return found, "; ".join(notes) or "as it is"


def _other_channels(weight: Tensor, channels: int) -> Tensor:
    scale = weight.shape[1] / channels
    return (scale * weight.mean(dim=1, keepdim=True)).repeat(1, channels, 1, 1, 1)


def read_i3d_checkpoint(path: str | Path) -> tuple[dict[str, Tensor], str]:
    """Return the tensors of a checkpoint of I3D in the order and by the names of `InceptionI3D`.

    The numbers of channels and classes are the checkpoint's own. The second value says how the
    tensors were found in the file, where they are not all that it holds.

    Raises:
        CheckpointError: as `load_i3d_checkpoint`.
    """
    with torch.device("meta"):
        wanted = InceptionI3D(1, 1).state_dict()
    tensors, _, note = read_weights(path, {style(name) for style in STYLES for name in wanted})
    style = max(STYLES, key=lambda s: sum(s(name) in tensors for name in wanted))
    missing, wrong, found = [], [], {}
    for name, tensor in wanted.items():
        theirs = style(name)
        if theirs in tensors:
            found[name] = tensors[theirs]
            if not _fits(name, found[name], tensor):
                wrong.append(misshapen(theirs, _expected(name, tensor), found[name]))
        elif name.endswith(COUNTER):
            found[name] = torch.zeros((), dtype=torch.int64)
        else:
            missing.append(theirs)
    unexpected = sorted(tensors.keys() - set(map(style, wanted)))
    check_fit(path, "InceptionI3D", missing=missing, unexpected=unexpected, misshapen=wrong)
    weight, bias = (found[name] for name in CLASSIFIER)
    if len(weight) != len(bias) or not 0 < found[STEM].shape[1] <= 3:
        raise CheckpointError(
            f"{path} does not fit InceptionI3D: its classifier has weights for {len(weight)} "
            f"classes and {len(bias)} biases, its first filter sees {found[STEM].shape[1]} "
            "channels (1, 2 or 3 were expected); choose another file."
        )
    return found, note


def _fits(name: str, found: Tensor, wanted: Tensor) -> bool:
    """Compare type and shape, apart from the numbers that are free."""
    shape, expected = list(found.shape), list(wanted.shape)
    free = 1 if name == STEM else 0 if name in CLASSIFIER else None
    if free is not None and len(shape) == len(expected):
        shape[free] = expected[free]
    return (found.dtype, shape) == (wanted.dtype, expected) and found.device.type == "cpu"


def _expected(name: str, wanted: Tensor) -> str:
    if name == STEM:
        return "float32 (64, channels, 7, 7, 7)"
    if name in CLASSIFIER:
        return f"float32 ({', '.join(['classes', *map(str, wanted.shape[1:])])})"
    return describe(wanted)
