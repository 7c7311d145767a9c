"""Measure a stored run on a split, and record that it was read."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmtlib.config import ExperimentConfig
from mmtlib.core.compute import threads
from mmtlib.core.errors import ConfigError, DataError, unknown_name
from mmtlib.core.locks import locked
from mmtlib.core.provenance import provenance
from mmtlib.core.sealed import write_lines
from mmtlib.evaluation import Predictions, accuracy, fuse
from mmtlib.experiment.data import GestureData, make_transform, open_data
from mmtlib.experiment.machine import make_fabric, resolve_device
from mmtlib.experiment.runs import READINGS, Run
from mmtlib.models import channels_last
from mmtlib.training import predict, predict_loader

DATA_NAMES = ("dataset", "classes", "clips_per_class", "skip_broken", "colour", "fold", "leave_out")
"""Settings of the data that may differ where a run is measured on another folder."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a run does on a split.

    Attributes:
        run_id: the run.
        split: the split that was read.
        predictions: by modality, and ``"fused"`` (mean of the scores) where there are several.
        classes: one name per label.
        note: one line on the data, or None.
    """

    run_id: str
    split: str
    predictions: Mapping[str, Predictions]
    classes: tuple[str, ...]
    note: str | None = None

    @property
    def accuracy(self) -> dict[str, float]:
        """Modality (and ``"fused"``) -> accuracy, 0 to 1."""
        return {m: accuracy(p) for m, p in self.predictions.items()}


def evaluate(
    stored: Run, split: str = "validation", *, root: str | None = None, **other: Any
) -> Evaluation:
    """Measure a run on a split; that it is read is recorded in the run's folder beforehand.

    The test split is meant to be read once, when everything was chosen on validation clips.

    Args:
        stored: a finished run.
        split: ``"validation"`` or ``"test"`` (``"train"`` works too).
        root: another folder of the same real data set, or the same folder with other clips.
        other: with `root`: settings of the data that differ from the run's, e.g. ``dataset`` (a
            network trained on synthetic clips can be measured on real ones), ``classes``,
            ``clips_per_class``, ``skip_broken``. The network then chooses among the classes there
            are, which it must know by name.

    Raises:
        ConfigError: if `root` or `other` do not fit, or the network does not know a class.
        DataError: if the run came with the package, if the clips are missing or broken, or if no
            `root` is given and the training or validation clips are not those that the run was
            trained with.
    """
    if stored.shipped:
        raise DataError(
            f"Run {stored.run_id} came with the package, and nothing is written there: make it "
            "here with mmtlib.run(run.config), then evaluate that."
        )
    config = _data_config(stored, root, other)
    data = open_data(config, split)
    note = _check_fingerprint(stored, split, data, on_purpose=root is not None)
    columns = _columns(stored, data)
    device, precision = resolve_device(config)
    fabric = make_fabric(device, precision)
    streams = channels_last(stored.streams())
    loader = predict_loader(data.clips, make_transform(config, training=False))
    reading = {
        "split": split, "root": root, **other, "data": data.fingerprint, "state": "begun",
        **provenance(device),
    }  # fmt: skip
    number = _record(stored, reading)
    with threads(config.threads):
        found = predict(fabric, streams, loader)
    predictions = {m: _among(p, columns) for m, p in found.items()}
    if root is None:
        for m, each in predictions.items():
            each.save(stored.path / f"{split}-{m}.npz")
    if len(predictions) > 1:
        predictions["fused"] = fuse(list(predictions.values()))
    result = Evaluation(stored.run_id, split, predictions, data.classes, note)
    _record(stored, {**reading, "state": "done", "accuracy": result.accuracy}, number)
    return result


def _record(stored: Run, reading: dict[str, Any], number: int | None = None) -> int:
    """Write a reading into the run's record, new or in the place of its beginning; return where.

    Whoever is killed while clips are read has said so before: the record holds every reading.
    """
    with locked(stored.path):
        records = stored.readings()
        if number is None:
            number = len(records)
        records[number : number + 1] = [reading]
        write_lines(stored.path / READINGS, records)
    return number


def predictions_of(stored: Run, split: str) -> dict[str, Predictions]:
    """Return what a run predicts for a split: as it is stored, else measured (and recorded) now.

    Of several processes at once one measures and the others wait.

    Raises:
        DataError: as `evaluate`.
    """
    if not stored.has_predictions(split):
        with locked(stored.path / split):
            if not stored.has_predictions(split):
                evaluate(stored, split)
    return stored.predictions(split)


def _data_config(stored: Run, root: str | None, other: Mapping[str, Any]) -> ExperimentConfig:
    """Return the run's config with other data; see `evaluate` for what is an error."""
    for name in other:
        if name not in DATA_NAMES:
            raise unknown_name("setting of the data", name, DATA_NAMES)
    dataset = other.get("dataset", stored.config.dataset)
    config = stored.config.on(dataset, **{"root": root or stored.config.root, **other})
    if other and root is None:
        raise ConfigError(f"{', '.join(other)} given without root: say where the clips are.")
    if root is not None and config.dataset == "synthetic":
        raise ConfigError(
            f"Run {stored.run_id} was trained on synthetic clips, which have no folder: say which "
            "data set lies there, with dataset=... (--data NAME)."
        )
    return config


def _columns(stored: Run, data: GestureData) -> list[int] | None:
    """Return the columns of the scores that belong to the data's classes; None = all in order."""
    if tuple(data.classes) == stored.classes:
        return None
    unknown = [name for name in data.classes if name not in stored.classes]
    if unknown:
        raise ConfigError(
            f"Run {stored.run_id} does not know {len(unknown)} of the {len(data.classes)} classes, "
            f"e.g. {unknown[0]!r}; choose those it knows with classes=..., or fine-tune it first."
        )
    return [stored.classes.index(name) for name in data.classes]


def _among(predictions: Predictions, columns: list[int] | None) -> Predictions:
    """Return the scores of some of the classes, made to add up to 1 again."""
    if columns is None:
        return predictions
    scores = predictions.scores[:, columns].astype(np.float64)
    scores = np.maximum(scores, np.finfo(np.float32).tiny)  # none of them may be all there is
    return dataclasses.replace(predictions, scores=scores / scores.sum(axis=1, keepdims=True))


def _check_fingerprint(
    stored: Run, split: str, data: GestureData, *, on_purpose: bool
) -> str | None:
    """Return the note on the data; see `evaluate` for what is an error."""
    trained_with = stored.facts["data"].get(split)
    if trained_with in (None, data.fingerprint):
        return data.note
    if on_purpose:
        return f"{data.note or ''} The run was trained with other {split} clips.".strip()
    where = stored.config.root or "the generator"
    raise DataError(
        f"The {split} clips of {where} are not those that run {stored.run_id} was trained with "
        f"(fingerprint {trained_with[:12]}, now {data.fingerprint[:12]}): a file or list changed. "
        "Train again, or name the folder on purpose with root=... (--root DIR)."
    )
