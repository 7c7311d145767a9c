"""What the checks of the exercises ask of the values that an answer gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from mmtlib.exercises.exercise import Rng, Wrong

T = TypeVar("T")


def unexpected(what: str, found: object) -> Wrong:
    """Return what is said to a value of another kind than `what`."""
    return Wrong(f"expected {what}, got {type(found).__name__}. Is the return missing?")


def tensor(
    found: object, what: str, shape: tuple[int, ...] | None = None, wrong: str = ""
) -> Tensor:
    """Return the answer's value if it is a tensor; `wrong` is said to another shape, ``{}``."""
    if not isinstance(found, Tensor):
        raise unexpected(f"{what} as a tensor", found)
    if shape is not None and found.shape != shape:
        raise Wrong(wrong.format(tuple(found.shape)))
    return found


def scalar(found: object, what: str) -> Tensor:
    """Return the answer's value if it is a tensor of one number."""
    wrong = f"expected {what} as one number, got shape {{}}: take the mean over clips."
    return tensor(found, what, (), wrong)


def per_clip(found: object, clips: int, what: str) -> Tensor:
    """Return the answer's value if it is a tensor ``(clips,)``."""
    each = f"one {what} for each"
    wrong = f"expected {each} of {clips} clips, got shape {{}}: leave the first axis as it is."
    return tensor(found, f"{each} clip", (clips,), wrong)


def array(found: object, what: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return the answer's value as an array if it has that shape."""
    values = np.asarray(found)
    if values.shape == shape:
        return values
    if found is None:
        raise unexpected(what, found)
    raise Wrong(f"expected {what} of shape {shape}, got {values.shape}.")


def number(found: object, what: str) -> float:
    """Return the answer's value if it is a number, Python's, numpy's or torch's."""
    if isinstance(found, (np.generic, np.ndarray, Tensor)) and found.ndim == 0:
        found = found.item()
    if isinstance(found, (int, float)):
        return float(found)
    raise unexpected(f"{what} as a number", found)


def two_numbers(found: object, what: str) -> list[float]:
    """Return the answer's value if it is a pair of numbers."""
    if isinstance(found, (tuple, list)) and len(found) == 2:
        return [number(value, f"each of {what}") for value in found]
    raise unexpected(f"two numbers {what}", found)


def whole_numbers(found: object, count: int, what: str, how: str) -> list[int]:
    """Return the answer's value if it is that many whole numbers; `how` to make them."""
    if not isinstance(found, (tuple, list)) or len(found) != count:
        raise Wrong(f"expected {what}, got {found!r}.")
    if any(isinstance(x, bool) or not isinstance(x, (int, np.integer)) for x in found):
        raise Wrong(f"expected whole numbers, got {found!r}; {how}.")
    return [int(x) for x in found]


def normal(rng: Rng, *shape: int) -> Tensor:
    """Return a tensor of standard normal numbers."""
    return torch.from_numpy(rng.standard_normal(shape, dtype=np.float32))


def unchanged(before: object, after: object, name: str) -> None:
    """Raise `Wrong` if an answer has changed what it was given."""
    if not np.array_equal(np.asarray(before), np.asarray(after)):
        raise Wrong(f"your code changed its input {name}; work on a copy.")


def close(found: object, right: object, atol: float = 1e-5) -> bool:
    """Return whether numbers, arrays or tensors are equal up to rounding."""
    one, other = (
        x.detach().double().numpy() if isinstance(x, Tensor) else np.asarray(x, dtype=float)
        for x in (found, right)
    )
    return np.allclose(one, other, rtol=1e-4, atol=atol)


def mistaken(found: object, known: Mapping[str, object]) -> dict[str, bool]:
    """Return what to say to a value: the sentence of the mistake that gives this value.

    Args:
        found: what the answer gave.
        known: a sentence -> what an answer with this mistake gives; last the right value, with
            what is said if `found` is none of them.
    """
    *mistakes, (otherwise, right) = known.items()
    if close(found, right, atol=1e-7):
        return {}
    said = {sentence: not close(found, value, atol=1e-7) for sentence, value in mistakes}
    return {**said, otherwise: False}
