"""One training in a process of its own, which tells how far it is and can be ended at any moment.

`main`, in that process, reads a config, as one line of JSON, and writes lines of JSON: progress,
then what came of it. It ends when its input is closed: with the notebook's kernel.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

from mmtlib.config import ExperimentConfig
from mmtlib.core.errors import MmtlibError
from mmtlib.core.provenance import COMMAND_VARIABLE
from mmtlib.experiment import run
from mmtlib.explorer.configs import as_command, changed_settings
from mmtlib.results import Task, append, make_record
from mmtlib.results.prepare import prepare
from mmtlib.results.tasks import task_key

STUDY = "explorer"
"""The study that runs trained here belong to."""
SPLIT = "validation"
PATIENCE_S = 1.0
"""How long a process may take to end when asked, before it is ended."""
Tell = Callable[[dict[str, Any]], None]


def arm_name(config: ExperimentConfig) -> str:
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
        study=STUDY, arm=arm_name(config), levels={}, config=config, key=task_key(config)
    )  # fmt: skip
    fingerprints, errors = prepare([task], SPLIT, _counted(tell, "clips"))
    if errors:
        raise MmtlibError(errors[task.key])

    def progress(done: int, total: int, history: Any) -> None:
        rows = {"streams": history.streams, "pairs": history.pairs}
        tell({"kind": "epoch", "done": done, "all": total, **rows})

    found = run(config, progress=progress)
    append(make_record(task, fingerprints[task.key], found, SPLIT))
    tell({"kind": "done", "identity": found.identity, "accuracy": found.validation_accuracy})


def _counted(tell: Tell, kind: str) -> Callable[[int, int], None]:
    return lambda done, total: tell({"kind": kind, "done": done, "all": total})


class Job:
    """A training in the background.

    Args:
        config: the settings.
        tell: called from another thread with each message of `train_and_store`, with ``"error"``
            (and ``text``) if it failed, and at last with ``"ended"``.

    Attributes:
        process: the process; it and all that it starts are one group.
        cancelled: whether `cancel` was called.
    """

    def __init__(self, config: ExperimentConfig, tell: Tell) -> None:
        self._tell, self.cancelled = tell, False
        environment = {**os.environ, COMMAND_VARIABLE: f"{as_command(config)} (by the explorer)"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", f"from {__name__} import main; main()"],
            env=environment, text=True, start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(json.loads(config.to_json())) + "\n")
        self.process.stdin.flush()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def cancel(self) -> None:
        """End the process and all that it started, within two seconds.

        Finished files stay whole; the same training started again goes on from its last epoch.
        """
        self.cancelled = True
        self._end(signal.SIGTERM)
        try:
            self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._end(signal.SIGKILL)
            self.process.wait()

    def wait(self, timeout_s: float | None = None) -> None:
        """Wait until the last message was told."""
        self._reader.join(timeout_s)

    def _end(self, how: int) -> None:
        try:
            os.killpg(self.process.pid, how)
        except ProcessLookupError:  # it has just ended by itself
            return

    def _read(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        said: list[str] = []
        errors = threading.Thread(target=lambda: said.extend(self.process.stderr), daemon=True)
        errors.start()
        finished = False
        for line in self.process.stdout:
            message = json.loads(line)
            finished = finished or message["kind"] in ("done", "error")
            self._tell(message)
        self.process.wait()
        errors.join(PATIENCE_S)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            pipe.close()
        if not finished and not self.cancelled:
            last = next((line.strip() for line in reversed(said) if line.strip()), "no message")
            text = f"The training's process ended with code {self.process.returncode}: {last}"
            self._tell({"kind": "error", "text": text})
        self._tell({"kind": "ended"})


def _end_with_input() -> None:
    """Wait until nobody can hear any more, then end this process and all that it started."""
    sys.stdin.read()
    os.killpg(os.getpgrp(), signal.SIGKILL)


def main() -> None:
    """Train what the first line of the input asks for."""
    # What libraries print must not get between the messages.
    out, sys.stdout = sys.stdout, sys.stderr

    def tell(message: dict[str, Any]) -> None:
        out.write(json.dumps(message) + "\n")
        out.flush()

    config = ExperimentConfig.from_json(sys.stdin.readline())
    threading.Thread(target=_end_with_input, daemon=True).start()
    try:
        train_and_store(config, tell)
    except MmtlibError as error:
        tell({"kind": "error", "text": str(error)})
