"""What can look at a training while it runs, and stop it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor, nn

from mmtlib.config.training_settings import TrainingSettings
from mmtlib.core.errors import ConfigError
from mmtlib.core.files import writing
from mmtlib.core.outputs import StreamOutput
from mmtlib.losses import MtutLoss
from mmtlib.training.history import History

if TYPE_CHECKING:
    from lightning_fabric.loggers.logger import Logger

Progress = Callable[[int, int, History], None]
"""Called after each epoch with (epochs done, epochs in all, history)."""


@dataclass(eq=False)
class Training:
    """A training as callbacks see it.

    Attributes:
        settings: epochs, rates, method, weight, ...
        networks: name -> network.
        history: what was measured so far, epoch by epoch.
        epoch: the epoch that runs, from 0; after the last one the number of epochs.
        step: steps done in this epoch.
        rate: the learning rate of the last step.
        loss: the losses of the last step (of its last part), or None before the first.
        outputs: name -> output of the last step.
        labels: ``(N,)`` of the last step.
        stop: set it to end the training after this epoch.
    """

    settings: TrainingSettings
    networks: Mapping[str, nn.Module]
    history: History = field(default_factory=History)
    epoch: int = 0
    step: int = 0
    rate: float = 0.0
    loss: MtutLoss | None = None
    outputs: Mapping[str, StreamOutput] = field(default_factory=dict)
    labels: Tensor | None = None
    stop: bool = False


class Callback:
    """Looks at a training; a subclass overrides what it needs."""

    def on_step(self, training: Training) -> None:
        """Look at a training after a step."""

    def on_epoch(self, training: Training) -> None:
        """Look at a training after an epoch; `Training.epoch` is the number of epochs done."""

    def on_end(self, training: Training) -> None:
        """Look at a training that has ended."""


class EpochProgress(Callback):
    """Calls a function after each epoch."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def on_epoch(self, training: Training) -> None:
        """Tell epochs done, epochs in all and the history."""
        self._progress(training.epoch, training.settings.epochs, training.history)


class Logging(Callback):
    """Writes what each epoch measured with a logger of Lightning Fabric."""

    def __init__(self, logger: Logger) -> None:
        self._logger = logger

    def on_epoch(self, training: Training) -> None:
        """Log losses, accuracies, rho and distances of the last epoch, and the rate."""
        last = training.epoch - 1
        found = {"learning rate": training.rate}
        for row in training.history.streams:
            if row["epoch"] == last:
                for name in ("loss", "accuracy"):
                    found[f"{row['split']}/{row['modality']} {name}"] = row[name]
        for row in training.history.pairs:
            if row["epoch"] == last:
                for name in ("rho", "ssa"):
                    found[f"{name}/{row['learner']} from {row['teacher']}"] = row[name]
        with writing(str(self._logger.root_dir)):
            self._logger.log_metrics(found, step=training.epoch)

    def on_end(self, training: Training) -> None:
        """Write what is left."""
        with writing(str(self._logger.root_dir)):
            self._logger.finalize("success")


def make_logger(kind: str, folder: Path) -> Logging:
    """Return a callback that logs into a folder.

    Args:
        kind: ``"csv"`` (``metrics.csv``) or ``"tensorboard"``.
        folder: where to.

    Raises:
        ConfigError: if TensorBoard is wanted and not installed.
    """
    from lightning_fabric.loggers import CSVLogger, TensorBoardLogger

    if kind == "csv":
        return Logging(CSVLogger(folder, name="log", version="", flush_logs_every_n_steps=1))
    try:
        return Logging(TensorBoardLogger(folder, name="log", version=""))
    except ModuleNotFoundError:
        raise ConfigError(
            "log='tensorboard' needs TensorBoard: pip install tensorboard, or take log='csv'."
        ) from None
