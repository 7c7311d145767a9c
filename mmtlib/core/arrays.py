"""Arrays as ``.npz`` files: written whole or not at all; reading one runs no code."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np

from mmtlib.core.files import write_whole


def write_arrays(path: str | Path, **arrays: np.ndarray) -> None:
    """Write arrays as a compressed ``.npz`` file, whole or not at all.

    Raises:
        DataError: if the file cannot be written.
    """
    write_whole(path, lambda file: np.savez_compressed(file, **arrays))  # type: ignore[arg-type]


def read_arrays(path: str | Path, *names: str) -> tuple[np.ndarray, ...]:
    """Return some arrays of a file, each checked against its check sum.

    Raises:
        DAMAGE: if the file is missing or damaged, or lacks a name.
    """
    # All of an array is checked before numpy looks at it.
    with zipfile.ZipFile(path) as archive:
        contents = [io.BytesIO(archive.read(f"{name}.npy")) for name in names]
    return tuple(np.lib.format.read_array(each, allow_pickle=False) for each in contents)
