"""Measure a stored run on a split, and record that it was read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import torch

from mmtlib.cache import locked
from mmtlib.compute import threads
from mmtlib.errors import DataError
from mmtlib.evaluation import Predictions, accuracy, fuse
from mmtlib.experiment.data import GestureData, make_transform, open_data
from mmtlib.experiment.machine import make_fabric, resolve_device
from mmtlib.experiment.runs import Run
from mmtlib.provenance import provenance
from mmtlib.training import predict, predict_loader


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


def evaluate(stored: Run, split: str = "validation", *, root: str | None = None) -> Evaluation:
    """Measure a run on a split; the reading is recorded in the run's folder.

    The test split is meant to be read once, when everything was chosen on validation clips.

    Args:
        stored: a finished run.
        split: ``"validation"`` or ``"test"`` (``"train"`` works too).
        root: another folder of the same real data set, or the same folder with other clips.

    Raises:
        DataError: if the clips are missing or broken, or if no `root` is given and the training or
            validation clips are not those that the run was trained with.
    """
    config = stored.config if root is None else stored.config.replace(root=root)
    data = open_data(config, split)
    note = _check_fingerprint(stored, split, data, on_purpose=root is not None)
    device, precision = resolve_device(config)
    fabric = make_fabric(device, precision)
    streams = stored.streams().to(memory_format=torch.channels_last_3d)
    loader = predict_loader(data.clips, make_transform(config, training=False))
    with threads(config.threads):
        predictions = predict(fabric, streams, loader)
    if root is None:
        for m, found in predictions.items():
            found.save(stored.path / f"{split}-{m}.npz")
    if len(predictions) > 1:
        predictions["fused"] = fuse(list(predictions.values()))
    result = Evaluation(stored.run_id, split, predictions, data.classes, note)
    record = {
        "split": split,
        "root": root,
        "data": data.fingerprint,
        "accuracy": result.accuracy,
        **provenance(device),
    }
    with locked(stored.path), open(stored.path / "evaluations.jsonl", "a") as file:
        file.write(json.dumps(record) + "\n")
    return result


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
