"""Small grids for the tests of studies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mmtlib.results
from mmtlib.results import Grid

EXAMPLE = Path(mmtlib.results.__file__).parent / "grids" / "ssa_weight_by_focal.toml"


def tiny_grid(name: str = "study", *, base: dict[str, Any] | None = None, **parts: Any) -> Grid:
    """Return a grid of the preset tiny on the CPU: RGB and depth, one epoch."""
    settings = {
        "preset": "tiny",
        "device": "cpu",
        "modalities": ["rgb", "depth"],
        "epochs": 1,
        "ssa_start_epoch": 0,
    }
    return Grid(name=name, base={**settings, **(base or {})}, **parts)
