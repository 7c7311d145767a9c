"""Training: loaders, schedules, checkpoints and one readable loop."""

from mmtlib.training.callbacks import (
    Callback,
    EpochProgress,
    Logging,
    Progress,
    Training,
    make_logger,
)
from mmtlib.training.checkpointing import load_state, save_state
from mmtlib.training.history import History
from mmtlib.training.loaders import EpochBatches, make_loader, predict_loader
from mmtlib.training.predicting import predict
from mmtlib.training.schedules import learning_rate
from mmtlib.training.stores import stored_clips
from mmtlib.training.trainer import fit

__all__ = [
    "Callback",
    "EpochBatches",
    "EpochProgress",
    "History",
    "Logging",
    "Progress",
    "Training",
    "fit",
    "learning_rate",
    "load_state",
    "make_loader",
    "make_logger",
    "predict",
    "predict_loader",
    "save_state",
    "stored_clips",
]
