"""The state of an unfinished training, written whole, so that a killed one can go on exactly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from mmtlib.core.arrays import DAMAGE
from mmtlib.core.cache import whole_file
from mmtlib.core.errors import CheckpointError
from mmtlib.models.weight_files import check_archive


def save_state(path: Path, state: dict[str, Any]) -> None:
    """Write a state of tensors and plain values.

    Raises:
        DataError: if the disk is full; an earlier state stays as it was.
    """
    with whole_file(path) as temporary:
        torch.save(state, temporary)


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
    try:
        check_archive(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
        if not isinstance(state, dict):
            raise ValueError(f"it holds a {type(state).__name__}")
        found = state["identity"]
    except DAMAGE as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(
            f"{path} is damaged ({reason[:120]}); delete it and the training starts anew."
        ) from None
    if found != identity:
        raise CheckpointError(
            f"{path} was saved by another run ({found[:12]}, expected {identity[:12]}); delete it."
        )
    return state
