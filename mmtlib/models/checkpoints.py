"""Weights as files: written whole, checked when read, explained if they do not fit."""

from __future__ import annotations

import warnings
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from mmtlib.core.arrays import DAMAGE
from mmtlib.core.cache import whole_file
from mmtlib.core.errors import CheckpointError

CHECK_SUM_KEY = "mmtlib_crc32"
NAMES_SHOWN = 5
TORCH_SUFFIXES = (".pt", ".pth")


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


def read_tensors(path: str | Path) -> dict[str, Tensor]:
    """Return the named tensors of a file: of `torch.save` (``.pt``, ``.pth``), else safetensors.

    Nothing that a file of `torch.save` may hold besides tensors is run.

    Raises:
        CheckpointError: if the file is absent or damaged, or holds anything else.
    """
    path = Path(path)
    if path.suffix not in TORCH_SUFFIXES:
        return _read(path)[0]
    if not path.is_file():
        raise _unreadable(path, "no file")
    try:
        if is_torch_archive(path):
            check_archive(path)
        with warnings.catch_warnings():
            # It warns of files it may not understand: they are read, or refused below.
            warnings.simplefilter("ignore")
            found = torch.load(path, map_location="cpu", weights_only=True)
    except DAMAGE as error:
        raise CheckpointError(
            f"{path} is damaged or holds more than tensors ({type(error).__name__}), and nothing "
            "in it was run; give a state_dict written by torch.save, or a safetensors file."
        ) from None
    if not isinstance(found, dict) or not all(map(_is_named_tensor, found.items())):
        raise CheckpointError(
            f"{path} is no state_dict, which maps names to tensors (it is a "
            f"{type(found).__name__} of other things); save the network's state_dict() alone."
        )
    return found


def _is_named_tensor(item: tuple[object, object]) -> bool:
    name, value = item
    return isinstance(name, str) and isinstance(value, Tensor) and value.layout is torch.strided


def is_torch_archive(path: Path) -> bool:
    """Return whether a file of `torch.save` is a zip archive, as all but very old ones are."""
    with open(path, "rb") as file:
        return file.read(4) == b"PK\x03\x04"


def check_archive(path: Path) -> None:
    """Make sure that an archive of `torch.save` is whole and no larger than its file.

    torch looks neither at the check sums nor at the sizes of the records.

    Raises:
        ValueError, zipfile.BadZipFile: if it is not.
    """
    with zipfile.ZipFile(path) as archive:
        records = archive.infolist()
        packed = any(record.compress_type != zipfile.ZIP_STORED for record in records)
        if packed or sum(record.file_size for record in records) > path.stat().st_size:
            raise ValueError("its records are larger than the file")
        if damaged := archive.testzip():
            raise ValueError(f"the check sum of {damaged} differs")


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
        crc = zlib.crc32(tensors[name].reshape(-1).view(torch.uint8).numpy().data, crc)
    return f"{crc:08x}"


def _unreadable(path: Path, why: object) -> CheckpointError:
    if not path.is_file():
        return CheckpointError(f"There is no file of weights at {path}; check the path.")
    return CheckpointError(
        f"{path} is damaged or no safetensors file ({why}); delete it and make or copy it again."
    )


def describe(tensor: Tensor) -> str:
    """Return type and shape of a tensor, e.g. ``float32 (64, 3, 7, 7, 7)``."""
    return f"{str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}"


def misshapen(name: str, expected: str, found: Tensor) -> str:
    """Return how a tensor differs from what was expected."""
    return f"{name} (expected {expected}, got {describe(found)})"


def _shorten(names: Sequence[str]) -> str:
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
