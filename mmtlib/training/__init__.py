"""Training: loaders, schedules, checkpoints and one readable loop."""

from mmtlib.training.callbacks import Callback as Callback
from mmtlib.training.callbacks import EpochProgress as EpochProgress
from mmtlib.training.callbacks import Logging as Logging
from mmtlib.training.callbacks import Progress as Progress
from mmtlib.training.callbacks import Training as Training
from mmtlib.training.callbacks import make_logger as make_logger
from mmtlib.training.checkpointing import load_state as load_state
from mmtlib.training.checkpointing import save_state as save_state
from mmtlib.training.history import History as History
from mmtlib.training.loaders import EpochBatches as EpochBatches
from mmtlib.training.loaders import make_loader as make_loader
from mmtlib.training.loaders import predict_loader as predict_loader
from mmtlib.training.predicting import predict as predict
from mmtlib.training.schedules import learning_rate as learning_rate
from mmtlib.training.stores import stored_clips as stored_clips
from mmtlib.training.trainer import fit as fit
