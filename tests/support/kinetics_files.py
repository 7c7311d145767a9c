"""Checkpoints of I3D with random weights in the two public key styles; knows nothing of mmtlib."""

from __future__ import annotations

import torch
from torch import Tensor

# The names in both styles, channels out and in (None: of the clip), extent of the filter.
STEM = (
    ("Conv3d_1a_7x7", "conv3d_1a_7x7", 64, None, 7),
    ("Conv3d_2b_1x1", "conv3d_2b_1x1", 64, 64, 1),
    ("Conv3d_2c_3x3", "conv3d_2c_3x3", 192, 64, 3),
)
# Channels in, then the six filters of an inception module: table 1 of "Going deeper with
# convolutions" (Szegedy et al. 2015), whose 5 x 5 filters are 3 x 3 x 3 in I3D.
MODULES = {
    "3b": (192, 64, 96, 128, 16, 32, 32),
    "3c": (256, 128, 128, 192, 32, 96, 64),
    "4b": (480, 192, 96, 208, 16, 48, 64),
    "4c": (512, 160, 112, 224, 24, 64, 64),
    "4d": (512, 128, 128, 256, 24, 64, 64),
    "4e": (512, 112, 144, 288, 32, 64, 64),
    "4f": (528, 256, 160, 320, 32, 128, 128),
    "5b": (832, 256, 160, 320, 32, 128, 128),
    "5c": (832, 384, 192, 384, 48, 128, 128),
}


def units() -> list[tuple[str, str, int, int | None, int]]:
    """Return the 57 convolutions with batch normalisation, as in `STEM`."""
    rows = list(STEM)
    for name, (i, plain, reduce_1, wide_1, reduce_2, wide_2, pooled) in MODULES.items():
        first, second = f"Mixed_{name}", f"mixed_{name}"
        rows += [
            (f"{first}.b0", f"{second}.branch_0", plain, i, 1),
            (f"{first}.b1a", f"{second}.branch_1.0", reduce_1, i, 1),
            (f"{first}.b1b", f"{second}.branch_1.1", wide_1, reduce_1, 3),
            (f"{first}.b2a", f"{second}.branch_2.0", reduce_2, i, 1),
            (f"{first}.b2b", f"{second}.branch_2.1", wide_2, reduce_2, 3),
            (f"{first}.b3b", f"{second}.branch_3.1", pooled, i, 1),
        ]
    return rows


def kinetics_state(
    style: int, *, channels: int = 3, classes: int = 400, seed: int = 0, counters: bool = True
) -> dict[str, Tensor]:
    """Return the tensors of a checkpoint; both styles have the same values.

    Args:
        style: 0 for ``Mixed_3b.b1a.bn``, 1 for ``mixed_3b.branch_1.0.batch3d``.
        channels: of the clips it was trained on.
        classes: of its classifier.
        seed: of the values.
        counters: with ``num_batches_tracked``, which old files lack.
    """
    generator = torch.Generator().manual_seed(seed)
    state: dict[str, Tensor] = {}
    for *names, out, given, extent in units():
        prefix, norm = names[style], ("bn", "batch3d")[style]
        shape = (out, given or channels, extent, extent, extent)
        spread = (2 / (shape[1] * extent**3)) ** 0.5
        state[f"{prefix}.conv3d.weight"] = spread * torch.randn(shape, generator=generator)
        state[f"{prefix}.{norm}.weight"] = 0.8 + 0.4 * torch.rand(out, generator=generator)
        state[f"{prefix}.{norm}.bias"] = 0.1 * torch.randn(out, generator=generator)
        state[f"{prefix}.{norm}.running_mean"] = 0.1 * torch.randn(out, generator=generator)
        state[f"{prefix}.{norm}.running_var"] = 0.5 + torch.rand(out, generator=generator)
        if counters:
            state[f"{prefix}.{norm}.num_batches_tracked"] = torch.tensor(7)
    head = ("logits", "conv3d_0c_1x1")[style]
    weight = torch.randn(classes, 1024, 1, 1, 1, generator=generator)
    state[f"{head}.conv3d.weight"] = 0.1 * weight
    state[f"{head}.conv3d.bias"] = torch.randn(classes, generator=generator)
    return state
