"""What the checks of the exercises ask of an answer, each with the sentence for a failure."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from mmtlib.exercises.feedback import Wrong


def need(holds: bool, otherwise: str) -> None:
    """Raise `Wrong` with that sentence unless the property holds."""
    if not holds:
        raise Wrong(otherwise)


def tensor(found: object, what: str) -> Tensor:
    """Return the answer's value if it is a tensor."""
    need(
        isinstance(found, Tensor),
        f"expected {what} as a tensor, got {type(found).__name__}. Is the return missing?",
    )
    return found


def scalar(found: object, what: str) -> Tensor:
    """Return the answer's value if it is a tensor of one number."""
    found = tensor(found, what)
    need(
        found.ndim == 0,
        f"expected {what} as one number, got shape {tuple(found.shape)}: take the mean over clips.",
    )
    return found


def number(found: object, what: str) -> float:
    """Return the answer's value if it is a number."""
    need(
        isinstance(found, (int, float)),
        f"expected {what} as a number, got {type(found).__name__}. Is the return missing?",
    )
    return float(found)


def two_numbers(found: object, what: str) -> list[float]:
    """Return the answer's value if it is a pair of numbers, Python's, numpy's or torch's."""
    need(
        isinstance(found, (tuple, list)) and len(found) == 2,
        f"expected two numbers {what}, got {type(found).__name__}. Is the return missing?",
    )
    return [number(plain(value), f"each of {what}") for value in found]


def plain(value: object) -> object:
    """Return a single number of numpy's or torch's as Python's own, anything else as it is."""
    if isinstance(value, (np.generic, np.ndarray, Tensor)) and value.ndim == 0:
        return value.item()
    return value


def close(found: Tensor, right: Tensor) -> bool:
    """Return whether two tensors are equal up to rounding."""
    return torch.allclose(found, right.to(found.dtype), rtol=1e-4, atol=1e-5)


def explain(
    found: Tensor, right: Tensor, known: Mapping[str, Tensor | float], otherwise: str
) -> None:
    """Raise `Wrong` unless found = right, with the message of the known mistake if it is one."""
    tolerance = {"rtol": 1e-4, "atol": 1e-7}
    if torch.allclose(found, right.to(found.dtype), **tolerance):
        return
    for message, value in known.items():
        if torch.allclose(found, torch.as_tensor(value).to(found.dtype), **tolerance):
            raise Wrong(message)
    raise Wrong(otherwise)
