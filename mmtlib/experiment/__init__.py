"""From a config to a run: the only room where names in a config become classes.

A run is stored in ``MMTLIB_CACHE/runs/<hash>``, named by everything that determines it, so asking
for the same run twice trains once. Training measures validation clips only; test clips are read by
`evaluate` alone, and each reading is recorded.
"""

from mmtlib.experiment.cost import TrainingCost as TrainingCost
from mmtlib.experiment.cost import estimate_cost as estimate_cost
from mmtlib.experiment.data import GestureData as GestureData
from mmtlib.experiment.data import count_clips as count_clips
from mmtlib.experiment.data import make_transform as make_transform
from mmtlib.experiment.data import open_data as open_data
from mmtlib.experiment.deploy import export_run as export_run
from mmtlib.experiment.deploy import load_exported as load_exported
from mmtlib.experiment.evaluate import Evaluation as Evaluation
from mmtlib.experiment.evaluate import evaluate as evaluate
from mmtlib.experiment.finetune import finetune_config as finetune_config
from mmtlib.experiment.inspection import Inspection as Inspection
from mmtlib.experiment.inspection import inspect_nvgesture as inspect_nvgesture
from mmtlib.experiment.inspection import inspect_runs as inspect_runs
from mmtlib.experiment.machine import build_network as build_network
from mmtlib.experiment.machine import is_first_process as is_first_process
from mmtlib.experiment.machine import launch as launch
from mmtlib.experiment.machine import make_fabric as make_fabric
from mmtlib.experiment.machine import resolve_device as resolve_device
from mmtlib.experiment.migration import migrate_runs as migrate_runs
from mmtlib.experiment.plan import TrainingPlan as TrainingPlan
from mmtlib.experiment.plan import plan_training as plan_training
from mmtlib.experiment.predict import Classifier as Classifier
from mmtlib.experiment.predict import TimedPrediction as TimedPrediction
from mmtlib.experiment.predict import predict_video as predict_video
from mmtlib.experiment.predict import predict_windows as predict_windows
from mmtlib.experiment.predict import run_classifier as run_classifier
from mmtlib.experiment.predict import segments as segments
from mmtlib.experiment.predict import time_prediction as time_prediction
from mmtlib.experiment.preprocessing import Preprocessing as Preprocessing
from mmtlib.experiment.runs import Run as Run
from mmtlib.experiment.runs import list_runs as list_runs
from mmtlib.experiment.runs import load_run as load_run
from mmtlib.experiment.stored import ship_run as ship_run
from mmtlib.experiment.stored import stored_run as stored_run
from mmtlib.experiment.stored import stored_runs as stored_runs
from mmtlib.experiment.train import RECIPE_VERSION as RECIPE_VERSION
from mmtlib.experiment.train import run as run
from mmtlib.experiment.train import run_all as run_all
