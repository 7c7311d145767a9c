"""Start a network from another one's weights; the classifier is fitted by class names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from mmtlib.models.blocks import StagedNetwork
from mmtlib.models.checkpoints import check_fit, describe, misshapen
from mmtlib.models.weight_files import read_weights


def start_from_weights(
    network: StagedNetwork,
    path: str | Path,
    *,
    old_classes: Sequence[str],
    classes: Sequence[str],
) -> str:
    """Fill a network with the weights of another training, whose classes may differ.

    All stages are taken over, running statistics too. Of the classifier, a class that the other
    training knew by the same name keeps its weights; the others keep the network's own new ones.

    Args:
        network: changed in place, all of it or, on an error, not at all.
        path: the weights, as `save_weights` writes them.
        old_classes: the class names they were trained with, one per label.
        classes: those of the network.

    Returns:
        What became of the classifier, in words.

    Raises:
        CheckpointError: if the file is absent or damaged, or is another network's.
    """
    wanted = network.state_dict()
    tensors, _, note = read_weights(path, wanted)
    expected = {
        name: describe(_with_rows(tensor, len(old_classes)) if _of(network, name) else tensor)
        for name, tensor in wanted.items()
    }
    check_fit(
        path,
        type(network).__name__,
        missing=sorted(wanted.keys() - tensors.keys()),
        unexpected=sorted(tensors.keys() - wanted.keys()),
        misshapen=[
            misshapen(name, expected[name], tensors[name])
            for name in sorted(wanted.keys() & tensors.keys())
            if expected[name] != describe(tensors[name])
        ],
    )
    known = [(new, old_classes.index(c)) for new, c in enumerate(classes) if c in old_classes]
    for name in wanted:
        if _of(network, name):
            tensors[name] = _rows(wanted[name], tensors[name], known)
    network.load_state_dict(tensors)
    said = f"{note}; " if note else ""
    if len(known) == len(classes):
        return f"{said}the classifier knows all {len(classes)} classes"
    return (
        f"{said}the classifier knows {len(known)} of {len(classes)} classes by name; "
        "the rest is new"
    )


def _of(network: StagedNetwork, name: str) -> bool:
    """Return whether a tensor is the classifier's, with one row per class."""
    return name.startswith(f"{network.CLASSIFIER}.")


def _with_rows(tensor: Tensor, rows: int) -> Tensor:
    return torch.empty((rows, *tensor.shape[1:]), dtype=tensor.dtype, device="meta")


def _rows(new: Tensor, old: Tensor, known: Sequence[tuple[int, int]]) -> Tensor:
    """Return `new` with the rows of the known classes taken from `old`."""
    result = new.clone()
    for to, of in known:
        result[to] = old[of]
    return result
