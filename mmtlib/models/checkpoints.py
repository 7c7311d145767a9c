"""Weights as safetensors files: written whole, checked when read, explained if they do not fit."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from mmtlib.cache import whole_file
from mmtlib.errors import CheckpointError

CHECK_SUM_KEY = "mmtlib_crc32"
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
    content = save(tensors, {**metadata, CHECK_SUM_KEY: _check_sum(tensors)})
    with whole_file(path) as temporary:
        temporary.write_bytes(content)


def load_weights(model: nn.Module, path: str | Path) -> dict[str, str]:
    """Fill a model with the weights of a file, all of them or, on an error, none.

    Args:
        model: a module with exactly the tensors of the file; it keeps its device and layout.
        path: a safetensors file; the check sum of files by `save_weights` is compared.

    Returns:
        The metadata of the file.

    Raises:
        CheckpointError: if the file is absent or damaged, or its names or shapes are not the
            model's; the message lists missing, unexpected and misshapen ones.
    """
    tensors, metadata = _read(Path(path))
    wanted = model.state_dict()
    problems = {
        "missing": sorted(wanted.keys() - tensors.keys()),
        "unexpected": sorted(tensors.keys() - wanted.keys()),
        "misshapen": [
            f"{k} (expected {_describe(wanted[k])}, got {_describe(tensors[k])})"
            for k in sorted(wanted.keys() & tensors.keys())
            if _describe(wanted[k]) != _describe(tensors[k])
        ],
    }
    if any(problems.values()):
        parts = [f"{kind}: {_shorten(names)}" for kind, names in problems.items() if names]
        raise CheckpointError(
            f"{path} does not fit {type(model).__name__}; {'; '.join(parts)}. "
            "Build the network with the settings it was trained with, or choose another file."
        )
    model.load_state_dict(tensors)
    return metadata


def read_metadata(path: str | Path) -> dict[str, str]:
    """Return the metadata of a safetensors file without reading its weights.

    Raises:
        CheckpointError: if the file is absent or its header is damaged.
    """
    path = Path(path)
    try:
        with safe_open(path, framework="pt") as file:
            metadata = dict(file.metadata() or {})
    except (OSError, SafetensorError) as error:
        raise _unreadable(path, error) from None
    metadata.pop(CHECK_SUM_KEY, None)
    return metadata


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        with safe_open(path, framework="pt") as file:
            metadata = dict(file.metadata() or {})
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise _unreadable(path, error) from None
    expected = metadata.pop(CHECK_SUM_KEY, None)
    if expected is not None and expected != _check_sum(tensors):
        raise _unreadable(path, "its check sum differs")
    return tensors, metadata


def _check_sum(tensors: Mapping[str, Tensor]) -> str:
    """CRC-32 over names and values: against damage, not against malice."""
    crc = 0
    for name in sorted(tensors):
        crc = zlib.crc32(name.encode(), crc)
        crc = zlib.crc32(tensors[name].reshape(-1).view(torch.uint8).numpy(), crc)
    return f"{crc:08x}"


def _unreadable(path: Path, why: object) -> CheckpointError:
    if not path.is_file():
        return CheckpointError(f"There is no file of weights at {path}; check the path.")
    return CheckpointError(
        f"{path} is damaged or no safetensors file ({why}); delete it and make or copy it again."
    )


def _describe(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}"


def _shorten(names: list[str]) -> str:
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
