"""Named tensors from files: what a file is, its content says, never its name; no code is run."""

from __future__ import annotations

import json
import re
import warnings
import zipfile
import zlib
from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from mmtlib.core.errors import CheckpointError
from mmtlib.core.files import DAMAGE, possible_path

CHECK_SUM_KEY = "mmtlib_crc32"
WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "network", "weights")
"""What training scripts call the weights among the other things that they save."""
_ZIP, _PICKLE = b"PK\x03\x04", b"\x80"
_OTHER_KINDS = {
    b"version https://git-lfs": "a pointer of Git LFS: fetch the file itself with `git lfs pull`",
    b"<": "a web page: download the file anew",
    b"\x89HDF": "an HDF5 file, as Keras writes them",
    b"\x93NUMPY": "an array of numpy",
    b"\x1f\x8b": "packed by gzip: unpack it first",
    b"BZh": "packed by bzip2: unpack it first",
    b"\xfd7zXZ": "packed by xz: unpack it first",
    b"7z\xbc\xaf": "a 7z archive: unpack it first",
    b"Rar!": "a RAR archive: unpack it first",
}


class Weights(NamedTuple):
    """What a file of weights holds.

    Attributes:
        tensors: name -> tensor.
        metadata: what a safetensors file says of itself.
        note: how the tensors were found in it, in words; empty if they are all that it holds.
    """

    tensors: dict[str, Tensor]
    metadata: dict[str, str]
    note: str = ""


def read_weights(path: str | Path, wanted: Collection[str] = ()) -> Weights:
    """Return the named tensors of a safetensors file or one of `torch.save`, whatever its name.

    A state_dict is also found inside of what training scripts save (``{"state_dict": ...,
    "epoch": 3}``), and below a prefix, as DataParallel (``module.``), `torch.compile`
    (``_orig_mod.``) and Lightning (``model.``, ``net.``) put one.

    Args:
        path: the file.
        wanted: the names that are looked for; a prefix is removed if they stand behind it.

    Raises:
        CheckpointError: if the file is absent or damaged, holds no tensors, or the wanted ones
            more than once.
    """
    path = Path(path)
    start = read_start(path)
    if start[8:9] == b"{":  # behind the length of its header
        found = _read_safetensors(path)
    elif start.startswith((_ZIP, _PICKLE)):
        found = _unwrapped(path, _read_torch(path, start))
    else:
        raise unusable_weights(path, _kind(start))
    tensors, note = _without_prefix(path, found.tensors, wanted)
    return found._replace(tensors=tensors, note="; ".join(filter(None, (found.note, note))))


def read_start(path: Path) -> bytes:
    """Return the first bytes of a file, enough to know its kind.

    Raises:
        CheckpointError: if there is no such file, or it cannot be read.
        DataError: if no file can be called so.
    """
    if not possible_path(path).is_file():
        raise CheckpointError(f"There is no file of weights at {path}; check the path.")
    try:
        with open(path, "rb") as file:
            return file.read(512)
    except OSError as error:
        raise CheckpointError(f"Cannot read {path}: {error.strerror}.") from None


def _kind(start: bytes) -> str:
    if start[257:262] == b"ustar":
        return "it is a tar archive: unpack it first"
    kinds = (kind for magic, kind in _OTHER_KINDS.items() if start.lstrip().startswith(magic))
    return f"it is {kind}" if (kind := next(kinds, "")) else "its first bytes are of no known kind"


def unusable_weights(path: Path, why: object) -> CheckpointError:
    """Return the error for a file of weights that cannot be used."""
    return CheckpointError(
        f"{path} is damaged or no file of weights ({why}); expected safetensors or a state_dict "
        "of torch.save: copy it here once more, or choose another file."
    )


def _read_safetensors(path: Path) -> Weights:
    try:
        with safe_open(path, framework="pt") as file:
            metadata = dict(file.metadata() or {})
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise unusable_weights(path, error) from None
    expected = metadata.pop(CHECK_SUM_KEY, None)
    # Until November 2026 the sum was over the tensors alone.
    if expected not in (None, tensors_check_sum(tensors, metadata), tensors_check_sum(tensors, {})):
        raise unusable_weights(path, "its check sum differs")
    return Weights(tensors, metadata)


def tensors_check_sum(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> str:
    """Return the CRC-32 of metadata, names and values: against damage, not against malice."""
    crc = zlib.crc32(json.dumps(sorted(metadata.items())).encode()) if metadata else 0
    for name in sorted(tensors):
        crc = zlib.crc32(name.encode(), crc)
        crc = zlib.crc32(tensors[name].reshape(-1).view(torch.uint8).numpy().data, crc)
    return f"{crc:08x}"


def _read_torch(path: Path, start: bytes) -> Any:
    """Return what `torch.save` wrote; nothing that it may hold besides plain values is run."""
    try:
        if start.startswith(_ZIP):
            check_archive(path)
        # Given a path, torch goes by its suffix.
        with open(path, "rb") as file, warnings.catch_warnings():
            # It warns of files it may not understand: they are read, or refused below.
            warnings.simplefilter("ignore")
            return torch.load(file, map_location="cpu", weights_only=True)
    except DAMAGE as error:
        classes = re.findall(r"GLOBAL ([\w.]+)", str(error))
        why = f"objects of {classes[0]}" if classes else type(error).__name__
        raise CheckpointError(
            f"{path} is damaged or holds more than tensors ({why}), and nothing in it was run; "
            "give a state_dict written by torch.save, or a safetensors file."
        ) from None


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


def _unwrapped(path: Path, found: Any) -> Weights:
    """Return the one state_dict among what a training script saved."""
    if _is_state(found):
        return Weights(_detached(found), {})
    parts = {k: v for k, v in found.items() if _is_state(v)} if isinstance(found, dict) else {}
    named = [name for name in WRAPPERS if name in parts] or list(parts)
    if len(named) == 1:
        return Weights(_detached(parts[named[0]]), {}, f"read from its part {named[0]!r}")
    if named:
        raise CheckpointError(
            f"{path} holds several state_dicts ({', '.join(map(str, named))}); save the one that "
            "is meant alone."
        )
    raise CheckpointError(
        f"{path} is no state_dict, which maps names to tensors (it is a {type(found).__name__} of "
        "other things); save the network's state_dict() alone."
    )


def _is_state(value: object) -> bool:
    return isinstance(value, dict) and bool(value) and all(map(_is_named_tensor, value.items()))


def _is_named_tensor(item: tuple[object, object]) -> bool:
    name, value = item
    return isinstance(name, str) and isinstance(value, Tensor) and value.layout is torch.strided


def _detached(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach() for name, tensor in state.items()}


def _without_prefix(
    path: Path, tensors: dict[str, Tensor], wanted: Collection[str]
) -> tuple[dict[str, Tensor], str]:
    """Return the tensors below the prefix that most wanted names stand behind, and a note."""
    known, counts = set(wanted), Counter[str]()
    for name in tensors:
        parts = name.split(".")
        ends = (".".join(parts[i:]) for i in range(len(parts)))
        counts.update(name.removesuffix(end) for end in ends if end in known)
    most = max(counts.values(), default=0)
    if most == counts[""] or 4 * most < len(known):  # a few equal names are of another network
        return tensors, ""
    best = [prefix for prefix, count in counts.items() if count == most]
    if len(best) > 1:
        raise CheckpointError(
            f"{path} holds the weights of several networks, named {', '.join(best)}...; save "
            "the one that is meant alone."
        )
    below = {n.removeprefix(best[0]): t for n, t in tensors.items() if n.startswith(best[0])}
    aside = len(tensors) - len(below)
    rest = f", {aside} other tensors left aside" if aside else ""
    return below, f"without the prefix {best[0]!r}{rest}"
