"""Random numbers without global state: every draw comes from a generator made from a named seed.

A seed is derived from what the draw is for, e.g. ``derive_seed(7, "init", "rgb")``, so two draws
never share a stream by accident, and any draw can be made again on its own: the seventh clip
without the six before it, or the third epoch without the two before it. That is what makes resuming
exact and paired runs (alone against trained with others) start from the same weights and batches.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


def derive_seed(*parts: int | str) -> int:
    """Return a seed in ``[0, 2**63)`` that depends on every part and on their order."""
    text = "\x1f".join(f"{type(part).__name__}:{part}" for part in parts)
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def torch_generator(*parts: int | str) -> torch.Generator:
    """Return a CPU `torch.Generator` seeded by `derive_seed` of the parts."""
    return torch.Generator().manual_seed(derive_seed(*parts))


def numpy_generator(*parts: int | str) -> np.random.Generator:
    """Return a `numpy.random.Generator` seeded by `derive_seed` of the parts."""
    return np.random.default_rng(derive_seed(*parts))


@contextmanager
def scoped_seed(*parts: int | str, device: torch.device | None = None) -> Iterator[None]:
    """Seed torch's global generators inside the block and restore them after it.

    For the few torch functions that take no generator (weight initialisation, dropout).

    Args:
        parts: what the draws are for, as in `derive_seed`.
        device: the device whose generator is used inside, besides the CPU's.
    """
    devices = [device] if device is not None and device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(derive_seed(*parts))
        yield
