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
    from mmtlib.config import (
        Control,
        ExperimentConfig,
        Method,
        register_control,
        register_dataset,
        register_method,
        register_network,
    )
    from mmtlib.core.errors import MmtlibError
    from mmtlib.core.modalities import Modality, register_modality
    from mmtlib.datasets import VIVA, EgoGesture, NVGesture, VideoFolder
    from mmtlib.experiment import (
        Evaluation,
        Run,
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
    from mmtlib.results import (
        Comparison,
        Grid,
        compare,
        load_history,
        load_predictions,
        load_results,
        sweep,
    )
    from mmtlib.synthetic import SyntheticGestures
    from mmtlib.training import Callback, fit

__version__ = version("mmtlib")

# Loaded when first used: `mmt --help` must not wait seconds for torch.
_HOMES = {
    "Callback": "mmtlib.training",
    "compare": "mmtlib.results",
    "Comparison": "mmtlib.results",
    "Control": "mmtlib.config",
    "EgoGesture": "mmtlib.datasets",
    "evaluate": "mmtlib.experiment",
    "Evaluation": "mmtlib.experiment",
    "ExperimentConfig": "mmtlib.config",
    "explore": "mmtlib.explorer",
    "fit": "mmtlib.training",
    "Grid": "mmtlib.results",
    "list_runs": "mmtlib.experiment",
    "load_history": "mmtlib.results",
    "load_predictions": "mmtlib.results",
    "load_results": "mmtlib.results",
    "load_run": "mmtlib.experiment",
    "Method": "mmtlib.config",
    "MmtlibError": "mmtlib.core.errors",
    "Modality": "mmtlib.core.modalities",
    "NVGesture": "mmtlib.datasets",
    "predict_video": "mmtlib.experiment",
    "register_control": "mmtlib.config",
    "register_dataset": "mmtlib.config",
    "register_method": "mmtlib.config",
    "register_modality": "mmtlib.core.modalities",
    "register_network": "mmtlib.config",
    "Run": "mmtlib.experiment",
    "run": "mmtlib.experiment",
    "run_all": "mmtlib.experiment",
    "stored_run": "mmtlib.experiment",
    "stored_runs": "mmtlib.experiment",
    "sweep": "mmtlib.results",
    "SyntheticGestures": "mmtlib.synthetic",
    "VideoFolder": "mmtlib.datasets",
    "VIVA": "mmtlib.datasets",
}

_ROOMS = (
    "analysis", "config", "evaluation", "figures", "gallery", "losses", "models", "transforms",
)  # fmt: skip

__all__ = [
    "VIVA",
    "Callback",
    "Comparison",
    "Control",
    "EgoGesture",
    "Evaluation",
    "ExperimentConfig",
    "Grid",
    "Method",
    "MmtlibError",
    "Modality",
    "NVGesture",
    "Run",
    "SyntheticGestures",
    "VideoFolder",
    "__version__",
    "compare",
    "evaluate",
    "explore",
    "fit",
    "list_runs",
    "load_history",
    "load_predictions",
    "load_results",
    "load_run",
    "predict_video",
    "register_control",
    "register_dataset",
    "register_method",
    "register_modality",
    "register_network",
    "run",
    "run_all",
    "stored_run",
    "stored_runs",
    "sweep",
]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f"mmtlib.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'mmtlib' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
