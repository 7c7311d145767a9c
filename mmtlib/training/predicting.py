"""What networks say of all clips of a loader."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from mmtlib.core.clips import ClipBatch
from mmtlib.evaluation import Predictions, accuracy
from mmtlib.models import StreamSet
from mmtlib.training.history import History
from mmtlib.training.loading import loading

if TYPE_CHECKING:
    from lightning_fabric import Fabric


def measure(
    fabric: Fabric, streams: StreamSet, loader: DataLoader, history: History, epoch: int
) -> dict[str, Predictions]:
    """Predict all clips of a loader, append loss and accuracy to the history, return the rest."""
    predictions = predict(fabric, streams, loader)
    for m, found in predictions.items():
        chosen = found.scores[range(len(found.labels)), found.labels]
        loss = float(-torch.from_numpy(chosen).double().clamp(min=1e-12).log().mean())
        row = {"epoch": epoch, "modality": m, "split": "validation", "loss": loss}
        history.streams.append({**row, "accuracy": accuracy(found)})
    return predictions


@torch.no_grad()
def predict(fabric: Fabric, streams: StreamSet, loader: DataLoader) -> dict[str, Predictions]:
    """Return every network's class probabilities for all clips of a loader.

    Args:
        fabric: for the device and the precision.
        streams: the networks, by modality; left in evaluation mode.
        loader: the clips.

    Raises:
        DataError: if a clip is broken, or a process of the loader ends.
    """
    streams.eval()
    streams.to(fabric.device)
    scores: dict[str, list[Tensor]] = {m: [] for m in streams.networks}
    labels: list[Tensor] = []
    subjects: list[Tensor] = []
    ids: list[str] = []
    with loading(loader):
        for found in loader:
            batch = ClipBatch.of(found, first=len(ids))
            frames = batch.to(fabric.device).frames
            with fabric.autocast():
                outputs = streams(frames)
            for m, output in outputs.items():
                scores[m].append(output.logits.float().softmax(1).cpu())
            labels.append(batch.labels)
            subjects.append(batch.subjects)
            ids.extend(batch.clip_ids)
    return {
        m: Predictions(
            scores=torch.cat(parts).numpy(),
            labels=torch.cat(labels).numpy(),
            subjects=torch.cat(subjects).numpy(),
            clip_ids=tuple(ids),
        )
        for m, parts in scores.items()
    }
