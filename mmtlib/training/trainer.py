"""The training loop: M networks side by side, one objective, exact resume."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from mmtlib.config import ExperimentConfig
from mmtlib.core.clips import ClipBatch
from mmtlib.core.errors import ConfigError
from mmtlib.core.outputs import StreamOutput
from mmtlib.evaluation import Predictions, accuracy
from mmtlib.losses import MtutLoss, transfer_objective
from mmtlib.models import StreamSet
from mmtlib.training.checkpointing import load_state, save_state
from mmtlib.training.history import EpochSums, History, step_sums
from mmtlib.training.schedules import learning_rate

if TYPE_CHECKING:
    from lightning_fabric import Fabric

CHECKPOINT_SECONDS = 30.0
"""Longest time between two saved states, besides the one after every epoch."""

Progress = Callable[[int, int, History], None]


def make_optimizers(
    config: ExperimentConfig, streams: StreamSet
) -> dict[str, torch.optim.Optimizer]:
    """Return one optimizer per network: each is stepped and clipped as if it were trained alone."""
    common = {"lr": config.learning_rate, "weight_decay": config.weight_decay}
    if config.optimizer == "adamw":
        return {m: torch.optim.AdamW(n.parameters(), **common) for m, n in streams.networks.items()}
    return {
        m: torch.optim.SGD(n.parameters(), momentum=config.momentum, **common)
        for m, n in streams.networks.items()
    }


def fit(
    fabric: Fabric,
    config: ExperimentConfig,
    streams: StreamSet,
    loader: DataLoader,
    *,
    teachers: StreamSet | None = None,
    validation: DataLoader | None = None,
    state_file: Path | None = None,
    identity: str = "",
    progress: Progress | None = None,
) -> History:
    """Train the networks in place and return what was measured on the way.

    Two phases in one loop: up to `config.ssa_start_epoch` the weight of the transfer is 0, so each
    network minimises its own classification loss; from then on the whole objective. The last state
    is the result. All random draws depend on (seed, epoch, step, clip), so a training that was
    killed goes on from its saved state to the same bits.

    Of several processes each takes its part of every batch. Gradients are averaged; rho per batch
    and the history are those of the whole batch. The statistics of batch normalisation are each
    process's own (see `ExperimentConfig.sync_batchnorm`), and so are the clips that are compared
    with each other (`method` ``"similarity"``) or that another clip is chosen from (`control`).

    Args:
        fabric: device, precision and processes; launched.
        config: the settings.
        streams: the networks, by modality.
        loader: training batches; its `batch_sampler` is an `EpochBatches`.
        teachers: frozen networks that teach, by modality; None = the networks teach each other.
        validation: clips to measure every `config.validate_every` epochs.
        state_file: where the state is saved; None = nowhere.
        identity: what the saved state belongs to.
        progress: called after each epoch with (epochs done, epochs in all, history).

    Raises:
        CheckpointError: if the saved state is damaged or of another run.
        ConfigError: if the training diverges.
    """
    order = loader.batch_sampler
    # Every process draws its own dropout, the first one as if it were alone.
    rank = (fabric.global_rank,) if fabric.global_rank else ()
    optimizers = make_optimizers(config, streams)
    teachers = None if teachers is None else fabric.to_device(teachers.eval())
    history, sums, epoch, step = History(), EpochSums(), 0, 0
    if state_file is not None and (state := load_state(state_file, identity)):
        streams.load_state_dict(state["streams"])
        for m, optimizer in optimizers.items():
            optimizer.load_state_dict(state["optimizers"][m])
        history = History(state["streams_history"], state["pairs_history"])
        sums, epoch, step = EpochSums(state["sums"]), state["epoch"], state["step"]
    model, *wrapped = fabric.setup(streams, *optimizers.values())
    optimizers = dict(zip(optimizers, wrapped, strict=True))
    loader = fabric.setup_dataloaders(loader, use_distributed_sampler=False, move_to_device=False)

    def save() -> None:
        if state_file is None or not fabric.is_global_zero:
            return
        save_state(
            state_file,
            {
                "identity": identity,
                "streams": streams.state_dict(),
                "optimizers": {m: o.state_dict() for m, o in optimizers.items()},
                "streams_history": history.streams,
                "pairs_history": history.pairs,
                "sums": dict(sums.sums),
                "epoch": epoch,
                "step": step,
            },
        )

    saved_at = time.monotonic()
    while epoch < config.epochs:
        model.train()
        order.epoch, order.first_step = epoch, step
        weight = config.transfer.weight_in(epoch)
        for batch in loader:
            rate = learning_rate(config, epoch * len(order) + step, len(order))
            for optimizer in optimizers.values():
                optimizer.zero_grad()
            for number, part in enumerate(batch.split(config.accumulate), 1):
                more = number < config.accumulate
                draws = (config.seed, epoch, step, *rank, *([number] if more else []))
                with fabric.no_backward_sync(model, enabled=more and fabric.world_size > 1):
                    part = part.to(fabric.device)
                    outputs = model(part.frames, seed_parts=("dropout", *draws))
                    loss = _objective(fabric, config, outputs, part, weight, teachers, draws)
                    _check_finite(_over_processes(fabric, loss.total), "loss", config, epoch)
                    fabric.backward(loss.total / config.accumulate)
                found = step_sums(loss, _count_correct(outputs, part.labels), len(part))
                sums.add(_sum_over_processes(fabric, found))
            for m, optimizer in optimizers.items():
                if config.gradient_clip:
                    norm = fabric.clip_gradients(
                        streams.networks[m],
                        optimizer,
                        max_norm=config.gradient_clip,
                        error_if_nonfinite=False,
                    )
                    _check_finite(norm, f"gradient of {m}", config, epoch)
                for group in optimizer.param_groups:
                    group["lr"] = rate
                optimizer.step()
            step += 1
            if time.monotonic() - saved_at > CHECKPOINT_SECONDS:
                save()
                saved_at = time.monotonic()
        sums.close(history, epoch)
        sums, epoch, step = EpochSums(), epoch + 1, 0
        due = config.validate_every and epoch % config.validate_every == 0
        if validation is not None and due and epoch < config.epochs:
            measure(fabric, streams, validation, history, epoch - 1)
        save()
        saved_at = time.monotonic()
        if progress is not None:
            progress(epoch, config.epochs, history)
    return history


def _objective(
    fabric: Fabric,
    config: ExperimentConfig,
    outputs: Mapping[str, StreamOutput],
    batch: ClipBatch,
    weight: float,
    teachers: StreamSet | None,
    draws: tuple[int, ...],
) -> MtutLoss:
    taught = swapped = None
    if weight > 0 and teachers is not None:
        with torch.no_grad(), fabric.autocast():
            taught = teachers(batch.frames)
    if weight > 0 and (choose := config.transfer.control.load()) is not None:
        swapped = choose(batch, draws)
    return transfer_objective(
        outputs,
        batch.labels,
        config.transfer,
        weight=weight,
        teachers=taught,
        teacher_clips=swapped,
        over_processes=fabric.all_reduce,
    )


def _over_processes(fabric: Fabric, value: Tensor) -> Tensor:
    """Return the mean of a value over all processes, so that they go on, or stop, together."""
    return fabric.all_reduce(value.detach().clone()) if fabric.world_size > 1 else value.detach()


def _sum_over_processes(fabric: Fabric, sums: dict[str, float]) -> dict[str, float]:
    if fabric.world_size == 1:
        return sums
    values = torch.tensor(list(sums.values()), dtype=torch.float64, device=fabric.device)
    total = fabric.all_reduce(values, reduce_op="sum").tolist()
    return dict(zip(sums, total, strict=True))


def _check_finite(value: Tensor, what: str, config: ExperimentConfig, epoch: int) -> None:
    if not torch.isfinite(value):
        raise ConfigError(
            f"The training diverged: in epoch {epoch} the {what} is {float(value)}; "
            f"lower learning_rate (it is {config.learning_rate:g}) or the weight of the transfer "
            f"term (it is {config.transfer.weight:g})."
        )


def _count_correct(outputs: Mapping, labels: Tensor) -> dict[str, int]:
    return {m: int((o.logits.detach().argmax(1) == labels).sum()) for m, o in outputs.items()}


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
    """
    streams.eval()
    streams.to(fabric.device)
    scores: dict[str, list[Tensor]] = {m: [] for m in streams.networks}
    labels, subjects, ids = [], [], []
    for batch in loader:
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
