"""mmtlib: multimodal training, unimodal testing of dynamic hand-gesture networks.

The names most people need are here; the rest is in the rooms described in ``docs/architecture.md``:

>>> import mmtlib
>>> config = mmtlib.ExperimentConfig.make(preset="tiny", modalities=("rgb", "depth"))
>>> config.modalities
('rgb', 'depth')
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmtlib.config import ExperimentConfig
    from mmtlib.core.errors import MmtlibError
    from mmtlib.datasets import VIVA, EgoGesture, NVGesture, VideoFolder
    from mmtlib.experiment import (
        Comparison,
        Evaluation,
        Run,
        compare,
        evaluate,
        list_runs,
        load_run,
        predict_video,
        run,
        run_all,
        stored_run,
        stored_runs,
    )
    from mmtlib.explorer import explore
    from mmtlib.results import Grid, load_history, load_predictions, load_results, sweep
    from mmtlib.synthetic import SyntheticGestures

__version__ = version("mmtlib")

# Loaded when first used: `mmt --help` must not wait seconds for torch.
_HOMES = {
    "VIVA": "mmtlib.datasets",
    "Comparison": "mmtlib.experiment",
    "EgoGesture": "mmtlib.datasets",
    "Evaluation": "mmtlib.experiment",
    "ExperimentConfig": "mmtlib.config",
    "Grid": "mmtlib.results",
    "MmtlibError": "mmtlib.core.errors",
    "NVGesture": "mmtlib.datasets",
    "Run": "mmtlib.experiment",
    "SyntheticGestures": "mmtlib.synthetic",
    "VideoFolder": "mmtlib.datasets",
    "compare": "mmtlib.experiment",
    "evaluate": "mmtlib.experiment",
    "explore": "mmtlib.explorer",
    "list_runs": "mmtlib.experiment",
    "load_history": "mmtlib.results",
    "load_predictions": "mmtlib.results",
    "load_results": "mmtlib.results",
    "load_run": "mmtlib.experiment",
    "predict_video": "mmtlib.experiment",
    "run": "mmtlib.experiment",
    "run_all": "mmtlib.experiment",
    "stored_run": "mmtlib.experiment",
    "stored_runs": "mmtlib.experiment",
    "sweep": "mmtlib.results",
}

__all__ = [
    "VIVA",
    "Comparison",
    "EgoGesture",
    "Evaluation",
    "ExperimentConfig",
    "Grid",
    "MmtlibError",
    "NVGesture",
    "Run",
    "SyntheticGestures",
    "VideoFolder",
    "__version__",
    "compare",
    "evaluate",
    "explore",
    "list_runs",
    "load_history",
    "load_predictions",
    "load_results",
    "load_run",
    "predict_video",
    "run",
    "run_all",
    "stored_run",
    "stored_runs",
    "sweep",
]


def __getattr__(name: str) -> Any:
    if name in ("analysis", "losses", "transforms", "figures", "evaluation", "models", "gallery"):
        return import_module(f"mmtlib.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'mmtlib' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
