"""Stored runs: what is in a run's folder, and how it is found again."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from mmtlib.config import ExperimentConfig
from mmtlib.core import cache
from mmtlib.core.cache import cache_dir
from mmtlib.core.errors import CheckpointError, ConfigError, DataError, unknown_name
from mmtlib.core.files import shown_name
from mmtlib.core.sealed import read_json, read_lines
from mmtlib.evaluation import Predictions
from mmtlib.experiment.machine import build_network
from mmtlib.models import StreamSet, load_weights
from mmtlib.training.history import ROWS, History

logger = logging.getLogger("mmtlib.experiment")

FACTS: dict[str, Any] = {
    "identity": str, "config": dict[str, Any], "classes": list[str], "data": dict[str, str],
    "note": str | None, "validation_accuracy": dict[str, float], "date": str,
}  # fmt: skip
"""What `run.json` must have for a run to be used, and its types."""
HISTORY = {"streams": ROWS, "pairs": ROWS}
"""What `history.json` must have."""
READINGS = "evaluations.jsonl"
"""The file of a run that says which splits were read: a line each, written before it is read."""


@dataclass(frozen=True)
class Run:
    """A finished training: its folder and what can be read from it.

    Attributes:
        path: the folder.
        config: the settings.
        identity: the whole hash; the folder is named by its first 12 digits.
    """

    path: Path
    config: ExperimentConfig
    identity: str

    @property
    def run_id(self) -> str:
        """The first 12 digits of the identity; in the cache also the folder's name."""
        return self.identity[:12]

    @property
    def shipped(self) -> bool:
        """Whether the run came with the package; its folder is then only read."""
        return self.path.is_relative_to(cache.SHIPPED)

    @property
    def origin(self) -> str:
        """Where it comes from: ``"made by: COMMAND on DATE"``, after ``"stored, "`` if shipped."""
        made = f"made by: {self.facts.get('command')} on {self.facts['date'][:10]}"
        return f"stored, {made}" if self.shipped else made

    @cached_property
    def facts(self) -> dict[str, Any]:
        """What is stored about the run: class names, data, provenance, validation accuracy."""
        return read_run_file(self.path / "run.json", FACTS)

    @property
    def classes(self) -> tuple[str, ...]:
        """One name per label."""
        return tuple(self.facts["classes"])

    @cached_property
    def history(self) -> History:
        """Losses and transfer, epoch by epoch.

        Raises:
            CheckpointError: if the file is missing or damaged.
        """
        stored = read_run_file(self.path / "history.json", HISTORY)
        return History(stored["streams"], stored["pairs"])

    def mean_rho(self) -> dict[tuple[str, str], float]:
        """Return the mean of rho over the epochs with alignment, by (learner, teacher).

        For a control without focal regularization that transfers as much on average: take one of
        the values, or their mean, as `rho_constant` with ``focal=False``.

        Raises:
            DataError: if the networks of this run learnt nothing from each other.
            CheckpointError: if the history is missing or damaged.
        """
        pairs = self.history.pair_table()
        if pairs.empty:
            raise DataError(
                f"Run {self.run_id} has no rho: its networks were trained each by itself. Take a "
                "run with two networks, a weight above 0, and an epoch from ssa_start_epoch on."
            )
        means = pairs.groupby(["learner", "teacher"], sort=False)["rho"].mean()
        return {pair: float(rho) for pair, rho in means.items()}

    @property
    def validation_accuracy(self) -> dict[str, float]:
        """Modality -> accuracy on the validation clips, 0 to 1."""
        return dict(self.facts["validation_accuracy"])

    def network(self, modality: str) -> torch.nn.Module:
        """Return the trained network of a modality, on the CPU, in evaluation mode.

        Raises:
            ConfigError: if the run has no such modality.
            CheckpointError: if its file is missing or damaged.
        """
        if modality not in self.config.modalities:
            raise unknown_name("modality of this run", modality, self.config.modalities)
        network = build_network(self.config, modality, len(self.classes))
        load_weights(network, self.path / f"{modality}.safetensors")
        return network.eval()

    def streams(self) -> StreamSet:
        """Return all trained networks of the run, in evaluation mode."""
        return StreamSet({m: self.network(m) for m in self.config.modalities}).eval()

    def _prediction_files(self, split: str) -> dict[str, Path]:
        return {m: self.path / f"{split}-{m}.npz" for m in self.config.modalities}

    def has_predictions(self, split: str) -> bool:
        """Return whether the split was measured."""
        return all(file.exists() for file in self._prediction_files(split).values())

    def readings(self, split: str | None = None) -> list[dict[str, Any]]:
        """Return what is recorded of each time that clips were read by `evaluate`.

        A reading is recorded before it begins: the ``state`` of one that was killed is
        ``"begun"``, of others ``"done"``. One of clips of another folder has a ``root``.

        Args:
            split: of this split; None = of all.

        Raises:
            DataError: if the record is damaged.
        """
        remedy = "restore it from a copy: what was read cannot be worked out anew"
        advice = {"remedy": remedy, "unsealed": _migrate(self.path)}
        records = read_lines(self.path / READINGS, {"split": str}, **advice)
        return [each for each in records if split in (None, each["split"])]

    def predictions(self, split: str = "validation") -> dict[str, Predictions]:
        """Return the stored predictions of a split, by modality.

        Raises:
            DataError: if that split was not evaluated (see `evaluate`) or a file is damaged.
        """
        files = self._prediction_files(split)
        if not self.has_predictions(split):
            raise DataError(
                f"Run {self.run_id} has no predictions of the {split} clips; "
                f"make them with evaluate(run, split={split!r})."
            )
        return {m: Predictions.load(file) for m, file in files.items()}


def load_run(where: str | Path) -> Run:
    """Return a stored run by its folder or by (the beginning of) its identity.

    Runs of the cache come before those of the package (`mmtlib.stored_runs`).

    Raises:
        CheckpointError: if there is no such finished run, or several.
    """
    folder = Path(where)
    if not os.path.isdir(folder):  # noqa: PTH112  # False, no error, for the longest names
        folder = _find(str(where))
    if not (folder / "run.json").exists():
        raise CheckpointError(
            f"{folder} holds no finished run (no run.json); start the same training again and it "
            "goes on where it stopped."
        )
    return run_of(folder, read_run_file(folder / "run.json", FACTS))


def run_of(folder: Path, facts: Mapping[str, Any]) -> Run:
    """Return the run in a folder from what its ``run.json`` says.

    Raises:
        CheckpointError: if its config is of no use here.
    """
    try:
        config = ExperimentConfig.stored(facts["config"])
    except (TypeError, AttributeError) as error:
        raise CheckpointError(
            f"{folder / 'run.json'} is damaged ({error}); {_train_again(folder)}."
        ) from None
    except ConfigError as error:
        raise CheckpointError(
            f"{folder / 'run.json'} cannot be used here: {error} If it names something of your "
            "own, register it first, or train with package.module:Name."
        ) from None
    return Run(folder, config, facts["identity"])


def _find(beginning: str) -> Path:
    """Return the folder of the run whose identity begins like this, of the cache or shipped."""
    here = [f for f in cache_dir("runs").glob("*") if f.is_dir()]
    found = [f for f in here if f.name.startswith(beginning)]
    if not found:
        shipped = sound_runs((cache.SHIPPED / "runs").glob("*/run.json"))
        found = [each.path for each in shipped if each.identity.startswith(beginning)]
    if len(found) != 1:
        what = "is no run" if not found else f"are {len(found)} runs"
        name = shown_name(beginning)
        raise CheckpointError(f"There {what} {name!r}; `mmt runs` lists all of them.")
    return found[0]


def sound_runs(files: Iterable[Path]) -> list[Run]:
    """Return the runs of these files ``run.json``; one that is damaged is named in a warning."""
    found = []
    for file in sorted(files):
        try:
            found.append(load_run(file.parent))
        except CheckpointError as error:
            logger.warning("%s", error)
    return found


def read_run_file(
    path: Path, types: Mapping[str, Any], *, unsealed: str | None = None
) -> dict[str, Any]:
    """Return the content of a run's JSON file.

    Raises:
        CheckpointError: if it is missing, damaged, or without seal as earlier versions wrote it
            (unless `unsealed` is "").
    """
    advice = _migrate(path.parent) if unsealed is None else unsealed
    remedy = _train_again(path.parent)
    try:
        return read_json(path, types, remedy=remedy, error=CheckpointError, unsealed=advice)
    except FileNotFoundError:
        raise CheckpointError(f"{path} is missing; {remedy}.") from None


def _train_again(folder: Path) -> str:
    if folder.is_relative_to(cache.SHIPPED):
        return "install mmtlib again"
    return f"delete the folder {folder} and train again"


def _migrate(folder: Path) -> str:
    return f"take it over with `mmt runs migrate {folder.parent.parent}`"


def list_runs() -> pd.DataFrame:
    """Return the finished runs of the cache, one row each, newest last.

    A damaged one is named in a warning; it does not hide the others.
    """
    rows = []
    for stored in sound_runs(cache_dir("runs").glob("*/run.json")):
        c = stored.config
        scores = {f"validation {m}": a for m, a in stored.validation_accuracy.items()}
        rows.append(
            {
                "run": stored.run_id,
                "date": stored.facts["date"],
                "dataset": c.dataset,
                "preset": c.preset,
                "changed": _changed_clips(c),
                "modalities": "+".join(c.modalities),
                "recipe": c.recipe,
                "method": c.method,
                "teacher": c.teacher or "",
                "control": c.control,
                "weight": c.transfer.weight if c.transfer.pairs else 0.0,
                "focal": c.transfer.focal,
                "transfer": c.transfer.brief(),
                "seed": c.seed,
                **scores,
            }
        )
    table = pd.DataFrame(rows)
    return table.sort_values("date", ignore_index=True) if len(table) else table


def _changed_clips(config: ExperimentConfig) -> str:
    """Return what a config changes about the clips of its preset, in a few words."""
    said = []
    if config.corrupt is not None:
        said.append(f"{config.corrupt} {config.corruption} {config.corruption_strength:g}")
    if config.train_clips is not None:
        said.append(f"{config.train_clips} training clips")
    if config.clutter is not None and config.dataset == "synthetic":
        said.append(f"clutter {config.clutter:g}")
    return ", ".join(said)
