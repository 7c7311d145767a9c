"""Arrays as ``.npz`` files: written whole or not at all; reading one runs no code."""

from __future__ import annotations

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
    # numpy leaves a file that it opened itself open where the file is damaged.
    with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
        return tuple(arrays[name] for name in names)
