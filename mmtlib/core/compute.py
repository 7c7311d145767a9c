"""How much of the machine the work may use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch


def visible_gpus() -> tuple[str, ...]:
    """Return the names of this computer's GPUs, as ``CUDA_VISIBLE_DEVICES`` wants them."""
    count, named = torch.cuda.device_count(), os.environ.get("CUDA_VISIBLE_DEVICES")
    names = map(str, range(count)) if named is None else named.split(",")
    return tuple(name.strip() for name in names)[:count]


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Set torch's number of processor threads inside the block; 0 leaves it as it is."""
    before = torch.get_num_threads()
    if count:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
