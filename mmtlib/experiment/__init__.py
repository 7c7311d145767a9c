"""From a config to a run: the only room where names in a config become classes.

A run is stored in ``MMTLIB_CACHE/runs/<hash>``, named by everything that determines it, so asking
for the same run twice trains once. Training measures validation clips only; test clips are read by
`evaluate` alone, and each reading is recorded.
"""

from mmtlib.experiment.cost import TrainingCost, estimate_cost
from mmtlib.experiment.data import GestureData, count_clips, make_transform, open_data
from mmtlib.experiment.deploy import export_run, load_exported
from mmtlib.experiment.evaluate import Evaluation, evaluate
from mmtlib.experiment.finetune import finetune_config
from mmtlib.experiment.inspection import Inspection, inspect_nvgesture, inspect_runs
from mmtlib.experiment.machine import (
    build_network,
    is_first_process,
    launch,
    make_fabric,
    resolve_device,
)
from mmtlib.experiment.migration import migrate_runs
from mmtlib.experiment.plan import TrainingPlan, plan_training
from mmtlib.experiment.predict import (
    Classifier,
    TimedPrediction,
    predict_video,
    predict_windows,
    run_classifier,
    segments,
    time_prediction,
)
from mmtlib.experiment.preprocessing import Preprocessing
from mmtlib.experiment.runs import Run, list_runs, load_run
from mmtlib.experiment.stored import ship_run, stored_run, stored_runs
from mmtlib.experiment.train import RECIPE_VERSION, run, run_all

__all__ = [
    "RECIPE_VERSION",
    "Classifier",
    "Evaluation",
    "GestureData",
    "Inspection",
    "Preprocessing",
    "Run",
    "TimedPrediction",
    "TrainingCost",
    "TrainingPlan",
    "build_network",
    "count_clips",
    "estimate_cost",
    "evaluate",
    "export_run",
    "finetune_config",
    "inspect_nvgesture",
    "inspect_runs",
    "is_first_process",
    "launch",
    "list_runs",
    "load_exported",
    "load_run",
    "make_fabric",
    "make_transform",
    "migrate_runs",
    "open_data",
    "plan_training",
    "predict_video",
    "predict_windows",
    "resolve_device",
    "run",
    "run_all",
    "run_classifier",
    "segments",
    "ship_run",
    "stored_run",
    "stored_runs",
    "time_prediction",
]
