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
    from mmtlib import analysis as analysis
    from mmtlib import config as config
    from mmtlib import course as course
    from mmtlib import datasets as datasets
    from mmtlib import evaluation as evaluation
    from mmtlib import experiment as experiment
    from mmtlib import figures as figures
    from mmtlib import gallery as gallery
    from mmtlib import losses as losses
    from mmtlib import models as models
    from mmtlib import results as results
    from mmtlib import study as study
    from mmtlib import synthetic as synthetic
    from mmtlib import training as training
    from mmtlib import transforms as transforms
    from mmtlib.config import Control as Control
    from mmtlib.config import ExperimentConfig as ExperimentConfig
    from mmtlib.config import Method as Method
    from mmtlib.config import register_control as register_control
    from mmtlib.config import register_dataset as register_dataset
    from mmtlib.config import register_method as register_method
    from mmtlib.config import register_network as register_network
    from mmtlib.core.errors import MmtlibError as MmtlibError
    from mmtlib.core.modalities import Modality as Modality
    from mmtlib.core.modalities import register_modality as register_modality
    from mmtlib.datasets import VIVA as VIVA
    from mmtlib.datasets import EgoGesture as EgoGesture
    from mmtlib.datasets import NVGesture as NVGesture
    from mmtlib.datasets import VideoFolder as VideoFolder
    from mmtlib.experiment import Evaluation as Evaluation
    from mmtlib.experiment import Run as Run
    from mmtlib.experiment import evaluate as evaluate
    from mmtlib.experiment import list_runs as list_runs
    from mmtlib.experiment import load_run as load_run
    from mmtlib.experiment import predict_video as predict_video
    from mmtlib.experiment import run as run
    from mmtlib.experiment import run_all as run_all
    from mmtlib.experiment import stored_run as stored_run
    from mmtlib.experiment import stored_runs as stored_runs
    from mmtlib.explorer import explore as explore
    from mmtlib.results import Comparison as Comparison
    from mmtlib.results import Grid as Grid
    from mmtlib.results import compare as compare
    from mmtlib.results import load_history as load_history
    from mmtlib.results import load_predictions as load_predictions
    from mmtlib.results import load_results as load_results
    from mmtlib.results import sweep as sweep
    from mmtlib.synthetic import SyntheticGestures as SyntheticGestures
    from mmtlib.training import Callback as Callback
    from mmtlib.training import fit as fit

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
    "analysis", "config", "course", "datasets", "evaluation", "experiment", "figures", "gallery",
    "losses", "models", "results", "study", "synthetic", "training", "transforms",
)  # fmt: skip

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f"mmtlib.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'mmtlib' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
