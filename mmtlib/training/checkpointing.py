"""The state of an unfinished training, written whole, so that a killed one can go on exactly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from mmtlib.core.errors import CheckpointError
from mmtlib.core.files import reading, write_whole
from mmtlib.core.sealed import check_types
from mmtlib.models.weight_files import check_archive


def save_state(path: Path, state: dict[str, Any]) -> None:
    """Write a state of tensors and plain values.

    Raises:
        DataError: if the disk is full; an earlier state stays as it was.
    """
    write_whole(path, lambda file: torch.save(state, file))


def load_state(path: Path, identity: str) -> dict[str, Any] | None:
    """Return the state at `path`, or None if there is none.

    Args:
        path: the file.
        identity: what the state must have been saved for.

    Raises:
        CheckpointError: if the file is damaged or belongs to another run.
    """
    if not path.exists():
        return None
    with reading(path, "move it away and the training starts anew", CheckpointError):
        check_archive(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
        check_types(state, {"identity": str})
    if state["identity"] != identity:
        raise CheckpointError(
            f"{path} was saved by another run ({state['identity'][:12]}, expected "
            f"{identity[:12]}); name another file, or move it away."
        )
    return state
