"""Weights as files: written whole, checked when read, explained if they do not fit."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor, nn

from mmtlib.core.errors import CheckpointError
from mmtlib.core.files import write_whole
from mmtlib.models.weight_files import CHECK_SUM_KEY, read_weights, tensors_check_sum

logger = logging.getLogger("mmtlib.models")

NAMES_SHOWN = 5


def save_weights(model: nn.Module, path: str | Path, *, metadata: Mapping[str, str]) -> None:
    """Write parameters and buffers of a model to one safetensors file, whole or not at all.

    Args:
        model: any module; its `state_dict` is written, from whatever device.
        path: the file; its folder is made.
        metadata: what the file says of itself, text to text.

    Raises:
        CheckpointError: if the metadata is not text or uses a reserved key.
        DataError: if the file cannot be written.
    """
    bad = [k for k, v in metadata.items() if not (isinstance(k, str) and isinstance(v, str))]
    if bad or CHECK_SUM_KEY in metadata:
        raise CheckpointError(
            f"{path}: metadata must map text to text and leave {CHECK_SUM_KEY!r} free; "
            f"mend {', '.join(map(repr, bad)) or CHECK_SUM_KEY}."
        )
    # Files hold plain contiguous tensors, whatever the memory format of the model.
    tensors = {
        k: v.detach().cpu().contiguous(memory_format=torch.contiguous_format).clone()
        for k, v in model.state_dict().items()
    }
    seal = {CHECK_SUM_KEY: tensors_check_sum(tensors, metadata)}
    write_whole(path, save(tensors, {**metadata, **seal}))


def load_weights(model: nn.Module, path: str | Path) -> dict[str, str]:
    """Fill a model with the weights of a file, all of them or, on an error, none.

    Args:
        model: a module with exactly the tensors of the file; it keeps its device and layout.
        path: a safetensors file, or one of `torch.save` (`mmtlib.models.weight_files`); the check
            sum of files by `save_weights` is compared.

    Returns:
        The metadata of the file.

    Raises:
        CheckpointError: if the file is absent or damaged, or its names or shapes are not the
            model's; the message lists missing, unexpected and misshapen ones.
    """
    wanted = model.state_dict()
    tensors, metadata, note = read_weights(path, wanted)
    if note:
        logger.warning("%s: %s.", path, note)
    check_fit(
        path,
        type(model).__name__,
        missing=sorted(wanted.keys() - tensors.keys()),
        unexpected=sorted(tensors.keys() - wanted.keys()),
        misshapen=[
            misshapen(k, describe(wanted[k]), tensors[k])
            for k in sorted(wanted.keys() & tensors.keys())
            if describe(wanted[k]) != describe(tensors[k])
        ],
    )
    model.load_state_dict(tensors)
    return metadata


def check_fit(path: str | Path, model: str, **problems: Sequence[str]) -> None:
    """Make sure that there are no problems, e.g. ``missing=[...]``, with the tensors of a file.

    Raises:
        CheckpointError: if there is one; the message lists them by kind.
    """
    if any(problems.values()):
        parts = [f"{kind}: {_shorten(names)}" for kind, names in problems.items() if names]
        raise CheckpointError(
            f"{path} does not fit {model}; {'; '.join(parts)}. "
            "Build the network with the settings it was trained with, or choose another file."
        )


def read_metadata(path: str | Path) -> dict[str, str]:
    """Return the metadata of a safetensors file, after checking all of it.

    Raises:
        CheckpointError: if the file is absent or damaged.
    """
    return read_weights(path).metadata


def describe(tensor: Tensor) -> str:
    """Return type and shape of a tensor, e.g. ``float32 (64, 3, 7, 7, 7)``."""
    return f"{str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}"


def misshapen(name: str, expected: str, found: Tensor) -> str:
    """Return how a tensor differs from what was expected."""
    return f"{name} (expected {expected}, got {describe(found)})"


def _shorten(names: Sequence[str]) -> str:
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
