"""One training in a process of its own, which tells how far it is and can be ended."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError
from typing import Any

from mmtlib.config import ExperimentConfig
from mmtlib.core.errors import MmtlibError
from mmtlib.core.executor import Workers
from mmtlib.core.provenance import COMMAND_VARIABLE
from mmtlib.core.worker import tell
from mmtlib.experiment import run
from mmtlib.experiment.machine import processes_for
from mmtlib.explorer.configs import as_command, changed_settings
from mmtlib.results import ResultsStore, Task, make_record
from mmtlib.results.baselines import run_key
from mmtlib.results.prepare import prepare_data

STUDY = "explorer"
"""The study that runs trained here belong to."""
SPLIT = "validation"
Tell = Callable[[dict[str, Any]], None]


def run_name(config: ExperimentConfig) -> str:
    """Return what a run is called: its networks and what differs from the recipe."""
    changed = changed_settings(config)
    parts = ["+".join(config.modalities), config.preset]
    parts += [f"{name}={'+'.join(map(str, v)) if isinstance(v, tuple) else v}"
              for name, v in changed.items()]  # fmt: skip
    return ", ".join(parts)


def train_and_store(config: ExperimentConfig, tell: Tell) -> None:
    """Train, or load, a run and add its validation results to the store.

    Args:
        config: the settings.
        tell: called with ``kind`` ``"clips"``, ``"epoch"`` (with the history so far) and ``"done"``
            (with the identity).

    Raises:
        MmtlibError: if it cannot be trained.
    """
    task = Task(
        study=STUDY, arm=run_name(config), levels={}, config=config, key=run_key(config)
    )  # fmt: skip
    fingerprints, errors = prepare_data([task], SPLIT, _counted(tell, "clips"))
    if errors:
        raise MmtlibError(errors[task.key])

    def progress(done: int, total: int, history: Any) -> None:
        rows = {"streams": history.streams, "pairs": history.pairs}
        tell({"kind": "epoch", "done": done, "all": total, **rows})

    found = run(config, progress=progress)
    ResultsStore().append(make_record(task, fingerprints[task.key], found, SPLIT))
    tell({"kind": "done", "identity": found.identity, "accuracy": found.validation_accuracy})


def _counted(tell: Tell, kind: str) -> Callable[[int, int], None]:
    return lambda done, total: tell({"kind": kind, "done": done, "all": total})


def _in_process(config: ExperimentConfig) -> None:
    os.environ[COMMAND_VARIABLE] = f"{as_command(config)} (by the explorer)"
    train_and_store(config, tell)


class Job:
    """A training in the background, in a process of its own; both end with this process.

    Args:
        config: the settings.
        hear: called from another thread with each message of `train_and_store`, with ``"error"``
            (and ``text``) if it failed, and at last with ``"ended"``.

    Attributes:
        cancelled: whether `cancel` was called.
    """

    def __init__(self, config: ExperimentConfig, hear: Tell) -> None:
        self._config, self._hear, self.cancelled = config, hear, False
        self._workers = Workers(1, gpus=processes_for([config])[1], hear=hear)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._thread.is_alive()

    def cancel(self) -> None:
        """End the process and all that it started.

        Finished files stay whole; the same training started again goes on from its last epoch.
        """
        self.cancelled = True
        self._workers.kill()

    def wait(self, timeout_s: float | None = None) -> None:
        """Wait until the last message was told."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            with self._workers:
                self._workers.call(_in_process, self._config)
        except CancelledError:
            assert self.cancelled
        except Exception as error:
            self._hear({"kind": "error", "text": str(error)})
        self._hear({"kind": "ended"})
